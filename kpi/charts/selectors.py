"""What the charts show, from what is stored, and the clients behind their parts."""

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from enum import Enum
from itertools import accumulate
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Exists, F, Min, Q, Sum
from django.utils import timezone

from accounts.models import User
from clients.models import Category, Channel, Status
from config import sql
from kpi import metrics, periods, services
from kpi.models import FlowCell, FlowMonth, Period, RankCell, RankDay
from sales.models import Invoice
from territories.models import Territory, TerritoryPath
from territories.selectors import territory_ids

POINTS = 12  # of a chart over time
ASKED_FOR = 4  # of them, before the one of the page, that are stored because they are looked at
MOST_MONTHS = 36
LETTERS = (*Category.values, "")
SCORES = ("5", "4", "3", "2", "1")


class Key(Enum):
    """The charts."""

    BASE = "base"
    FLOW = "flow"
    ABCDE = "abcde"
    RANKS = "ranks"
    RFM = "rfm"
    PARETO = "pareto"


class Point(NamedTuple):
    """The base in one period; None where it isn't stored yet."""

    d0: date
    d1: date
    okb: metrics.Number | None
    akb: metrics.Number | None
    stable_akb: metrics.Number | None
    computed_at: datetime | None


class Month(NamedTuple):
    """How many clients were in which part of the base before a month and at its end; none where it isn't stored yet."""

    month: date
    as_of: date | None
    moves: dict[tuple[str, str], int]

    def at_end(self, status: str) -> int:
        return sum(clients for (_before, after), clients in self.moves.items() if after == status)

    def at_start(self, status: str) -> int:
        return sum(clients for (before, _after), clients in self.moves.items() if before == status)


class Cell(NamedTuple):
    """Clients by two axes; amount and margin of 12 months, potential a month, in roubles."""

    row: str
    column: str
    clients: int
    amount: metrics.Number
    margin: metrics.Number
    potential: metrics.Number


class Axis(NamedTuple):
    code: str
    name: str


class Ranked(NamedTuple):
    """A chart of ranks as of a day; `current` False: something has changed since, and is being reckoned."""

    day: date
    current: bool
    rows: list[Axis]
    columns: list[Axis]
    cells: dict[tuple[str, str], Cell]


class Step(NamedTuple):
    """A point of the curve: the clients with the highest margin, and what they bring."""

    row: str  # of the clients from here up
    clients: int
    margin: metrics.Number


class Curve(NamedTuple):
    """Clients with sales in 12 months by their margin; `idle` of them bring none, or less."""

    day: date
    current: bool
    steps: list[Step]
    clients: int
    margin: metrics.Number  # of those who bring any
    idle: int


class Part(NamedTuple):
    """A part of a chart: of the flow `row` and `column` are the status before and after the month `d1` lies in."""

    key: Key
    territory: Territory
    d1: date
    row: str = ""
    column: str = ""


class Behind(NamedTuple):
    """A client of a part of a chart."""

    code: str
    name: str
    territory: str
    value: metrics.Number  # what the list is ordered by
    amount: metrics.Number | None
    margin: metrics.Number | None
    potential: metrics.Number | None
    last_order_on: date | None
    before: str | None
    after: str | None

    @property
    def move(self) -> tuple[Status, Status] | None:
        """Of the flow."""
        return (Status(self.before), Status(self.after)) if self.before and self.after else None


def base(*, territory: Territory, d0: date, d1: date, first: date | None) -> list[Point]:
    """The base in this period and in those as long before it, from the first with an order on (first_order())."""
    days = []
    for back in range(POINTS):
        try:
            begin, end = periods.shifted(d0, d1, -back)
        except ValueError:
            break
        if back and (first is None or end < first):
            break
        days.append((begin, end))
    below = TerritoryPath.objects.filter(above=territory).values("below")
    here = Q(periodcell__territory__in=below)
    keys = ("okb", "akb", "stable_akb")
    sums = {f"sum_{key}": Sum(f"periodcell__{key}", filter=here, default=0) for key in keys}
    known = Period.objects.filter(d0__in=[begin for begin, _end in days]).values_list("d0", "d1", "stale")
    rows = known.annotate(**sums, at=F("computed_at"))
    figures = {(begin, end): [None] * 4 if stale else row for begin, end, stale, *row in rows}
    for both in days[: 1 + ASKED_FOR]:
        if both not in figures:
            services.period_at_hand(*both)
    points = [Point(*both, *figures.get(both, [None] * 4)) for both in reversed(days)]
    while len(points) > 1 + ASKED_FOR and points[0].okb is None:
        del points[0]
    return points


def flow(*, territory: Territory, d0: date, d1: date, first: date | None) -> list[Month]:
    """The moves of the months of a period, and of as many before that they are twelve; 36 at most."""
    last = min(d1, timezone.localdate()).replace(day=1)
    count = min(max(services.months_of(d0.replace(day=1), last), POINTS), MOST_MONTHS)
    months = [month for month in (services.months_before(last, back) for back in range(count)) if month.year > 1]
    months = [month for month in months if month == last or (first and month >= first.replace(day=1))]
    stored = FlowMonth.objects.in_bulk(months)
    for month in set(months[:POINTS]) - set(stored):
        services.period_at_hand(month, services.month_end(month))
    below = TerritoryPath.objects.filter(above=territory).values("below")
    moves: dict[date, dict[tuple[str, str], int]] = defaultdict(dict)
    cells = FlowCell.objects.filter(month__in=months, territory__in=below).values_list("month", "before", "after")
    for month, before, after, clients in cells.annotate(Sum("clients")):
        if clients:
            moves[month][before, after] = clients
    return [Month(month, stored[month].as_of if month in stored else None, moves[month]) for month in reversed(months)]


class Ranks(NamedTuple):
    """The sums that all charts of ranks are drawn from, of a node as of a day."""

    day: date
    current: bool
    cells: dict[Key, list[Cell]]


def ranks(*, territory: Territory, d1: date, catch_up: bool = True) -> Ranks:
    """As of the end of a period, today for one that has not ended.

    `catch_up` False shows what is stored at once, and whether it is current.
    """
    day = min(d1, timezone.localdate())
    if catch_up:
        services.ranks_stored(day)
    below = TerritoryPath.objects.filter(above=territory).values("below")
    found = RankCell.objects.filter(day=day, territory__in=below).values_list("chart", "row", "column").order_by()
    sums = found.annotate(Sum("clients"), Sum("amount"), Sum("margin"), Sum("potential"))
    rows = list(sums.annotate(current=Exists(RankDay.objects.filter(as_of=day))))
    if not rows and not RankCell.objects.filter(day=day).exists() and not catch_up:
        return ranks(territory=territory, d1=d1)  # never asked for
    cells: dict[Key, list[Cell]] = {key: [] for key in Key}
    for chart, *cell, _current in rows:
        cells[Key(chart)].append(Cell(*cell))
    return Ranks(day, all(row[-1] for row in rows), cells)


def ranked(found: Ranks, key: Key) -> Ranked:
    """A chart of two axes."""
    rows, columns, names = LETTERS, LETTERS, {}
    if key is Key.RFM:
        rows, columns = SCORES, SCORES[::-1]
    if key is Key.ABCDE:
        names = {str(pk): (code, name) for pk, code, name in Channel.objects.values_list("pk", "code", "name")}
    cells = {}
    for cell in found.cells[key]:
        column = names[cell.column][0] if cell.column in names else cell.column
        cells[cell.row, column] = cell._replace(column=column)
    across = [Axis(code, code) for code in columns]
    if key is Key.ABCDE:
        used = {column for _row, column in cells}
        across = [Axis(code, name) for code, name in sorted(names.values()) if code in used] + [Axis("", "")]
    return Ranked(found.day, found.current, [Axis(code, code) for code in rows], across, cells)


def curve(found: Ranks) -> Curve:
    """The curve of Pareto: what share of the margin of 12 months how many clients bring, from the top down."""
    sums = {cell.row: (cell.clients, cell.margin) for cell in found.cells[Key.PARETO]}
    idle, _loss = sums.pop("none", (0, 0))
    rows = sorted(sums, key=int, reverse=True)
    clients = list(accumulate(sums[row][0] for row in rows))
    margin = list(accumulate(sums[row][1] for row in rows))
    steps = [Step(*step) for step in zip(rows, clients, margin, strict=True)]
    total = margin[-1] if rows else 0
    return Curve(found.day, found.current, steps, (clients[-1] if rows else 0) + idle, total, idle)


def first_order() -> date | None:
    """The day that time begins with on the charts."""
    day: date | None = Invoice.objects.aggregate(Min("date"))["date__min"]
    return day


def waiting_and_first_order() -> tuple[int, date | None]:
    """How many clients' changes are not in the charts yet, and the above."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT (SELECT count(DISTINCT client_id) FROM kpi_mark), (SELECT min(date) FROM sales_invoice)")
        waiting, first = cursor.fetchone()
    return waiting, first


def behind(*, user: User, part: Part, after: tuple[metrics.Number, str] | None = None, limit: int = 50) -> list[Behind]:
    """The clients of a part, those with the highest margin first: of them those that `user` may see now.

    `after`: value and code of the last one seen. `part.row` and `part.column` are those of the chart.
    """
    value_after, code_after = after or (None, None)
    with connection.cursor() as cursor:
        cursor.execute(
            sql.read("kpi", "chart_clients").format(cell=_cell(part), hidden="NOT IN"),
            _parameters(user, part) | {"value_after": value_after, "code_after": code_after, "limit": limit},
        )
        return [Behind(*row) for row in cursor.fetchall()]


def everybody(*, user: User, part: Part, page: int = 1000) -> Iterator[Behind]:
    """All of them, page by page."""
    after = None
    while found := behind(user=user, part=part, after=after, limit=page):
        yield from found
        after = (found[-1].value, found[-1].code)


def moved_away(*, user: User, part: Part) -> int:
    """How many clients of a part `user` may not see now: they were there on the day."""
    parameters = _parameters(user, part)
    if parameters["seen"] is None:
        return 0
    query = sql.read("kpi", "chart_clients").format(cell=_cell(part), hidden="IN")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM ({query}) b", parameters | {"value_after": None, "code_after": None, "limit": None}
        )
        return int(cursor.fetchone()[0])


def _cell(part: Part) -> str:
    if part.key is Key.FLOW:
        return sql.read("kpi", "cell_flow")
    return sql.read("kpi", "cell_ranked").format(charts=sql.read("kpi", "rank_charts"))


def _parameters(user: User, part: Part) -> dict[str, Any]:
    """The parameters of kpi/sql/chart_clients.sql, but for the page."""
    shared = {"territory": part.territory.pk, "seen": territory_ids(user, "view")}
    if part.key is Key.FLOW:
        month = part.d1.replace(day=1)
        day = min(services.month_end(month), timezone.localdate())
        return shared | {"month": month, "day": day, "before": part.row, "after": part.column}
    column = part.column
    if part.key is Key.ABCDE and column:
        column = next((str(pk) for pk in Channel.objects.filter(code=column).values_list("pk", flat=True)), "unknown")
    number = re.fullmatch(r"-?\d{1,4}", part.row, re.ASCII) if part.key is Key.PARETO else None
    return shared | {
        "day": min(part.d1, timezone.localdate()), "chart": part.key.value, "row": part.row, "column": column,
        "least": int(number[0]) if number else None,
    }  # fmt: skip
