"""Celery: the task may be repeated or killed at any point (services.py)."""

import time

from celery import shared_task

from clients.duplicates import services

SECONDS = 20  # at a time, so that others get their turn; beat sends the next


@shared_task  # type: ignore[untyped-decorator]
def check() -> None:
    """Compare what has changed with the rest of the base, until nothing is left or SECONDS are over."""
    end = time.monotonic() + SECONDS
    while services.check_some() and time.monotonic() < end:
        pass
