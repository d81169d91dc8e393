"""What a client list's address asks for: for its page, its export and whatever is to be done to "all that match"."""

from functools import cached_property
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.http import Http404, QueryDict

from accounts.models import User
from clients import columns, filters, keyset, search
from clients.area import Area
from clients.counting import Count, tally, total
from clients.models import Client, Segment, Status
from clients.querysets import ClientQuerySet
from clients.selectors import managers
from territories.models import Territory, TerritoryPath
from territories.selectors import places_of_each, territories_visible_to

ALL = "all"
TABS = (*Status.values, ALL)
FILTERS = ("territory", "channel", "category", "manager", "reason", "flag", "area")  # the search and the tab aside
STATE = ("segment", "status", "search", *FILTERS, "sort")  # of the address, without the page


class Listing:
    """The state of an address, read for one person. What makes no sense is left out; a territory that this person may
    not see is a 404.

    status: a tab, `active` if not given; search: text; territory, manager: a code; channel, category, flag
    and, of the lost, reason: any number; area: of the map (clients/area.py); sort: `name`, `-last_order` …; after,
    before: keys; last: the last page; segment: whose columns.
    """

    def __init__(self, data: QueryDict, user: User) -> None:
        self.data, self.user = data, user
        tab = data.get("status", "")
        self.tab = tab if tab in TABS else Status.ACTIVE.value
        self.text = data.get("search", "")[:200].strip()
        self.order = keyset.Order.of(data.get("sort", ""))
        self.node = self._node(data.get("territory", ""))
        self.manager = self._manager(data.get("manager", ""))
        self.choices = {
            name: some
            for name in filters.CHOICES
            if (name != "reason" or self.tab == Status.LOST) and (some := filters.known(name, data.getlist(name)))
        }
        self.flags = [name for name in data.getlist("flag") if name in filters.FLAGS]
        self.area = Area.of(data.get("area", ""))

    def _node(self, code: str) -> Territory | None:
        """With the ids of all below it, which the list is asked for, in the same statement."""
        if not code:
            return None
        below = TerritoryPath.objects.filter(above=OuterRef("pk")).values("below")
        node = territories_visible_to(self.user).annotate(all_below=ArraySubquery(below)).filter(code=code).first()
        if node is None:
            raise Http404("no such territory")
        self.below = node.all_below
        return node

    def _manager(self, username: str) -> User | None:
        """With the ids of their territories, which the list is asked for, in the same statement."""
        if not username:
            return None
        person = managers(self.user).annotate(places=places_of_each()).filter(username=username).first()
        if person is not None:
            self.places = person.places
        return person

    @cached_property
    def segment(self) -> Segment | None:
        """Whose columns the list has, if this person may use it."""
        number = self.data.get("segment", "")
        if not (number.isascii() and number.isdigit() and len(number) < 19):
            return None
        return Segment.objects.visible_to(self.user).filter(pk=number).first()

    @cached_property
    def columns(self) -> list[str]:
        """Names of clients/columns.py, in order: the segment's, else this person's, else the usual ones of the tab."""
        if self.segment and self.segment.columns:
            return columns.known(self.segment.columns)
        return columns.chosen(self.user) or columns.usual(self.tab)

    @property
    def used(self) -> int:
        """How many filters are set, the search aside."""
        return bool(self.node) + bool(self.manager) + bool(self.area) + len(self.choices) + len(self.flags)

    def without(self, *names: str) -> ClientQuerySet:
        """The clients of all tabs that all filters but these leave, not yet searched."""
        found = Client.objects.visible_to(self.user)
        if self.node and "territory" not in names:
            found = found.of_territories(self.below)
        if self.manager and "manager" not in names:
            found = found.of_territories(self.places)
        for name, values in self.choices.items():
            if name not in names:
                found = filters.chosen(found, name, values)
        if self.area and "area" not in names:
            found = found.filter(self.area.condition())
        return filters.flagged(found, self.flags if "flag" not in names else [])

    @cached_property
    def _searched(self) -> search.Search:
        return search.searched(self.without(), self.text)

    def in_tab(self, found: ClientQuerySet) -> ClientQuerySet:
        """Those of the tab."""
        return found if self.tab == ALL else found.in_status(self.tab)

    def found(self) -> ClientQuerySet:
        """All that match, in no order."""
        return self.in_tab(self._searched.found)

    def ordered(self) -> ClientQuerySet:
        """All that match, in the order of the list: for exports. However many they are, it is one statement."""
        return keyset.ordered(self.found(), self.order)

    @property
    def cut(self) -> bool:
        """Whether the pages show only the search.MANY that fit best: by name, of too many hits."""
        return self._searched.dense and self.order.name == "name"

    def page(self) -> keyset.Page:
        """The page that the address asks for."""
        found = self.found()
        if self._searched.condition is not None and self.cut:
            some = self._searched.some if self.tab == ALL else ()
            found = search.best_of(self.in_tab(self.without()), self.text, self._searched.condition, some)
        order = self.order
        if self.text and order == keyset.Order() and found.few:
            order = order._replace(instead=search.nearness(self.text))
        key = {name: keyset.Key.of(self.data.get(name, ""), order) for name in ("after", "before")}
        return keyset.page(found, order, **key, last=bool(self.data.get("last")))

    def tabs(self, *, patient: bool = False) -> dict[str, Count] | None:
        """How many clients each tab has; None: not at the price of a page (clients/counting.py)."""
        counts = tally(self._searched.found, "status", Status.values, patient=patient)
        return counts and {**counts, ALL: total(counts)}

    def options(self, name: str) -> dict[Any, Count]:
        """How many clients there would be for each value of a filter of filters.CHOICES."""
        found = search.searched(self.in_tab(self.without(name)), self.text).found
        return tally(found, filters.CHOICES[name].column, patient=True) or {}

    def state(self, **changes: str | list[str] | None) -> str:
        """The query of an address with this state and `changes`, from the first page on; None takes a name away."""
        query = QueryDict(mutable=True)
        for name in STATE:
            values = changes.get(name, self.data.getlist(name))
            some = [values] if isinstance(values, str) else values or []
            if some := [value for value in some if value]:
                query.setlist(name, some)
        return query.urlencode()
