"""What is looked after at each request of somebody signed in: the session's life and the second factor."""

import time
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts import sessions
from accounts.devices import described
from accounts.models import User
from accounts.selectors import needs_second_factor
from config.web import client_ip

NOTED_EVERY = 300  # seconds between two notes of when a session was last seen
WITHOUT_SECOND_FACTOR = {"second-factor", "logout", "set_language", "health"}


class SignedInMiddleware:
    """Notes where and when a session is used, which prolongs it. Whoever must have a second factor and did not sign in
    with one gets no further than to the page that sets it up."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        now, session = int(time.time()), request.session
        if isinstance(request.user, User) and now - session.get(sessions.SEEN, 0) >= NOTED_EVERY:
            session.setdefault(sessions.STARTED, now)
            session[sessions.SEEN], session[sessions.IP] = now, client_ip(request)
            session[sessions.DEVICE] = described(request.headers.get("User-Agent", ""))
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        user, match = request.user, request.resolver_match
        if not isinstance(user, User) or not needs_second_factor(user) or request.session.get(sessions.SECOND_FACTOR):
            return None
        if match and match.url_name in WITHOUT_SECOND_FACTOR:
            return None
        if request.path.startswith("/api/"):
            return JsonResponse({"detail": _("Set up your second factor first.")}, status=403)
        return redirect("second-factor")
