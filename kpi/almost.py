"""Who is outside a number of the matrix, and what each lacks: the work list behind a KPI.

Outside a count are the clients of the base that it leaves out; outside a ratio those of its denominator that its
numerator leaves out, or that pull it down. Both conditions and distances are SQL over `c`, a row of
kpi_periodclient, for kpi/sql/behind.sql; its parameters are the rules of the period, %(months)s, %(d0)s, %(d1)s, and
%(value)s and %(order_cost)s: the number itself and metric 18 of the same row of the matrix.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple

FAR = 1_000_000  # beyond any distance counted in orders, SKUs or shares


class Need(Enum):
    """What a client lacks; `amount` of a Lack is in clients' own units: pieces, roubles, days."""

    TARGET = "target"  # not a target client
    OPENED = "opened"  # days from the period's end to its opening
    NOT_CLOSED = "not_closed"  # days from its closing to the period's beginning
    VISIT_PLANNED = "visit_planned"  # orders it made all the same
    ORDER_AFTER_VISIT = "order_after_visit"  # a visit was made, no order
    ORDER_AT_VISIT = "order_at_visit"  # a visit was planned, not made, no order
    ORDER = "order"  # neither
    AMOUNT = "amount"  # roubles of net sales
    SKUS = "skus"
    MONTHS = "months"  # detail: those it did not work in
    CATEGORY_SKUS = "category_skus"  # detail: the category
    ORDERS = "orders"  # orders to match the plan of visits
    EFFECTIVE_ORDERS = "effective_orders"
    ORDER_AMOUNT = "order_amount"  # of the order nearest to an effective one
    ORDER_SKUS = "order_skus"
    ORDER_CATEGORIES = "order_categories"
    MARGIN = "margin"  # roubles
    PAYMENT = "payment"  # roubles past their due date
    PAYMENT_IN_TIME = "payment_in_time"  # roubles that were not there on the due date
    PLANOGRAM = "planogram"
    MML = "mml"  # positions


class Lack(NamedTuple):
    need: Need
    amount: int | Decimal = 1
    detail: tuple[Any, ...] = ()


class Almost(NamedTuple):
    """Whom a number leaves out, and how far from it they are: the least first."""

    outside: str
    distance: str


# From a client without an order: first where somebody was already.
_NO_ORDER = "CASE WHEN c.visits_made > 0 THEN 4 WHEN c.visit_plan > 0 THEN 5 ELSE 6 END"
_NOT_WORKED = (
    f"CASE WHEN c.orders = 0 THEN {_NO_ORDER} ELSE"
    " least(greatest(%(akb_min_amount)s - c.amount, 0) / greatest(%(akb_min_amount)s, 1.0), 1)"
    " + greatest(%(akb_min_skus)s - c.skus, 0) / greatest(%(akb_min_skus)s, 1.0) END"
)
_NOT_STABLE = f"%(months)s - cardinality(c.worked_in) + ({_NOT_WORKED}) / 10"
_NOT_SYSTEM = (
    f"CASE WHEN c.visit_plan = 0 THEN {FAR}"
    " ELSE floor(%(system_threshold)s * c.visit_plan) + 1 - c.effective_orders END"
)
_NOT_CATEGORY = f"CASE WHEN c.akb = 1 THEN c.category_short ELSE {FAR} + {_NOT_WORKED} END"
_NOT_IN_BASE = (
    f"(SELECT CASE WHEN k.is_target THEN 0 ELSE {FAR} END + greatest(k.opened_on - %(d1)s::date, 0)"
    " + greatest(%(d0)s::date - k.closed_on, 0) FROM clients_client k WHERE k.id = c.client_id)"
)
_NO_VISIT = Almost("c.okb = 1 AND c.visit_plan = 0", "-c.orders")
_NO_ORDERS = Almost("c.okb = 1 AND c.orders = 0", _NO_ORDER)

ALMOST: dict[str, Almost] = {
    "okb": Almost("c.okb = 0", _NOT_IN_BASE),
    "pakb": _NO_VISIT,
    "akb": Almost("c.okb = 1 AND c.akb = 0", _NOT_WORKED),
    "pakb_coverage": Almost("c.pakb = 1 AND c.akb = 0", _NOT_WORKED),
    "okb_coverage": Almost("c.okb = 1 AND c.akb = 0", _NOT_WORKED),
    "stable_akb": Almost("c.okb = 1 AND c.stable_akb = 0", _NOT_STABLE),
    "stability": Almost("c.akb = 1 AND c.stable_akb = 0", _NOT_STABLE),
    "system_outlets": Almost("c.okb = 1 AND c.system_outlets = 0", _NOT_SYSTEM),
    "system_share": Almost("c.akb = 1 AND c.system_outlets = 0", _NOT_SYSTEM),
    "category_akb": Almost("c.okb = 1 AND c.category_akb = 0", _NOT_CATEGORY),
    "category_share": Almost("c.akb = 1 AND c.category_akb = 0", _NOT_CATEGORY),
    "visit_plan": _NO_VISIT,
    "orders": _NO_ORDERS,
    "effective_orders": Almost(
        "c.okb = 1 AND c.effective_orders = 0",
        f"CASE WHEN c.orders = 0 THEN {_NO_ORDER} ELSE c.nearest_order[1] END",
    ),
    "visit_rate": Almost("c.visit_plan > c.orders", "c.visit_plan - c.orders"),
    "effective_visit_rate": Almost("c.visit_plan > c.effective_orders", "c.visit_plan - c.effective_orders"),
    "visit_cost": _NO_VISIT,
    "order_cost": _NO_ORDERS,
    "order_margin": Almost("c.orders > 0 AND c.margin < %(value)s * c.orders", "%(value)s * c.orders - c.margin"),
    "useful_income_share": Almost(
        "c.orders > 0 AND c.margin < %(order_cost)s * c.orders", "%(order_cost)s * c.orders - c.margin"
    ),
    "overdue_share": Almost("c.overdue > 0", "c.overdue"),
    "system_payments": Almost("c.due > c.due_paid", "c.due - c.due_paid"),
    "planogram_coverage": Almost("c.audited = 1 AND c.planogram_full = 0", "c.mml_required - c.mml_present"),
    "distribution": Almost("c.mml_required > c.mml_present", "c.mml_required - c.mml_present"),
}


class Outsider(NamedTuple):
    """What lacks() looks at of a client that a number leaves out."""

    part: Mapping[str, Any]  # measures and details of kpi.models.PeriodClient
    is_target: bool
    opened_on: date | None
    closed_on: date | None
    categories: Mapping[str, int]  # focus category → SKUs short of category_min_skus; none if not asked for
    distance: Decimal


def lacks(key: str, client: Outsider, rules: Mapping[str, Decimal], d0: date, d1: date) -> list[Lack]:
    """What keeps a client outside a number, by the rules of the period."""
    part = client.part
    match key:
        case "okb":
            return _not_in_base(client, d0, d1)
        case "pakb" | "visit_plan" | "visit_cost":
            return [Lack(Need.VISIT_PLANNED, part["orders"])]
        case "stable_akb" | "stability":
            missing = [month for month in _months(d0, d1) if month not in part["worked_in"]]
            return [Lack(Need.MONTHS, len(missing), tuple(missing))]
        case "system_outlets" | "system_share":
            if not part["visit_plan"]:
                return [Lack(Need.VISIT_PLANNED, part["orders"])]
            return [Lack(Need.EFFECTIVE_ORDERS, int(client.distance)), *_nearest_order(part)]
        case "akb" | "pakb_coverage" | "okb_coverage":
            return _not_worked(part, rules)
        case "category_akb" | "category_share":
            if not part["akb"]:
                return _not_worked(part, rules)
            return [Lack(Need.CATEGORY_SKUS, short, (name,)) for name, short in sorted(client.categories.items())]
        case "orders" | "order_cost":
            return [Lack(_no_order(part))]
        case "effective_orders":
            return _nearest_order(part) if part["orders"] else [Lack(_no_order(part))]
        case "visit_rate":
            return [Lack(Need.ORDERS, int(client.distance))]
        case "effective_visit_rate":
            return [Lack(Need.EFFECTIVE_ORDERS, int(client.distance)), *_nearest_order(part)]
        case "planogram_coverage":
            short = part["mml_required"] - part["mml_present"]
            return [Lack(Need.PLANOGRAM), *([Lack(Need.MML, short)] if short else [])]
        case _:
            return [Lack(_BY_DISTANCE[key], client.distance)]


_BY_DISTANCE = {
    "order_margin": Need.MARGIN, "useful_income_share": Need.MARGIN, "overdue_share": Need.PAYMENT,
    "system_payments": Need.PAYMENT_IN_TIME, "distribution": Need.MML,
}  # fmt: skip


def _not_in_base(client: Outsider, d0: date, d1: date) -> list[Lack]:
    found = [] if client.is_target else [Lack(Need.TARGET)]
    if client.opened_on and client.opened_on > d1:
        found.append(Lack(Need.OPENED, (client.opened_on - d1).days, (client.opened_on,)))
    if client.closed_on and client.closed_on < d0:
        found.append(Lack(Need.NOT_CLOSED, (d0 - client.closed_on).days, (client.closed_on,)))
    return found


def _no_order(part: Mapping[str, Any]) -> Need:
    if part["visits_made"]:
        return Need.ORDER_AFTER_VISIT
    return Need.ORDER_AT_VISIT if part["visit_plan"] else Need.ORDER


def _not_worked(part: Mapping[str, Any], rules: Mapping[str, Decimal]) -> list[Lack]:
    if not part["orders"]:
        return [Lack(_no_order(part))]
    short = {
        Need.AMOUNT: rules["akb_min_amount"] - part["amount"],
        Need.SKUS: int(rules["akb_min_skus"]) - part["skus"],
    }
    return [Lack(need, amount) for need, amount in short.items() if amount > 0]


def _nearest_order(part: Mapping[str, Any]) -> list[Lack]:
    """What the order lacks that comes nearest to being effective, if there is one that isn't."""
    _distance, amount, skus, categories = part["nearest_order"] or (0, 0, 0, 0)
    short = {Need.ORDER_AMOUNT: amount, Need.ORDER_SKUS: int(skus), Need.ORDER_CATEGORIES: int(categories)}
    return [Lack(need, value) for need, value in short.items() if value > 0]


def _months(d0: date, d1: date) -> list[date]:
    count = (d1.year - d0.year) * 12 + d1.month - d0.month + 1
    return [date(d0.year + (d0.month - 1 + n) // 12, (d0.month - 1 + n) % 12 + 1, 1) for n in range(count)]
