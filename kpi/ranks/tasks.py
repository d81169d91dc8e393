"""Celery: the task may be repeated or killed at any point (kpi/ranks/services.py)."""

from celery import shared_task

from kpi.ranks import services


@shared_task  # type: ignore[untyped-decorator]
def months_ranked() -> None:
    """Every night: on the first of a month the ranks of the month that ended, after late documents those they touch."""
    services.months_ranked()
