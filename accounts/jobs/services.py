"""The only code that writes jobs: making, running step by step, cancelling, sending again what got lost.

A step is one transaction: its data, the job's position and what is done land together or not at all, so that a worker
killed at any point repeats at most the step it was in. One worker at a time works on a job: it holds an advisory lock
of its session, which the server frees when the worker dies.
"""

import logging
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

from django.db import OperationalError, connection, transaction
from django.db.models import F, Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError as BrokerError

from accounts.jobs.models import Export, Job, State
from accounts.models import User, Way
from accounts.services import acting

TURN = 5.0  # seconds after which a job lets other tasks go first
ATTEMPTS = 3  # starts without a completed step, after which a job is given up
SILENT = timedelta(seconds=60)  # without a sign of life, after which a job is sent again

Step = Callable[[Job], bool]
STEPS: dict[str, Step] = {}
log = logging.getLogger(__name__)


class JobError(Exception):
    """Ends a job as failed; the text says why and what to do, in the owner's language."""


class Cancelled(Exception):
    """Ends a job as cancelled: the owner has asked for it."""


def step(kind: str) -> Callable[[Step], Step]:
    """Registers the function that does one step of the jobs of a kind.

    It runs in a transaction, reads `parameters` and `position`, does a piece of the work that takes a few seconds,
    sets `position`, `done`, `total`, `result`, and returns whether the job is done with that. It must be in a module
    that workers import (`<app>/tasks.py`).
    """

    def register(function: Step) -> Step:
        STEPS[kind] = function
        return function

    return register


def job_create(
    *, owner: User, kind: str, title: str, parameters: dict[str, Any], total: int | None = None, link: str = "",
    reference: uuid.UUID | None = None,
) -> Job:  # fmt: skip
    """A new job, which a worker takes up as soon as the current transaction is committed."""
    job = Job.objects.create(
        owner=owner, kind=kind, title=title[:200], parameters=parameters, total=total, link=link,
        reference=reference or uuid.uuid4(), language=translation.get_language(),
    )  # fmt: skip
    transaction.on_commit(lambda: _send(job.pk))
    return job


def job_cancel(*, job: Job) -> None:
    """End a waiting job; ask a running one to end after the step it is in. An ended one stays as it is."""
    _end(Job.objects.filter(pk=job.pk, state=State.WAITING), State.CANCELLED)
    Job.objects.open().filter(pk=job.pk).update(cancel_asked=True)


def jobs_resend() -> int:
    """Send again the jobs that have been silent: their message was lost, or their worker died. Returns how many.

    Doing it too often does no harm: a job that is being worked on is let alone.
    """
    silent = list(Job.objects.open().filter(touched_at__lt=timezone.now() - SILENT).values_list("pk", flat=True))
    Job.objects.filter(pk__in=silent).update(touched_at=timezone.now())
    for pk in silent:
        _send(pk)
    return len(silent)


def job_run(pk: int) -> bool:
    """Work on a job for TURN seconds, a step at least; True if there is more to do."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended('job', %s))", [pk])
        if not cursor.fetchone()[0]:
            return False  # another worker is at it
        try:
            return _turn(pk)
        finally:
            if connection.connection and not connection.connection.closed:  # else the server has freed it
                cursor.execute("SELECT pg_advisory_unlock(hashtextextended('job', %s))", [pk])


def _turn(pk: int) -> bool:
    started = Job.objects.open().filter(pk=pk)
    if not started.update(state=State.RUNNING, attempts=F("attempts") + 1, touched_at=timezone.now()):
        return False
    job = Job.objects.get(pk=pk)
    with translation.override(job.language):
        if job.attempts > ATTEMPTS:
            _end(
                started, State.FAILED, _("It was begun %(times)d times and never came to an end.") % {"times": ATTEMPTS}
            )
            return False
        deadline = time.monotonic() + TURN
        while _step(pk):
            if time.monotonic() > deadline:
                return True
        return False


def _step(pk: int) -> bool:
    """One step; True if there is another."""
    running = Job.objects.filter(pk=pk)
    try:
        with transaction.atomic():
            job = running.get()
            if job.cancel_asked:
                raise Cancelled
            done = STEPS[job.kind](job)
            job.attempts, job.touched_at = 0, timezone.now()
            if done:
                job.state, job.ended_at = State.DONE, job.touched_at
            # Not the row as a whole: somebody may ask to cancel meanwhile.
            job.save(
                update_fields=[
                    "position", "state", "done", "total", "result", "link", "attempts", "touched_at", "ended_at",
                ]
            )  # fmt: skip
            return not done
    except Cancelled:
        _end(running, State.CANCELLED)
    except JobError as error:
        _end(running, State.FAILED, str(error))
    except OperationalError:
        raise  # the database was away or a deadlock was broken: the job is sent again
    except Exception:
        log.exception("job %d", pk)
        _end(running, State.FAILED, _("Something went wrong that nobody foresaw; the server's log has the details."))
    return False


def _end(jobs: Any, state: State, error: str = "") -> None:
    now = timezone.now()
    jobs.filter(Q(state=State.WAITING) | Q(state=State.RUNNING)).update(
        state=state, error=error, touched_at=now, ended_at=now
    )


def _send(pk: int) -> None:
    from accounts.jobs import tasks  # they import this module

    try:
        tasks.run.delay(pk)
    except BrokerError as error:
        log.warning("job %d could not be sent (%s): it will be by and by", pk, error)


def export_begin(*, user: User, what: str, format: str, query: str, columns: Sequence[str], ip: str | None) -> Export:
    """Write down that a person takes rows out, before the first of them leaves."""
    with acting(actor=user, way=Way.BROWSER, ip=ip):
        return Export.objects.create(user=user, what=what, format=format, query=query, columns=list(columns))


def export_end(*, export: Export, rows: int) -> None:
    """Write down how many rows it was."""
    with acting(actor=export.user, way=Way.BROWSER):
        Export.objects.filter(pk=export.pk).update(rows=rows)


class Progress:
    """Says within a long step how far it is, on a connection of its own: the step's transaction isn't seen outside.

    Called with what is done of what; raises Cancelled where the owner has asked for it.
    """

    EVERY = 0.5  # seconds

    def __init__(self, job: Job) -> None:
        self.job = job
        self.next = 0.0

    def __enter__(self) -> Self:
        self.connection = connection.copy()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() < self.next:
            return
        self.next = time.monotonic() + self.EVERY
        with self.connection.cursor() as cursor:
            cursor.execute(
                "UPDATE jobs_job SET done = %s, total = %s, touched_at = now() WHERE id = %s RETURNING cancel_asked",
                [done, total, self.job.pk],
            )
            if (row := cursor.fetchone()) and row[0]:
                raise Cancelled
