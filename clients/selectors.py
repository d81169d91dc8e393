"""Reads of the client pages."""

from typing import NamedTuple

from django.db.models import Count, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, User
from clients.models import Client, Status
from clients.querysets import ClientQuerySet
from territories.models import Territory, TerritoryUserGrant
from territories.selectors import territory_ids

PAGE = 50
ALL = "all"


class Tab(NamedTuple):
    """A part of the base and how many of its clients the other filters leave."""

    status: str
    label: str | Promise
    clients: int


class Tabs(NamedTuple):
    tabs: list[Tab]
    without_reason: int  # lost clients whose reason isn't stated

    def count(self, status: str) -> int:
        return next(tab.clients for tab in self.tabs if tab.status == status)

    @property
    def total(self) -> int:
        return self.count(ALL)


class Page(NamedTuple):
    """Up to PAGE clients by name; `before` and `after` are ids to go on from, None where there is nothing."""

    clients: list[Client]
    before: int | None
    after: int | None


def tabs(found: ClientQuerySet) -> Tabs:
    """The tabs above the list and their counts: one query over what the other filters leave."""
    rows = found.order_by().values("status").annotate(n=Count("pk"), unstated=Count("pk", filter=Q(lost_reason="")))
    counts = {row["status"]: row for row in rows}
    listed = [Tab(status.value, status.label, counts.get(status.value, {"n": 0})["n"]) for status in Status]
    listed.append(Tab(ALL, _("All"), sum(tab.clients for tab in listed)))
    return Tabs(listed, counts.get(Status.LOST, {"unstated": 0})["unstated"])


def in_tab(found: ClientQuerySet, status: str, without_reason: bool = False) -> ClientQuerySet:
    """What a tab shows; of the lost, only those without a stated reason if asked."""
    if status != ALL:
        found = found.filter(status=status)
    return found.filter(lost_reason="") if without_reason and status == Status.LOST else found


def page(found: ClientQuerySet, *, after: int | None = None, before: int | None = None) -> Page:
    """One page by name and id, from the client with id `after` on, or that ends before `before`.

    By the key of the last row, not by OFFSET: the thousandth page is as quick as the first (spec/stack.md §4).
    """
    start = after or before
    anchor = Client.objects.filter(pk=start).values_list("name_sort", "pk").first() if start else None
    back = bool(before and not after and anchor)
    if anchor:
        name, pk = anchor
        if back:
            found = found.filter(Q(name_sort__lt=name) | Q(pk__lt=pk), name_sort__lte=name)
        else:
            found = found.filter(Q(name_sort__gt=name) | Q(pk__gt=pk), name_sort__gte=name)
    order = ("-name_sort", "-pk") if back else ("name_sort", "pk")
    rows = list(found.select_related("territory", "channel", "counterparty").order_by(*order)[: PAGE + 1])
    more = len(rows) > PAGE
    rows = rows[:PAGE][::-1] if back else rows[:PAGE]
    if not rows:
        return Page([], None, None)
    has_before, has_after = (more, True) if back else (anchor is not None, more)
    return Page(rows, rows[0].pk if has_before else None, rows[-1].pk if has_after else None)


def managers(user: User) -> QuerySet[User]:
    """The representatives who hold a territory this person may see."""
    grants = TerritoryUserGrant.objects.filter(permission__codename="view")
    ids = territory_ids(user, "view")
    if ids is not None:
        grants = grants.filter(content_object_id__in=ids)
    return User.objects.filter(role=Role.REP, is_active=True, pk__in=grants.values("user")).order_by("full_name")


def managers_of(territory: Territory) -> QuerySet[User]:
    """The representatives to whom this territory is granted."""
    grants = TerritoryUserGrant.objects.filter(permission__codename="view", content_object=territory)
    return User.objects.filter(role=Role.REP, is_active=True, pk__in=grants.values("user")).order_by("full_name")
