"""The only code that writes targets: set by hand, split down the tree.

Who may: selectors.Rights. One at a time, for a split looks at what stands around it.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User, Way
from accounts.services import acting
from kpi import compared, periods, selectors, services
from kpi.metrics import BY_KEY, Metric, Number, Unit
from kpi.targets.models import Target
from kpi.targets.selectors import Rights, subtree
from kpi.targets.sharing import Share, adds_up, shared
from territories.models import Territory

LARGEST = {Unit.COUNT: Decimal(10**9), Unit.SHARE: Decimal(100), Unit.MONEY: Decimal(10**9)}
Cell = tuple[int, str]  # id of the node, key of the metric


class Change(NamedTuple):
    """What a person makes of a target: `was` is what they saw; None: there is none."""

    was: Decimal | None
    value: Decimal | None


class Meanwhile(Exception):
    """Somebody else has changed targets since they were shown; `cells`: what stands there now."""

    def __init__(self, cells: Mapping[Cell, Decimal | None]) -> None:
        super().__init__(", ".join(f"{node} {key}" for node, key in sorted(cells)))
        self.cells = cells


def objection(metric: Metric, value: Decimal) -> str:
    """Why a metric can't have this target, in the user's language; "" if it can."""
    if value < 0:
        return _("must not be negative")
    if value > LARGEST[metric.unit]:
        return _("too large")
    return _("not a whole number") if metric.unit is Unit.COUNT and value != int(value) else ""


def targets_set(
    *, user: User, d0: date, d1: date, changes: Mapping[Cell, Change], way: Way, ip: str | None = None
) -> int:
    """Set, change or take away single targets; the number of those that are other than before.

    Raises PermissionDenied where a node's targets are not this person's to set, Meanwhile where others came first,
    ValidationError for a value that can't be: nothing is changed then.
    """
    rights = Rights(user)
    nodes = Territory.objects.in_bulk({node for node, _key in changes})
    if not all(node in nodes and rights.may_set(nodes[node]) for node, _key in changes):
        raise PermissionDenied
    for (_node, key), change in changes.items():
        if change.value is not None and (reason := objection(BY_KEY[key], change.value)):
            raise ValidationError(reason)
    with acting(actor=user, way=way, ip=ip):
        _lock()
        now = _stored(nodes, d0, d1)
        others = {cell: now.get(cell) for cell, change in changes.items() if now.get(cell) != change.was}
        if differing := {cell: value for cell, value in others.items() if value != changes[cell].value}:
            raise Meanwhile(differing)
        new = {cell: change.value for cell, change in changes.items() if now.get(cell) != change.value}
        for node, key in (cell for cell, value in new.items() if value is None):
            Target.objects.filter(territory=node, metric=key, d0=d0, d1=d1).delete()
        _write(user, d0, d1, {cell: value for cell, value in new.items() if value is not None}, by_hand=True)
    return len(new)


def targets_split(
    *, user: User, territory: Territory, d0: date, d1: date, keys: Collection[str], how: Share, deep: bool,
    keep_hand: bool, way: Way, ip: str | None = None,
) -> int:  # fmt: skip
    """Share the targets of a node out to those right below it or, `deep`, down to the routes; how many changed.

    Of what adds up the parts come to the whole exactly; all else is copied down. `keep_hand`: what was set by hand
    stays, and the others share the rest. Raises PermissionDenied where this person may not set the targets below,
    ValidationError where there is nothing to split or nothing to split by: nothing is changed then.
    """
    if not Rights(user).may_split(territory.pk):
        raise PermissionDenied
    nodes = subtree(territory) if deep else [territory, *territory.children.order_by("code")]
    below: dict[int | None, list[Territory]] = defaultdict(list)
    for node in nodes[1:]:
        below[node.parent_id].append(node)
    if not below:
        raise ValidationError(_("There is nothing below “%(name)s” to split to.") % {"name": territory.name})
    weights = _weights(nodes, d0, d1, how, keys)
    with acting(actor=user, way=way, ip=ip):
        _lock()
        now = _stored([node.pk for node in nodes], d0, d1)
        by_hand = _by_hand(nodes, d0, d1) if keep_hand else set()
        wanted = {(territory.pk, key): now[territory.pk, key] for key in keys if (territory.pk, key) in now}
        if not wanted:
            raise ValidationError(_("“%(name)s” has no target to split yet: set it first.") % {"name": territory.name})
        tops = set(wanted)
        for node in nodes:
            for key in keys:
                if below[node.pk] and (node.pk, key) in wanted:
                    fixed = {child.pk: now[child.pk, key] for child in below[node.pk] if (child.pk, key) in by_hand}
                    parts = _parts(node, below[node.pk], BY_KEY[key], wanted[node.pk, key], fixed, weights)
                    wanted |= {(pk, key): value for pk, value in parts.items()}
        new = {
            cell: value
            for cell, value in wanted.items()
            if cell not in tops and cell not in by_hand and now.get(cell) != value
        }
        _write(user, d0, d1, new, by_hand=False)
        made_over = [cell for cell in wanted if cell not in tops and cell not in by_hand and cell not in new]
        for node_pk, key in made_over:  # the same number, but now it comes from above
            Target.objects.filter(territory=node_pk, metric=key, d0=d0, d1=d1, by_hand=True).update(by_hand=False)
    return len(new)


def _parts(
    node: Territory, children: list[Territory], metric: Metric, value: Decimal, fixed: Mapping[int, Decimal],
    weights: Mapping[Cell, Number],
) -> dict[int, Decimal]:  # fmt: skip
    """By child what it gets of a node's target, those fixed by hand included."""
    others = [child for child in children if child.pk not in fixed]
    if not adds_up(metric):
        return {**fixed, **{child.pk: value for child in others}}
    rest = value - sum(fixed.values())
    if rest < 0:
        raise ValidationError(
            _("%(metric)s: what was set by hand below “%(name)s” is more than its target by %(much)s.")
            % {"metric": metric.name, "name": node.name, "much": f"{-rest:f}"}
        )
    try:
        parts = shared(rest, [weights[child.pk, metric.key] for child in others])
    except ZeroDivisionError:
        raise ValidationError(
            _("%(metric)s: below “%(name)s” there is nothing to split by. Choose another way.")
            % {"metric": metric.name, "name": node.name}
        ) from None
    return {**fixed, **{child.pk: part for child, part in zip(others, parts, strict=True)}}


def _weights(
    nodes: list[Territory], d0: date, d1: date, how: Share, keys: Collection[str]
) -> dict[Cell, Number]:  # fmt: skip
    """By node and metric, what its part is in proportion to."""
    if how is Share.EQUAL:
        return {(node.pk, key): 1 for node in nodes for key in keys}
    try:
        days = {
            Share.PREVIOUS: lambda: periods.shifted(d0, d1, -1),
            Share.YEAR: lambda: compared.year_before(d0, d1),
            Share.BASE: lambda: (d0, d1),
        }[how]()
    except ValueError:
        raise ValidationError(_("There is no such period before this one.")) from None
    rows = selectors.nodes_rows(nodes, services.period_stored(*days))
    values = [(node.pk, row.metrics) for node, row in zip(nodes, rows, strict=True)]
    return {(pk, key): found["okb" if how is Share.BASE else key] or 0 for pk, found in values for key in keys}


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('kpi.targets', 0))")


def _stored(nodes: Collection[int], d0: date, d1: date) -> dict[Cell, Decimal]:
    rows = Target.objects.filter(territory__any=list(nodes), d0=d0, d1=d1)
    return {(node, key): value for node, key, value in rows.values_list("territory", "metric", "value")}


def _by_hand(nodes: list[Territory], d0: date, d1: date) -> set[Cell]:
    rows = Target.objects.filter(territory__any=[node.pk for node in nodes], d0=d0, d1=d1, by_hand=True)
    return set(rows.values_list("territory", "metric"))


def _write(user: User, d0: date, d1: date, values: Mapping[Cell, Decimal], *, by_hand: bool) -> None:
    now = timezone.now()
    Target.objects.bulk_create(
        [
            Target(
                territory_id=node, metric=key, d0=d0, d1=d1, value=value, by_hand=by_hand, set_by=user, set_at=now
            )
            for (node, key), value in values.items()
        ],
        update_conflicts=True, unique_fields=["d0", "d1", "territory", "metric"],
        update_fields=["value", "by_hand", "set_by", "set_at"], batch_size=5000,
    )  # fmt: skip
