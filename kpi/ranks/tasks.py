"""Celery: the task may be repeated or killed at any point (kpi/ranks/services.py)."""

from datetime import date

from celery import shared_task

from kpi.ranks import services


@shared_task  # type: ignore[untyped-decorator]
def months_ranked() -> None:
    """Every night: on the first of a month the ranks of the month that ended, after late documents those they touch."""
    services.months_ranked()


@shared_task  # type: ignore[untyped-decorator]
def month_ranked(month: str) -> None:
    """What the page of moves waits for; `month`: its first day, as 2026-11-01."""
    services.month_ranked(date.fromisoformat(month))
