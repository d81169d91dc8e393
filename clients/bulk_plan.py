"""What giving many clients the same new values would do, and to whom: the rules of client_update as conditions of SQL.

Done by clients/services.py, `clients_bulk_update`; that both come to the same is tested client by client.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.models import DecimalField
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from clients import fields
from clients.models import Client, Right
from config import sql
from territories.models import Territory
from territories.selectors import territory_ids

SHOWN = 50  # clients listed one by one
WHY: dict[str, str | Promise] = {
    "conflict": _("changed by somebody since you looked"),
    "forbidden": _("not yours to change"),
    "elsewhere": _("may not be put on this territory"),
    "order": _("would be closed before it was opened"),
    "gone": _("not there for you any more"),
}
Seen = Sequence[tuple[int, int]]  # clients by key, with the version at which they were seen


class Field(NamedTuple):
    """A field that gets a new value: its column, and the conditions on client c of row b of `bulking`."""

    name: str
    column: str
    new: str  # the value, as an expression
    old: str  # the stored one as fields.pack keeps it
    free: str  # whether it may be written at once

    @property
    def differs(self) -> str:
        return f"c.{self.column} IS DISTINCT FROM {self.new}"

    @property
    def asked(self) -> str:
        """Whether it is asked for, and hasn't been already."""
        return (
            f"NOT ({self.free}) AND {self.differs} AND NOT EXISTS (SELECT FROM clients_changerequest q"
            f" WHERE q.client_id = c.id AND q.field = '{self.name}' AND q.state = 'open'"
            f" AND (q.old, q.new) IS NOT DISTINCT FROM ({self.old}, {self.wanted}))"
        )

    @property
    def wanted(self) -> str:
        """The new value as fields.pack keeps it."""
        return f"%(packed_{self.name})s::jsonb"


class Line(NamedTuple):
    """What becomes of one client."""

    pk: int
    verdict: str
    approves: bool


class Outcome(NamedTuple):
    """To how many clients something happens: how many change at once, for how many something is asked for; how many
    have all of it already, or had it asked for; how many are refused, by verdict. `left`: those that somebody has
    changed since they were seen."""

    changed: int
    written: int
    asked: int
    same: int
    refused: dict[str, int]
    lines: list[Line]  # some of those that change, then some that are refused
    left: list[int]


class Plan(NamedTuple):
    """The fields and the parameters of the statements about them."""

    fields: list[Field]
    parameters: dict[str, Any]

    def free(self, name: str, approves: bool) -> bool:
        """Whether a field is written at once where the person approves, or doesn't."""
        condition = next(field.free for field in self.fields if field.name == name)
        return condition == "true" or (condition == "b.approves" and approves)


def plan(user: User, values: Mapping[str, Any]) -> Plan:
    """The conditions for new values (model objects for relations) as this person's rights are now."""
    rights = fields.rights()
    parameters: dict[str, Any] = {right: territory_ids(user, right) for right in ("view", "change", "approve")}
    made = []
    for name, value in values.items():
        model_field: Any = Client._meta.get_field(name)
        kind = model_field.db_type(connection)
        free = "true" if rights[name] == Right.CHANGE else "b.approves"
        if isinstance(value, Territory):
            held = territory_ids(user, rights[name])
            free = free if held is None or value.pk in held else "false"
            parameters["parent"] = value.parent_id
        column = fields.attribute(name)
        old = f"to_jsonb(c.{column}{'::text' if isinstance(model_field, DecimalField) else ''})"
        made.append(Field(name, column, f"%(new_{name})s::{kind}", old, free))
        packed = fields.pack(value)
        parameters[f"new_{name}"] = value.pk if model_field.is_relation and value else value
        parameters[f"packed_{name}"] = None if packed is None else json.dumps(packed)
    return Plan(made, parameters)


def fill(cursor: CursorWrapper, made: Plan, seen: Seen, *, lock: bool = False) -> None:
    """Make the temporary table `bulking`. `lock`: keep others from changing the clients meanwhile."""
    ids, versions = [pk for pk, _version in seen], [version for _pk, version in seen]
    if lock:
        cursor.execute("SELECT FROM clients_client WHERE id = ANY (%s::bigint[]) ORDER BY id FOR UPDATE", [ids])
    cursor.execute("DROP TABLE IF EXISTS bulking")
    conditions = {
        "writes": _any(f"{each.free} AND {each.differs}" for each in made.fields),
        "asks": _any(each.asked for each in made.fields),
        "elsewhere": _elsewhere(made),
        "disorder": _disorder(made),
    }
    statement = sql.read("clients", "bulk_plan").format(**conditions)
    cursor.execute(statement, made.parameters | {"ids": ids, "versions": versions})
    cursor.execute("ANALYZE bulking")


def outcome(cursor: CursorWrapper, *, shown: int = 0) -> Outcome:
    """What `bulking` says; with the first `shown` lines of those that change, and of those that are refused."""
    cursor.execute(
        "SELECT verdict, count(*), count(*) FILTER (WHERE writes), count(*) FILTER (WHERE asks) FROM bulking GROUP BY 1"
    )
    counted = {verdict: (rows, writes, asks) for verdict, rows, writes, asks in cursor.fetchall()}
    refused = {verdict: counted[verdict][0] for verdict in WHY if verdict in counted}
    cursor.execute("SELECT id FROM bulking WHERE verdict = 'conflict' ORDER BY id")
    left = [pk for (pk,) in cursor.fetchall()]
    lines = [line for verdicts in (["ok"], list(WHY)) if shown for line in _lines(cursor, verdicts, shown)]
    return Outcome(*counted.get("ok", (0, 0, 0)), counted.get("same", (0,))[0], refused, lines, left)


def _lines(cursor: CursorWrapper, verdicts: list[str], shown: int) -> list[Line]:
    cursor.execute(
        "SELECT b.id, b.verdict, b.approves FROM bulking b LEFT JOIN clients_client c ON c.id = b.id"
        " WHERE b.verdict = ANY (%s) ORDER BY c.name_sort, b.id LIMIT %s",
        [verdicts, shown],
    )
    return [Line(*row) for row in cursor.fetchall()]


def _any(conditions: Any) -> str:
    return "(" + " OR ".join(f"({condition})" for condition in conditions) + ")"


def _elsewhere(made: Plan) -> str:
    """Where the target is no destination (territories/selectors.py): neither theirs to change nor beside the client."""
    if "new_territory" not in made.parameters:
        return "false"
    return (
        "c.territory_id <> %(new_territory)s AND %(new_territory)s <> ALL (%(change)s::bigint[]) AND NOT EXISTS"
        " (SELECT FROM territories_territory t WHERE t.id = c.territory_id AND t.parent_id = %(parent)s)"
    )


def _disorder(made: Plan) -> str:
    """Closed before opened: with all that is wanted, or with what is written at once."""
    days = {each.column: each for each in made.fields if each.column in ("opened_on", "closed_on")}
    if not days:
        return "false"

    def then(column: str, *, at_once: bool) -> str:
        each = days.get(column)
        if each is None:
            return f"c.{column}"
        return f"CASE WHEN {each.free} THEN {each.new} ELSE c.{column} END" if at_once else each.new

    at_last, at_first = (
        f"{then('closed_on', at_once=at_once)} < {then('opened_on', at_once=at_once)}" for at_once in (False, True)
    )
    return f"coalesce({at_last}, false) OR coalesce({at_first}, false)"
