"""The register: clients and what hangs on them. Written through clients/services.py only."""

from datetime import date
from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Coalesce, ExtractDay, ExtractMonth
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Role, User
from clients.querysets import ChangeRequestQuerySet, ClientQuerySet, CounterpartyQuerySet, SegmentQuerySet
from config.fields import NumericField
from territories.models import Territory


class Channel(models.Model):
    """A sales channel, the first cut of every comparison."""

    code = models.CharField(_("code"), max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=255)

    class Meta:
        verbose_name = _("sales channel")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Counterparty(models.Model):
    """A legal entity: has contracts, owns any number of clients. The check digits of the INN are checked on entry."""

    code = models.CharField(_("code"), max_length=64)
    name = models.CharField(_("name"), max_length=255)
    inn = models.CharField(_("INN"), max_length=12, blank=True, default="")
    kpp = models.CharField(_("KPP"), max_length=9, blank=True, default="")

    objects = CounterpartyQuerySet.as_manager()

    class Meta:
        verbose_name = _("counterparty")
        indexes = [models.Index(fields=["inn"], name="counterparty_inn")]
        constraints = [
            models.UniqueConstraint(fields=["code"], name="counterparty_key"),
            models.CheckConstraint(
                condition=Q(inn="") | Q(inn__regex=r"^(\d{10}|\d{12})$"), name="counterparty_inn_form"
            ),
            models.CheckConstraint(
                condition=Q(kpp="") | Q(kpp__regex=r"^\d{4}[0-9A-Z]{2}\d{3}$"), name="counterparty_kpp_form"
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name


class Contract(models.Model):
    number = models.CharField(_("number"), max_length=64)
    counterparty = models.ForeignKey(Counterparty, models.PROTECT, related_name="contracts")
    signed_on = models.DateField(_("signed on"))
    valid_until = models.DateField(_("valid until"), null=True, blank=True)
    payment_terms_days = models.IntegerField(_("payment terms, days"), null=True, blank=True)
    credit_limit = NumericField(_("credit limit"), null=True, blank=True)

    class Meta:
        verbose_name = _("contract")
        ordering = ["-signed_on"]
        constraints = [
            models.UniqueConstraint(fields=["number"], name="contract_key"),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gte=F("signed_on")), name="contract_dates_in_order"
            ),
            models.CheckConstraint(
                condition=Q(payment_terms_days=None) | Q(payment_terms_days__gte=0), name="contract_terms_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(credit_limit=None) | Q(credit_limit__gte=0), name="contract_limit_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return self.number


class Status(models.TextChoices):
    """Which part of the base a client is in (spec/kpi.md, the register's split)."""

    ACTIVE = "active", _("Active")
    POTENTIAL = "potential", _("Potential")
    LOST = "lost", _("Lost")
    CLOSED = "closed", _("Closed")


class LostReason(models.TextChoices):
    """Why a client is lost; empty: not yet stated, which is a work list."""

    DELISTING = "delisting", _("Delisting")
    RELATIONS = "relations", _("Relations spoilt")
    DEBT = "debt", _("Debt")
    RETURNS = "returns", _("Problem with returns")
    COMPETITOR = "competitor", _("Went to a competitor")
    OTHER = "other", _("Other")


class StatusCause(models.TextChoices):
    """Which fact put a client into its part of the base."""

    CLOSED = "closed", _("closed")
    MERGED = "merged", _("merged into another client")
    ORDER = "order", _("has ordered within the reporting window")
    NO_ORDER = "no_order", _("no order within the reporting window")
    CONTRACT = "contract", _("contract signed, never ordered")
    NEVER = "never", _("has never ordered")


class Category(models.TextChoices):
    A = "A", "A"
    B = "B", "B"
    C = "C", "C"
    D = "D", "D"
    E = "E", "E"


# What stands for nothing where it is sorted: below everything else, and the same in the index as in the query.
NO_DAY = Value(date.min, models.DateField())
NO_AMOUNT = Value(Decimal(-1), NumericField())
LIVING = Q(merged_into=None)


class Client(models.Model):
    """An outlet: one row of the register, the unit of every count. Never deleted: closed, or merged into another.

    A merged one is in no list, count or KPI of any period, for it never was an outlet of its own; loads that name its
    code mean the survivor (docs/decisions/046-merged-clients.md).

    Where a million rows are written, keys are constraints: unique=True brings a second index for LIKE, of no use in
    the C collation.
    """

    code = models.CharField(_("code"), max_length=64)
    name = models.CharField(_("name"), max_length=255)
    territory = models.ForeignKey(
        Territory, models.PROTECT, verbose_name=_("territory"), related_name="clients", db_index=False
    )
    channel = models.ForeignKey(Channel, models.PROTECT, verbose_name=_("sales channel"), null=True, blank=True)
    counterparty = models.ForeignKey(
        Counterparty, models.PROTECT, verbose_name=_("counterparty"), null=True, blank=True, related_name="clients"
    )
    address = models.CharField(_("address"), max_length=500, blank=True, default="")
    lat = models.FloatField(
        _("latitude"), null=True, blank=True, validators=[MinValueValidator(-90), MaxValueValidator(90)]
    )
    lon = models.FloatField(
        _("longitude"), null=True, blank=True, validators=[MinValueValidator(-180), MaxValueValidator(180)]
    )
    phone = models.CharField(_("phone"), max_length=100, blank=True, default="")
    email = models.EmailField(_("e-mail"), max_length=254, blank=True, default="")
    is_target = models.BooleanField(_("target client"), default=True)
    opened_on = models.DateField(_("opened on"), null=True, blank=True)
    closed_on = models.DateField(_("closed on"), null=True, blank=True)
    potential_monthly = NumericField(_("potential, ₽ a month"), null=True, blank=True)
    lost_reason = models.CharField(
        _("reason of the loss"), max_length=16, choices=LostReason, blank=True, default="", db_default=""
    )

    # Derived from facts by kpi/services.py, as of today
    status = models.CharField(
        _("status"), max_length=16, choices=Status, default=Status.POTENTIAL, db_default="potential"
    )
    status_cause = models.CharField(max_length=16, choices=StatusCause, default=StatusCause.NEVER, db_default="never")
    last_order_on = models.DateField(_("last order"), null=True, blank=True)
    category = models.CharField(_("category"), max_length=1, choices=Category, blank=True, default="", db_default="")

    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="merged", db_index=False
    )

    version = models.IntegerField(
        default=1, db_default=1
    )  # raised by a trigger with every change of a field above "Derived"
    # What is searched, and the name as it is sorted and searched (clients/sql/search.sql)
    search = models.GeneratedField(
        expression=Func("code", "name", "address", "phone", function="client_search_text"),
        output_field=models.TextField(), db_persist=True,
    )  # fmt: skip
    name_sort = models.GeneratedField(
        expression=Func("name", function="client_name_key"), output_field=models.TextField(), db_persist=True
    )

    objects = ClientQuerySet.as_manager()

    class Meta:
        verbose_name = _("client")
        verbose_name_plural = _("clients")
        indexes = [
            models.Index(fields=["territory", "name_sort", "id"], name="client_territory_name", condition=LIVING),
            models.Index(
                fields=["territory", "status", "name_sort", "id"],
                include=["lost_reason"],
                name="client_territory_status",
                condition=LIVING,
            ),
            models.Index(fields=["status", "name_sort", "id"], name="client_status_name", condition=LIVING),
            # One for each sortable column, by status: the list of all reads the four and merges (clients/keyset.py)
            models.Index(fields=["status", "code", "id"], name="client_status_code", condition=LIVING),
            models.Index(fields=["status", "category", "id"], name="client_status_category", condition=LIVING),
            models.Index(
                "status", Coalesce("last_order_on", NO_DAY), "id", name="client_status_last_order", condition=LIVING
            ),
            models.Index("status", Coalesce("opened_on", NO_DAY), "id", name="client_status_opened", condition=LIVING),
            models.Index(
                "status",
                Coalesce("potential_monthly", NO_AMOUNT),
                "id",
                name="client_status_potential",
                condition=LIVING,
            ),
            # What the list counts by
            models.Index(
                fields=["status", "channel", "category", "lost_reason", "territory"],
                name="client_counts",
                condition=LIVING,
            ),
            models.Index(fields=["merged_into"], name="client_merged_into", condition=~LIVING),
            # What lies in an area, and all that the map counts (docs/decisions/068)
            models.Index(
                fields=["lat", "lon"],
                include=["status", "category", "territory", "id"],
                name="client_place",
                condition=LIVING & Q(lat__isnull=False),
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["code"], name="client_key"),
            models.CheckConstraint(
                condition=Q(closed_on=None) | Q(opened_on=None) | Q(closed_on__gte=F("opened_on")),
                name="client_closed_after_opened",
                violation_error_message=_("Closed before it was opened."),
            ),
            models.CheckConstraint(condition=Q(lat=None) | Q(lat__range=(-90, 90)), name="client_lat_range"),
            models.CheckConstraint(condition=Q(lon=None) | Q(lon__range=(-180, 180)), name="client_lon_range"),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="client_status_known"),
            models.CheckConstraint(condition=Q(lost_reason__in=["", *LostReason.values]), name="client_reason_known"),
            models.CheckConstraint(condition=Q(category__in=["", *Category.values]), name="client_category_known"),
            models.CheckConstraint(condition=~Q(code="") & ~Q(name=""), name="client_code_and_name_given"),
            models.CheckConstraint(condition=~Q(merged_into=F("id")), name="client_not_merged_into_itself"),
        ]

    def __str__(self) -> str:
        return self.name


class Placement(models.Model):
    """Where a client was until a day: territory and channel before a move. Written by a trigger.

    The value in force on day D is that of the first row with `until` > D, else the client's own
    (spec/kpi.md: "in force on d1 … else the oldest known value").
    """

    client = models.ForeignKey(Client, models.CASCADE, related_name="placements", db_index=False)
    until = models.DateField()  # the day of the move, on which the new value is in force
    territory = models.ForeignKey(Territory, models.PROTECT)
    channel = models.ForeignKey(Channel, models.PROTECT, null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["client", "until"], name="placement_key")]


class Contact(models.Model):
    client = models.ForeignKey(Client, models.PROTECT, related_name="contacts", db_index=False)
    full_name = models.CharField(_("full name"), max_length=200)
    position = models.CharField(_("position"), max_length=200, blank=True, default="")
    is_decision_maker = models.BooleanField(_("decision maker"), default=False)
    phone = models.CharField(_("phone"), max_length=100, blank=True, default="")
    email = models.EmailField(_("e-mail"), max_length=254, blank=True, default="")
    birthday = models.DateField(_("birthday"), null=True, blank=True)
    notes = models.TextField(_("notes"), blank=True, default="")

    class Meta:
        verbose_name = _("contact")
        ordering = ["-is_decision_maker", "full_name"]
        indexes = [models.Index(ExtractMonth("birthday"), ExtractDay("birthday"), name="contact_birthday")]
        constraints = [
            models.UniqueConstraint(fields=["client", "full_name"], name="contact_key"),
            models.CheckConstraint(condition=~Q(full_name=""), name="contact_name_given"),
        ]

    def __str__(self) -> str:
        return self.full_name


class InteractionKind(models.TextChoices):
    CALL = "call", pgettext_lazy("kind of contact", "Call")
    VISIT = "visit", pgettext_lazy("kind of contact", "Visit")
    LETTER = "letter", pgettext_lazy("kind of contact", "Letter")
    MEETING = "meeting", pgettext_lazy("kind of contact", "Meeting")


class Interaction(models.Model):
    """What was said to whom, and what was agreed on: a next step with its day.

    `with_whom` is a name, and not a key: people go and are taken off the card, what they said stays. The next step
    belongs to the client, not to the author: whoever holds the route finds it in their day (spec/product.md, rule 6).
    """

    client = models.ForeignKey(Client, models.PROTECT, related_name="interactions", db_index=False)
    kind = models.CharField(_("kind"), max_length=16, choices=InteractionKind)
    at = models.DateTimeField(_("when"), default=timezone.now)
    author = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    with_whom = models.CharField(_("with whom"), max_length=200, blank=True, default="")
    said = models.TextField(_("what was said"), max_length=10_000)
    next_step = models.CharField(_("next step"), max_length=300, blank=True, default="")
    next_on = models.DateField(_("its day"), null=True, blank=True)
    next_done_at = models.DateTimeField(_("next step done"), null=True, blank=True)

    class Meta:
        verbose_name = _("interaction")
        indexes = [
            models.Index(fields=["client", "-at", "-id"], name="interaction_client_at"),
            models.Index(
                fields=["client", "next_on"], name="interaction_open_step",
                condition=Q(next_on__isnull=False, next_done_at=None),
            ),
        ]  # fmt: skip
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=InteractionKind.values), name="interaction_kind_known"),
            models.CheckConstraint(condition=~Q(said=""), name="interaction_says_something"),
            models.CheckConstraint(
                condition=Q(next_step="", next_on=None) | (~Q(next_step="") & Q(next_on__isnull=False)),
                name="interaction_step_has_its_day",
                violation_error_message=_("A next step needs its day, and a day its step."),
            ),
            models.CheckConstraint(
                condition=Q(next_done_at=None) | Q(next_on__isnull=False), name="interaction_only_a_step_is_done"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.at:%Y-%m-%d}"


class Right(models.TextChoices):
    """A right on a territory that a field may need to be changed at once."""

    CHANGE = "change", _("whoever may change the client")
    APPROVE = "approve", _("a supervisor; others ask for it")


class FieldRule(models.Model):
    """Which right a field of a client needs, where it isn't the default (clients/fields.py). Set by administrators."""

    field = models.CharField(max_length=32, unique=True)
    right = models.CharField(max_length=8, choices=Right)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(right__in=Right.values), name="field_rule_right_known")]


class RequestState(models.TextChoices):
    OPEN = "open", _("waiting")
    APPROVED = "approved", _("approved")
    DECLINED = "declined", _("turned down")
    WITHDRAWN = "withdrawn", _("withdrawn")
    REPLACED = "replaced", _("replaced by another request")
    OUTDATED = "outdated", _("the client had this value already")


class ChangeRequest(models.Model):
    """A change of one field of a client that waits for somebody with the right `approve` (spec/product.md, rule 3).

    `old` is the value when it was asked for, `new` the value wanted, both as clients/fields.py packs them. A row is
    closed once, by `decided_by`, and never changed again: the author (withdrawn), who asked for another value
    (replaced), or who decided.
    """

    client = models.ForeignKey(Client, models.PROTECT, related_name="change_requests")
    field = models.CharField(_("field"), max_length=32)
    old = models.JSONField(null=True)
    new = models.JSONField(null=True)
    author = models.ForeignKey(User, models.PROTECT, related_name="change_requests")
    at = models.DateTimeField(default=timezone.now)
    state = models.CharField(_("state"), max_length=16, choices=RequestState, default=RequestState.OPEN)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=500, blank=True, default="")

    objects = ChangeRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("change request")
        indexes = [
            models.Index(fields=["author", "-id"], name="change_request_author"),
            models.Index(fields=["client", "-id"], name="change_request_client"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["client", "field"], condition=Q(state="open"), name="change_request_one_open"
            ),
            models.CheckConstraint(condition=Q(state__in=RequestState.values), name="change_request_state_known"),
            models.CheckConstraint(
                condition=Q(state="open", decided_by=None, decided_at=None)
                | (~Q(state="open") & Q(decided_by__isnull=False, decided_at__isnull=False)),
                name="change_request_closed_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(state="declined") | ~Q(reason=""), name="change_request_declined_with_reason"
            ),
        ]


class Word(models.Model):
    """A word of clients' names and addresses: what a mistyped one is held against. Kept by clients/sql/search.sql;
    a word stays when its last client loses it."""

    word = models.CharField(primary_key=True, max_length=64)


class Columns(models.Model):
    """The columns of the client list that a person has chosen, in their order."""

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="client_columns")
    names = models.JSONField()  # clients/columns.py


class Segment(models.Model):
    """A list that somebody has named: filters and order as the address has them, and columns."""

    owner = models.ForeignKey(User, models.CASCADE, related_name="segments")
    name = models.CharField(_("name"), max_length=60)
    role = models.CharField(_("shared with"), max_length=16, choices=Role, blank=True, default="")
    query = models.TextField(blank=True)  # of the address, without the page
    columns = models.JSONField(null=True, blank=True)  # None: each person's own

    objects = SegmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("segment")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "name"], name="segment_key",
                violation_error_message=_("You have a segment of this name already."),
            ),
            models.CheckConstraint(condition=~Q(name=""), name="segment_name_given"),
            models.CheckConstraint(condition=Q(role__in=["", *Role.values]), name="segment_role_known"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name
