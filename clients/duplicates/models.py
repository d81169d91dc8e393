"""Outlets that may be one, what was decided about them, and merges."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from clients.models import Client


class Unchecked(models.Model):
    """A client that is new or has changed: to be compared with the others. Written by a trigger."""

    client = models.OneToOneField(Client, models.CASCADE, primary_key=True, db_constraint=False)


class Key(models.Model):
    """A key under which a client is found by others like it (matching.keys)."""

    pk = models.CompositePrimaryKey("key", "client")
    key = models.IntegerField()
    client = models.ForeignKey(Client, models.CASCADE, db_constraint=False)


class Pair(models.Model):
    """Two clients that may be one; found anew whenever one of them changes, so nothing is decided in here."""

    one = models.ForeignKey(Client, models.CASCADE, related_name="+", db_index=False)
    other = models.ForeignKey(Client, models.CASCADE, related_name="+")
    score = models.SmallIntegerField(_("score"))
    reasons = models.JSONField(default=list)  # codes of matching.Reason

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["one", "other"], name="duplicate_pair_key"),
            models.CheckConstraint(condition=Q(one__lt=F("other")), name="duplicate_pair_in_order"),
            models.CheckConstraint(condition=Q(score__range=(0, 100)), name="duplicate_pair_score_range"),
        ]
        indexes = [models.Index(fields=["-score", "id"], name="duplicate_pair_score")]


class Different(models.Model):
    """Somebody has said that these two are not one: remembered for good."""

    one = models.ForeignKey(Client, models.PROTECT, related_name="+", db_index=False)
    other = models.ForeignKey(Client, models.PROTECT, related_name="+")
    actor = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["one", "other"], name="different_key"),
            models.CheckConstraint(condition=Q(one__lt=F("other")), name="different_in_order"),
        ]


class Merge(models.Model):
    """One client taken for another: what that changed, so that it can be undone.

    `moved`: ids by table; `filled`: by table, id and column that was empty, with what it was given, as JSON text;
    `fields`: per field of the survivor what it was and became, as the history writes it.
    """

    survivor = models.ForeignKey(Client, models.PROTECT, related_name="merges")
    loser = models.ForeignKey(Client, models.PROTECT, related_name="+")
    actor = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    at = models.DateTimeField(default=timezone.now)
    fields = models.JSONField(default=dict)
    moved = models.JSONField(default=dict)
    filled = models.JSONField(default=dict)
    status_cause = models.CharField(max_length=16)  # of the loser before, with its status
    status = models.CharField(max_length=16)
    undone_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["loser"], condition=Q(undone_at=None), name="merge_of_a_client_once"),
            models.CheckConstraint(condition=~Q(survivor=F("loser")), name="merge_of_two"),
        ]
