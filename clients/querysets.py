"""Chains of the register. Rights are applied here and nowhere else."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from django.apps import apps
from django.db import models
from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from territories.models import Territory, TerritoryPath
from territories.selectors import places, territory_ids

if TYPE_CHECKING:
    from clients.models import ChangeRequest, Client, Counterparty, Segment  # noqa: F401


class ClientQuerySet(models.QuerySet["Client"]):
    # What the planner can't know, and whoever reads a page should (clients/keyset.py):
    places: frozenset[int] | None = None  # all its clients are of these territories; None: of any
    status = ""  # all are of this status
    few = False  # they are so few that any order is quick
    many = False  # so many that one by one nobody counts them
    costly = False  # to tell whether a client is one of them takes a look into other tables

    def _clone(self) -> "ClientQuerySet":
        clone: ClientQuerySet = super()._clone()  # type: ignore[misc]
        clone.places, clone.status = self.places, self.status
        clone.few, clone.many, clone.costly = self.few, self.many, self.costly
        return clone

    def in_status(self, status: str) -> "ClientQuerySet":
        """The clients of one part of the base."""
        found = self.filter(status=status)
        found.status = status
        return found

    def among(self, ids: Collection[int]) -> "ClientQuerySet":
        """Those of a few clients that are in it."""
        found = self.filter(pk__any=ids)
        found.few = True
        return found

    def of_territories(self, ids: Collection[int] | None) -> "ClientQuerySet":
        """The clients of these territories themselves; None: of all."""
        if ids is None:
            return self
        found = self.filter(territory__any=ids)
        found.places = frozenset(ids) if self.places is None else self.places & frozenset(ids)
        return found

    def _granted(self, user: User, right: str) -> "ClientQuerySet":
        return self.filter(merged_into=None).of_territories(territory_ids(user, right))

    def visible_to(self, user: User) -> "ClientQuerySet":
        """The clients that exist for this person: those of the territories they may see, and below."""
        return self._granted(user, "view")

    def changeable_by(self, user: User) -> "ClientQuerySet":
        """The clients this person may change."""
        return self._granted(user, "change")

    def approvable_by(self, user: User) -> "ClientQuerySet":
        """The clients about whose change requests and merges this person decides."""
        return self._granted(user, "approve")

    def below(self, territory: Territory) -> "ClientQuerySet":
        """The clients of a territory and of all below it."""
        ids = TerritoryPath.objects.filter(above=territory).values_list("below_id", flat=True)
        return self.of_territories(list(ids))

    def of_manager(self, username: str) -> "ClientQuerySet":
        """The clients of the territories granted to this member of staff themselves, not of those below."""
        return self.of_territories(places(username))


class CounterpartyQuerySet(models.QuerySet["Counterparty"]):
    def visible_to(self, user: User) -> "CounterpartyQuerySet":
        """Those that own a client this person may see, and those that own none yet.

        Who else the company sells to is not theirs to read; a counterparty whose code or INN they have before them
        can be given to a client all the same (clients/forms.py).
        """
        ids = territory_ids(user, "view")
        if ids is None:
            return self
        owned = apps.get_model("clients", "Client").objects.filter(counterparty=OuterRef("pk"))
        return self.filter(Exists(owned.filter(territory__any=ids)) | ~Exists(owned))


class ChangeRequestQuerySet(models.QuerySet["ChangeRequest"]):
    def open(self) -> "ChangeRequestQuerySet":
        """Those that wait for a decision; of merged clients none, until the merge is undone."""
        return self.filter(state="open", client__merged_into=None)

    def approvable_by(self, user: User) -> "ChangeRequestQuerySet":
        """Those about which this person decides: of clients where they may approve, but never their own."""
        ids = territory_ids(user, "approve")
        found = self.exclude(author=user)
        return found if ids is None else found.filter(client__territory__any=ids)

    def visible_to(self, user: User) -> "ChangeRequestQuerySet":
        """Those that exist for this person: their own, and those of clients where they may approve."""
        ids = territory_ids(user, "approve")
        return self if ids is None else self.filter(Q(author=user) | Q(client__territory__any=ids))


class SegmentQuerySet(models.QuerySet["Segment"]):
    def visible_to(self, user: User) -> "SegmentQuerySet":
        """A person's own, and those shared with their role."""
        return self.filter(Q(owner=user) | Q(role=user.role))
