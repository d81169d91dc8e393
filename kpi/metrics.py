"""The 24 metrics of spec/kpi.md, each a measure or a ratio of measures (kpi.models.MEASURES).

Measures add up over clients, so any node's metrics come out of sums; the ratios live here and nowhere else.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import Enum
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Number = int | Decimal
Sums = Mapping[str, Number | None]  # the measures, and "cost": route cost in roubles, None where it isn't known


class Unit(Enum):
    """How a page shows a value; values themselves are never rounded."""

    COUNT = "count"
    SHARE = "share"  # 0.25 is shown as 25 %
    MONEY = "money"  # roubles


class Group(Enum):
    """The columns of the matrix, in the groups of the source."""

    BASE = "base"
    COVERAGE = "coverage"
    STABILITY = "stability"
    VISITS = "visits"
    ECONOMICS = "economics"
    PAYMENTS = "payments"
    SHELF = "shelf"


class Metric(NamedTuple):
    number: int
    key: str
    short: str | Promise  # column head
    name: str | Promise
    unit: Unit
    group: Group
    reckon: Callable[[Sums], Number | None]
    parts: tuple[str, ...]  # the measures it is made of: a client with one of them is behind the number

    @property
    def needs_cost(self) -> bool:
        """Whether route costs are a part of it too."""
        return self.key in ("visit_cost", "order_cost", "useful_income_share")


def _measure(name: str) -> Callable[[Sums], Number | None]:
    return lambda sums: sums[name]


def _ratio(numerator: str, denominator: str) -> Callable[[Sums], Number | None]:
    """A ratio whose denominator is 0, or whose cost isn't known, is None."""

    def reckon(sums: Sums) -> Number | None:
        above, below = sums[numerator], sums[denominator]
        return Decimal(above) / below if above is not None and below else None

    return reckon


def _useful_income_share(sums: Sums) -> Number | None:
    """(order margin − order cost) / order margin; both are per order, so the orders cancel out."""
    margin, cost, orders = sums["margin"], sums["cost"], sums["orders"]
    return (Decimal(margin) - cost) / margin if margin and cost is not None and orders else None


_C, _S, _M = Unit.COUNT, Unit.SHARE, Unit.MONEY

METRICS: tuple[Metric, ...] = (
    Metric(1, "okb", _("OKB"), _("Total client base"), _C, Group.BASE, _measure("okb"), ("okb",)),
    Metric(2, "pakb", _("PAKB"), _("Planned active base"), _C, Group.BASE, _measure("pakb"), ("pakb",)),
    Metric(3, "akb", _("AKB"), _("Active client base"), _C, Group.BASE, _measure("akb"), ("akb",)),
    Metric(4, "pakb_coverage", _("% PAKB"), _("Coverage of the planned base"), _S, Group.COVERAGE, _ratio("akb", "pakb"), ("akb", "pakb")),
    Metric(5, "okb_coverage", _("% OKB"), _("Coverage of the total base"), _S, Group.COVERAGE, _ratio("akb", "okb"), ("akb", "okb")),
    Metric(6, "stable_akb", _("Stable"), _("Stable active base"), _C, Group.STABILITY, _measure("stable_akb"), ("stable_akb",)),
    Metric(7, "stability", _("% stable"), _("Stability of the active base"), _S, Group.STABILITY, _ratio("stable_akb", "akb"), ("stable_akb", "akb")),
    Metric(8, "system_outlets", _("STT"), _("System outlets"), _C, Group.STABILITY, _measure("system_outlets"), ("system_outlets",)),
    Metric(9, "system_share", _("% STT"), _("Share of system outlets"), _S, Group.STABILITY, _ratio("system_outlets", "akb"), ("system_outlets", "akb")),
    Metric(10, "category_akb", _("AKB cat."), _("Active base by category"), _C, Group.COVERAGE, _measure("category_akb"), ("category_akb",)),
    Metric(11, "category_share", _("% cat."), _("Coverage of the active base by category"), _S, Group.COVERAGE, _ratio("category_akb", "akb"), ("category_akb", "akb")),
    Metric(12, "visit_plan", _("Visits"), _("Planned visits"), _C, Group.VISITS, _measure("visit_plan"), ("visit_plan",)),
    Metric(13, "orders", _("Orders"), _("Orders"), _C, Group.VISITS, _measure("orders"), ("orders",)),
    Metric(14, "effective_orders", _("Effective"), _("Effective orders"), _C, Group.VISITS, _measure("effective_orders"), ("effective_orders",)),
    Metric(15, "visit_rate", _("Visit rate"), _("Orders per planned visit"), _S, Group.VISITS, _ratio("orders", "visit_plan"), ("orders", "visit_plan")),
    Metric(16, "effective_visit_rate", _("KPD rate"), _("Effective orders per planned visit"), _S, Group.VISITS, _ratio("effective_orders", "visit_plan"), ("effective_orders", "visit_plan")),
    Metric(17, "visit_cost", _("Visit cost"), _("Cost of a visit"), _M, Group.ECONOMICS, _ratio("cost", "visit_plan"), ("visit_plan",)),
    Metric(18, "order_cost", _("Order cost"), _("Cost of an order"), _M, Group.ECONOMICS, _ratio("cost", "orders"), ("orders",)),
    Metric(19, "order_margin", _("VMD"), _("Gross margin of an order"), _M, Group.ECONOMICS, _ratio("margin", "orders"), ("margin", "orders")),
    Metric(20, "useful_income_share", _("% useful"), _("Share of useful income of an order"), _S, Group.ECONOMICS, _useful_income_share, ("margin", "orders")),
    Metric(21, "overdue_share", _("PDZ"), _("Overdue receivables"), _S, Group.PAYMENTS, _ratio("overdue", "debt"), ("overdue", "debt")),
    Metric(22, "system_payments", _("Paid in time"), _("System payments by amount"), _S, Group.PAYMENTS, _ratio("due_paid", "due"), ("due_paid", "due")),
    Metric(23, "planogram_coverage", _("KP"), _("Planogram coverage"), _S, Group.SHELF, _ratio("planogram_full", "audited"), ("planogram_full", "audited")),
    Metric(24, "distribution", _("KD"), _("Distribution of the must-have list"), _S, Group.SHELF, _ratio("mml_present", "mml_required"), ("mml_present", "mml_required")),
)  # fmt: skip
BY_KEY = {metric.key: metric for metric in METRICS}


def reckon(sums: Sums) -> dict[str, Number | None]:
    """The 24 metrics by key, unrounded, from the sums of the measures and the route cost."""
    return {metric.key: metric.reckon(sums) for metric in METRICS}
