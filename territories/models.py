"""The tree of territories, the rights granted on its nodes, and what a route costs."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase

from config.fields import NumericField


class Kind(models.TextChoices):
    COMPANY = "company", _("company")
    REGION = "region", _("region")
    BRANCH = "branch", _("branch")
    TEAM = "team", _("team")
    ROUTE = "route", _("route")


class Territory(models.Model):
    """A node of the tree (exchange file `territories`). A client belongs to one node and so to all above."""

    code = models.CharField(_("code"), max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=255)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    kind = models.CharField(_("kind"), max_length=16, choices=Kind, blank=True, default="")

    class Meta:
        verbose_name = _("territory")
        verbose_name_plural = _("territories")
        ordering = ["code"]
        default_permissions = ()
        permissions = [
            ("view", "See the clients of the territory"),
            ("change", "Change the clients of the territory"),
            ("approve", "Approve changes of the clients of the territory"),
            ("manage", "Manage the staff of the territory"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["", *Kind.values]), name="territory_kind_known"),
            models.CheckConstraint(condition=~Q(parent=models.F("id")), name="territory_not_own_parent"),
        ]

    def __str__(self) -> str:
        return self.name


class TerritoryPath(models.Model):
    """Every pair of a node and a node at or below it. Kept by the trigger territories/sql/tree.sql."""

    pk = models.CompositePrimaryKey("above", "below")
    above = models.ForeignKey(Territory, models.CASCADE, related_name="paths_down")
    below = models.ForeignKey(Territory, models.CASCADE, related_name="paths_up")
    depth = models.SmallIntegerField()

    class Meta:
        indexes = [models.Index(fields=["below", "above"], name="territory_path_up")]


class TerritoryUserGrant(UserObjectPermissionBase):
    """A right of one person on a node; django-guardian joins it by an integer key."""

    content_object = models.ForeignKey(Territory, models.CASCADE)


class TerritoryGroupGrant(GroupObjectPermissionBase):
    """A right of a group on a node."""

    content_object = models.ForeignKey(Territory, models.CASCADE)


class RouteCost(models.Model):
    """What the people and cars of a node cost in a month, in roubles (metrics 17, 18, 20)."""

    territory = models.ForeignKey(Territory, models.PROTECT, related_name="costs")
    month = models.DateField(_("month"))  # its first day
    salary = NumericField(_("salary"), default=0)
    amortization = NumericField(_("amortization"), default=0)
    fuel = NumericField(_("fuel"), default=0)

    class Meta:
        verbose_name = _("route cost")
        constraints = [
            models.UniqueConstraint(fields=["territory", "month"], name="route_cost_key"),
            models.CheckConstraint(condition=Q(month__day=1), name="route_cost_month_first_day"),
            models.CheckConstraint(
                condition=Q(salary__gte=0, amortization__gte=0, fuel__gte=0), name="route_cost_not_negative"
            ),
        ]
