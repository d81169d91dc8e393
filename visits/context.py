"""The numbers that the head of every page shows."""

from collections.abc import Callable
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from accounts import notices
from accounts.models import User
from clients import requests
from clients.models import Client
from clients.selectors import open_steps
from visits.selectors import MANY_STEPS


def counters(request: HttpRequest) -> dict[str, Any]:
    """`day_counter`: next steps of today and overdue ones, "99+" above that; `requests_waiting` for this person's
    decision; `notices_unread`. Counted in one statement, when a page shows the first of them."""
    found: list[tuple[int, int, int]] = []

    def number(which: int) -> Callable[[], int]:
        def counted() -> int:
            if not found:
                user = getattr(request, "user", None)
                found.append(_counted(user) if isinstance(user, User) else (0, 0, 0))
            return found[0][which]

        return counted

    def day() -> str:
        n = number(0)()
        return f"{MANY_STEPS}+" if n > MANY_STEPS else str(n or "")

    return {"day_counter": SimpleLazyObject(day), "requests_waiting": number(1), "notices_unread": number(2)}


def _counted(user: User) -> tuple[int, int, int]:
    steps = open_steps(Client.objects.visible_to(user), timezone.localdate()).order_by()[: MANY_STEPS + 1]
    each: list[QuerySet[Any]] = [steps, requests.waiting_for(user), notices.unread(user)]
    compiled = [some.order_by().values("pk") if some is not steps else some.values("pk") for some in each]
    parts = [some.query.sql_with_params() for some in compiled]
    with connection.cursor() as cursor:
        counts = ", ".join(f"(SELECT count(*) FROM ({text}) c)" for text, _parameters in parts)
        cursor.execute(f"SELECT {counts}", [parameter for _text, some in parts for parameter in some])
        steps_due, waiting, unread = cursor.fetchone()
        return steps_due, waiting, unread
