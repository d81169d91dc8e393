"""Rules, and what is stored of the 24 metrics and the ranks so that no page reckons from invoices.

How it is kept current: docs/architecture.md, "KPIs".
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from clients.models import Category, Channel, Client, Status
from config.fields import NumericField
from territories.models import Territory


class RuleName(models.TextChoices):
    """The rules of spec/kpi.md."""

    REPORTING_MONTHS = "reporting_months", _("Reporting window of the split, months")
    AKB_MIN_AMOUNT = "akb_min_amount", _("AKB: least net amount, ₽")
    AKB_MIN_SKUS = "akb_min_skus", _("AKB: least number of SKUs")
    ORDER_MIN_AMOUNT = "order_min_amount", _("Effective order: least amount, ₽")
    ORDER_MIN_SKUS = "order_min_skus", _("Effective order: least number of SKUs")
    ORDER_MIN_CATEGORIES = "order_min_categories", _("Effective order: least number of categories")
    CATEGORY_MIN_SKUS = "category_min_skus", _("Category worked: least number of focus SKUs")
    SYSTEM_THRESHOLD = "system_threshold", _("System outlet: orders to visits more than")


class Rule(models.Model):
    """The value in force today; a rule without a row has its default (kpi/rules.py)."""

    name = models.CharField(unique=True, max_length=32, choices=RuleName)
    value = NumericField(_("value"))

    class Meta:
        verbose_name = _("rule")
        constraints = [models.CheckConstraint(condition=Q(name__in=RuleName.values), name="rule_known")]


class FormerRule(models.Model):
    """The value that was in force until a day; read like clients.models.Placement."""

    name = models.CharField(max_length=32, choices=RuleName)
    until = models.DateField()
    value = NumericField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "until"], name="former_rule_key")]


class Period(models.Model):
    """A run of whole months whose metrics are stored."""

    d0 = models.DateField()
    d1 = models.DateField()
    computed_at = models.DateTimeField(null=True)  # null: never yet
    stale = models.BooleanField(default=True)  # to be computed whole; single clients are in Mark

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["d0", "d1"], name="period_key"),
            models.CheckConstraint(condition=Q(d0__day=1, d0__lt=F("d1")), name="period_whole_months"),
        ]


class Measures(models.Model):
    """What adds up over clients; every metric is a measure or a ratio of two (kpi/metrics.py).

    In PeriodClient those of FLAGS are 0 or 1 and say whether the client counts in that metric.
    """

    okb = models.IntegerField()
    pakb = models.IntegerField()
    akb = models.IntegerField()
    stable_akb = models.IntegerField()
    system_outlets = models.IntegerField()
    category_akb = models.IntegerField()
    audited = models.IntegerField()
    visit_plan = models.IntegerField()
    orders = models.IntegerField()
    effective_orders = models.IntegerField()
    amount = NumericField()  # net: sales and returns
    margin = NumericField()
    debt = NumericField()  # rest of invoices with terms at the end of d1
    overdue = NumericField()  # of it, past its due date
    due = NumericField()  # totals of invoices due in the period
    due_paid = NumericField()  # of it, paid on or before the due date
    planogram_full = models.IntegerField()
    mml_present = models.IntegerField()
    mml_required = models.IntegerField()

    class Meta:
        abstract = True


FLAGS = ("okb", "pakb", "akb", "stable_akb", "system_outlets", "category_akb", "audited", "planogram_full")
MEASURES = tuple(field.name for field in Measures._meta.local_fields)


class PeriodClient(Measures):
    """A client's part in a period's metrics, with its place on d1: the drill-down of every cell.

    What does not add up, below, says how far a client is from counting (kpi/almost.py).
    """

    pk = models.CompositePrimaryKey("period", "client")
    period = models.ForeignKey(Period, models.CASCADE, db_index=False)
    client = models.ForeignKey(Client, models.CASCADE, db_index=False, db_constraint=False)
    territory = models.ForeignKey(Territory, models.PROTECT, db_index=False, db_constraint=False)
    channel = models.ForeignKey(Channel, models.PROTECT, null=True, db_index=False, db_constraint=False)

    visits_made = models.IntegerField(db_default=0)  # of those planned
    skus = models.IntegerField(db_default=0)  # distinct ones sold
    worked_in = ArrayField(models.DateField(), db_default=[])  # first days of the months in which it worked
    category_short = models.IntegerField(db_default=0)  # of АКБ: focus SKUs missing, over all focus categories
    # Of the order nearest to an effective one, of those that aren't: distance (the sum of the missing shares), and
    # roubles, SKUs and categories missing
    nearest_order = ArrayField(NumericField(), null=True)

    class Meta:
        indexes = [models.Index(fields=["period", "territory"], name="period_client_territory")]


DETAILS = ("visits_made", "skus", "worked_in", "category_short", "nearest_order")


class PeriodCell(Measures):
    """Sums of PeriodClient by territory and channel: what the matrix of any node is added up from."""

    period = models.ForeignKey(Period, models.CASCADE, db_index=False)
    territory = models.ForeignKey(Territory, models.PROTECT, db_index=False, db_constraint=False)
    channel = models.ForeignKey(Channel, models.PROTECT, null=True, db_index=False, db_constraint=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["period", "territory", "channel"], name="period_cell_key", nulls_distinct=False
            )
        ]


class Mark(models.Model):
    """A client to reckon again: its facts of `since`..`until` changed. Written by triggers (kpi/sql/marks.sql)."""

    client = models.ForeignKey(Client, models.CASCADE, db_index=False, db_constraint=False)
    since = models.DateField()
    until = models.DateField()


class RankDay(models.Model):
    """A day as of which ranks are stored and true; taken away by what changes them, with its rows made again."""

    as_of = models.DateField(primary_key=True)


class Rank(models.Model):
    """A client's ranks as of a day (spec/kpi.md, Ranks). Without a RankDay its rows are outdated."""

    pk = models.CompositePrimaryKey("day", "client")
    day = models.DateField()
    client = models.ForeignKey(Client, models.CASCADE, db_index=False, db_constraint=False)
    profit_rank = models.CharField(max_length=1, choices=Category, null=True)
    potential_rank = models.CharField(max_length=1, choices=Category, null=True)
    category = models.CharField(max_length=1, choices=Category, null=True)
    recency = models.SmallIntegerField(null=True)
    frequency = models.SmallIntegerField(null=True)
    monetary = models.SmallIntegerField(null=True)
    territory = models.ForeignKey(Territory, models.PROTECT, db_index=False, db_constraint=False)  # on the day
    channel = models.ForeignKey(Channel, models.PROTECT, null=True, db_index=False, db_constraint=False)
    amount = NumericField(null=True)  # of the 12 months, as is the margin; null without any line
    margin = NumericField(null=True)
    potential = NumericField(null=True)  # a month

    class Meta:
        indexes = [models.Index(fields=["day", "territory"], name="rank_territory")]


class RankCell(models.Model):
    """Sums of Rank by territory and the two axes of a chart (kpi/sql/rank_charts.sql); made with them."""

    day = models.DateField()
    chart = models.CharField(max_length=8)
    territory = models.ForeignKey(Territory, models.PROTECT, db_index=False, db_constraint=False)
    row = models.CharField(max_length=20)
    column = models.CharField(max_length=20)
    clients = models.IntegerField()
    amount = NumericField()
    margin = NumericField()
    potential = NumericField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["day", "chart", "territory", "row", "column"], name="rank_cell_key")
        ]


class FlowMonth(models.Model):
    """A month whose moves between the parts of the base are stored, and the days they were reckoned by.

    From the day before the month to `as_of`, its last day or, while it lasts, today; windows as in kpi/sql/split.sql.
    Where one of the three is not what it would be now, the month is to be reckoned whole.
    """

    month = models.DateField(primary_key=True)
    as_of = models.DateField(null=True)
    window_before = models.DateField(null=True)
    window_after = models.DateField(null=True)


class Flow(models.Model):
    """The part of the base a client was in before a month and at its end, and its territory then."""

    pk = models.CompositePrimaryKey("month", "client")
    month = models.DateField()
    client = models.ForeignKey(Client, models.CASCADE, db_index=False, db_constraint=False)
    territory = models.ForeignKey(Territory, models.PROTECT, db_index=False, db_constraint=False)
    before = models.CharField(max_length=9, choices=Status)
    after = models.CharField(max_length=9, choices=Status)

    class Meta:
        indexes = [
            models.Index(fields=["month", "territory"], name="flow_moved", condition=~Q(before=F("after"))),
        ]


class FlowCell(models.Model):
    """Numbers of Flow by territory."""

    month = models.DateField()
    territory = models.ForeignKey(Territory, models.PROTECT, db_index=False, db_constraint=False)
    before = models.CharField(max_length=9, choices=Status)
    after = models.CharField(max_length=9, choices=Status)
    clients = models.IntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["month", "territory", "before", "after"], name="flow_cell_key")]
