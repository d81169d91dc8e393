"""Celery: the tasks may be repeated or killed at any point (kpi/digests/services.py)."""

from datetime import date

from celery import shared_task
from django.utils import timezone

from accounts.models import User
from kpi.digests import selectors, services


@shared_task  # type: ignore[untyped-decorator]
def sweep() -> None:
    """Every ten minutes: a task for each letter that is due."""
    for pk in services.due(timezone.now()):
        send.delay(pk)


@shared_task  # type: ignore[untyped-decorator]
def send(pk: int) -> None:
    """One letter; twice in the queue, it still goes out once."""
    services.digest_send(user=User.objects.get(pk=pk), day=timezone.localdate())


@shared_task  # type: ignore[untyped-decorator]
def reckon(day: str) -> None:
    """What the page of the letter waits for; `day`: of the letter, as 2026-11-24."""
    selectors.reckon(date.fromisoformat(day))
