"""Celery: the tasks may be repeated or killed at any point (accounts/services.py, accounts/sql/seals.sql)."""

import logging

from celery import shared_task

from accounts import audit, services

log = logging.getLogger(__name__)


@shared_task  # type: ignore[untyped-decorator]
def tidy() -> None:
    """Forget ended sessions and old tries to sign in."""
    services.tidy()


@shared_task  # type: ignore[untyped-decorator]
def seal() -> None:
    """Every minute: seals what is final. The log, kept elsewhere, holds the heads that prove it later."""
    if events := services.history_sealed():
        log.info("history: %d events sealed, head %s", events, audit.sealed().head)
