"""Answers of the KPI pages, the API and the commands, from what is stored."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from enum import Enum
from typing import Any, NamedTuple

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config import sql
from kpi import metrics, services
from kpi.models import MEASURES
from territories.models import Territory


class By(Enum):
    """What the rows below the total are."""

    CHILDREN = "children"
    CHANNEL = "channel"
    CATEGORY = "category"
    ROUTE = "route"

    @property
    def label(self) -> Any:
        return _BY_LABELS[self]


_BY_LABELS = {
    By.CHILDREN: gettext_lazy("Territories"),
    By.CHANNEL: gettext_lazy("Sales channels"),
    By.CATEGORY: gettext_lazy("Categories"),
    By.ROUTE: gettext_lazy("Routes"),
}


class Row(NamedTuple):
    """One row of the matrix: `code` is that of a territory, channel or category ("" where there is none)."""

    code: str
    name: str
    metrics: dict[str, metrics.Number | None]


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
    """A client behind a number, with the figures that put it in (kpi.models.Measures)."""

    code: str
    name: str
    territory: str
    channel: str
    measures: dict[str, metrics.Number]


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


def nodes_rows(nodes: Iterable[Territory], period: int, d0: date, d1: date) -> list[Row]:
    nodes = list(nodes)
    with connection.cursor() as cursor:
        cursor.execute(
            sql.read("kpi", "matrix_nodes").format(sums=_SUMS),
            {"period": period, "nodes": [node.pk for node in nodes], "d0": d0, "d1": d1},
        )
        found = {pk: dict(zip((*MEASURES, "cost"), sums, strict=True)) for pk, *sums in cursor.fetchall()}
    return [Row(node.code, node.name, metrics.reckon(found[node.pk])) for node in nodes]


def _groups(query: str, territory: Territory, nothing: str, parameters: dict[str, Any]) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(sql.read("kpi", query).format(sums=_SUMS), {**parameters, "territory": territory.pk})
        return [
            Row(code, name or nothing, metrics.reckon(dict(zip(MEASURES, sums, strict=True)) | {"cost": None}))
            for code, name, *sums in cursor.fetchall()
        ]


_SUMS = ", ".join(f"coalesce(sum(c.{name}), 0)" for name in MEASURES)


def behind(
    *, key: str, territory: Territory, d0: date, d1: date, channel: str | None = None, category: str | None = None,
    after: tuple[metrics.Number, str] | None = None, limit: int = 50, catch_up: bool = True,
) -> list[Behind]:  # fmt: skip
    """The clients behind a number, largest contribution first; `after`: value and code of the last one seen.

    `channel`, `category`: of the matrix's row, "" for the row of those without one. Raises KeyError for an unknown key.
    """
    measure = metrics.BY_KEY[key].behind
    period = services.period_current(d0, d1) if catch_up else services.period_stored(d0, d1)
    day = min(d1, timezone.localdate())
    if category is not None:
        services.ranks_stored(day)
    with connection.cursor() as cursor:
        cursor.execute(
            sql.read("kpi", "behind").format(measure=measure, measures=", ".join(f"c.{name}" for name in MEASURES)),
            {
                "period": period.pk, "territory": territory.pk, "channel": channel, "category": category, "day": day,
                "value": after[0] if after else None, "code": after[1] if after else None, "limit": limit,
            },
        )  # fmt: skip
        return [
            Behind(code, name, place, way, dict(zip(MEASURES, values, strict=True)))
            for code, name, place, way, *values in cursor.fetchall()
        ]


def latest_months(count: int) -> list[date]:
    """First days of the last `count` months up to the one of the latest invoice until today, newest first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(date) FROM sales_invoice WHERE date <= current_date")
        latest = cursor.fetchone()[0]
    return [services.months_before(latest.replace(day=1), back) for back in range(count)] if latest else []


def split(as_of: date) -> Iterator[tuple[str, str]]:
    """Code and status of every client by the rules as of a day, whatever is stored, by code."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT code, status FROM ({sql.read('kpi', 'split')}) s ORDER BY code", services.split_parameters(as_of)
        )
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
