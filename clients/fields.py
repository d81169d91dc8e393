"""The fields of a client that people change: which right each needs, and its values in requests."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Model
from django.utils import formats
from django.utils.translation import gettext as _

from clients.models import Category, Client, FieldRule, Right
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
# The category follows from facts; what people change is what stands in for it (clients.overrides).
OVERRIDE = "category"
ALL_RIGHTS = DEFAULT_RIGHTS | {OVERRIDE: Right.APPROVE.value}


class Override(NamedTuple):
    """A category set by hand: the letter, the last day on which it holds, and why."""

    category: str
    until: date
    reason: str

    def __str__(self) -> str:
        day = formats.date_format(self.until, "SHORT_DATE_FORMAT")
        return _("%(category)s until %(day)s: %(reason)s") % {
            "category": self.category, "day": day, "reason": self.reason
        }  # fmt: skip


@once_a_page
def rights() -> dict[str, str]:
    """The right that each field needs today, on the client's territory, to be changed at once."""
    stored = dict(FieldRule.objects.filter(field__in=ALL_RIGHTS).values_list("field", "right"))
    return ALL_RIGHTS | stored


def label(name: str) -> str:
    """The name of a field as forms show it."""
    return str(getattr(Client._meta.get_field(name), "verbose_name", name))


def attribute(name: str) -> str:
    """Where a client holds the value of a field: of a relation its key."""
    return str(getattr(Client._meta.get_field(name), "attname", name))


def held(client: Client, name: str) -> Any:
    """The value of a field of a client: of a relation its key, of the category what was set by hand, if anything."""
    if name != OVERRIDE:
        return getattr(client, attribute(name))
    row = getattr(client, "category_override", None)
    return Override(row.category, row.until, row.reason) if row else None


def pack(value: Any) -> Packed:
    """A value of a field as JSON keeps it: keys of relations; days, decimals and overrides as text."""
    if isinstance(value, Override):
        return f"{value.category} {value.until} {value.reason}"
    if isinstance(value, Model):
        return int(value.pk)
    return str(value) if isinstance(value, date | Decimal) else value


def unpack(name: str, packed: Packed) -> Any:
    """What `pack` was given; of a relation its key."""
    if name == OVERRIDE and isinstance(packed, str):
        category, until, reason = packed.split(" ", 2)
        return Override(Category(category).value, date.fromisoformat(until), reason)
    field: Any = Client._meta.get_field(name)
    return (field.target_field if field.is_relation else field).to_python(packed)


def unpack_object(name: str, packed: Packed) -> Any:
    """The same as services take it: of a relation the object."""
    model: Any = Client._meta.get_field(name).related_model
    value = unpack(name, packed)
    return model.objects.get(pk=value) if model and value is not None else value


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
    if isinstance(value, Override):
        return str(value)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, date):
        return formats.date_format(value, "SHORT_DATE_FORMAT")
    if isinstance(value, Decimal):
        return ui.quantity(value)
    choices = dict(getattr(Client._meta.get_field(name), "flatchoices", ()))
    return str(choices.get(value, value))
