"""What every page shows of the visits app: the number beside "My day"."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from accounts.models import User
from clients.models import Client
from visits.selectors import MANY_STEPS, steps_waiting


def day_counter(request: HttpRequest) -> dict[str, Any]:
    """`day_counter`: next steps of today and overdue ones, "99+" above that; asked for only where it is shown."""

    def counted() -> str:
        user = getattr(request, "user", None)
        if not isinstance(user, User):
            return ""
        n = steps_waiting(Client.objects.visible_to(user), timezone.localdate())
        return f"{MANY_STEPS}+" if n > MANY_STEPS else str(n or "")

    return {"day_counter": SimpleLazyObject(counted)}
