"""The KPI pages as their templates want them: columns in groups, cells with links and tones."""

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clients.models import Client
from config import ui
from kpi import metrics, periods, selectors
from kpi.filters import Asked
from kpi.metrics import METRICS, Group, Metric, Unit
from kpi.models import Period, PeriodClient, Rank
from kpi.selectors import By, Matrix, Row
from territories.models import Territory

GROUPS: dict[Group, str | Promise] = {
    Group.BASE: _("Base"),
    Group.COVERAGE: _("Coverage"),
    Group.STABILITY: _("Stability"),
    Group.VISITS: _("Visits and orders"),
    Group.ECONOMICS: _("Economics"),
    Group.PAYMENTS: _("Payments"),
    Group.SHELF: _("Shelf"),
}
COLUMNS: tuple[Metric, ...] = tuple(metric for group in Group for metric in METRICS if metric.group is group)
LOWER_IS_BETTER = frozenset({"visit_cost", "order_cost", "overdue_share"})
NOTABLE = Decimal("0.1")  # of the total's value: from this difference on a cell is toned
HEADLINE = ("okb", "akb", "okb_coverage", "visit_rate", "order_margin", "overdue_share")
ROWS_ON_PHONE = 40  # from more rows on, a phone gets links to the parts instead of each metric's comparison

MEASURES: dict[str, tuple[str | Promise, Unit]] = {
    "visit_plan": (_("Planned visits"), Unit.COUNT),
    "orders": (_("Orders"), Unit.COUNT),
    "effective_orders": (_("Effective orders"), Unit.COUNT),
    "amount": (_("Net sales"), Unit.MONEY),
    "margin": (_("Margin"), Unit.MONEY),
    "debt": (_("Owed"), Unit.MONEY),
    "overdue": (_("Overdue"), Unit.MONEY),
    "due": (_("Due in the period"), Unit.MONEY),
    "due_paid": (_("Paid in time"), Unit.MONEY),
    "planogram_full": (_("Full planogram"), Unit.COUNT),
    "mml_present": (_("MML on the shelf"), Unit.COUNT),
    "mml_required": (_("MML required"), Unit.COUNT),
}
_BASE = ("visit_plan", "orders", "amount", "margin")
_WORK = ("orders", "effective_orders", "amount", "margin")
_VISITS = ("visit_plan", "orders", "effective_orders", "amount")
BEHIND: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("okb", "pakb"), _BASE),
    **dict.fromkeys(("akb", "pakb_coverage", "okb_coverage", "stable_akb", "stability"), _WORK),
    **dict.fromkeys(("category_akb", "category_share"), _WORK),
    **dict.fromkeys(("system_outlets", "system_share"), _VISITS),
    **dict.fromkeys(("visit_plan", "orders", "effective_orders", "visit_rate", "effective_visit_rate"), _VISITS),
    **dict.fromkeys(("visit_cost", "order_cost"), ("visit_plan", "orders")),
    **dict.fromkeys(("order_margin", "useful_income_share"), ("orders", "amount", "margin")),
    "overdue_share": ("debt", "overdue"),
    "system_payments": ("due", "due_paid"),
    "planogram_coverage": ("planogram_full",),
    "distribution": ("mml_present", "mml_required"),
}


class Cell(NamedTuple):
    metric: Metric
    value: metrics.Number | None
    url: str  # of the clients behind it
    tone: str  # "good" or "bad" beside the total, else ""


class Line(NamedTuple):
    name: str
    url: str  # of the part's own matrix, "" where it has none
    cells: list[Cell]


class Head(NamedTuple):
    """The head of a column, and the address that sorts by it."""

    metric: Metric
    first: bool  # of its group
    sorted: str  # "ascending", "descending" or ""
    url: str


class Table(NamedTuple):
    groups: list[tuple[str | Promise, int]]
    heads: list[Head]
    total: Line
    lines: list[Line]


class PhoneMetric(NamedTuple):
    """A metric of the whole node, and of its parts, for a narrow screen."""

    group: str | Promise  # "" but for the first of a group
    cell: Cell
    parts: list[tuple[Line, Cell]]


def table(answer: Matrix, asked: Asked) -> Table:
    """The matrix as a table: the node itself, then its parts."""
    groups = [(GROUPS[group], sum(metric.group is group for metric in COLUMNS)) for group in Group]
    total = _line(answer.total, asked, None, answer.total)
    rows = _sorted(answer.rows, asked.sort)
    return Table(groups, _heads(asked), total, [_line(row, asked, asked.by, answer.total) for row in rows])


def on_phone(shown: Table) -> list[PhoneMetric]:
    """The same, a metric a row; with the parts if they aren't too many."""
    lines = shown.lines if len(shown.lines) <= ROWS_ON_PHONE else []
    found, group = [], None
    for index, cell in enumerate(shown.total.cells):
        title = GROUPS[cell.metric.group] if cell.metric.group is not group else ""
        group = cell.metric.group
        found.append(PhoneMetric(title, cell, [(line, line.cells[index]) for line in lines]))
    return found


class Tile(NamedTuple):
    """One of the metrics above the matrix, and how it moved from the period before ("" where that isn't stored)."""

    cell: Cell
    change: str
    tone: str
    was: metrics.Number | None


def headline(shown: Table, asked: Asked) -> list[Tile]:
    """The metrics that say most, with their change since the period before, if that one is stored."""
    before = _former(asked)
    tiles = []
    for cell in shown.total.cells:
        if cell.metric.key in HEADLINE:
            was = before.get(cell.metric.key)
            tiles.append(Tile(cell, _change(cell, was), _direction(cell, was), was))
    return sorted(tiles, key=lambda tile: HEADLINE.index(tile.cell.metric.key))


def _former(asked: Asked) -> dict[str, metrics.Number | None]:
    """The metrics of the same node in the period before; none if they would have to be reckoned first."""
    try:
        d0, d1 = periods.shifted(asked.d0, asked.d1, -1)
    except ValueError:  # before the calendar
        return {}
    if not asked.territory or not Period.objects.filter(d0=d0, d1=d1, stale=False).exists():
        return {}
    return selectors.matrix(territory=asked.territory, d0=d0, d1=d1, catch_up=False).total.metrics


def _change(cell: Cell, was: metrics.Number | None) -> str:
    """In percentage points for shares, else in percent of what it was."""
    if cell.value is None or not was:
        return ""
    difference = Decimal(cell.value) - Decimal(was)
    if cell.metric.unit is Unit.SHARE:
        return gettext("%(change)s pp") % {"change": _signed(difference * 100)}
    return f"{_signed(difference / abs(Decimal(was)) * 100)}{ui.THIN_SPACE}%"


def _signed(number: Decimal) -> str:
    text = ui.grouped(number, 1)
    return text if text.startswith("−") else f"+{text}"


def _direction(cell: Cell, was: metrics.Number | None) -> str:
    if cell.value is None or not was or cell.value == was:
        return ""
    return "good" if (cell.value > was) != (cell.metric.key in LOWER_IS_BETTER) else "bad"


def _heads(asked: Asked) -> list[Head]:
    heads, group = [], None
    for metric in COLUMNS:
        state = {f"-{metric.key}": "descending", metric.key: "ascending"}.get(asked.sort, "")
        sort = {"": f"-{metric.key}", "descending": metric.key, "ascending": ""}[state]
        heads.append(Head(metric, metric.group is not group, state, "?" + asked.query(by=asked.by.value, sort=sort)))
        group = metric.group
    return heads


def _sorted(rows: list[Row], sort: str) -> list[Row]:
    key = sort.lstrip("-")
    if not key:
        return rows
    known = [row for row in rows if row.metrics[key] is not None]
    known.sort(key=lambda row: row.metrics[key] or 0, reverse=sort.startswith("-"))
    return known + [row for row in rows if row.metrics[key] is None]


def _line(row: Row, asked: Asked, by: By | None, total: Row) -> Line:
    part: dict[str, str] = {}
    if by in (By.CHILDREN, By.ROUTE):
        part = {"territory": row.code}
    elif by is not None:
        part = {by.value: row.code}
    matrix = f"?{asked.query(by=asked.by.value, **part)}" if "territory" in part else ""
    cells = [
        Cell(
            metric, row.metrics[metric.key], f"{reverse('kpi-behind', args=[metric.key])}?{asked.query(**part)}",
            _tone(metric, row.metrics[metric.key], total.metrics[metric.key]) if by else "",
        )
        for metric in COLUMNS
    ]  # fmt: skip
    return Line(row.name, matrix, cells)


def _tone(metric: Metric, value: metrics.Number | None, total: metrics.Number | None) -> str:
    """Whether a ratio is notably better or worse than the node's own."""
    if metric.unit is Unit.COUNT or value is None or not total:
        return ""
    difference = (Decimal(value) - Decimal(total)) / abs(Decimal(total))
    if abs(difference) < NOTABLE:
        return ""
    return "good" if (difference > 0) != (metric.key in LOWER_IS_BETTER) else "bad"


class Figure(NamedTuple):
    name: str
    label: str | Promise
    unit: Unit


def figures(key: str) -> list[Figure]:
    """The columns of the list behind a metric: what its numerator and denominator are made of."""
    return [Figure(name, *MEASURES[name]) for name in BEHIND[key]]


def behind_value(
    key: str, territory: Territory, asked: Asked, channel: str | None, category: str | None
) -> tuple[str, metrics.Number | None]:
    """Name of the matrix's row whose number is looked behind, and the number."""
    by = By.CHANNEL if channel is not None else By.CATEGORY if category is not None else None
    answer = selectors.matrix(territory=territory, d0=asked.d0, d1=asked.d1, by=by, catch_up=False)
    row = answer.total
    if by:
        code = channel if channel is not None else category
        row = next(
            (row for row in answer.rows if row.code == code), Row(code or "", code or "", dict.fromkeys(row.metrics))
        )
    return row.name, row.metrics[key]


class ClientFigures(NamedTuple):
    """A client's part in the metrics of a period, and its ranks."""

    period: str
    query: str
    part: PeriodClient | None
    rank: Rank | None


def client_figures(client: Client) -> ClientFigures:
    """What is stored of a client for the period that the matrix opens with, and of its ranks today."""
    d0, d1 = periods.default()
    period = Period.objects.filter(d0=d0, d1=d1, computed_at__isnull=False).first()
    part = PeriodClient.objects.filter(period=period, client=client).first() if period else None
    rank = Rank.objects.filter(client=client, day__lte=timezone.localdate()).order_by("-day").first()
    return ClientFigures(periods.name(d0, d1), f"from={_month(d0)}&to={_month(d1)}", part, rank)


def _month(day: date) -> str:
    return f"{day:%Y-%m}"
