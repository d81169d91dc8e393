"""The charts as their templates want them: marks with addresses, axes with names, tables of the same numbers."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.urls import reverse
from django.utils import formats
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from clients.models import Status
from config import ui
from kpi import periods
from kpi.charts import drawing, selectors
from kpi.charts.selectors import Cell, Curve, Key, Month, Part, Point, Ranked
from kpi.filters import Asked
from kpi.metrics import BY_KEY
from kpi.services import months_of
from territories.models import Territory

TITLES: dict[Key, str | Promise] = {
    Key.BASE: _("The base over time"),
    Key.FLOW: _("Who came and who left"),
    Key.ABCDE: _("Categories in each channel"),
    Key.RANKS: _("Profit rank × potential rank"),
    Key.RFM: _("RFM: recency × frequency"),
    Key.PARETO: _("Who brings the margin"),
}
LINES = ("okb", "akb", "stable_akb")
NOTHING: dict[Key, tuple[str | Promise, str | Promise]] = {  # names of the rows and columns ""
    Key.ABCDE: (_("No category"), _("No channel")),
    Key.RANKS: (_("No rank"), _("No rank")),
    Key.RFM: ("", ""),
}
THRESHOLDS = (Decimal("0.5"), Decimal("0.8"), Decimal("0.95"))
SHOWN = (*(Decimal(n) / 10 for n in range(1, 10)), Decimal("0.95"), Decimal(1))
HEATS = 5
PARTS = (Status.ACTIVE, Status.LOST, Status.POTENTIAL, Status.CLOSED)
_SHORT = ((10**9, _("%(n)s bn")), (10**6, _("%(n)s m")), (10**3, _("%(n)s k")))


def short(value: Any) -> str:
    """Roubles as they fit into a cell: 1,2 млн."""
    for unit, text in _SHORT:
        if abs(value) >= unit:
            number = Decimal(value) / unit
            return str(text) % {"n": ui.grouped(number, 0 if abs(number) >= 10 else 1)}
    return ui.grouped(value)


def _behind(key: Key, asked: Asked, **others: str) -> str:
    return f"{reverse('kpi-chart-clients', args=[key.value])}?{asked.query(**others)}"


class Label(NamedTuple):
    """Under a mark; `more` is its second line, and `minor` what a phone leaves out."""

    x: float
    text: str
    more: str
    minor: bool


def _labels(days: list[tuple[date, date]]) -> list[Label]:
    found, year = [], 0
    every = 1 + len(days) // 14  # as many as have room
    for index, (x, (d0, d1)) in enumerate(zip(drawing.middles(len(days)), days, strict=True)):
        months = months_of(d0, d1)
        if months == 1:
            text = formats.date_format(d0, "M").rstrip(".").lower()
        elif months == 3 and d0.month % 3 == 1:
            text = gettext("Q%(n)d") % {"n": d0.month // 3 + 1}
        else:
            text = f"{d0:%m}–{d1:%m}" if months < 12 else ""
        more = str(d1.year) if d1.year != year else ""
        year = d1.year
        back = len(days) - 1 - index
        if back % every and not more:
            text = ""
        found.append(Label(x, text, more, bool(back % 2) and not more))
    return found


# --- the base over time ------------------------------------------------------------------------------------------


class Named(NamedTuple):
    name: str
    url: str
    point: Point


@dataclass(frozen=True)
class Base:
    ticks: list[drawing.Tick]
    lines: list[tuple[drawing.Line, str | Promise, list[tuple[drawing.Dot, str, str]]]]
    labels: list[Label]
    rows: list[tuple[str, list[tuple[int | None, str]]]]
    counting: bool
    computed_at: datetime | None  # of the period itself; None where it isn't stored


def base(points: list[Point], asked: Asked) -> Base:
    values = {key: [getattr(point, key) for point in points] for key in LINES}
    scale, drawn = drawing.lines(values)
    names = [periods.name(point.d0, point.d1) for point in points]

    def url(key: str, point: Point) -> str:
        days = {"from": f"{point.d0:%Y-%m}", "to": f"{point.d1:%Y-%m}"}
        return f"{reverse('kpi-behind', args=[key])}?{asked.query(**days)}"

    lines = []
    for line in drawn:
        marks = [
            (
                dot,
                f"{names[dot.nth]}: {BY_KEY[line.css].short} {ui.count(values[line.css][dot.nth])}",
                url(line.css, points[dot.nth]),
            )
            for dot in line.dots
        ]
        lines.append((line, BY_KEY[line.css].name, marks))
    rows = [
        (name, [(getattr(point, key), url(key, point)) for key in LINES])
        for name, point in zip(names, points, strict=True)
    ]
    return Base(
        scale, lines, _labels([(point.d0, point.d1) for point in points]), rows,
        any(point.okb is None for point in points[-1 - selectors.ASKED_FOR :]), points[-1].computed_at,
    )  # fmt: skip


# --- the flow ----------------------------------------------------------------------------------------------------


class Move(NamedTuple):
    """One move of a month: `css` is the part of the base on its other side."""

    css: str
    title: str
    clients: int
    url: str


class FlowRow(NamedTuple):
    name: str
    start: int
    moves: list[Move]  # in, then out
    end: int
    end_url: str


@dataclass(frozen=True)
class Flow:
    part: Status
    parts: list[tuple[Status, str, bool]]
    others: list[tuple[Status, str, str]]  # of the legend and the head of the table: who came, who went
    zero: float
    stacks: list[tuple[drawing.Stack, list[tuple[drawing.Bar, Move]], int, int, Label]]
    labels: list[Label]
    sums: bool  # whether there is room for them
    rows: list[FlowRow]
    counting: bool
    said: str


def flow(months: list[Month], asked: Asked, part: Status) -> Flow:
    others = [status for status in PARTS if status is not part]
    values = [
        (
            [month.moves.get((other.value, part.value), 0) for other in others],
            [month.moves.get((part.value, other.value), 0) for other in others],
        )
        for month in months
    ]
    zero, drawn = drawing.stacks(values)
    labels = _labels([(month.month, month.month) for month in months])
    stacks, rows = [], []
    for month, stack, label, (came, went) in zip(months, drawn, labels, values, strict=True):
        name = formats.date_format(month.month, "F Y")
        day = f"{month.month:%Y-%m}"
        pairs = [(other, part) for other in others] + [(part, other) for other in others]
        moves = [
            Move(
                (one if other is part else other).value,
                f"{name}: {one.label} → {other.label}, {ui.count(number)}",
                number,
                _behind(Key.FLOW, asked, **{"from": day, "to": day, "row": one.value, "column": other.value}),
            )
            for (one, other), number in zip(pairs, (*came, *went), strict=True)
        ]
        stacks.append((stack, [(bar, moves[bar.nth]) for bar in stack.bars], sum(came), sum(went), label))
        if month.as_of:
            end = _behind(Key.FLOW, asked, **{"from": day, "to": day, "column": part.value})
            rows.append(FlowRow(name, month.at_start(part.value), moves, month.at_end(part.value), end))
    legend = [
        (
            other,
            gettext("from: %(part)s") % {"part": other.label},
            gettext("to: %(part)s") % {"part": other.label},
        )
        for other in others
    ]
    parts = [(status, f"?{asked.query(part=status.value)}#flow", status is part) for status in PARTS]
    said = ""
    if rows:
        last = rows[-1]
        said = gettext("%(month)s: %(came)s came, %(went)s left, %(end)s at the end") % {
            "month": last.name, "came": ui.count(sum(move.clients for move in last.moves[: len(others)])),
            "went": ui.count(sum(move.clients for move in last.moves[len(others) :])), "end": ui.count(last.end),
        }  # fmt: skip
    return Flow(
        part,
        parts,
        legend,
        zero,
        stacks,
        labels,
        len(labels) <= 14,
        rows,
        any(month.as_of is None for month in months[-selectors.POINTS :]),
        said,
    )


# --- charts of ranks ---------------------------------------------------------------------------------------------


class GridCell(NamedTuple):
    column: str | Promise
    cell: Cell | None
    title: str
    money: str
    heat: int  # 0 for nobody, else 1 to 5
    url: str


@dataclass(frozen=True)
class Grid:
    """A chart of two axes; `table` is of the same cells, one a row."""

    key: Key
    columns: list[str | Promise]
    rows: list[tuple[str, str | Promise, list[GridCell], Cell]]
    day: date
    current: bool
    clients: int


def grid(found: Ranked, key: Key, asked: Asked) -> Grid:
    no_row, no_column = NOTHING[key]
    columns = [axis.name or no_column for axis in found.columns]
    used = {row for row, _column in found.cells} | {axis.code for axis in found.rows if axis.code}
    most = max((cell.clients for cell in found.cells.values()), default=0)
    rows = []
    for axis in found.rows:
        if axis.code not in used:
            continue
        cells = []
        for column, name in zip(found.columns, columns, strict=True):
            cell = found.cells.get((axis.code, column.code))
            heat = 1 + (HEATS * cell.clients - 1) // most if cell else 0
            url = _behind(key, asked, row=axis.code, column=column.code)
            title = f"{axis.name or no_row} × {name}: {ui.count(cell.clients)}" if cell else ""
            cells.append(GridCell(name, cell, title, short(cell.margin) if cell else "", min(heat, HEATS), url))
        rows.append((axis.code, axis.name or no_row, cells, _sum([one.cell for one in cells if one.cell])))
    return Grid(key, columns, rows, found.day, found.current, sum(cell.clients for cell in found.cells.values()))


def _sum(cells: list[Cell]) -> Cell:
    def of(name: str) -> Any:
        return sum(getattr(cell, name) for cell in cells)

    return Cell("", "", of("clients"), of("amount"), of("margin"), of("potential"))


class Channel(NamedTuple):
    name: str | Promise
    y: int
    clients: int
    end: float
    bars: list[tuple[drawing.Bar, str, str, str]]  # css, title, url


@dataclass(frozen=True)
class Channels:
    height: int
    channels: list[Channel]
    legend: list[tuple[str, str | Promise]]


def channels(found: Grid) -> Channels:
    """The grid of categories and channels as lying bars, a channel each."""
    stacks = [
        [cells[index].cell.clients if cells[index].cell else 0 for _code, _name, cells, _total in found.rows]  # type: ignore[union-attr]
        for index in range(len(found.columns))
    ]
    shown = [index for index, row in enumerate(stacks) if sum(row)]
    drawn = drawing.lying([stacks[index] for index in shown])
    rows = []
    for number, (index, bars) in enumerate(zip(shown, drawn, strict=True)):
        marks = [
            (bar, found.rows[bar.nth][0] or "none", found.rows[bar.nth][2][index]) for bar in bars
        ]  # fmt: skip
        last = bars[-1]
        rows.append(
            Channel(
                found.columns[index],
                number * drawing.ROW,
                sum(stacks[index]),
                last.x + last.width + 8,
                [(bar, css, cell.title, cell.url) for bar, css, cell in marks],
            )
        )
    legend = [(code or "none", name) for code, name, _cells, _total in found.rows]
    return Channels(len(rows) * drawing.ROW, rows, legend)


# --- the curve ---------------------------------------------------------------------------------------------------


class CurvePoint(NamedTuple):
    dot: drawing.Dot
    clients: int
    clients_share: Decimal
    margin: Decimal
    margin_share: Decimal
    url: str
    title: str


@dataclass(frozen=True)
class Drawn:
    points: str
    area: str
    marks: list[CurvePoint]
    guides: list[tuple[float, str]]
    across: list[tuple[float, str]]
    rows: list[CurvePoint]
    idle: int
    idle_url: str
    day: date
    current: bool
    said: str


def curve(found: Curve, asked: Asked) -> Drawn:
    points = [
        CurvePoint(
            drawing.share(step.clients / found.clients, float(step.margin / found.margin)),
            step.clients, Decimal(step.clients) / found.clients, Decimal(step.margin),
            Decimal(step.margin) / Decimal(found.margin), _behind(Key.PARETO, asked, row=step.row),
            ngettext("%(n)s client brings %(share)s of the margin", "%(n)s clients bring %(share)s of the margin",
                     step.clients)
            % {"n": ui.count(step.clients), "share": ui.share(step.margin / found.margin)},
        )
        for step in found.steps
    ]  # fmt: skip
    first, end = drawing.share(0, 0), drawing.share(1, 1)
    dots = [first, *(point.dot for point in points), *([end] if points else [])]
    text = " ".join(f"{dot.x},{dot.y}" for dot in dots)

    def reached(share: Decimal) -> list[CurvePoint]:
        return [point for point in points if point.margin_share >= share][:1]

    marks = [point for share in THRESHOLDS for point in reached(share)]
    rows = list(dict.fromkeys(point for share in SHOWN for point in reached(share)))
    said = marks[1].title if len(marks) > 1 else ""
    if said:
        said = gettext("%(said)s: %(share)s of those with sales") % {
            "said": said, "share": ui.share(marks[1].clients_share),
        }  # fmt: skip
    return Drawn(
        text, f"{text} {end.x},{first.y} {first.x},{first.y}", list(dict.fromkeys(marks)),
        [(drawing.share(0, n / 100).y, f"{n}{ui.THIN_SPACE}%") for n in (50, 80, 95)],
        [(drawing.share(n / 100, 0).x, f"{n}{ui.THIN_SPACE}%") for n in (0, 25, 50, 75, 100)],
        rows, found.idle, _behind(Key.PARETO, asked, row="none"), found.day, found.current, said,
    )  # fmt: skip


# --- the page, and the clients behind a part of it ---------------------------------------------------------------


def charts(territory: Territory, asked: Asked, part: Status, first: date | None) -> dict[str, Any]:
    """All charts of a node and period, from what is stored; `first`: day of the first order."""
    ranks = selectors.ranks(territory=territory, d1=asked.d1, catch_up=False)
    grids = {key: grid(selectors.ranked(ranks, key), key, asked) for key in (Key.ABCDE, Key.RANKS, Key.RFM)}
    return {
        "base": base(selectors.base(territory=territory, d0=asked.d0, d1=asked.d1, first=first), asked),
        "flow": flow(selectors.flow(territory=territory, d0=asked.d0, d1=asked.d1, first=first), asked, part),
        "abcde": grids[Key.ABCDE],
        "channels": channels(grids[Key.ABCDE]),
        "ranks": grids[Key.RANKS],
        "rfm": grids[Key.RFM],
        "pareto": curve(selectors.curve(ranks), asked),
        "titles": {key.value: title for key, title in TITLES.items()},
    }


class Told(NamedTuple):
    """What a part of a chart is called, and how many clients it counts."""

    name: str
    clients: int
    day: date | None  # of the ranks


def told(part: Part) -> Told:
    if part.key is Key.FLOW:
        month = next(
            iter(selectors.flow(territory=part.territory, d0=part.d1.replace(day=1), d1=part.d1, first=None)[-1:]), None
        )
        names = [Status(code).label if code in Status.values else gettext("Any") for code in (part.row, part.column)]
        clients = sum(
            number for (before, after), number in (month.moves if month else {}).items()
            if part.row in ("", before) and part.column in ("", after)
        )  # fmt: skip
        return Told(f"{formats.date_format(part.d1, 'F Y')}: {names[0]} → {names[1]}", clients, None)
    ranks = selectors.ranks(territory=part.territory, d1=part.d1, catch_up=False)
    if part.key is Key.PARETO:
        found = selectors.curve(ranks)
        if part.row == "none":
            return Told(gettext("Clients with sales and no margin"), found.idle, found.day)
        step = next((step for step in found.steps if step.row == part.row), None)
        return Told(gettext("Clients with the highest margin"), step.clients if step else 0, found.day)
    ranked = selectors.ranked(ranks, part.key)
    cell = ranked.cells.get((part.row, part.column))
    return Told(_cell_name(part, ranked), cell.clients if cell else 0, ranked.day)


def _cell_name(part: Part, found: Ranked) -> str:
    no_row, no_column = NOTHING[part.key]
    column = next((axis.name for axis in found.columns if axis.code == part.column), part.column) or no_column
    names = {"row": part.row or no_row, "column": column}
    match part.key:
        case Key.ABCDE:
            return gettext("Category %(row)s, channel “%(column)s”") % names
        case Key.RANKS:
            return gettext("Profit rank %(row)s, potential rank %(column)s") % names
        case _:
            return gettext("Frequency %(row)s, recency %(column)s of 5") % names
