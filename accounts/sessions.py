"""Sessions in the database, each knowing its person (SESSION_ENGINE): so that they can be listed and ended.

They end after SESSION_COOKIE_AGE without a request and SESSION_LONGEST after signing in, whichever comes first.
"""

import time
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db

from accounts.models import Session

STARTED, SEEN, IP, DEVICE, SECOND_FACTOR = "started", "seen", "ip", "device", "second_factor"


class SessionStore(db.SessionStore):
    """Django's, with the person beside the data and the longest life in the expiry."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        row: Session = super().create_model_instance(data)  # type: ignore[assignment]
        row.user_id = data.get(SESSION_KEY)
        return row

    def get_session_cookie_age(self) -> int:
        left = self.get(STARTED, time.time()) + settings.SESSION_LONGEST - time.time()
        return max(1, min(settings.SESSION_COOKIE_AGE, int(left)))
