"""The history of a client as sentences a person can read."""

from datetime import date, datetime
from typing import Any, NamedTuple

from django.db.models import Model
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.models import HistoryEvent, Way
from clients.models import Channel, Client, Contact, Counterparty, Status, StatusCause
from config import ui
from territories.models import Territory

PAGE = 30
RELATIONS: dict[str, type[Model]] = {
    "territory_id": Territory, "channel_id": Channel, "counterparty_id": Counterparty,
}  # fmt: skip
SILENT = frozenset({"id", "client_id", "status_cause"})  # told with the status, or of no use to a reader
NO_VALUE = "—"


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
    reference: str
    operation: str  # I, U or D
    did: str
    subject: str
    changes: list[Change]


class HistoryPage(NamedTuple):
    entries: list[Entry]
    before: int | None  # id to go on from


def history(client: Client, before: int | None = None) -> HistoryPage:
    """What happened to a client and its contacts, newest first, PAGE events at a time."""
    contacts = dict(client.contacts.values_list("pk", "full_name"))
    events = _events("clients_client", [client.pk], before) + _events("clients_contact", list(contacts), before)
    events.sort(key=lambda event: -event.pk)
    shown = events[:PAGE]
    names = _names(shown)
    entries = [_entry(event, contacts, names) for event in shown]
    return HistoryPage(entries, shown[-1].pk if len(events) > PAGE else None)


def _events(table: str, ids: list[int], before: int | None) -> list[HistoryEvent]:
    """The newest events of one table: read apart, so that each is a short walk along its index."""
    found = HistoryEvent.objects.filter(table=table, row_id__in=ids)
    if before:
        found = found.filter(pk__lt=before)
    return list(found.select_related("actor").order_by("-pk")[: PAGE + 1])


def _names(events: list[HistoryEvent]) -> dict[str, dict[Any, str]]:
    """The names behind the keys that occur in these events, one query a table."""
    names = {}
    for field, model in RELATIONS.items():
        keys = {side.get(field) for event in events for side in (event.old or {}, event.new or {})} - {None}
        names[field] = {row.pk: str(row) for row in model._default_manager.filter(pk__in=keys)} if keys else {}
    return names


def _entry(event: HistoryEvent, contacts: dict[int, str], names: dict[str, dict[Any, str]]) -> Entry:
    model: type[Model] = Client if event.table == "clients_client" else Contact
    old, new = event.old or {}, event.new or {}
    changes = []
    if event.operation == "U":
        for field in new:
            if field not in SILENT:
                note = _cause(new.get("status_cause")) if field == "status" else ""
                shown = [_shown(model, field, side.get(field), names) for side in (old, new)]
                changes.append(Change(_label(model, field), shown[0], shown[1], note))
        if not changes and "status_cause" in new:
            shown = [_cause(side.get("status_cause")) or NO_VALUE for side in (old, new)]
            changes.append(Change(_("cause of the status"), shown[0], shown[1]))
    whole = new or old
    subject = "" if model is Client else contacts.get(event.row_id) or str(whole.get("full_name", ""))
    who = str(event.actor) if event.actor else _who_without_actor(event.way)
    return Entry(
        event.pk, event.at, who, str(Way(event.way).label), event.reference, event.operation,
        _did(event, who if event.actor else "", model), subject, changes,
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


_STATUSES = {  # of one client; the labels of Status name the parts of the base
    Status.ACTIVE.value: lambda: pgettext("one client", "Active"),
    Status.POTENTIAL.value: lambda: pgettext("one client", "Potential"),
    Status.LOST.value: lambda: pgettext("one client", "Lost"),
    Status.CLOSED.value: lambda: pgettext("one client", "Closed"),
}


def _did(event: HistoryEvent, person: str, model: type[Model]) -> str:
    """The verb, in the gender of the person, or of the load or system ("" as person), and what it is done to."""
    verb = _VERBS[gender(person) if person else "she", event.operation]()  # загрузка и система — женского рода
    if model is Contact:
        return " ".join([verb, pgettext("whom", "the contact")])
    return verb if event.operation == "U" else " ".join([verb, pgettext("whom", "the client")])


def _cause(cause: str | None) -> str:
    return str(StatusCause(cause).label) if cause in StatusCause.values else ""


_LABELS = {"territory_id": "territory", "channel_id": "channel", "counterparty_id": "counterparty"}


def _label(model: type[Model], column: str) -> str:
    """The name of a column as the forms show it; a column of a former release by its own name."""
    return str(getattr(_field(model, _LABELS.get(column, column)), "verbose_name", column))


def _shown(model: type[Model], column: str, value: Any, names: dict[str, dict[Any, str]]) -> str:
    """A stored value as a person reads it."""
    if value is None or value == "":
        return NO_VALUE
    if column in RELATIONS:
        return names[column].get(value, f"#{value}")
    if column == "status" and value in _STATUSES:
        return _STATUSES[value]()
    if column.endswith(("_on", "birthday")):
        return formats.date_format(date.fromisoformat(value), "SHORT_DATE_FORMAT")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    is_amount = isinstance(value, int | float) and column not in ("lat", "lon")
    choices = dict(getattr(_field(model, column), "flatchoices", None) or ())
    return ui.quantity(value) if is_amount else str(choices.get(value, value))


def _field(model: type[Model], column: str) -> Any:
    return next((field for field in model._meta.get_fields() if field.name == column), None)
