"""What the templates of the client list show, put together."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Count as CountOf
from django.http import QueryDict
from django.utils.translation import gettext as _

from accounts.models import User
from clients import columns, counting, filters, keyset, search, selectors
from clients.cells import CELLS
from clients.columns import COLUMNS
from clients.counting import Count
from clients.listing import ALL, FILTERS, TABS, Listing
from clients.models import Segment, Status
from clients.segments import READY, address
from config.ui import indented
from territories.models import TerritoryPath
from territories.selectors import choices, territory_ids, tree


class Tab(NamedTuple):
    status: str
    label: str
    clients: Count | None
    address: str


class Head(NamedTuple):
    """The heading of a column; `address` sorts by it, `way` is how it is sorted now."""

    column: columns.Column
    address: str = ""
    way: str = ""


class Line(NamedTuple):
    """A client in the list; `cells`: whether each may be edited where it stands, its column and what it shows."""

    pk: int
    code: str
    name: str
    editable: bool
    cells: list[tuple[str, bool, columns.Column, Any]]


class Option(NamedTuple):
    """A choice of a filter, and how many clients it would leave."""

    value: str
    label: str
    chosen: bool
    clients: Count | None = None
    address: str = ""


class Menu(NamedTuple):
    """A filter above the list: what is chosen in it."""

    name: str
    label: str
    values: list[str]
    chosen: str


def tabs(listing: Listing, *, patient: bool = False) -> list[Tab]:
    counts = listing.tabs(patient=patient)
    labels = {**dict(Status.choices), ALL: _("All")}
    return [
        Tab(name, str(labels[name]), counts[name] if counts else None, listing.state(status=name, segment=None))
        for name in TABS
    ]


def context(listing: Listing) -> dict[str, Any]:
    """All of the list's page."""
    page = listing.page()
    shown = [COLUMNS[name] for name in listing.columns]
    some = tabs(listing)
    change = territory_ids(listing.user, "change")
    return {
        "listing": listing,
        "tabs": some,
        "total": next(tab.clients for tab in some if tab.status == listing.tab),
        "elsewhere": [tab for tab in some if tab.clients and tab.clients.number],
        "menus": menus(listing),
        "heads": [_head(listing, column) for column in shown],
        "rows": [_line(row, listing.columns, change) for row in columns.rows(page.ids)],
        "page": page,
        "best": search.MANY,
        "state": listing.state(),
        "may_export": listing.user.role in settings.EXPORT_ROLES,
        "may_change": change != [],
        "choosing": listing.state(sort=None, segment=None),  # as long as it is the same, what is chosen stays
    }


def _line(row: columns.Row, names: list[str], change: list[int] | None) -> Line:
    editable = change is None or row.territory_id in change
    cells = [
        (
            name,
            name in CELLS and (name != "reason" or row.status == Status.LOST),
            COLUMNS[name],
            COLUMNS[name].cell(row),
        )
        for name in names
    ]
    return Line(row.pk, row.code, row.name, editable, cells)


def menus(listing: Listing) -> list[Menu]:
    """The filters of the list, and what is chosen in them."""
    return list(_menus(listing))


def _head(listing: Listing, column: columns.Column) -> Head:
    if not column.sort:
        return Head(column)
    order, sort = listing.order, keyset.SORTS[column.sort]
    sorted_by = order.name == column.sort and not (listing.text and order == keyset.Order())
    down = not order.down if sorted_by else sort.starts_down
    way = ("descending" if order.down else "ascending") if sorted_by else ""
    return Head(column, listing.state(sort=str(keyset.Order(column.sort, down))), way)


def _menus(listing: Listing) -> Iterator[Menu]:
    for name in FILTERS:
        if (name == "reason" and listing.tab != Status.LOST) or (name == "area" and not listing.area):
            continue
        if name in filters.CHOICES:
            choice, values = filters.CHOICES[name], listing.choices.get(name, [])
            labels = {text: label for text, _value, label in choice.options()} if values else {}
            labels[filters.WITHOUT] = choice.without
            yield Menu(name, choice.label, values, ", ".join(str(labels.get(value, value)) for value in values))
        elif name == "flag":
            labels = {flag: filters.FLAGS[flag].label for flag in listing.flags}
            yield Menu(name, _("More"), listing.flags, ", ".join(str(label) for label in labels.values()))
        elif name == "territory":
            node = listing.node
            yield Menu(name, _("Territory"), [node.code] if node else [], node.name if node else "")
        elif name == "area":
            yield Menu(name, _("Area"), [str(listing.area)], _("on the map"))
        else:
            person = listing.manager
            yield Menu(name, _("Manager"), [person.username] if person else [], str(person or ""))


def options(listing: Listing, name: str) -> list[Option]:
    """The choices of one filter, counted over what the other filters leave."""
    if name == "territory":
        return list(_territories(listing))
    if name == "area":
        away = listing.state(area=None, segment=None)
        return [Option(str(listing.area), "", True, None, away)] if listing.area else []
    if name == "manager":
        return [
            Option(person.username, str(person), person == listing.manager, None,
                   listing.state(manager=person.username, segment=None))
            for person in selectors.managers(listing.user)
        ]  # fmt: skip
    if name == "flag":
        return list(_flags(listing))
    choice, counts, chosen = filters.CHOICES[name], listing.options(name), listing.choices.get(name, [])
    known = [*choice.options(), (filters.WITHOUT, choice.empty, choice.without)]
    return [
        Option(text, str(label), text in chosen, counts.get(value, Count(0))) for text, value, label in known
    ]  # fmt: skip


def _flags(listing: Listing) -> Iterator[Option]:
    found = search.searched(listing.in_tab(listing.without("flag")), listing.text).found
    for name, flag in filters.FLAGS.items():
        count = None if flag.costly else counting.count(filters.flagged(found, [name]))
        yield Option(name, str(flag.label), name in listing.flags, count)


def _territories(listing: Listing) -> Iterator[Option]:
    """Down the tree; each node with the clients of all below it."""
    nodes = choices(tree(listing.user), listing.node.code if listing.node else "")
    found = search.searched(listing.in_tab(listing.without("territory")), listing.text).found
    own = dict(found.order_by().values_list("territory").annotate(CountOf("pk")))
    below: dict[int, int] = {}
    wanted = [node.pk for node in nodes]
    for above, under in TerritoryPath.objects.filter(above__in=wanted).values_list("above", "below"):
        below[above] = below.get(above, 0) + own.get(under, 0)
    for node in nodes:
        yield Option(
            node.code, indented(node), bool(listing.node and node.pk == listing.node.pk), Count(below.get(node.pk, 0)),
            listing.state(territory=node.code, segment=None),
        )  # fmt: skip


def column_choices(listing: Listing) -> list[tuple[str, Any, bool]]:
    """Every column by name: those that are shown first, in their order."""
    shown = listing.columns
    names = [*shown, *(name for name in COLUMNS if name not in shown)]
    return [(name, COLUMNS[name].label, name in shown) for name in names]


class SegmentLine(NamedTuple):
    label: str
    address: str
    clients: Count | None
    segment: Segment | None = None
    own: bool = False


def segments(user: User) -> dict[str, list[SegmentLine]]:
    """Ready-made ones and saved ones, each with its count where that is cheap."""

    def line(label: Any, query: str, segment: Segment | None = None) -> SegmentLine:
        listing = Listing(QueryDict(query), user)
        count = counting.count(listing.found())
        return SegmentLine(str(label), query, count, segment, segment is not None and segment.owner_id == user.pk)

    saved = Segment.objects.visible_to(user).select_related("owner")
    return {
        "ready": [line(ready.label, ready.address) for ready in READY if ready.known],
        "saved": [line(segment.name, address(segment), segment) for segment in saved],
    }
