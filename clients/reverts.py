"""What taking back a change would do: one event, or all events with one reference (a load, a bulk change, a revert).

Each value gets back what it was before, if it is still what that change made of it; what somebody has changed since
stays and is listed. Done by clients/services.py, `changes_revert`.
"""

import json
from collections import Counter
from typing import Any, NamedTuple

from django.db.backends.utils import CursorWrapper
from django.db.models import Model
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import ChangeSet, HistoryEvent, User
from clients import changes
from clients.changes import MERGED, UNMERGED
from clients.models import Channel, Client, Contact, Contract, Counterparty
from config import sql
from config.once import once_a_page
from territories.selectors import territory_ids

EVENT = "event:"  # a reference to one event: event:<id>
SHOWN = 50  # values listed one by one
DONE = frozenset({"revert", "remove", "restore"})  # verdicts on what is taken back
WHY: dict[str, str | Promise] = {
    "changed": _("changed since"),
    "forbidden": _("not yours to change"),
    "taken": _("taken by another one"),
    "order": _("the end would lie before the beginning"),
    "gone": _("no longer there"),
}


class Table(NamedTuple):
    """A table of the register, whose rows know each other by `unique`; `days` must be in order."""

    model: type[Model]
    title: str | Promise
    unique: tuple[str, ...]
    days: tuple[str, str] | None = None
    stays: str = ""  # verdict on rows that the change created; "": they are removed again
    derived: frozenset[str] = frozenset()  # columns that nobody edits

    @property
    def name(self) -> str:
        return self.model._meta.db_table

    @property
    def columns(self) -> list[str]:
        """What people and loads write into it."""
        fields = [each for each in self.model._meta.concrete_fields if not each.primary_key and not each.generated]
        return [str(each.column) for each in fields if each.column not in self.derived]


TABLES = (
    Table(Channel, _("Sales channels"), ("code",), stays="stays"),
    Table(Counterparty, _("Counterparties"), ("code",), stays="stays"),
    Table(Contract, _("Contracts"), ("number",), ("signed_on", "valid_until")),
    Table(
        Client, _("Clients"), ("code",), ("opened_on", "closed_on"), stays="created",
        derived=frozenset({"status", "status_cause", "last_order_on", "category", "version", "merged_into_id"}),
    ),
    Table(Contact, _("Contacts"), ("client_id", "full_name")),
)  # fmt: skip


COLUMNS = {table.name: frozenset(table.columns) for table in TABLES}


class Part(NamedTuple):
    """What happens in one table: rows that get values back, and how many values; rows removed and put back."""

    table: Table
    rows: int
    values: int
    removed: int
    restored: int


class Value(NamedTuple):
    """A value, or a row (`field` ""): what it was, became and is, as the history keeps them; `why` it stays, if so."""

    model: type[Model]
    row_id: int
    field: str
    old: Any
    new: Any
    present: Any
    why: str | Promise = ""


class Plan(NamedTuple):
    parts: list[Part]
    values: list[Value]  # that become what they were: the first SHOWN
    created: int  # clients that the change created and that are still open
    staying: int  # rows that it created and that are never deleted: clients, counterparties, channels
    obstacles: list[Value]  # what else stays as it is: the first SHOWN
    obstacle_count: int
    elsewhere: int  # rows of other tables: territories, staff, products, rules

    @property
    def possible(self) -> bool:
        return bool(self.parts)


@once_a_page
def change(user: User, reference: str) -> ChangeSet | HistoryEvent:
    """What the reference names. Raises ChangeSet.DoesNotExist for what this person may not take back, nor look at.

    A single event: who sees its client. All events of a reference: whoever made them. Administrators: everything.
    """
    if reference.startswith(EVENT):
        number = reference.removeprefix(EVENT)
        event = HistoryEvent.objects.filter(pk=int(number)).first() if number.isdecimal() and len(number) < 19 else None
        merge = event and event.reference.startswith((MERGED, UNMERGED))
        if event and not merge and event.table in COLUMNS and (client_of(user, event) or changes.sees_all(user)):
            return event
        raise ChangeSet.DoesNotExist
    if reference.startswith((MERGED, UNMERGED)):
        raise ChangeSet.DoesNotExist
    found = ChangeSet.objects.select_related("actor").get(reference=reference)
    if not changes.sees_all(user) and found.actor_id != user.pk:
        raise ChangeSet.DoesNotExist
    return found


@once_a_page
def client_of(user: User, event: HistoryEvent) -> Client | None:
    """The client that an event is about, if this person may see it."""
    key: Any = None
    if event.table == Client._meta.db_table:
        key = event.row_id
    elif event.table == Contact._meta.db_table:
        stored = Contact.objects.filter(pk=event.row_id).values_list("client_id", flat=True).first()
        key = stored or (event.old or event.new or {}).get("client_id")
    return Client.objects.visible_to(user).filter(pk=key).first() if key else None


def plan(cursor: CursorWrapper, *, user: User, reference: str, rights: dict[str, str], lock: bool = False) -> Plan:
    """Fill the temporary table `reverting` and say what is in it. `rights`: which right each field of a client needs.

    `lock`: keep others from changing the rows meanwhile.
    """
    one = reference.startswith(EVENT)
    chosen = "id = %(chosen)s" if one else "reference = %(chosen)s"
    parameters: dict[str, Any] = {"chosen": int(reference.removeprefix(EVENT)) if one else reference}
    parts, given = [], dict(parameters)
    for table in TABLES:
        if lock:
            cursor.execute(
                f"SELECT FROM {table.name} WHERE id IN"
                f" (SELECT row_id FROM history_event WHERE \"table\" = '{table.name}' AND {chosen})"
                " ORDER BY id FOR UPDATE",
                parameters,
            )
        may_value, may_row, granted = _allowed(user, table, rights)
        of_value, of_row = _taken(table)
        given |= granted | {f"{table.name}_columns": table.columns, f"{table.name}_stays": table.stays}
        for name, allowed, taken in (("values", may_value, of_value), ("rows", may_row, of_row)):
            text = sql.read("clients", f"revert_{name}")
            parts.append(text.format(table=table.name, chosen=chosen, allowed=allowed, taken=taken))
    table_of_them = (
        'DROP TABLE IF EXISTS reverting; CREATE TEMP TABLE reverting ("table" text, row_id bigint, field text,'
        " old jsonb, new jsonb, present jsonb, verdict text) ON COMMIT DROP;"
        ' INSERT INTO reverting ("table", row_id, field, old, new, present, verdict)'
    )
    verdicts = " UNION ALL ".join(parts)
    cursor.execute(f"{table_of_them} {verdicts}", given)
    ordered = [_kept_in_order(table.name, *table.days) for table in TABLES if table.days]
    cursor.execute("; ".join([*ordered, "ANALYZE reverting"]))
    return _summary(cursor, chosen, parameters)


def _allowed(user: User, table: Table, rights: dict[str, str]) -> tuple[str, str, dict[str, Any]]:
    """Two conditions, on a value of row t and on a row t or d, under which this person may change it."""
    if changes.sees_all(user):
        return "true", "true", {}
    if table.model is Client:
        needed = set(rights.values()) | {"change"}
        held = {f"held_{right}": territory_ids(user, right) or [] for right in needed}
        fields: dict[str, list[str]] = {f"fields_{right}": [] for right in needed}
        for name, right in rights.items():
            fields[f"fields_{right}"].append(str(getattr(Client._meta.get_field(name), "attname", name)))
        each = " OR ".join(
            f"f.field = ANY(%(fields_{right})s) AND t.territory_id = ANY(%(held_{right})s)"
            f" AND (f.field <> 'territory_id' OR (f.old #>> '{{}}')::bigint = ANY(%(held_{right})s))"
            for right in sorted(needed)
        )
        return f"t.territory_id = ANY(%(held_change)s) AND ({each})", "false", held | fields
    if table.model is Contact:
        of_client = "EXISTS (SELECT FROM clients_client c WHERE c.id = {} AND c.territory_id = ANY(%(held_change)s))"
        row = "coalesce(t.client_id, (d.old ->> 'client_id')::bigint)"
        granted = {"held_change": territory_ids(user, "change") or []}
        return of_client.format("t.client_id"), of_client.format(row), granted
    return "false", "false", {}


def _taken(table: Table) -> tuple[str, str]:
    """Two conditions under which the old value f.old, or the old row d.old, would be there twice."""
    *owner, name = table.unique
    same_owner = "".join(f" AND o.{key} = t.{key}" for key in owner)
    value = (
        f"f.field = '{name}' AND EXISTS (SELECT FROM {table.name} o"
        f" WHERE o.{name} = f.old #>> '{{}}' AND o.id <> f.row_id{same_owner})"
    )
    keys = " AND ".join(f"o.{key}::text = d.old ->> '{key}'" for key in table.unique)
    return value, f"EXISTS (SELECT FROM {table.name} o WHERE {keys})"


def _kept_in_order(table: str, first: str, last: str) -> str:
    """Leaves out the days of rows that would end before they begin: only one of the two can be given back."""
    then = (
        "CASE WHEN bool_or(r.field = '{0}') THEN max(r.old #>> '{{}}') FILTER (WHERE r.field = '{0}')"
        " ELSE min(t.{0})::text END"
    )
    return (
        f"UPDATE reverting SET verdict = 'order' WHERE \"table\" = '{table}' AND verdict = 'revert' AND field IN"
        f" ('{first}', '{last}') AND row_id IN (SELECT r.row_id FROM reverting r JOIN {table} t ON t.id = r.row_id"
        f" WHERE r.\"table\" = '{table}' AND r.verdict = 'revert' GROUP BY r.row_id"
        f" HAVING {then.format(last)} < {then.format(first)})"
    )


def _summary(cursor: CursorWrapper, chosen: str, parameters: dict[str, Any]) -> Plan:
    models = {table.name: table.model for table in TABLES}
    cursor.execute('SELECT "table", verdict, count(*), count(DISTINCT row_id) FROM reverting GROUP BY 1, 2')
    values: Counter[tuple[str, str]] = Counter()
    rows: Counter[tuple[str, str]] = Counter()
    for name, verdict, values_of, rows_of in cursor.fetchall():
        values[name, verdict], rows[name, verdict] = values_of, rows_of
    parts = [
        Part(
            table, rows[table.name, "revert"], values[table.name, "revert"],
            rows[table.name, "remove"], rows[table.name, "restore"],
        )
        for table in TABLES
        if any(values[table.name, verdict] for verdict in DONE)
    ]  # fmt: skip
    staying = sum(number for (_name, verdict), number in rows.items() if verdict in ("created", "stays"))
    obstacle_count = sum(number for (_name, verdict), number in values.items() if verdict in WHY)
    given_back, obstacles = _listed(cursor, models)
    cursor.execute(
        "SELECT (SELECT count(*) FROM reverting r JOIN clients_client c ON c.id = r.row_id"
        " WHERE r.verdict = 'created' AND c.closed_on IS NULL),"
        ' (SELECT count(DISTINCT ("table", row_id)) FROM history_event'
        f' WHERE {chosen} AND "table" <> ALL(%(tables)s))',
        parameters | {"tables": list(models)},
    )
    created, elsewhere = cursor.fetchone()
    return Plan(parts, given_back, created, staying, obstacles, obstacle_count, elsewhere)


def _listed(cursor: CursorWrapper, models: dict[str, type[Model]]) -> tuple[list[Value], list[Value]]:
    """The first SHOWN values that become what they were, and the first SHOWN obstacles."""
    listed = (
        "(SELECT \"table\", row_id, coalesce(field, '') AS field, old, new, present, verdict FROM reverting"
        ' WHERE verdict = ANY(%({})s) ORDER BY "table", row_id, field LIMIT %(shown)s)'
    )
    cursor.execute(
        f'{listed.format("done")} UNION ALL {listed.format("obstacles")} ORDER BY "table", row_id, field',
        {"done": ["revert"], "obstacles": list(WHY), "shown": SHOWN},
    )
    found = [
        Value(models[name], row_id, field, _value(old), _value(new), _value(present), WHY.get(verdict, ""))
        for name, row_id, field, old, new, present, verdict in cursor.fetchall()
    ]
    return [each for each in found if not each.why], [each for each in found if each.why]


def _value(text: str | None) -> Any:
    return json.loads(text) if text else None
