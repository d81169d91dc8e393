"""Answers of the KPI pages, the API and the commands, from what is stored."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from enum import Enum
from typing import Any, NamedTuple

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.models import User
from config import sql
from kpi import metrics, rules, services
from kpi.almost import ALMOST, Lack, Outsider, lacks
from kpi.models import DETAILS, FLAGS, MEASURES, Period, RankDay
from kpi.splits import split_parameters, split_statement
from territories.models import Territory
from territories.selectors import territory_ids


class By(Enum):
    """What the rows below the total are."""

    CHILDREN = "children"
    CHANNEL = "channel"
    CATEGORY = "category"
    ROUTE = "route"
    MANAGER = "manager"

    @property
    def label(self) -> Any:
        return _BY_LABELS[self]


_BY_LABELS = {
    By.CHILDREN: gettext_lazy("Territories"),
    By.CHANNEL: gettext_lazy("Sales channels"),
    By.CATEGORY: gettext_lazy("Categories"),
    By.ROUTE: gettext_lazy("Routes"),
    By.MANAGER: gettext_lazy("Managers"),
}


class Row(NamedTuple):
    """One row of the matrix: `code` is that of a territory, channel or category ("" where there is none)."""

    code: str
    name: str
    metrics: dict[str, metrics.Number | None]
    sums: metrics.Sums  # what they are made of


class Matrix(NamedTuple):
    """The 24 metrics of a node and of its parts; `waiting` changes are not yet in it."""

    territory: Territory
    d0: date
    d1: date
    total: Row
    rows: list[Row]
    computed_at: datetime
    waiting: int


class Behind(NamedTuple):
    """A client that a number counts, or leaves out, with the figures that do so (kpi.models.Measures)."""

    code: str
    name: str
    territory: str
    channel: str
    measures: dict[str, metrics.Number]
    value: metrics.Number  # what the list is ordered by
    lacks: list[Lack]  # of a client left out


def matrix(*, territory: Territory, d0: date, d1: date, by: By | None = None, catch_up: bool = True) -> Matrix:
    """The metrics of a node and of its parts, unrounded, from stored cells.

    `catch_up` False shows what is stored at once, and how many clients' changes are not yet in it.
    """
    period = services.period_current(d0, d1) if catch_up else services.period_stored(d0, d1)
    return as_matrix(territory, period, sheets(territory, [period], by)[period.pk])


def as_matrix(territory: Territory, period: Period, sheet: "Sheet") -> Matrix:
    assert period.computed_at is not None
    return Matrix(territory, period.d0, period.d1, *sheet, period.computed_at, services.waiting())


class Sheet(NamedTuple):
    """The rows of a matrix in one period."""

    total: Row
    rows: list[Row]


def sheets(
    territory: Territory, stored: Sequence[Period], by: By | None, totals: Sequence[Period] = ()
) -> dict[int, Sheet]:
    """By id of each stored period a node and its parts, all read together, unrounded.

    `totals`: periods for lines. Where the rows are categories, only their totals are read: each category of each
    client of twelve days would have to be looked at. By category the first of `stored` gets the ranks of its last
    day; of the others only what is ranked has rows, for ranking takes its time.
    """
    every = list({period.pk: period for period in (*stored, *totals)}.values())
    match by:
        case By.CHILDREN:
            children = list(territory.children.order_by("code"))
            found = _nodes_sums(children, every, alone=territory)
            return {period.pk: _added_up(territory, children, found[period.pk]) for period in every}
        case By.ROUTE:
            nodes = [territory, *Territory.objects.filter(kind="route", paths_up__above=territory).order_by("code")]
        case _:
            nodes = [territory]
    found = _nodes_sums(nodes, every)
    groups = _groups(by, territory, list(stored) if by is By.CATEGORY else every) if by in _GROUPS else {}
    # A route itself has a row of its own, so its total may come twice.
    rows = {pk: [_row(node.code, node.name, sums[node.pk]) for node in nodes] for pk, sums in found.items()}
    return {pk: Sheet(first, others or groups.get(pk, [])) for pk, (first, *others) in rows.items()}


def _added_up(territory: Territory, children: list[Territory], found: dict[int, metrics.Sums]) -> Sheet:
    """A node as the sum of its parts and of what hangs on it itself: so each cell is read once."""
    sums = {name: sum(each[name] or 0 for each in found.values()) for name in (*MEASURES, "cost")}
    rows = [_row(node.code, node.name, found[node.pk]) for node in children]
    return Sheet(_row(territory.code, territory.name, sums), rows)


def nodes_rows(nodes: Iterable[Territory], period: Period) -> list[Row]:
    """The metrics of some nodes in a stored period, unrounded."""
    nodes = list(nodes)
    found = _nodes_sums(nodes, [period])[period.pk]
    return [_row(node.code, node.name, found[node.pk]) for node in nodes]


def _nodes_sums(
    nodes: Iterable[Territory], stored: Iterable[Period], alone: Territory | None = None
) -> dict[int, dict[int, metrics.Sums]]:
    """By id of the period and of the node, with all below it; of the one `alone`, only what hangs on it itself."""
    whole = {node.pk: True for node in nodes} | ({alone.pk: False} if alone else {})
    parameters: dict[str, Any] = {
        "nodes": list(whole),
        "whole": list(whole.values()),
        "periods": [period.pk for period in stored],
    }
    found: dict[int, dict[int, metrics.Sums]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(sql.read("kpi", "matrix_nodes").format(sums=_SUMS), parameters)
        for period, node, *sums in cursor.fetchall():
            found[period][node] = dict(zip((*MEASURES, "cost"), sums, strict=True))
    return found


def _row(code: str, name: str, sums: metrics.Sums) -> Row:
    return Row(code, name, metrics.reckon(sums), sums)


_GROUPS: dict[By | None, tuple[str, Any]] = {
    By.CHANNEL: ("matrix_channels", gettext_lazy("No channel")),
    By.CATEGORY: ("matrix_categories", gettext_lazy("No category")),
    By.MANAGER: ("matrix_managers", ""),
}


def _groups(by: By | None, territory: Territory, stored: list[Period]) -> dict[int, list[Row]]:
    """By id of the period, the rows that are no nodes."""
    query, nothing = _GROUPS[by]
    days = {period.pk: min(period.d1, timezone.localdate()) for period in stored}
    if by is By.CATEGORY:
        services.ranks_stored(days[stored[0].pk])
        if others := list(days.values())[1:]:
            ranked = {days[stored[0].pk], *RankDay.objects.filter(as_of__in=others).values_list("as_of", flat=True)}
            days = {pk: day for pk, day in days.items() if day in ranked}
    parameters: dict[str, Any] = {"territory": territory.pk, "periods": list(days), "days": list(days.values())}
    found: dict[int, list[Row]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(sql.read("kpi", query).format(sums=_SUMS), parameters)
        for period, code, name, *sums in cursor.fetchall():
            values = {"cost": None} | dict(zip((*MEASURES, "cost"), sums, strict=False))
            found[period].append(_row(code, name or str(nothing) or code, values))
    return found


_SUMS = ", ".join(f"coalesce(sum(c.{name}), 0)" for name in MEASURES)


class Coordinates(NamedTuple):
    """Where a number stands in the matrix. Of its row, `channel` and `category`: "" for none, None for any."""

    key: str
    territory: Territory
    d0: date
    d1: date
    channel: str | None = None
    category: str | None = None
    manager: str | None = None  # username


def cell(number: Coordinates) -> Row:
    """The row of the matrix that a number stands in, from what is stored."""
    ways = {By.CHANNEL: number.channel, By.CATEGORY: number.category, By.MANAGER: number.manager}
    by, code = next(((by, code) for by, code in ways.items() if code is not None), (None, ""))
    found = matrix(territory=number.territory, d0=number.d0, d1=number.d1, by=by, catch_up=False)
    if by is None:
        return found.total
    nothing = dict.fromkeys(MEASURES, 0) | {"cost": None}
    return next((row for row in found.rows if row.code == code), _row(code, code, nothing))


def behind(
    *, user: User, number: Coordinates, outside: bool = False, after: tuple[metrics.Number, str] | None = None,
    limit: int = 50, catch_up: bool = True,
) -> list[Behind]:  # fmt: skip
    """The clients behind a number, largest contribution first; or, `outside`, those it leaves out, nearest first.

    Only those that `user` may see now: a client counts where it was in the period, and may have moved away since.
    `after`: value and code of the last one seen. Raises KeyError for an unknown key.
    """
    period = services.period_current(number.d0, number.d1) if catch_up else services.period_stored(number.d0, number.d1)
    parameters = _parameters(user, number, period.pk, outside)
    columns = ", ".join(f"c.{name}" for name in (*MEASURES, *DETAILS))
    value_after, code_after = after or (None, None)
    rows: list[tuple[Any, ...]] = []
    with connection.cursor() as cursor:
        for whom, order in _stages(number.key, outside):
            query = sql.read("kpi", "behind").format(whom=whom, order=order, columns=columns, hidden="NOT IN")
            page = {"value_after": value_after, "code_after": code_after, "limit": limit - len(rows)}
            cursor.execute(query, parameters | page)
            rows += cursor.fetchall()
            if len(rows) == limit:
                break
        short = _categories_short(cursor, number, [row[0] for row in rows], parameters) if outside else {}
    found = []
    for pk, code, name, place, way, is_target, opened_on, closed_on, value, *figures in rows:
        part = dict(zip((*MEASURES, *DETAILS), figures, strict=True))
        client = Outsider(part, is_target, opened_on, closed_on, short.get(pk, {}), value)
        missing = lacks(number.key, client, parameters, number.d0, number.d1) if outside else []
        found.append(Behind(code, name, place, way, {key: part[key] for key in MEASURES}, value, missing))
    return found


def _stages(key: str, outside: bool) -> list[tuple[str, str]]:
    """Whom to show, and the value they are ordered by. Where that is 0 or 1, one after the other: ordered by a
    constant, the first page is found by walking an index, whoever many there are."""
    if outside:
        return [(ALMOST[key].outside, f"({ALMOST[key].distance})")]
    first, *others = (f"c.{part}" for part in metrics.BY_KEY[key].parts)
    if first.removeprefix("c.") not in FLAGS:
        return [(" OR ".join(f"{part} <> 0" for part in (first, *others)), f"-{first}")]
    return [(f"{first} = 1", "-1"), *((f"{first} = 0 AND {other} = 1", "0") for other in others)]


def moved_away(*, user: User, number: Coordinates) -> int:
    """How many clients are behind a stored number that `user` may not see now: they were there in the period."""
    parameters = _parameters(user, number, services.period_stored(number.d0, number.d1).pk, outside=False)
    if parameters["seen"] is None:
        return 0
    whom = " OR ".join(f"c.{part} <> 0" for part in metrics.BY_KEY[number.key].parts)
    query = sql.read("kpi", "behind").format(whom=whom, order="0", columns="0", hidden="IN")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM ({query}) b",
            parameters | {"value_after": None, "code_after": None, "limit": None},
        )
        return int(cursor.fetchone()[0])


def _parameters(user: User, number: Coordinates, period: int, outside: bool) -> dict[str, Any]:
    """The parameters of kpi/sql/behind.sql, but for the page."""
    day = min(number.d1, timezone.localdate())
    if number.category is not None:
        services.ranks_stored(day)
    parameters = {
        **rules.in_force(number.d1), "d0": number.d0, "d1": number.d1,
        "months": services.months_of(number.d0, number.d1), "period": period, "territory": number.territory.pk,
        "channel": number.channel, "category": number.category, "manager": number.manager, "day": day,
        "seen": territory_ids(user, "view"),
    }  # fmt: skip
    if outside and metrics.BY_KEY[number.key].group is metrics.Group.ECONOMICS:
        ours = cell(number).metrics
        parameters |= {"value": ours[number.key], "order_cost": ours["order_cost"]}
    return parameters


def _categories_short(
    cursor: CursorWrapper, number: Coordinates, clients: list[int], parameters: dict[str, Any]
) -> dict[int, dict[str, int]]:
    """By client and focus category, the SKUs it is short of, where the number is about categories."""
    found: dict[int, dict[str, int]] = defaultdict(dict)
    if number.key in ("category_akb", "category_share"):
        cursor.execute(sql.read("kpi", "categories_short"), parameters | {"clients": clients})
        for pk, category, missing in cursor.fetchall():
            found[pk][category] = int(missing)
    return found


def latest_months(count: int) -> list[date]:
    """First days of the last `count` months up to the one of the latest invoice until today, newest first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(date) FROM sales_invoice WHERE date <= current_date")
        latest = cursor.fetchone()[0]
    return [services.months_before(latest.replace(day=1), back) for back in range(count)] if latest else []


def split(as_of: date) -> Iterator[tuple[str, str]]:
    """Code and status of every client by the rules as of a day, whatever is stored, by code."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT code, status FROM ({split_statement()}) s ORDER BY code", split_parameters(as_of))
        yield from cursor


def ranks(as_of: date) -> Iterator[tuple[str | int | None, ...]]:
    """code, profit_rank, potential_rank, category, recency, frequency, monetary of every client not closed by a day."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT code, profit_rank, potential_rank, category, recency, frequency, monetary"
            f" FROM ({sql.read('kpi', 'ranks')}) r ORDER BY code",
            services.rank_parameters(as_of),
        )
        yield from cursor


def matrix_json(answer: Matrix) -> dict[str, Any]:
    """The JSON of the `kpi` command and of `/api/v1/kpi/` (spec/exchange.md)."""

    def numbers(row: Row) -> dict[str, int | float | None]:
        return {
            key: value if value is None or isinstance(value, int) else float(value)
            for key, value in row.metrics.items()
        }

    return {
        "territory": answer.territory.code,
        "from": f"{answer.d0:%Y-%m}".rjust(7, "0"),
        "to": f"{answer.d1:%Y-%m}".rjust(7, "0"),
        "metrics": numbers(answer.total),
        "groups": [{"code": row.code, "name": row.name, "metrics": numbers(row)} for row in answer.rows],
    }
