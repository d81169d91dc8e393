"""Celery: the tasks may be repeated or killed at any point (kpi/digests/services.py)."""

from celery import shared_task
from django.utils import timezone

from accounts.models import User
from kpi.digests import services


@shared_task  # type: ignore[untyped-decorator]
def sweep() -> None:
    """Every ten minutes: a task for each letter that is due."""
    for pk in services.due(timezone.now()):
        send.delay(pk)


@shared_task  # type: ignore[untyped-decorator]
def send(pk: int) -> None:
    """One letter; twice in the queue, it still goes out once."""
    services.digest_send(user=User.objects.get(pk=pk), day=timezone.localdate())
