"""The columns of the client list: what each shows and by what it can be sorted. As a file has them: exports.py."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.models import User
from clients.models import Client, Columns, LostReason, Status
from config import ui

NOTHING = SafeString('<span class="muted">—</span>')


class Row(NamedTuple):
    """What the columns show of a client: read as plain values, which is a third of the time of model instances."""

    pk: int
    code: str
    name: str
    address: str
    counterparty: str | None
    inn: str | None
    channel: str | None
    territory: str
    territory_id: int
    category: str
    status: str
    lost_reason: str
    phone: str
    email: str
    last_order_on: date | None
    opened_on: date | None
    closed_on: date | None
    potential_monthly: Decimal | None
    is_target: bool
    lat: float | None
    lon: float | None
    version: int


PATHS = tuple(
    {"counterparty": "counterparty__name", "inn": "counterparty__inn", "channel": "channel__name",
     "territory": "territory__name"}.get(name, name)
    for name in Row._fields
)  # fmt: skip


class Column(NamedTuple):
    label: Any
    cell: Callable[[Row], Any]
    sort: str = ""  # of clients/keyset.py
    css: str = ""
    short: Any = ""  # in the head of the table, where the label is too long


def _plain(name: str) -> Callable[[Row], Any]:
    return lambda row: getattr(row, name) or NOTHING


def _day(name: str) -> Callable[[Row], Any]:
    def cell(row: Row) -> str:
        day = getattr(row, name)
        if day is None:
            return NOTHING
        return format_html('<time datetime="{}">{}</time>', day.isoformat(), date_format(day, "SHORT_DATE_FORMAT"))

    return cell


def _name(row: Row) -> str:
    address = reverse("client-card", args=[row.code])
    return format_html('<a href="{}">{}</a><small>{}</small>', address, row.name, row.address or row.code)


def _counterparty(row: Row) -> str:
    return format_html("<span>{0}</span>", row.counterparty) if row.counterparty else NOTHING


def _category(row: Row) -> str:
    return format_html('<span class="grade is-{0}">{0}</span>', row.category) if row.category else NOTHING


STATUSES = {
    Status.ACTIVE: pgettext_lazy("one client", "Active"),
    Status.POTENTIAL: pgettext_lazy("one client", "Potential"),
    Status.LOST: pgettext_lazy("one client", "Lost"),
    Status.CLOSED: pgettext_lazy("one client", "Closed"),
}


def _status(row: Row) -> str:
    return format_html('<span class="status is-{}">{}</span>', row.status, STATUSES[Status(row.status)])


def _reason(row: Row) -> str:
    if row.lost_reason:
        return str(LostReason(row.lost_reason).label)
    return format_html('<span class="warn">{}</span>', _("not stated")) if row.status == Status.LOST else NOTHING


def _phone(row: Row) -> str:
    if not row.phone:
        return NOTHING
    return format_html('<a class="phone" href="tel:{}">{}</a>', ui.dial(row.phone), row.phone)


def _email(row: Row) -> str:
    return format_html('<a class="phone" href="mailto:{0}">{0}</a>', row.email) if row.email else NOTHING


def _coordinates(row: Row) -> str:
    if row.lat is None or row.lon is None:
        return NOTHING
    return format_html('<a class="phone" href="geo:{0},{1}">{0}, {1}</a>', f"{row.lat:.5f}", f"{row.lon:.5f}")


COLUMNS = {
    "name": Column(gettext_lazy("Client"), _name, "name", "cell-name"),
    "code": Column(gettext_lazy("Code"), _plain("code"), sort="code", css="num"),
    "counterparty": Column(gettext_lazy("Counterparty"), _counterparty, css="muted cell-owner col-fold"),
    "inn": Column(gettext_lazy("INN"), _plain("inn"), css="muted num"),
    "channel": Column(gettext_lazy("Channel"), _plain("channel"), css="muted cell-channel"),
    "territory": Column(gettext_lazy("Territory"), _plain("territory"), css="muted cell-territory"),
    "category": Column(
        gettext_lazy("Category"),
        _category,
        "category",
        "center cell-category",
        gettext_lazy("Cat."),
    ),
    "status": Column(gettext_lazy("Status"), _status, css="cell-extra"),
    "reason": Column(
        gettext_lazy("Reason of the loss"),
        _reason,
        css="cell-extra",
    ),
    "phone": Column(gettext_lazy("Phone"), _phone, css="cell-extra"),
    "email": Column(gettext_lazy("E-mail"), _email, css="cell-extra"),
    "address": Column(gettext_lazy("Address"), _plain("address"), css="cell-address"),
    "coordinates": Column(
        gettext_lazy("Coordinates"),
        _coordinates,
        css="num",
    ),
    "last_order": Column(gettext_lazy("Last order"), _day("last_order_on"), "last_order", "end num cell-last"),
    "opened": Column(gettext_lazy("Opened on"), _day("opened_on"), "opened", "end num"),
    "closed": Column(gettext_lazy("Closed on"), _day("closed_on"), css="end num"),
    "potential": Column(
        gettext_lazy("Potential, ₽ a month"),
        lambda row: NOTHING if row.potential_monthly is None else ui.money(row.potential_monthly),
        "potential",
        "end num",
        gettext_lazy("Potential"),
    ),
}
ALWAYS = "name"  # the row's heading, and the way to the card
DEFAULT = ("name", "counterparty", "channel", "territory", "category", "phone", "last_order")
INSTEAD_OF_PHONE = {Status.LOST: "reason", "all": "status"}  # where nobody has chosen


def usual(tab: str) -> list[str]:
    """The columns of a tab for those who have chosen none."""
    return [INSTEAD_OF_PHONE.get(tab, name) if name == "phone" else name for name in DEFAULT]


def known(names: Iterable[Any]) -> list[str]:
    """Those that there are, each once, the heading first."""
    return [ALWAYS, *dict.fromkeys(name for name in names if name in COLUMNS and name != ALWAYS)]


def chosen(user: User) -> list[str] | None:
    """What a person has chosen; None: nothing yet."""
    names = Columns.objects.filter(user=user).values_list("names", flat=True).first()
    return None if names is None else known(names)


def rows(ids: Sequence[int]) -> list[Row]:
    """What the columns show of these clients, in this order."""
    found = {row[0]: Row(*row) for row in Client.objects.filter(pk__any=ids).values_list(*PATHS)}
    return [found[pk] for pk in ids if pk in found]
