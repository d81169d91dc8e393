"""The fields of a client that people change: which right each needs, and its values in requests."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Model
from django.utils import formats
from django.utils.translation import gettext as _

from clients.models import Client, FieldRule, Right
from config import ui
from config.once import once_a_page

Packed = str | int | float | bool | None

# By default (spec/product.md, rule 3); an administrator's choice is in FieldRule.
DEFAULT_RIGHTS: dict[str, str] = {
    **dict.fromkeys(
        ("name", "address", "lat", "lon", "phone", "email", "potential_monthly", "lost_reason"), Right.CHANGE.value
    ),
    **dict.fromkeys(
        ("code", "territory", "channel", "counterparty", "is_target", "opened_on", "closed_on"), Right.APPROVE.value
    ),
}


@once_a_page
def rights() -> dict[str, str]:
    """The right that each field needs today, on the client's territory, to be changed at once."""
    stored = dict(FieldRule.objects.filter(field__in=DEFAULT_RIGHTS).values_list("field", "right"))
    return DEFAULT_RIGHTS | stored


def label(name: str) -> str:
    """The name of a field as forms show it."""
    return str(getattr(Client._meta.get_field(name), "verbose_name", name))


def attribute(name: str) -> str:
    """Where a client holds the value of a field: of a relation its key."""
    return str(getattr(Client._meta.get_field(name), "attname", name))


def pack(value: Any) -> Packed:
    """A value of a field as JSON keeps it: keys of relations, days and decimals as text."""
    if isinstance(value, Model):
        return int(value.pk)
    return str(value) if isinstance(value, date | Decimal) else value


def unpack(name: str, packed: Packed) -> Any:
    """What `pack` was given; of a relation its key."""
    field: Any = Client._meta.get_field(name)
    return (field.target_field if field.is_relation else field).to_python(packed)


def texts(values: Iterable[tuple[str, Packed]]) -> dict[tuple[str, Packed], str]:
    """Packed values of fields as people read them; the names of relations are fetched together."""
    wanted = set(values)
    keys: dict[str, set[Packed]] = defaultdict(set)
    for name, packed in wanted:
        if Client._meta.get_field(name).is_relation:
            keys[name].add(packed)
    names = {name: _names(name, some - {None}) for name, some in keys.items()}
    return {
        (name, packed): names[name].get(packed, ui.NONE) if name in names else _text(name, packed)
        for name, packed in wanted
    }


def _names(name: str, keys: set[Packed]) -> dict[Packed, str]:
    model: Any = Client._meta.get_field(name).related_model
    return {row.pk: str(row) for row in model.objects.filter(pk__in=keys)}


def _text(name: str, packed: Packed) -> str:
    value = unpack(name, packed)
    if value is None or value == "":
        return ui.NONE
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, date):
        return formats.date_format(value, "SHORT_DATE_FORMAT")
    if isinstance(value, Decimal):
        return ui.quantity(value)
    choices = dict(getattr(Client._meta.get_field(name), "flatchoices", ()))
    return str(choices.get(value, value))
