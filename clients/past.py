"""A client as it was: its present state with every later event undone."""

import json
from collections import defaultdict
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Model, Q

from accounts.models import HistoryEvent
from clients.history import column_label, names_of, subjects, value_text
from clients.models import Client, Contact, Contract, Counterparty
from clients.reverts import TABLES

Values = dict[str, Any] | None  # of a row; None: it was not there
# Of what jobs derive, the history keeps status and category.
SHOWN = {table.model: [*table.columns, *sorted(table.derived & {"status", "category"})] for table in TABLES}
OWNERS = frozenset({"client_id", "counterparty_id"})  # what a contact or contract hangs on: said by where it is shown


class Field(NamedTuple):
    label: str
    then: str
    now: str

    @property
    def differs(self) -> bool:
        return self.then != self.now


class Row(NamedTuple):
    """A row then and now; `was` or `is_` False: it was not there then, or is not now."""

    title: str
    fields: list[Field]
    was: bool
    is_: bool

    @property
    def differs(self) -> bool:
        return self.was != self.is_ or any(field.differs for field in self.fields)


class Past(NamedTuple):
    client: Row
    counterparty: Row | None
    contracts: list[Row]
    contacts: list[Row]


def client_past(client: Client, *, at: datetime | None = None, before: int | None = None) -> Past:
    """The client, its contacts, counterparty and contracts as they were at a moment, or before an event."""
    later = Q(pk__gte=before) if before else Q(at__gt=at)
    then, now = _states({Client: {client.pk}}, later)
    was = then[Client][client.pk] or {}
    owned = Client(pk=client.pk, counterparty_id=was.get("counterparty_id"))
    known = subjects(owned)
    about: dict[type[Model], set[int]] = {
        model: set(known.get(model._meta.db_table, {})) for model in (Contact, Counterparty, Contract)
    }
    more = _states(about, later)
    then, now = then | more[0], now | more[1]
    sides = [(model._meta.db_table, side) for each in (then, now) for model in each for side in each[model].values()]
    names = names_of(sides)

    def rows(model: type[Model], name: str) -> list[Row]:
        made = [_row(model, name, then[model][pk], now[model].get(pk), names) for pk in sorted(then[model])]
        return sorted((row for row in made if row.was or row.is_), key=lambda row: row.title)

    owners = rows(Counterparty, "name")
    return Past(
        _row(Client, "name", then[Client][client.pk], now[Client].get(client.pk), names),
        owners[0] if owners else None, rows(Contract, "number"), rows(Contact, "full_name"),
    )  # fmt: skip


def _row(model: type[Model], name: str, then: Values, now: Values, names: dict[str, dict[Any, str]]) -> Row:
    columns = [column for column in SHOWN[model] if model is Client or column not in OWNERS]
    fields = [
        Field(
            column_label(model, column),
            *(value_text(model, column, side.get(column) if side else None, names) for side in (then, now)),
        )
        for column in columns
    ]
    return Row(str((then or now or {}).get(name, "")), fields, then is not None, now is not None)


def _states(
    about: dict[type[Model], set[int]], later: Q
) -> tuple[dict[type[Model], dict[int, Values]], dict[type[Model], dict[int, Values]]]:
    """By model and key: the rows as they were before the later events, and as they are."""
    now: dict[type[Model], dict[int, Values]] = {model: {} for model in about}
    tables = {model._meta.db_table: model for model in about}
    each = [f"SELECT '{table}', id, to_jsonb(t) FROM {table} t WHERE id = ANY(%s)" for table in tables]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(each), [list(keys) for keys in about.values()])
        for table, pk, values in cursor.fetchall():
            now[tables[table]][pk] = json.loads(values)
    events: dict[tuple[str, int], list[HistoryEvent]] = defaultdict(list)
    rows = [
        HistoryEvent.objects.order_by().filter(later, table=table, row_id__in=about[model])
        for table, model in tables.items() if about[model]
    ]  # fmt: skip
    for event in rows[0].union(*rows[1:], all=True).order_by("-id") if rows else ():
        events[event.table, event.row_id].append(event)
    then = {
        model: {pk: _undone(now[model].get(pk), events[model._meta.db_table, pk]) for pk in keys}
        for model, keys in about.items()
    }
    return then, now


def _undone(state: Values, newest_first: list[HistoryEvent]) -> Values:
    for event in newest_first:
        match event.operation:
            case "I":
                state = None
            case "D":
                state = event.old
            case _:
                state = (state or {}) | (event.old or {})
    return state
