"""Chains of the clean-up. Rights come from the clients' territories."""

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

from accounts.models import Role, User
from territories.models import TerritoryPath
from territories.selectors import territory_ids

if TYPE_CHECKING:
    from cleanup.models import Campaign, Sheet  # noqa: F401


class CampaignQuerySet(models.QuerySet["Campaign"]):
    def visible_to(self, user: User) -> "CampaignQuerySet":
        """Administrators see all; others those that have begun and touch a territory they may see."""
        ids = territory_ids(user, "view")
        if ids is None:
            return self
        meets = Q(territories=[]) | Q(territories__overlap=list(below_or_above(ids)))
        return self.filter(meets).exclude(state="draft")


def below_or_above(ids: list[int]) -> set[int]:
    """These nodes and all above them: a scope that names one of these holds some of their clients."""
    return {*ids, *TerritoryPath.objects.filter(below__any=ids).values_list("above_id", flat=True)}


class SheetQuerySet(models.QuerySet["Sheet"]):
    def _granted(self, user: User, right: str) -> "SheetQuerySet":
        ids = territory_ids(user, right)
        return self if ids is None else self.filter(client__territory__any=ids)

    def visible_to(self, user: User) -> "SheetQuerySet":
        """Those of clients that exist for this person."""
        return self._granted(user, "view")

    def answerable_by(self, user: User) -> "SheetQuerySet":
        """Those that are this person's to answer, and those of clients they may change; of what has moved out of
        their sight since it was prepared, none."""
        ids = territory_ids(user, "change")
        return self if ids is None else self.visible_to(user).filter(Q(rep=user) | Q(client__territory__any=ids))

    def approvable_by(self, user: User) -> "SheetQuerySet":
        """Those about which this person decides: never about an answer of their own."""
        found = self._granted(user, "approve").exclude(answer__author=user)
        return found if user.role == Role.ADMIN or user.is_superuser else found.filter(campaign__approves="supervisor")
