"""The KPI pages as their templates want them: columns in groups, cells with links and tones."""

from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from django.urls import reverse
from django.utils import formats, timezone
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from clients.models import Client
from clients.plans.forms import usual_day
from config import ui
from kpi import compared, metrics, periods
from kpi.almost import Lack, Need
from kpi.compared import LOWER_IS_BETTER, Beside, Difference, Former
from kpi.filters import Asked, Show
from kpi.metrics import BY_KEY, METRICS, Group, Metric, Unit
from kpi.models import FLAGS, Period, PeriodClient, Rank
from kpi.selectors import By, Matrix, Row
from kpi.targets import selectors as targets
from territories.models import Territory
from territories.selectors import territory_ids

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
ANY = "metric"  # stands for a metric's key in an address that is looked up once for many
NOTABLE = Decimal("0.1")  # of the total's value: from this difference on a cell is toned
HEADLINE = ("okb", "akb", "okb_coverage", "visit_rate", "order_margin", "overdue_share")
MONTHS_NAMED = 4  # of those that a client did not work in
ROWS_WITH_LINES = 40  # with more rows only the total has its line of periods
ROWS_ON_PHONE = 40  # from more rows on, a phone gets links to the parts instead of each metric's comparison

# Of a client in the list behind a number: 0 or 1 is said by a tick.
MEASURES: dict[str, tuple[str | Promise, Unit | None]] = {
    **{key: (BY_KEY[key].short, None) for key in FLAGS if key in BY_KEY},
    "audited": (_("Audited"), None),
    "planogram_full": (_("Full planogram"), None),
    "visit_plan": (_("Planned visits"), Unit.COUNT),
    "orders": (_("Orders"), Unit.COUNT),
    "effective_orders": (_("Effective orders"), Unit.COUNT),
    "amount": (_("Net sales"), Unit.MONEY),
    "margin": (_("Margin"), Unit.MONEY),
    "debt": (_("Owed"), Unit.MONEY),
    "overdue": (_("Overdue"), Unit.MONEY),
    "due": (_("Due in the period"), Unit.MONEY),
    "due_paid": (_("Paid in time"), Unit.MONEY),
    "mml_present": (_("MML on the shelf"), Unit.COUNT),
    "mml_required": (_("MML required"), Unit.COUNT),
}
_BESIDE: dict[Group, tuple[str, ...]] = {
    Group.BASE: ("visit_plan", "orders", "amount", "margin"),
    Group.COVERAGE: ("orders", "effective_orders", "amount"),
    Group.STABILITY: ("visit_plan", "orders", "effective_orders", "amount"),
    Group.VISITS: ("visit_plan", "orders", "effective_orders", "amount"),
    Group.ECONOMICS: ("visit_plan", "orders", "amount", "margin"),
    Group.PAYMENTS: ("amount",),
    Group.SHELF: (),
}


class Cell(NamedTuple):
    metric: Metric
    value: metrics.Number | None
    text: str  # the value as it is shown: once, for it stands in the wide table and in the phone's
    url: str  # of the clients behind it
    tone: str  # "good" or "bad" beside the total, else ""
    differences: list[Difference]
    heat: int = 0  # 1 to 5 within the column
    past: tuple[metrics.Number | None, ...] = ()  # the periods of a line up to this one
    line: str = ""  # through them: points
    goal: targets.Goal | None = None
    goal_tone: str = ""


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
    formers: list[Former]
    past: list[str]  # names of the periods of a line


class PhoneMetric(NamedTuple):
    """A metric of the whole node, and of its parts, for a narrow screen."""

    group: str | Promise  # "" but for the first of a group
    cell: Cell
    parts: list[tuple[Line, Cell]]


def table(answer: Matrix, asked: Asked, beside: Beside) -> Table:
    """The matrix as a table: the node itself, then its parts."""
    columns = [metric for metric in COLUMNS if metric.group in asked.groups]
    groups = [(GROUPS[group], sum(metric.group is group for metric in columns)) for group in asked.groups]
    formers = [former for show, former in beside.formers.items() if show in asked.show]
    total = _with_past(_line(answer.total, asked, None, answer.total, columns, formers), beside, None)
    rows = _sorted(answer.rows, asked.sort)
    lines = [_line(row, asked, asked.by, answer.total, columns, formers) for row in rows]
    if len(lines) <= ROWS_WITH_LINES:
        lines = [_with_past(line, beside, row.code) for line, row in zip(lines, rows, strict=True)]
    if Show.HEAT in asked.show:
        lines = _heated(lines, columns)
    if Show.TARGET in asked.show:
        goals, ended = targets.of_matrix(answer, asked.by), answer.d1 < timezone.localdate()
        total = _with_goals(total, goals.total, ended=ended)
        lines = [
            _with_goals(line, goals.rows.get(row.code, {}), ended=ended) for line, row in zip(lines, rows, strict=True)
        ]
    return Table(groups, _heads(asked, columns), total, lines, formers, beside.names)


def _with_past(line: Line, beside: Beside, row: str | None) -> Line:
    past, cells = compared.past(beside, row), []
    for cell in line.cells:
        values = tuple(each.get(cell.metric.key) for each in past)
        cells.append(cell._replace(past=values, line=compared.points(values)))
    return line._replace(cells=cells)


def _with_goals(line: Line, values: targets.Values, *, ended: bool) -> Line:
    """Each cell with its target; a period that has not `ended` may still reach it."""
    cells = []
    for cell in line.cells:
        target, tone = values.get(cell.metric.key), ""
        if target is not None and cell.value is not None:
            short = cell.value > target if cell.metric.key in LOWER_IS_BETTER else cell.value < target
            tone = "good" if not short else "bad" if ended else ""
        cells.append(cell._replace(goal=targets.goal(cell.value, target), goal_tone=tone))
    return line._replace(cells=cells)


def _heated(lines: list[Line], columns: list[Metric]) -> list[Line]:
    heats = [compared.heat(metric, [line.cells[index].value for line in lines]) for index, metric in enumerate(columns)]
    return [
        line._replace(cells=[cell._replace(heat=heats[index][row]) for index, cell in enumerate(line.cells)])
        for row, line in enumerate(lines)
    ]


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


def headline(answer: Matrix, asked: Asked, beside: Beside) -> list[Tile]:
    """The metrics that say most, with their change since the period before, if that one is stored."""
    before = beside.formers[Show.PREVIOUS]
    line = _line(answer.total, asked, None, answer.total, [BY_KEY[key] for key in HEADLINE], [before])
    return [Tile(cell, change.change, change.tone, change.was) for cell in line.cells for change in cell.differences]


def _heads(asked: Asked, columns: list[Metric]) -> list[Head]:
    heads, group = [], None
    for metric in columns:
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


def _line(row: Row, asked: Asked, by: By | None, total: Row, columns: list[Metric], formers: list[Former]) -> Line:
    part: dict[str, str] = {}
    if by in (By.CHILDREN, By.ROUTE):
        part = {"territory": row.code}
    elif by is not None:
        part = {by.value: row.code}
    matrix = f"?{asked.query(by=asked.by.value, **part)}" if "territory" in part else ""
    query, behind = asked.query(**part), reverse("kpi-behind", args=[ANY])
    cells = []
    for metric in columns:
        value = row.metrics[metric.key]
        then = [(former, former.rows.get(row.code, {}) if by else former.total) for former in formers]
        cells.append(
            Cell(
                metric, value, ui.metric(value, metric.unit), f"{behind.replace(ANY, metric.key)}?{query}",
                _tone(metric, value, total.metrics[metric.key]) if by else "",
                [compared.difference(metric, value, former, values) for former, values in then],
            )
        )  # fmt: skip
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
    unit: Unit | None  # None: 0 or 1
    total: metrics.Number | None  # over all clients behind the number


def figures(metric: Metric, sums: metrics.Sums) -> list[Figure]:
    """The columns of the list behind a number: what it is made of, with the sums, then what goes with it."""
    made_of = metric.parts if len(metric.parts) > 1 or MEASURES[metric.parts[0]][1] else ()
    beside = [name for name in _BESIDE[metric.group] if name not in made_of]
    return [
        *(Figure(name, *MEASURES[name], sums[name]) for name in made_of),
        *(Figure(name, *MEASURES[name], None) for name in beside),
    ]


_WORDS: dict[Need, Promise] = {
    Need.TARGET: _("not a target client"),
    Need.OPENED: _("opens on %(day)s"),
    Need.NOT_CLOSED: _("closed on %(day)s"),
    Need.VISIT_PLANNED: _("no visit planned, orders: %(n)s"),
    Need.ORDER_AFTER_VISIT: _("visit made, no order"),
    Need.ORDER_AT_VISIT: _("visit planned, no order"),
    Need.ORDER: _("neither visit nor order"),
    Need.AMOUNT: _("%(money)s short"),
    Need.SKUS: ngettext_lazy("%(n)s SKU short", "%(n)s SKUs short", "n"),
    Need.MONTHS: _("did not work in %(months)s"),
    Need.CATEGORY_SKUS: ngettext_lazy("“%(category)s”: %(n)s SKU short", "“%(category)s”: %(n)s SKUs short", "n"),
    Need.ORDERS: ngettext_lazy("%(n)s order short", "%(n)s orders short", "n"),
    Need.EFFECTIVE_ORDERS: ngettext_lazy("%(n)s effective order short", "%(n)s effective orders short", "n"),
    Need.ORDER_AMOUNT: _("the nearest order is %(money)s short"),
    Need.ORDER_SKUS: ngettext_lazy(
        "the nearest order is %(n)s SKU short", "the nearest order is %(n)s SKUs short", "n"
    ),
    Need.ORDER_CATEGORIES: ngettext_lazy(
        "the nearest order is %(n)s category short", "the nearest order is %(n)s categories short", "n"
    ),
    Need.MARGIN: _("%(money)s of margin short"),
    Need.PAYMENT: _("%(money)s overdue"),
    Need.PAYMENT_IN_TIME: _("%(money)s not paid in time"),
    Need.PLANOGRAM: _("the planogram is not full"),
    Need.MML: ngettext_lazy("%(n)s must-have position missing", "%(n)s must-have positions missing", "n"),
}


def words(lacks: list[Lack]) -> str:
    """What a client lacks, as a supervisor says it."""
    return "; ".join(_in_words(lack) for lack in lacks)


def task(metric: Metric) -> dict[str, object]:
    """What a task made from the list of those left outside says unless something else is typed."""
    return {
        "next_step": gettext("Visit: %(metric)s") % {"metric": metric.name},
        "next_on": timezone.localdate() + timedelta(days=1),
        "plan_until": usual_day(timezone.localdate()),
    }


def may_set_tasks(territory: Territory, user: User) -> bool:
    ids = territory_ids(user, "change")
    return ids is None or territory.pk in ids


def _in_words(lack: Lack) -> str:
    values: dict[str, object] = {"n": int(lack.amount), "money": ui.metric(lack.amount, Unit.MONEY)}
    match lack.need:
        case Need.OPENED | Need.NOT_CLOSED:
            values["day"] = formats.date_format(lack.detail[0], "SHORT_DATE_FORMAT")
        case Need.CATEGORY_SKUS:
            values["category"] = lack.detail[0]
        case Need.MONTHS:
            months = [formats.date_format(month, "F Y") for month in lack.detail]
            more = len(months) - MONTHS_NAMED
            values["months"] = ", ".join(months[:MONTHS_NAMED])
            if more > 0:
                values["months"] = gettext("%(months)s and %(n)s more") % {"months": values["months"], "n": more}
    return str(_WORDS[lack.need] % values)


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
