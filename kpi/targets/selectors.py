"""Reads of targets: for the matrix, and for the page on which they are set."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Q

from accounts.models import Role, User
from kpi import metrics
from kpi.metrics import BY_KEY, Metric
from kpi.selectors import By, Matrix
from kpi.targets.models import Target
from kpi.targets.sharing import adds_up
from territories.models import Territory, TerritoryUserGrant
from territories.selectors import territory_ids

Values = Mapping[str, Decimal]  # by key of the metric


class Goal(NamedTuple):
    """A target beside the value that was reached; `share` of it: None where the target is 0."""

    value: Decimal
    share: Decimal | None


class Goals(NamedTuple):
    """The targets of a matrix: of its node, and by code of each row."""

    total: Values
    rows: Mapping[str, Values]


def goal(value: metrics.Number | None, target: Decimal | None) -> Goal | None:
    if target is None:
        return None
    return Goal(target, Decimal(value) / target if value is not None and target else None)


def of_matrix(answer: Matrix, by: By) -> Goals:
    """The targets of the node and of its rows for exactly the matrix's period.

    Channels and categories have none. A manager's are those of the one node granted to them; of several, the sums of
    those that add up and are set for each.
    """
    codes = [row.code for row in answer.rows]
    places = _held_by(codes, answer.territory) if by is By.MANAGER else {}
    asked = Q(territory=answer.territory) | Q(territory__any=[pk for held in places.values() for pk in held])
    if by in (By.CHILDREN, By.ROUTE):
        asked |= Q(territory__code__in=codes)
    by_code: dict[str, dict[str, Decimal]] = defaultdict(dict)
    by_pk: dict[int, dict[str, Decimal]] = defaultdict(dict)
    rows = Target.objects.filter(asked, d0=answer.d0, d1=answer.d1)
    for pk, code, metric, value in rows.values_list("territory", "territory__code", "metric", "value"):
        by_code[code][metric] = by_pk[pk][metric] = value
    total = by_pk.get(answer.territory.pk, {})
    if by is By.MANAGER:
        return Goals(total, {name: _together([by_pk.get(pk, {}) for pk in held]) for name, held in places.items()})
    return Goals(total, by_code if by in (By.CHILDREN, By.ROUTE) else {})


def stored(territories: Collection[int], d0: date, d1: date) -> dict[int, dict[str, Decimal]]:
    """By node and metric."""
    rows = Target.objects.filter(d0=d0, d1=d1, territory__any=list(territories))
    found: dict[int, dict[str, Decimal]] = defaultdict(dict)
    for territory, metric, value in rows.values_list("territory", "metric", "value"):
        found[territory][metric] = value
    return found


def _held_by(usernames: list[str], territory: Territory) -> dict[str, set[int]]:
    """By rep, the nodes granted to them that are this one or lie below it."""
    grants = TerritoryUserGrant.objects.filter(
        user__username__in=usernames, user__role=Role.REP, permission__codename="view",
        content_object__paths_up__above=territory,
    )  # fmt: skip
    places: dict[str, set[int]] = defaultdict(set)
    for username, place in grants.values_list("user__username", "content_object"):
        places[username].add(place)
    return places


def _together(values: list[dict[str, Decimal]]) -> Values:
    if len(values) == 1:
        return values[0]
    shared = set.intersection(*(set(each) for each in values))
    return {key: sum((each[key] for each in values), Decimal(0)) for key in shared if adds_up(BY_KEY[key])}


# --- setting them ------------------------------------------------------------------------------------------------


class Rights:
    """Where a person may set targets: where they `manage`, and below the nodes where they `approve`.

    So who leads a node shares its target out and corrects the parts, but the node's own is set from above.
    """

    def __init__(self, user: User) -> None:
        self.manage, self.approve = territory_ids(user, "manage"), territory_ids(user, "approve")

    def may_set(self, node: Territory) -> bool:
        return self.manage is None or node.pk in self.manage or self.may_split(node.parent_id)

    def may_split(self, parent: int | None) -> bool:
        """Whether the targets of the nodes right below are theirs to set."""
        return self.approve is None or parent in self.approve


class Sum(NamedTuple):
    """The target of a node beside the sum of those right below it."""

    target: Decimal | None
    below: Decimal
    of: int  # how many nodes are right below
    set: int  # for how many of them there is a target

    @property
    def left(self) -> Decimal:
        """What is not yet shared out; below 0 if it is too much."""
        return (self.target or Decimal(0)) - self.below

    @property
    def fits(self) -> bool:
        return self.target is not None and self.set == self.of and not self.left


def sums(
    nodes: Iterable[Territory], found: Mapping[int, Values], metric: Metric
) -> dict[int, Sum]:  # fmt: skip
    """By id of each of these nodes that has some of them right below; nothing for what does not add up."""
    if not adds_up(metric):
        return {}
    below: dict[int, list[Decimal | None]] = defaultdict(list)
    nodes = list(nodes)
    for node in nodes:
        if node.parent_id is not None:
            below[node.parent_id].append(found.get(node.pk, {}).get(metric.key))
    return {
        node.pk: Sum(
            found.get(node.pk, {}).get(metric.key), sum((value for value in parts if value is not None), Decimal(0)),
            len(parts), sum(value is not None for value in parts),
        )
        for node in nodes
        if (parts := below.get(node.pk))
    }  # fmt: skip


def subtree(territory: Territory) -> list[Territory]:
    """A node and all below it in the order of the tree, each with `depth` counted from the node; siblings by code."""
    below: dict[int | None, list[Territory]] = defaultdict(list)
    for node in Territory.objects.filter(paths_up__above=territory).order_by("-code"):
        if node.pk != territory.pk:
            below[node.parent_id].append(node)
    found, waiting = [], [(territory, 0)]
    while waiting:
        node, depth = waiting.pop()
        node.depth = depth  # type: ignore[attr-defined]
        found.append(node)
        waiting += [(child, depth + 1) for child in below[node.pk]]
    return found
