"""The yearly clean-up: campaigns, questionnaires, and per client a sheet with what was found, said and decided.

Facts are Answer, Photo, Decision and Applied: written once, kept for good, under history. A Sheet is where they have
brought a client so far. Written by the services of this app only.
"""

import uuid
from pathlib import Path

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.jobs.models import Job
from accounts.models import User
from cleanup.querysets import CampaignQuerySet, SheetQuerySet
from clients.models import Category, Channel, Client
from territories.models import Territory

# --- what is asked -----------------------------------------------------------------------------------------------


class Questionnaire(models.Model):
    name = models.CharField(_("name"), max_length=100, unique=True)

    class Meta:
        verbose_name = _("questionnaire")
        ordering = ["name"]
        constraints = [models.CheckConstraint(condition=~Q(name=""), name="questionnaire_name_given")]

    def __str__(self) -> str:
        return self.name


class Version(models.Model):
    """What is asked. Frozen when a campaign with it starts: from then on a trigger refuses to change any of it."""

    questionnaire = models.ForeignKey(Questionnaire, models.PROTECT, related_name="versions", db_index=False)
    number = models.IntegerField()  # 1, 2, 3 …
    frozen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["questionnaire", "-number"]
        constraints = [models.UniqueConstraint(fields=["questionnaire", "number"], name="questionnaire_version_key")]

    def __str__(self) -> str:
        return f"{self.questionnaire.name} · {self.number}"


class Section(models.Model):
    version = models.ForeignKey(Version, models.CASCADE, related_name="sections")
    position = models.IntegerField()
    title = models.CharField(_("title"), max_length=100)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [models.CheckConstraint(condition=~Q(title=""), name="section_title_given")]

    def __str__(self) -> str:
        return self.title


class Kind(models.TextChoices):
    YES_NO = "yes_no", _("yes or no")
    ONE = "one", _("one of")
    SEVERAL = "several", _("several of")
    NUMBER = "number", _("number")
    MONEY = "money", _("money, ₽")
    DATE = "date", _("date")
    TEXT = "text", _("text")
    PHOTO = "photo", _("photo")
    FIELD = "field", _("confirm or correct a field of the register")


class Question(models.Model):
    """One question; how answers to each kind look: cleanup/questions.py."""

    version = models.ForeignKey(Version, models.CASCADE, related_name="questions")
    section = models.ForeignKey(Section, models.CASCADE, related_name="questions")
    position = models.IntegerField()
    key = models.SlugField(_("key"), max_length=40, db_index=False)  # the same in every version: years are comparable
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    text = models.CharField(_("question"), max_length=300)
    hint = models.CharField(_("hint"), max_length=300, blank=True, default="")
    required = models.BooleanField(_("required"), default=False)
    options = ArrayField(models.CharField(max_length=100), verbose_name=_("choices"), default=list, blank=True)
    unit = models.CharField(_("unit"), max_length=20, blank=True, default="")
    field = models.CharField(_("field"), max_length=32, blank=True, default="")  # of clients.fields.DEFAULT_RIGHTS
    channels = ArrayField(models.BigIntegerField(), verbose_name=_("sales channels"), default=list, blank=True)
    # Asked only if the question with this key, which comes before it, was answered so
    condition_key = models.CharField(_("asked only if"), max_length=40, blank=True, default="")
    condition_value = models.CharField(_("is answered"), max_length=100, blank=True, default="")

    class Meta:
        verbose_name = _("question")
        ordering = ["section__position", "section", "position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "key"], name="question_key",
                violation_error_message=_("Another question of this version has this key."),
            ),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="question_kind_known"),
            models.CheckConstraint(condition=Q(kind="field") ^ Q(field=""), name="question_names_a_field"),
            models.CheckConstraint(condition=Q(condition_key="") | ~Q(condition_value=""), name="question_condition"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.text


# --- the campaign ------------------------------------------------------------------------------------------------


class State(models.TextChoices):
    DRAFT = "draft", pgettext_lazy("campaign", "draft")
    RUNNING = "running", pgettext_lazy("campaign", "running")
    PAUSED = "paused", pgettext_lazy("campaign", "paused")
    CLOSED = "closed", pgettext_lazy("campaign", "closed")


class Answers(models.TextChoices):
    ROUTE = "route", _("the route's sales representative")
    SUPERVISOR = "supervisor", _("the supervisor")


class Approves(models.TextChoices):
    SUPERVISOR = "supervisor", _("whoever approves changes there: the supervisor")
    ADMIN = "admin", _("administrators")


class Campaign(models.Model):
    """A clean-up of a year. Of the scope's lists an empty one means all."""

    name = models.CharField(_("name"), max_length=100)
    year = models.SmallIntegerField(_("year"), validators=[MinValueValidator(2000), MaxValueValidator(2100)])
    first_day = models.DateField(_("first day"))
    last_day = models.DateField(_("last day"))
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.DRAFT)
    territories = ArrayField(models.BigIntegerField(), verbose_name=_("territories"), default=list, blank=True)
    statuses = ArrayField(models.CharField(max_length=16), verbose_name=_("statuses"), default=list, blank=True)
    channels = ArrayField(models.BigIntegerField(), verbose_name=_("sales channels"), default=list, blank=True)
    categories = ArrayField(models.CharField(max_length=1), verbose_name=_("categories"), default=list, blank=True)
    version = models.ForeignKey(
        Version, models.PROTECT, verbose_name=_("questionnaire"), related_name="campaigns", null=True, blank=True
    )
    answers = models.CharField(_("who answers"), max_length=16, choices=Answers, default=Answers.ROUTE)
    approves = models.CharField(_("who approves"), max_length=16, choices=Approves, default=Approves.SUPERVISOR)
    a_day = models.SmallIntegerField(
        _("clients a day, per person"), default=15, validators=[MinValueValidator(1), MaxValueValidator(500)]
    )
    remind_every = models.SmallIntegerField(  # 0: never
        _("remind every … days"), default=7, validators=[MinValueValidator(0), MaxValueValidator(90)]
    )
    remind_before = models.SmallIntegerField(
        _("and in the last … days daily"), default=3, validators=[MinValueValidator(0), MaxValueValidator(90)]
    )
    copied_from = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    prefill_job = models.ForeignKey(Job, models.SET_NULL, null=True, related_name="+", db_index=False)
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    started_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        verbose_name = _("clean-up campaign")
        ordering = ["-year", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=State.values), name="campaign_state_known"),
            models.CheckConstraint(condition=~Q(name=""), name="campaign_name_given"),
            models.CheckConstraint(
                condition=Q(last_day__gte=F("first_day")), name="campaign_days_in_order",
                violation_error_message=_("The last day is before the first."),
            ),
            models.CheckConstraint(
                condition=Q(state="draft") | Q(version__isnull=False, started_at__isnull=False),
                name="campaign_started_with_a_questionnaire",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name

    @property
    def reference(self) -> str:
        """Of its changes in the history."""
        return f"campaign:{self.pk}"

    @property
    def open(self) -> bool:
        """Whether answers are taken: an answer given offline may come in while it is paused."""
        return self.state in (State.RUNNING, State.PAUSED)


class SheetState(models.TextChoices):
    WAITING = "waiting", pgettext_lazy("sheet", "to be asked")
    ANSWERED = "answered", pgettext_lazy("sheet", "answered")
    RETURNED = "returned", pgettext_lazy("sheet", "returned")
    APPROVED = "approved", pgettext_lazy("sheet", "approved")  # a job is about to apply it
    CONFLICT = "conflict", pgettext_lazy("sheet", "changed meanwhile")
    APPLIED = "applied", pgettext_lazy("sheet", "applied")
    GONE = "gone", pgettext_lazy("sheet", "merged meanwhile")


class Finding(models.TextChoices):
    """What the preparation says of a client; details of it are in Sheet.details under the same name."""

    MISSING = "missing", _("something is missing")  # fields
    INVALID = "invalid", _("something is invalid")  # fields
    DUPLICATES = "duplicates", _("may be a duplicate")  # [{client, code, name, score}]
    NO_SALES = "no_sales", _("no sales for 12 months")  # last order or null
    FAR = "far", _("far from the territory's other clients")  # {km, limit}
    SHARED_PHONE = "shared_phone", _("many clients have this phone")  # how many
    CONTRACT = "contract", _("the contract has run out")  # {number, until}


class Attention(models.TextChoices):
    """Why an answer is worth a look."""

    CLOSING = "closing", _("closing")
    MERGE = "merge", _("merge")
    CHANNEL = "channel", _("another channel")
    CATEGORY = "category", _("another category")
    FIELD = "field", _("a field that needs approval")
    PLACE = "place", _("answered far from the client")
    NUMBER = "number", _("a number far off")


class Sheet(models.Model):
    """A client in a campaign. `findings`, `details`, proposals and `score_before` are the preparation's."""

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="sheets", db_index=False)
    client = models.ForeignKey(Client, models.PROTECT, related_name="sheets", db_constraint=False)
    territory = models.ForeignKey(Territory, models.PROTECT, related_name="+", db_index=False)  # when prepared
    rep = models.ForeignKey(User, models.PROTECT, null=True, related_name="sheets", db_index=False)
    state = models.CharField(_("state"), max_length=16, choices=SheetState, default="waiting", db_default="waiting")
    client_version = models.IntegerField()  # of the client, when prepared
    findings = ArrayField(models.CharField(max_length=16), default=list, db_default=[])
    details = models.JSONField(default=dict)
    proposed_channel = models.ForeignKey(Channel, models.PROTECT, null=True, related_name="+", db_index=False)
    proposed_category = models.CharField(max_length=1, blank=True, default="", db_default="")
    reasons = models.JSONField(default=dict)  # of the proposals: {"channel": {…}, "category": {…}} (prefill.py)
    channel_before = models.ForeignKey(Channel, models.PROTECT, null=True, related_name="+", db_index=False)
    category_before = models.CharField(max_length=1, blank=True, default="", db_default="")
    score_before = models.SmallIntegerField()
    score_now = models.SmallIntegerField()
    answer = models.ForeignKey("Answer", models.PROTECT, null=True, related_name="+", db_index=False)  # the last
    attention = ArrayField(models.CharField(max_length=16), default=list, db_default=[])
    conflicts = models.JSONField(default=dict)  # {field: {"base", "new", "now"}}, packed (clients/fields.py)
    category_after = models.CharField(max_length=1, blank=True, default="", db_default="")  # as approved
    answered_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)

    objects = SheetQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "client"], name="sheet_key"),
            models.CheckConstraint(condition=Q(state__in=SheetState.values), name="sheet_state_known"),
            models.CheckConstraint(
                condition=Q(score_before__range=(0, 100), score_now__range=(0, 100)), name="sheet_score_range"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "gone"]) | Q(answer__isnull=False), name="sheet_decided_on_an_answer"
            ),
        ]
        indexes = [
            models.Index(fields=["campaign", "rep", "state", "id"], name="sheet_of_rep"),
            models.Index(fields=["campaign", "territory", "state"], name="sheet_of_territory"),
            models.Index(
                fields=["campaign", "state", "id"], name="sheet_open",
                condition=Q(state__in=["answered", "returned", "approved", "conflict"]),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.campaign_id}/{self.client_id}"


# --- what was said and done --------------------------------------------------------------------------------------


class Answer(models.Model):
    """One submission. `key` is made where it is answered: the same sent again is the same answer.

    `values`: by question key; `changes`: {field: {"base", "new"}}, packed, of fields that were corrected, where base is
    what the register held when it was answered.
    """

    sheet = models.ForeignKey(Sheet, models.PROTECT, related_name="answers")
    key = models.UUIDField(unique=True)
    version = models.ForeignKey(Version, models.PROTECT, related_name="+", db_index=False)
    author = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()  # on the device
    received_at = models.DateTimeField(default=timezone.now)
    values = models.JSONField(default=dict)
    changes = models.JSONField(default=dict)
    merge_into = models.ForeignKey(
        Client, models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    category = models.CharField(max_length=1, choices=Category, blank=True, default="")
    lat = models.FloatField(null=True)
    lon = models.FloatField(null=True)
    accuracy = models.FloatField(null=True)  # metres
    comment = models.CharField(_("comment"), max_length=1000, blank=True, default="")


class Photo(models.Model):
    """A picture taken for a question; sent before the answer that names its key."""

    sheet = models.ForeignKey(Sheet, models.PROTECT, related_name="photos")
    key = models.UUIDField(unique=True, default=uuid.uuid4)
    question = models.CharField(max_length=40)
    suffix = models.CharField(max_length=5)  # .jpg, .png, .webp
    size = models.IntegerField()  # bytes
    author = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(default=timezone.now)

    @property
    def path(self) -> Path:
        """Kept for good: not in a folder that jobs' files are tidied away from (accounts/jobs/files.py)."""
        return Path(settings.FILES_DIR) / "campaigns" / str(self.sheet_id) / f"{self.key}{self.suffix}"


class Verdict(models.TextChoices):
    APPROVED = "approved", _("approved")
    RETURNED = "returned", _("returned")
    RESOLVED = "resolved", _("conflict decided")


class Decision(models.Model):
    sheet = models.ForeignKey(Sheet, models.PROTECT, related_name="decisions")
    answer = models.ForeignKey(Answer, models.PROTECT, related_name="+", db_index=False)
    verdict = models.CharField(max_length=16, choices=Verdict)
    word = models.CharField(_("word"), max_length=500, blank=True, default="")
    by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(verdict__in=Verdict.values), name="decision_verdict_known"),
            models.CheckConstraint(condition=~Q(verdict="returned") | ~Q(word=""), name="decision_says_why"),
        ]


class Applied(models.Model):
    """A change of the register that an approved answer made: `field` of a client, "merge" or "category". Once each."""

    sheet = models.ForeignKey(Sheet, models.PROTECT, related_name="applied", db_index=False)
    field = models.CharField(max_length=32)
    old = models.JSONField(null=True)
    new = models.JSONField(null=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sheet", "field"], name="applied_once")]


class Verified(models.Model):
    """When a client was last confirmed by an approved answer: a part of the quality score."""

    client = models.OneToOneField(Client, models.PROTECT, primary_key=True, db_constraint=False)
    on = models.DateField()


class Extent(models.Model):
    """Where a territory's clients are: the middle, and how far from it is still usual. Reckoned when prepared."""

    territory = models.OneToOneField(Territory, models.CASCADE, primary_key=True)
    lat = models.FloatField()
    lon = models.FloatField()
    km = models.FloatField()


class SharedPhone(models.Model):
    """A phone, in digits, that many clients have. Reckoned when prepared."""

    phone = models.CharField(primary_key=True, max_length=100)
    clients = models.IntegerField()


class ChannelMix(models.Model):
    """What a channel buys: the share of a product category in its sales, all shares of a channel being of length 1
    together, so that the sum of products of two mixes is their likeness. Reckoned when prepared."""

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="+", db_index=False)
    category = models.CharField(max_length=255)
    share = models.FloatField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "category"], name="channel_mix_key")]
