"""Closed months that were reckoned again because a document of theirs arrived: the notes on them."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User, Way
from territories.models import Territory


class Document(models.TextChoices):
    """What arrived late, or was changed."""

    INVOICE = "invoice", _("invoices")
    PAYMENT = "payment", _("payments")
    VISIT = "visit", _("visits")
    AUDIT = "audit", _("audits")
    AUDIT_ITEM = "audit_item", _("lines of audits")


class Reopening(models.Model):
    """How many documents of one kind reopened a month, in one transaction, by the territory that their clients are in.

    Written by triggers (sql/reopenings.sql) only: the application can't.
    """

    month = models.DateField()  # its first day
    kind = models.CharField(max_length=16, choices=Document)
    at = models.DateTimeField(default=timezone.now)
    territory = models.ForeignKey(Territory, models.CASCADE, related_name="+", db_constraint=False)
    documents = models.IntegerField()
    actor = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False)
    way = models.CharField(max_length=16, choices=Way, blank=True)
    reference = models.CharField(max_length=100, blank=True)  # of the load or change

    class Meta:
        constraints = [models.UniqueConstraint(fields=["month", "kind", "at", "territory"], name="reopening_key")]
