"""People and the history of everything they change."""

from typing import Any

from django.contrib.auth.models import AbstractUser
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce
from django.utils import timezone
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
    # The password itself stays out of the history; that it was changed does not.
    password_changed_at = models.DateTimeField(_("password changed"), null=True, editable=False)

    class Meta:
        verbose_name = _("member of staff")
        verbose_name_plural = _("staff")
        constraints = [models.CheckConstraint(condition=models.Q(role__in=Role.values), name="user_role_known")]

    def __str__(self) -> str:
        return self.full_name or self.username

    @property
    def manages(self) -> bool:
        """Whether the pages of staff and territories are for this person."""
        return self.is_superuser or self.role in (Role.HEAD, Role.ADMIN)


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
    reference = models.CharField(max_length=64)  # "<kind>:<id>" of the load, request, bulk change, revert or job
    ip = models.GenericIPAddressField(null=True)
    database_user = models.CharField(max_length=63)
    old = models.JSONField(null=True)  # only what changed, except for D
    new = models.JSONField(null=True)  # only what changed, except for I

    class Meta:
        db_table = "history_event"
        indexes = [
            models.Index(fields=["table", "row_id", "id"], name="history_event_row"),
            models.Index(fields=["reference", "id"], condition=~models.Q(reference=""), name="history_event_reference"),
            # What is gone is found by what it hung on: contacts by client, contracts by counterparty.
            models.Index(
                Coalesce(KT("old__client_id"), KT("old__counterparty_id")), "table",
                condition=models.Q(operation="D"), name="history_event_gone",
            ),
        ]  # fmt: skip


class ChangeSet(models.Model):
    """All events with one reference: a load, a bulk change, a request, a revert. Written by the trigger, like them."""

    reference = models.CharField(max_length=64, primary_key=True)
    at = models.DateTimeField()  # of the first event
    actor = models.ForeignKey(User, models.DO_NOTHING, null=True, db_constraint=False, db_index=False)
    way = models.CharField(max_length=16, choices=Way)
    reverts = models.CharField(max_length=64)  # reference of what this one takes back, "event:<id>" for one event

    class Meta:
        db_table = "history_changeset"
        indexes = [
            models.Index(fields=["-at"], name="history_changeset_at"),
            models.Index(fields=["reverts"], condition=~models.Q(reverts=""), name="history_changeset_reverts"),
        ]


class Seal(models.Model):
    """A sealed batch of events, up to `last_id` from where the one before ends. Written by `seal_history()` only."""

    id = models.BigIntegerField(primary_key=True)  # 1, 2, 3 … without gaps
    closed_at = models.DateTimeField()  # every later event came after this
    last_id = models.BigIntegerField()
    events = models.BigIntegerField()
    events_hash = models.BinaryField()
    hash = models.BinaryField()  # of all of the above and of the seal before

    class Meta:
        db_table = "history_seal"


class Session(AbstractBaseSession):
    """A browser that is signed in; what it says of itself is in the data (accounts/sessions.py)."""

    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="sessions")

    class Meta(AbstractBaseSession.Meta):
        abstract = False

    @classmethod
    def get_session_store_class(cls) -> Any:
        from accounts.sessions import SessionStore

        return SessionStore


class Outcome(models.TextChoices):
    """What became of a try to sign in."""

    IN = "in", _("signed in")
    RECOVERY = "recovery", _("signed in with a recovery code")
    PASSWORD = "password", _("wrong name or password")
    CODE = "code", _("wrong code")


class SignInTry(models.Model):
    """A try to sign in: what the lock against guessing counts, and what a person sees of their own account."""

    at = models.DateTimeField(default=timezone.now)
    username = models.CharField(max_length=150)  # as it was typed
    ip = models.GenericIPAddressField(null=True)
    place = models.CharField(max_length=45)  # config.limits.place: what counts as one address
    device = models.CharField(max_length=64)
    outcome = models.CharField(max_length=16, choices=Outcome)
    counts = models.BooleanField(default=True)  # until somebody gets in from there, or an administrator unlocks

    class Meta:
        indexes = [models.Index(fields=["username", "at"], name="signintry_username")]


class RecoveryCode(models.Model):
    """One of the codes that stand in, once each, for the app that makes the codes of the second factor."""

    user = models.ForeignKey(User, models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64)  # sha256: the code itself has 79 bits, no guessing gets there
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "digest"], name="recovery_code_once")]


class Notice(models.Model):
    """Something a person should know of. Its text is put together when it is read, in the reader's language, by
    what accounts/notices.py knows of its kind."""

    recipient = models.ForeignKey(User, models.CASCADE, related_name="notices")
    at = models.DateTimeField(default=timezone.now)
    kind = models.CharField(max_length=32)
    params = models.JSONField(default=dict)
    link = models.CharField(max_length=500, blank=True, default="")  # an address of this product
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["recipient", "-id"], name="notice_recipient"),
            models.Index(fields=["recipient"], condition=models.Q(read_at=None), name="notice_unread"),
        ]
