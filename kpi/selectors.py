"""Answers of the KPI pages, the API and the commands, from what is stored."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from enum import Enum
from typing import Any, NamedTuple

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from config import sql
from kpi import metrics, rules, services
from kpi.almost import ALMOST, Lack, Outsider, lacks
from kpi.models import DETAILS, FLAGS, MEASURES, Period
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
    assert period.computed_at is not None
    total, *_none = nodes_rows([territory], period.pk, d0, d1)
    return Matrix(
        territory, d0, d1, total, _parts(territory, period.pk, d0, d1, by), period.computed_at, services.waiting()
    )


def _parts(territory: Territory, period: int, d0: date, d1: date, by: By | None) -> list[Row]:
    match by:
        case None:
            return []
        case By.CHILDREN:
            return nodes_rows(territory.children.order_by("code"), period, d0, d1)
        case By.ROUTE:
            routes = Territory.objects.filter(kind="route", paths_up__above=territory).order_by("code")
            return nodes_rows(routes, period, d0, d1)
        case By.CHANNEL:
            return _groups("matrix_channels", territory, _("No channel"), {"period": period})
        case By.CATEGORY:
            day = min(d1, timezone.localdate())
            services.ranks_stored(day)
            return _groups("matrix_categories", territory, _("No category"), {"period": period, "day": day})
        case By.MANAGER:
            return _groups("matrix_managers", territory, "", {"period": period, "d0": d0, "d1": d1})


def history(territory: Territory, days: list[tuple[date, date]]) -> list[dict[str, metrics.Number | None]]:
    """The metrics of a node in some periods, {} for one that isn't stored."""
    stored = {
        (period.d0, period.d1): period.pk
        for period in Period.objects.filter(stale=False, d0__in=[d0 for d0, _d1 in days])
    }
    with connection.cursor() as cursor:
        cursor.execute(
            sql.read("kpi", "matrix_history").format(sums=_SUMS),
            {"node": territory.pk, "periods": [stored[asked] for asked in days if asked in stored]},
        )
        found = {pk: dict(zip((*MEASURES, "cost"), sums, strict=True)) for pk, *sums in cursor.fetchall()}
    return [metrics.reckon(found[stored[asked]]) if asked in stored else {} for asked in days]


def nodes_rows(nodes: Iterable[Territory], period: int, d0: date, d1: date) -> list[Row]:
    nodes = list(nodes)
    with connection.cursor() as cursor:
        cursor.execute(
            sql.read("kpi", "matrix_nodes").format(sums=_SUMS),
            {"period": period, "nodes": [node.pk for node in nodes], "d0": d0, "d1": d1},
        )
        found = {pk: dict(zip((*MEASURES, "cost"), sums, strict=True)) for pk, *sums in cursor.fetchall()}
    return [_row(node.code, node.name, found[node.pk]) for node in nodes]


def _row(code: str, name: str, sums: metrics.Sums) -> Row:
    return Row(code, name, metrics.reckon(sums), sums)


def _groups(query: str, territory: Territory, nothing: str, parameters: dict[str, Any]) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(sql.read("kpi", query).format(sums=_SUMS), {**parameters, "territory": territory.pk})
        return [
            _row(code, name or nothing or code, {"cost": None} | dict(zip((*MEASURES, "cost"), sums, strict=False)))
            for code, name, *sums in cursor.fetchall()
        ]


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
