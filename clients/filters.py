"""The filters of the client list. Later apps add conditions on their own facts: `add_flag`."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from django.db.models import Exists, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.models import Category, Channel, LostReason
from clients.querysets import ClientQuerySet
from clients.selectors import birthdays_ahead, born_on
from config.once import once_a_page

WITHOUT = "-"  # as a choice: clients that have none


class Choice(NamedTuple):
    """A filter by the values of a column: any of the chosen ones, WITHOUT for an empty one."""

    label: Any
    column: str  # whose values are counted
    empty: Any  # what that column holds for WITHOUT
    without: Any  # its label
    options: Callable[[], list[tuple[str, Any, Any]]]  # as the address has it, value of the column, label


@once_a_page
def _channels() -> list[tuple[str, Any, Any]]:
    return [(code, pk, name) for code, pk, name in Channel.objects.values_list("code", "pk", "name")]


def _of(choices: Any) -> Callable[[], list[tuple[str, Any, Any]]]:
    return lambda: [(value, value, label) for value, label in choices.choices]


CHOICES = {
    "channel": Choice(_("Sales channel"), "channel_id", None, _("Without channel"), _channels),
    "category": Choice(_("Category"), "category", "", _("Without category"), _of(Category)),
    "reason": Choice(_("Reason of the loss"), "lost_reason", "", _("No reason stated"), _of(LostReason)),
}


class Flag(NamedTuple):
    """A condition that a client meets or doesn't; `costly`: it looks into other tables."""

    label: Any
    condition: Callable[[], Q | Exists]
    costly: bool = False


def _birthday_soon() -> Q:
    return Q(pk__in=born_on(birthdays_ahead(timezone.localdate())).values("client"))


FLAGS = {
    "no-phone": Flag(_("Without phone"), lambda: Q(phone="")),
    "no-coordinates": Flag(_("Without coordinates"), lambda: Q(lat=None) | Q(lon=None)),
    "no-counterparty": Flag(_("Without counterparty"), lambda: Q(counterparty=None)),
    "birthday": Flag(_("Birthday within a week"), _birthday_soon, costly=True),
}


def add_flag(name: str, flag: Flag) -> None:
    """For apps that know more of a client than the register does (sales, visits); called when they are ready."""
    FLAGS[name] = flag


def known(name: str, values: Sequence[str]) -> list[str]:
    """Those of `values` that a filter of CHOICES has."""
    if not any(values):
        return []
    options = {text for text, _value, _label in CHOICES[name].options()} | {WITHOUT}
    return [value for value in dict.fromkeys(values) if value in options]


def chosen(found: ClientQuerySet, name: str, values: Sequence[str]) -> ClientQuerySet:
    """Those with one of these values, known ones, of a filter of CHOICES."""
    choice = CHOICES[name]
    stored = {text: value for text, value, _label in choice.options()}
    condition = Q(**{f"{choice.column}__in": [stored[text] for text in values if text in stored]})
    if WITHOUT in values:
        condition |= Q(**{choice.column: choice.empty})
    return found.filter(condition)


def flagged(found: ClientQuerySet, names: Sequence[str]) -> ClientQuerySet:
    """Those that meet all of these conditions."""
    for name in names:
        found = found.filter(FLAGS[name].condition())
        found.costly = found.costly or FLAGS[name].costly
    return found
