"""Celery: results and reminders; each task may be repeated or killed at any point (services.py)."""

from celery import shared_task
from django.utils import timezone

from cleanup.models import Campaign, State
from cleanup.results import services
from cleanup.services import scores_refreshed

FROM_HOUR = 8  # nobody is reminded at night


@shared_task  # type: ignore[untyped-decorator]
def reckon(pk: int) -> None:
    """The outcomes of one campaign."""
    services.result_reckon(campaign=Campaign.objects.get(pk=pk))


@shared_task  # type: ignore[untyped-decorator]
def hourly() -> None:
    """Reminders in the daytime; results of closed campaigns until they are final."""
    if timezone.localtime().hour >= FROM_HOUR:
        services.reminders_send(today=timezone.localdate())
    for pk in services.due_results():
        reckon(pk)


@shared_task  # type: ignore[untyped-decorator]
def nightly() -> None:
    """Scores and outcomes of the campaigns that are under way."""
    for campaign in Campaign.objects.filter(state__in=[State.RUNNING, State.PAUSED]):
        scores_refreshed(campaign=campaign)
        services.result_reckon(campaign=campaign)
