"""Celery: the task may be repeated or killed at any point (kpi/services.py)."""

from celery import shared_task

from kpi import services


@shared_task  # type: ignore[untyped-decorator]
def refresh() -> None:
    """After a load and every 30 seconds: works off what has been marked, on a new day split and ranks too."""
    services.refresh()
