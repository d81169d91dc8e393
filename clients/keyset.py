"""Pages of the client list by the key of their first or last row, in any order, forth and back.

Not by OFFSET: the last page is as quick as the first (spec/stack.md §4). Every order has an index that begins with the
status; nothing sorts below everything, so that a row's key is one value and one comparison (docs/decisions/040).
"""

from collections.abc import Callable, Collection, Iterable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import F, QuerySet
from django.db.models.expressions import Combinable, RawSQL
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from django.db.models.functions import Coalesce

from clients.models import NO_AMOUNT, NO_DAY, Client, Status
from clients.querysets import ClientQuerySet

PAGE = 50
FEW = 64  # territories: up to here each is read by itself (docs/decisions/030)


class Sort(NamedTuple):
    """What the list can be sorted by: the key's expression, and how an address writes and reads it."""

    key: Combinable
    read: Callable[[str], Any] = str
    starts_down: bool = False  # the first click shows the greatest first


SORTS = {
    "name": Sort(F("name_sort")),
    "code": Sort(F("code")),
    "category": Sort(F("category")),
    "last_order": Sort(Coalesce("last_order_on", NO_DAY), date.fromisoformat, True),
    "opened": Sort(Coalesce("opened_on", NO_DAY), date.fromisoformat, True),
    "potential": Sort(Coalesce("potential_monthly", NO_AMOUNT), Decimal, True),
}


class Order(NamedTuple):
    """`name` of SORTS, and whether from the greatest down; ties by id the same way. `instead`: a text to sort a few
    clients by."""

    name: str = "name"
    down: bool = False
    instead: Combinable | None = None

    def __str__(self) -> str:
        return f"-{self.name}" if self.down else self.name

    @property
    def sort(self) -> Sort:
        return SORTS[self.name]

    @classmethod
    def of(cls, text: str) -> "Order":
        """As an address writes it; the order by name for anything else."""
        name = text.removeprefix("-")
        return cls(name, text.startswith("-")) if name in SORTS else cls()

    @property
    def key(self) -> Combinable:
        return self.instead or self.sort.key

    def columns(self, *, back: bool = False) -> tuple[str, str]:
        return ("-sort_key", "-pk") if self.down != back else ("sort_key", "pk")


BY_NAME = Order()


class Key(NamedTuple):
    """Where a page begins or ends: the sorted value of a row and its id."""

    value: Any
    pk: int

    def __str__(self) -> str:
        return f"{self.pk}~{self.value}"

    @classmethod
    def of(cls, text: str, order: Order) -> "Key | None":
        """As an address writes it; None for anything else."""
        pk, _tilde, value = text.partition("~")
        try:
            return cls(order.sort.read(value), int(pk)) if pk.isascii() and pk.isdigit() and len(pk) < 19 else None
        except (ValueError, InvalidOperation):
            return None


class Page(NamedTuple):
    """Up to PAGE ids in order; keys to go on from either way, None where there is nothing."""

    ids: list[int]
    before: Key | None
    after: Key | None


def ordered(found: ClientQuerySet, order: Order, *, back: bool = False) -> ClientQuerySet:
    """All of them in this order."""
    return found.annotate(sort_key=order.key).order_by(*order.columns(back=back))


def page(
    found: ClientQuerySet,
    order: Order = BY_NAME,
    *,
    after: Key | None = None,
    before: Key | None = None,
    last: bool = False,
) -> Page:
    """The page after or before a key, else the first, or the `last` one."""
    back = last or (before is not None and after is None)
    edge = before if back else after
    chain = ordered(found, order, back=back)
    if edge:
        beyond = TupleLessThan if order.down != back else TupleGreaterThan
        chain = chain.filter(beyond(Tuple(F("sort_key"), F("pk")), (edge.value, edge.pk)))
    rows = [Key(*row) for row in _first(chain, order, down=order.down != back)]
    more = len(rows) > PAGE
    rows = rows[:PAGE][::-1] if back else rows[:PAGE]
    if not rows:
        return Page([], None, None)
    has_before, has_after = (more, not last) if back else (edge is not None, more)
    return Page([row.pk for row in rows], rows[0] if has_before else None, rows[-1] if has_after else None)


def _first(chain: ClientQuerySet, order: Order, *, down: bool) -> Iterable[tuple[Any, int]]:
    """Key and id of the first PAGE + 1. Where an index holds the order only within each territory or status, from the
    first ones of each."""
    if chain.places is not None and len(chain.places) <= FEW:
        if order.name != "name":
            return _keys(chain)  # few enough to be sorted
        return _merged(chain, "territory", "bigint", chain.places, down)
    if chain.few or chain.status:
        return _keys(chain)
    return _merged(chain, "status", "text", Status.values, down)


def _keys(chain: ClientQuerySet) -> "QuerySet[Any, Any]":
    return chain.values_list("sort_key", "pk")[: PAGE + 1]  # type: ignore[misc]  # annotated by `ordered`


def _merged(chain: ClientQuerySet, column: str, kind: str, values: Collection[Any], down: bool) -> Iterable[Any]:
    each = _keys(chain.filter(**{column: RawSQL("part.value", ())}))
    text, parameters = each.query.sql_with_params()
    way = "DESC" if down else "ASC"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT first.key, first.id FROM unnest(%s::{kind}[]) AS part (value), LATERAL ({text}) AS first (key, id)"
            f" ORDER BY first.key {way}, first.id {way} LIMIT {PAGE + 1}",
            [list(values), *parameters],
        )
        return list(cursor.fetchall())


def clients(page: Page) -> list[Client]:
    """The clients of a page with what is named beside them."""
    found = Client.objects.select_related("territory", "channel", "counterparty").in_bulk(page.ids)
    return [found[pk] for pk in page.ids if pk in found]
