"""The register: clients and what hangs on them. Written through clients/services.py only."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Lower, Replace
from django.utils.translation import gettext_lazy as _

from clients.querysets import ClientQuerySet
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


class Client(models.Model):
    """An outlet: one row of the register, the unit of every count. Never deleted: closed.

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

    version = models.IntegerField(
        default=1, db_default=1
    )  # raised by a trigger with every change of a field above "Derived"
    search = models.GeneratedField(
        expression=Func(
            "code", "name", "address", Func("phone", Value(r"\D"), Value(""), Value("g"), function="regexp_replace"),
            template="replace(lower(%(expressions)s), 'ё', 'е')", arg_joiner=" || ' ' || ",
        ),
        output_field=models.TextField(), db_persist=True,
    )  # fmt: skip
    name_sort = models.GeneratedField(
        expression=Replace(Lower("name"), Value("ё"), Value("е")), output_field=models.TextField(), db_persist=True
    )

    objects = ClientQuerySet.as_manager()

    class Meta:
        verbose_name = _("client")
        verbose_name_plural = _("clients")
        indexes = [
            models.Index(fields=["territory", "name_sort", "id"], name="client_territory_name"),
            models.Index(fields=["name_sort", "id"], name="client_name"),
            models.Index(fields=["status", "name_sort", "id"], name="client_status_name"),
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
        constraints = [
            models.UniqueConstraint(fields=["client", "full_name"], name="contact_key"),
            models.CheckConstraint(condition=~Q(full_name=""), name="contact_name_given"),
        ]

    def __str__(self) -> str:
        return self.full_name
