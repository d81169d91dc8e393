"""Celery: both tasks may be repeated, lost or killed at any point (jobs/services.py)."""

from celery import shared_task

from accounts.jobs import files, services


@shared_task  # type: ignore[untyped-decorator]
def run(pk: int) -> None:
    """A turn at a job, then the next message in the queue, then the next turn."""
    if services.job_run(pk):
        run.delay(pk)


@shared_task  # type: ignore[untyped-decorator]
def sweep() -> None:
    """Every 30 seconds: jobs that have gone silent are sent again; old files are removed."""
    services.jobs_resend()
    files.expire()
