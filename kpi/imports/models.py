"""Files that people load in the browser, and the sources they come from."""

import uuid
from pathlib import Path

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.jobs import files
from accounts.jobs.models import Job, State
from accounts.models import User

KINDS = {
    "territories": _("Territories"),
    "staff": _("Staff"),
    "channels": _("Sales channels"),
    "products": _("Products"),
    "mml": _("Must-have lists (MML)"),
    "rules": _("Rules of the KPIs"),
    "counterparties": _("Counterparties"),
    "contracts": _("Contracts"),
    "clients": _("Clients"),
    "merges": _("Merged clients"),
    "contacts": _("Contacts"),
    "visits": _("Visits"),
    "invoices": _("Invoices"),
    "payments": _("Payments"),
    "audits": _("Audits of the shelf"),
    "audit_items": _("Audited products"),
    "route_costs": _("Costs of routes"),
}  # the exchange files (kpi/exchange.py), in the order in which they are loaded


class Source(models.Model):
    """Where files with the same headings come from: what they mean is remembered, and they are known again."""

    name = models.CharField(_("source"), max_length=100, unique=True)
    headings = models.CharField(max_length=64, unique=True)  # their hash
    kind = models.CharField(max_length=32, choices=KINDS)
    mapping = models.JSONField()  # heading → column, "" for none

    class Meta:
        ordering = ["name"]
        constraints = [models.CheckConstraint(condition=models.Q(kind__in=list(KINDS)), name="source_kind_known")]

    def __str__(self) -> str:
        return self.name


class Import(models.Model):
    """A file that somebody has uploaded: what it is taken for, what a load would do, what it did."""

    reference = models.UUIDField(unique=True, default=uuid.uuid4)  # of its changes in the history; names its folder
    owner = models.ForeignKey(User, models.PROTECT, related_name="imports")
    at = models.DateTimeField(default=timezone.now)
    file_name = models.CharField(max_length=255)
    headings = models.JSONField()
    samples = models.JSONField()  # the first rows
    kind = models.CharField(max_length=32, choices=KINDS)
    mapping = models.JSONField()
    source = models.ForeignKey(Source, models.PROTECT, null=True)
    check_job = models.ForeignKey(Job, models.SET_NULL, null=True, related_name="+")  # its result: the dry run's report
    load_job = models.ForeignKey(Job, models.SET_NULL, null=True, related_name="+")  # its result: the load's

    class Meta:
        ordering = ["-pk"]
        constraints = [models.CheckConstraint(condition=models.Q(kind__in=list(KINDS)), name="import_kind_known")]

    def __str__(self) -> str:
        return self.file_name

    @property
    def path(self) -> Path:
        """The uploaded file; its suffix says how to read it."""
        return files.folder(self.reference) / f"upload{self.suffix}"

    @property
    def suffix(self) -> str:
        name = self.file_name.lower()
        return ".csv.gz" if name.endswith(".csv.gz") else Path(name).suffix

    @property
    def errors(self) -> Path:
        """The rows turned away, as they came, with the reason; there only if some were."""
        return files.folder(self.reference) / f"errors{'.xlsx' if self.suffix == '.xlsx' else '.csv'}"

    @property
    def job(self) -> Job | None:
        """What is, or was last, being done with it."""
        return self.load_job or self.check_job

    @property
    def checked(self) -> bool:
        return self.check_job is not None and self.check_job.state == State.DONE

    @property
    def loaded(self) -> bool:
        return self.load_job is not None and self.load_job.state == State.DONE

    @property
    def can_load(self) -> bool:
        """Checked, not loaded, nothing under way, and the file is still kept."""
        idle = self.load_job is None or self.load_job.state in (State.FAILED, State.CANCELLED)
        return self.checked and idle and self.path.exists()
