"""People and the history of everything they change."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a person does; the grants that come with it are in territories/services.py."""

    REP = "rep", _("Sales representative")
    SUPERVISOR = "supervisor", _("Supervisor")
    HEAD = "head", _("Head of sales")
    ADMIN = "admin", _("Administrator")
    ANALYST = "analyst", _("Analyst")


class User(AbstractUser):
    """A member of staff (exchange file `staff`). Where they work: grants on territories."""

    full_name = models.CharField(_("full name"), max_length=200)
    role = models.CharField(_("role"), max_length=16, choices=Role, default=Role.REP)

    class Meta:
        verbose_name = _("member of staff")
        verbose_name_plural = _("staff")
        constraints = [models.CheckConstraint(condition=models.Q(role__in=Role.values), name="user_role_known")]

    def __str__(self) -> str:
        return self.full_name or self.username


class Way(models.TextChoices):
    """By which way a change came."""

    BROWSER = "browser", _("browser")
    API = "api", _("API")
    LOAD = "load", _("load")
    CAMPAIGN = "campaign", _("campaign")
    JOB = "job", _("job")
    COMMAND = "command", _("command")


class HistoryEvent(models.Model):
    """One changed row of the register. Written by the trigger `history_write` only: the application can't."""

    at = models.DateTimeField()
    table = models.CharField(max_length=63)
    row_id = models.BigIntegerField()
    operation = models.CharField(max_length=1)  # I, U, D
    actor = models.ForeignKey(User, models.DO_NOTHING, null=True, db_constraint=False)
    way = models.CharField(max_length=16, choices=Way)
    reference = models.CharField(max_length=64)  # of the load, request or job
    ip = models.GenericIPAddressField(null=True)
    database_user = models.CharField(max_length=63)
    old = models.JSONField(null=True)  # only what changed, except for D
    new = models.JSONField(null=True)  # only what changed, except for I

    class Meta:
        db_table = "history_event"
        indexes = [models.Index(fields=["table", "row_id", "id"], name="history_event_row")]
