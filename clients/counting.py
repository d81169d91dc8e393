"""How many clients there are: exact up to 10,000 and where it costs little, beyond that about so many (≈)."""

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Count as _Count
from django.db.models import QuerySet, Value

from clients.models import Status
from clients.querysets import ClientQuerySet

EXACT = 10_000  # up to here a count is exact
SAMPLE = 5_000  # clients looked at to say about how many there are
CHEAP = 4_000  # what a page spends on a count, in the planner's units: some 10 ms
TABLE = ' FROM "clients_client"'
# Which percentage of the table the sample is
PERCENT = (
    f"(SELECT least(100, 100.0 * {SAMPLE} / greatest(reltuples, 1)) FROM pg_class"
    " WHERE oid = 'clients_client'::regclass)"
)


class Count(NamedTuple):
    """How many clients; `about`: by a sample."""

    number: int
    about: bool = False


def tally(
    found: ClientQuerySet, column: str, values: Iterable[Any] = (), *, patient: bool = False
) -> dict[Any, Count] | None:
    """How many of `found` have each value of a column; `values` that none has are in it too.

    None: not to be had at the price of a page; ask again, `patient`, in a request of its own.
    """
    groups = found.order_by().values_list(column).annotate(n=_Count("pk"))
    if found.few or (not found.many and _cost(groups) <= CHEAP):
        numbers = {value: Count(n) for value, n in groups}
    elif found.costly and not patient:
        return None
    else:
        sampled = _sampled(groups)
        known = list(dict.fromkeys([*values, *sampled]))
        small = [value for value in known if sampled.get(value, 0) <= 2 * EXACT]
        exact = _exact(found, column, small, patient=patient)
        if exact is None:
            return None
        numbers = {value: _about(sampled[value]) for value in known if value not in small}
        for value, number in exact.items():
            numbers[value] = Count(number) if number <= EXACT else _about(max(sampled.get(value, 0), number))
    return {value: Count(0) for value in values} | numbers


def count(found: ClientQuerySet) -> Count | None:
    """How many there are; None: not at the price of a page."""
    counts = tally(found, "status", Status.values)
    return None if counts is None else total(counts)


def total(counts: dict[Any, Count]) -> Count:
    return Count(sum(count.number for count in counts.values()), any(count.about for count in counts.values()))


def _about(number: float) -> Count:
    """To two digits: a sample knows no more."""
    return Count(int(round(number, 2 - len(str(int(number))))), about=True)


def _exact(found: ClientQuerySet, column: str, values: list[Any], *, patient: bool) -> dict[Any, int] | None:
    """Counts that stop beyond EXACT, in one statement; None if that costs too much and nobody is `patient`."""
    if not values:
        return {}
    each = [found.order_by().filter(**{column: value}).values(one=Value(1))[: EXACT + 1] for value in values]
    compiled = [part.query.sql_with_params() for part in each]
    text = "SELECT " + ", ".join(f"(SELECT count(*) FROM ({part}) c)" for part, _parameters in compiled)
    parameters = [parameter for _part, some in compiled for parameter in some]
    with connection.cursor() as cursor:
        if not patient:
            cursor.execute(f"EXPLAIN (FORMAT json) {text}", parameters)
            if cursor.fetchone()[0][0]["Plan"]["Total Cost"] > CHEAP:
                return None
        cursor.execute(text, parameters)
        return dict(zip(values, cursor.fetchone(), strict=True))


def _cost(groups: "QuerySet[Any, Any]") -> float:
    """What counting them one by one costs, as the planner sees it."""
    return float(json.loads(groups.explain(format="json"))[0]["Plan"]["Total Cost"])


def _sampled(groups: "QuerySet[Any, Any]") -> dict[Any, float]:
    """The groups of the clients on a few of the table's pages, the same ones each time, extrapolated."""
    text, parameters = groups.query.sql_with_params()
    assert text.count(TABLE) == 1, text
    text = text.replace(TABLE, f"{TABLE} TABLESAMPLE SYSTEM ({PERCENT}) REPEATABLE (1)")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT g.*, {PERCENT} FROM ({text}) g", parameters)
        return {value: number * 100 / percent for value, number, percent in cursor.fetchall()}
