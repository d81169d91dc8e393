"""The history of a client as sentences a person can read."""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db.models import DateField, Model, QuerySet, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.models import ChangeSet, HistoryEvent, User, Way
from clients import changes
from clients.changes import REQUEST
from clients.models import ChangeRequest, Channel, Client, Contact, Contract, Counterparty, Status, StatusCause
from clients.overrides.models import CategoryOverride
from clients.reverts import COLUMNS, EVENT
from config import ui
from territories.models import Territory

PAGE = 30
RELATIONS: dict[str, type[Model]] = {
    "territory_id": Territory, "channel_id": Channel, "counterparty_id": Counterparty, "client_id": Client,
}  # fmt: skip
SILENT = frozenset(
    {"id", "client_id", "status_cause", "author_id", "at"}
)  # told with the status, or of no use to a reader
NO_VALUE = "—"
MODELS: dict[str, type[Model]] = {
    model._meta.db_table: model for model in (Client, Contact, Counterparty, Contract, CategoryOverride)
}
# What hangs on a client or its counterparty: by which field, and what a row of it is called.
HANGING: dict[type[Model], tuple[str, str]] = {
    Contact: ("client", "full_name"), Contract: ("counterparty", "number"), CategoryOverride: ("client", "reason"),
}  # fmt: skip


class Change(NamedTuple):
    """One field: what it was and what it became, as shown."""

    field: str
    old: str
    new: str
    note: str = ""


class Entry(NamedTuple):
    """One event: `who` `did` what to `subject`, and the fields that changed."""

    pk: int
    at: datetime
    who: str
    way: str
    ip: str
    operation: str  # I, U or D
    did: str
    subject: str
    changes: list[Change]
    part_of: str  # the load, bulk change or the like that it came by
    whole: str  # reference of that, for those who may look at it
    alone: str  # reference of this event, to be taken back; "" where there is nothing to take back
    asked_by: str = ""  # who asked for it, where somebody else approved


class HistoryPage(NamedTuple):
    entries: list[Entry]
    before: int | None  # id to go on from


def history(client: Client, user: User, before: int | None = None, field: str = "") -> HistoryPage:
    """What happened to a client, its contacts, counterparty and contracts, newest first, PAGE events at a time; of one
    field (a column) of the client only, if asked."""
    about = {Client._meta.db_table: {client.pk: ""}} if field else subjects(client)
    events = [event for table, rows in about.items() for event in _events(table, rows, before, field)]
    events.sort(key=lambda event: -event.pk)
    shown = events[:PAGE]
    names = names_of((event.table, side) for event in shown for side in (event.old, event.new))
    authors, sets = _authors(shown), ChangeSet.objects.in_bulk({event.reference for event in shown} - {""})
    everything = changes.sees_all(user)
    entries = []
    for event in shown:
        entry = _entry(event, about, names)._replace(asked_by=authors.get(event.reference, ""))
        if not everything and event.table in (Counterparty._meta.db_table, Contract._meta.db_table):
            entry = entry._replace(alone="")
        if (part_of := sets.get(event.reference)) and part_of.way != Way.JOB and not entry.asked_by:
            whole = part_of.reference if everything or part_of.actor_id == user.pk else ""
            entry = entry._replace(part_of=changes.title(part_of), whole=whole)
        entries.append(entry)
    return HistoryPage(entries, shown[-1].pk if len(events) > PAGE else None)


def subjects(client: Client) -> dict[str, dict[int, str]]:
    """By table: the rows whose events belong to a client's history, with what they are called; removed ones too."""
    found: dict[str, dict[int, str]] = {Client._meta.db_table: {client.pk: ""}}
    owners = {"client": client.pk, "counterparty": client.counterparty_id}
    hanging = [(model, owner, field, name) for model, (field, name) in HANGING.items() if (owner := owners[field])]
    found |= {model._meta.db_table: {} for model, *_rest in hanging}
    there = [
        model._default_manager.order_by().filter(**{field: owner}).values_list(
            Value(model._meta.db_table), "pk", name
        )
        for model, owner, field, name in hanging
    ]  # fmt: skip
    gone = [_gone(model, owner, name) for model, owner, _field, name in hanging]
    counterparty = Counterparty.objects.order_by().filter(pk=client.counterparty_id or 0)
    named = counterparty.values_list(Value(Counterparty._meta.db_table), "pk", "name")
    for table, pk, name in named.union(*gone, *there, all=True):
        found.setdefault(table, {})[pk] = name
    return found


def _gone(model: type[Model], owner: int, name: str) -> "QuerySet[Any, Any]":
    """Table, key and name of the removed rows that hung on this client or counterparty (by the index
    history_event_gone)."""
    hung_on = Coalesce(KT("old__client_id"), KT("old__counterparty_id"))
    events = HistoryEvent.objects.filter(table=model._meta.db_table, operation="D").alias(hung_on=hung_on)
    return events.filter(hung_on=str(owner)).values_list("table", "row_id", KT(f"old__{name}"))


def _events(table: str, rows: Iterable[int], before: int | None, field: str) -> list[HistoryEvent]:
    """The newest events of one table: read apart, so that each is a short walk along its index."""
    found = HistoryEvent.objects.filter(table=table, row_id__in=list(rows))
    if before:
        found = found.filter(pk__lt=before)
    if field:
        found = found.filter(operation="U", new__has_key=field)
    return list(found.select_related("actor").order_by("-pk")[: PAGE + 1])


def names_of(sides: Iterable[tuple[str, dict[str, Any] | None]]) -> dict[str, dict[Any, str]]:
    """The names behind the keys that occur in these values of rows, by field."""
    values = [side for _table, side in sides if side]
    names: dict[str, dict[Any, str]] = {field: {} for field in RELATIONS}
    wanted = []
    for field, model in RELATIONS.items():
        if keys := {side.get(field) for side in values} - {None}:
            rows = model._default_manager.order_by().filter(pk__in=keys)
            wanted.append(rows.values_list(Value(field), "pk", "name"))
    if wanted:
        for field, pk, name in wanted[0].union(*wanted[1:], all=True):
            names[field][pk] = name
    return names


def _authors(events: list[HistoryEvent]) -> dict[str, str]:
    """By reference: who asked for the changes that came by a change request."""
    asked = {event.reference for event in events if event.reference.startswith(REQUEST)}
    found = ChangeRequest.objects.filter(pk__in=[each.removeprefix(REQUEST) for each in asked])
    return {f"{REQUEST}{each.pk}": str(each.author) for each in found.select_related("author")} if asked else {}


def _entry(event: HistoryEvent, about: dict[str, dict[int, str]], names: dict[str, dict[Any, str]]) -> Entry:
    model = MODELS[event.table]
    old, new = event.old or {}, event.new or {}
    fields = []
    if event.operation == "U":
        for field in new:
            if field not in SILENT:
                note = _cause(new.get("status_cause")) if field == "status" else ""
                shown = [value_text(model, field, side.get(field), names) for side in (old, new)]
                fields.append(Change(column_label(model, field), shown[0], shown[1], note))
        if not fields and "status_cause" in new:
            shown = [_cause(side.get("status_cause")) or NO_VALUE for side in (old, new)]
            fields.append(Change(_("cause of the status"), shown[0], shown[1]))
    who = str(event.actor) if event.actor else _who_without_actor(event.way)
    derived = event.operation == "U" and COLUMNS.get(event.table, frozenset()).isdisjoint(new)
    created = event.operation == "I" and model in (Client, Counterparty)  # never deleted
    return Entry(
        event.pk, event.at, who, str(Way(event.way).label), event.ip or "", event.operation,
        _did(event, who if event.actor else "", model), about[event.table].get(event.row_id, ""), fields,
        part_of="", whole="", alone="" if derived or created or model is CategoryOverride else f"{EVENT}{event.pk}",
    )  # fmt: skip


def _who_without_actor(way: str) -> str:
    return _("Data load") if way == Way.LOAD else _("The system")


def gender(full_name: str) -> str:
    """He, she or they, by the endings of a Russian name: what agrees with it needs to know."""
    words = full_name.lower().split()
    if any(word.endswith(("вна", "чна", "кызы")) for word in words[1:]):
        return "she"
    if any(word.endswith(("вич", "ьич", "оглы")) for word in words[1:]):
        return "he"
    if words and words[0].endswith(("ова", "ева", "ёва", "ина", "ая")):
        return "she"
    return "he" if words and words[0].endswith(("ов", "ев", "ёв", "ин", "ский", "ой")) else "they"


_VERBS = {
    ("she", "U"): lambda: pgettext("she", "changed"),
    ("she", "I"): lambda: pgettext("she", "added"),
    ("she", "D"): lambda: pgettext("she", "removed"),
    ("he", "U"): lambda: pgettext("he", "changed"),
    ("he", "I"): lambda: pgettext("he", "added"),
    ("he", "D"): lambda: pgettext("he", "removed"),
    ("they", "U"): lambda: pgettext("he or she", "changed"),
    ("they", "I"): lambda: pgettext("he or she", "added"),
    ("they", "D"): lambda: pgettext("he or she", "removed"),
}


_WHOM: dict[type[Model], Callable[[], str]] = {
    Client: lambda: pgettext("whom", "the client"),
    Contact: lambda: pgettext("whom", "the contact"),
    Counterparty: lambda: pgettext("whom", "the counterparty"),
    Contract: lambda: pgettext("whom", "the contract"),
    CategoryOverride: lambda: pgettext("whom", "the category set by hand"),
}


_STATUSES = {  # of one client; the labels of Status name the parts of the base
    Status.ACTIVE.value: lambda: pgettext("one client", "Active"),
    Status.POTENTIAL.value: lambda: pgettext("one client", "Potential"),
    Status.LOST.value: lambda: pgettext("one client", "Lost"),
    Status.CLOSED.value: lambda: pgettext("one client", "Closed"),
}


def _did(event: HistoryEvent, person: str, model: type[Model]) -> str:
    """The verb, in the gender of the person, or of the load or system ("" as person), and what it is done to."""
    verb = _VERBS[gender(person) if person else "she", event.operation]()  # загрузка и система — женского рода
    return verb if model is Client and event.operation == "U" else " ".join([verb, _WHOM[model]()])


def _cause(cause: str | None) -> str:
    return str(StatusCause(cause).label) if cause in StatusCause.values else ""


def column_label(model: type[Model], column: str) -> str:
    """The name of a column as the forms show it; a column of a former release by its own name."""
    if column in RELATIONS:
        return str(RELATIONS[column]._meta.verbose_name)
    return str(getattr(_field(model, column), "verbose_name", column))


def value_text(model: type[Model], column: str, value: Any, names: dict[str, dict[Any, str]]) -> str:
    """A stored value as a person reads it."""
    if value is None or value == "":
        return NO_VALUE
    if column in RELATIONS:
        return names[column].get(value, f"#{value}")
    if column == "status" and value in _STATUSES:
        return _STATUSES[value]()
    if isinstance(_field(model, column), DateField):
        return formats.date_format(date.fromisoformat(value), "SHORT_DATE_FORMAT")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    is_amount = isinstance(value, int | float) and column not in ("lat", "lon")
    choices = dict(getattr(_field(model, column), "flatchoices", None) or ())
    return ui.quantity(value) if is_amount else str(choices.get(value, value))


def _field(model: type[Model], column: str) -> Any:
    return next((field for field in model._meta.get_fields() if field.name == column), None)
