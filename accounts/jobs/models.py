"""Work that outlasts a request: what is asked, how far it is, what came of it. The truth about it is here, in
PostgreSQL; Celery's message only says "have a look"."""

import uuid
from pathlib import Path

from django.db import models
from django.utils import timezone
from django.utils.translation import pgettext_lazy

from accounts.jobs import files
from accounts.models import User


class State(models.TextChoices):
    WAITING = "waiting", pgettext_lazy("job", "waiting")
    RUNNING = "running", pgettext_lazy("job", "running")
    DONE = "done", pgettext_lazy("job", "done")
    FAILED = "failed", pgettext_lazy("job", "failed")
    CANCELLED = "cancelled", pgettext_lazy("job", "cancelled")


class JobQuerySet(models.QuerySet["Job"]):
    def visible_to(self, user: User) -> "JobQuerySet":
        """A person's own; nobody else's, for the files that come of them hold what their owner may see."""
        return self.filter(owner=user)

    def open(self) -> "JobQuerySet":
        return self.filter(state__in=[State.WAITING, State.RUNNING])


class Job(models.Model):
    """A job; `kind` names the step function that does it piece by piece (jobs/services.py)."""

    reference = models.UUIDField(unique=True, default=uuid.uuid4)  # of its changes in the history; names its folder
    kind = models.CharField(max_length=64)
    title = models.CharField(max_length=200)
    owner = models.ForeignKey(User, models.PROTECT, related_name="jobs")
    language = models.CharField(max_length=8)  # in which the owner reads titles, reasons and files
    parameters = models.JSONField(default=dict)
    position = models.JSONField(null=True)  # where the next step begins: written in the transaction of its data
    state = models.CharField(max_length=16, choices=State, default=State.WAITING)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True)  # None: not known yet
    result = models.JSONField(default=dict)  # "file": a file in `folder` that its owner may fetch
    link = models.CharField(max_length=500, blank=True, default="")  # the page that shows what came of it
    error = models.TextField(blank=True, default="")
    attempts = models.IntegerField(default=0)  # starts since the last step that was completed
    cancel_asked = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    touched_at = models.DateTimeField(default=timezone.now)  # last sign of life, or the last message sent
    ended_at = models.DateTimeField(null=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["owner", "-id"], name="job_owner"),
            models.Index(fields=["touched_at"], condition=models.Q(state__in=["waiting", "running"]), name="job_open"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=State.values), name="job_state_known"),
            models.CheckConstraint(
                condition=models.Q(ended_at=None, state__in=["waiting", "running"])
                | models.Q(ended_at__isnull=False, state__in=["done", "failed", "cancelled"]),
                name="job_ended_when_it_ended",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def ended(self) -> bool:
        return self.state not in (State.WAITING, State.RUNNING)

    @property
    def percent(self) -> int | None:
        """How much is done, 0..100; None where that isn't known."""
        return min(100, self.done * 100 // self.total) if self.total else None

    @property
    def folder(self) -> Path:
        return files.folder(self.reference)

    @property
    def file(self) -> Path | None:
        """The file that came of it, while it is kept."""
        path = self.folder / self.result["file"] if "file" in self.result else None
        return path if path and path.is_file() else None


class Export(models.Model):
    """Who took which rows out as a file. Kept under history: nobody can take an entry away unseen."""

    user = models.ForeignKey(User, models.PROTECT, related_name="exports")
    at = models.DateTimeField(default=timezone.now)
    what = models.CharField(max_length=32)  # of what kind the rows are: clients
    format = models.CharField(max_length=8)
    query = models.TextField(blank=True)  # the filters, as in the address of the list
    columns = models.JSONField()
    rows = models.BigIntegerField(null=True)  # None: not (yet) come to an end

    class Meta:
        ordering = ["-pk"]
