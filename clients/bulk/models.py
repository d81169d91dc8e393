"""Clients that somebody has chosen, and changes of all of them at once."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from accounts.jobs.models import Job
from accounts.models import User


class SelectionQuerySet(models.QuerySet["Selection"]):
    def visible_to(self, user: User) -> "SelectionQuerySet":
        """A person's own: what is in it was chosen with their rights."""
        return self.filter(owner=user)


class Selection(models.Model):
    """Clients chosen in the list, on a map or elsewhere. No right to anything: whoever uses it asks again what its
    owner may see and change. `query`: of the list's address, where all that match were chosen."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    owner = models.ForeignKey(User, models.CASCADE, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    ids = ArrayField(models.BigIntegerField())
    query = models.TextField(blank=True)

    objects = SelectionQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["owner", "at"], name="selection_owner")]


class EditQuerySet(models.QuerySet["Edit"]):
    def visible_to(self, user: User) -> "EditQuerySet":
        """A person's own: it shows what they may see of clients."""
        return self.filter(owner=user)


class Edit(models.Model):
    """New values for many clients: looked at first, then done by a job; in the history it is `bulk:<id>`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    owner = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    selection = models.ForeignKey(Selection, models.SET_NULL, null=True, related_name="edits")
    values = models.JSONField()  # by field, as clients/fields.py packs them
    ids = ArrayField(models.BigIntegerField())
    versions = ArrayField(models.IntegerField())  # of the clients when it was looked at
    job = models.OneToOneField(Job, models.PROTECT, null=True, related_name="+")
    left = ArrayField(models.BigIntegerField(), default=list)  # who had been changed by somebody meanwhile

    objects = EditQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["owner", "at"], name="bulk_edit_owner")]

    @property
    def reference(self) -> str:
        """Of its changes in the history."""
        return f"bulk:{self.pk}"
