"""The page of targets as its template wants it: a node and those right below by metric, or one metric down the tree."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import NamedTuple

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from accounts.models import User
from config import ui
from kpi import compared, periods, services
from kpi.filters import Asked
from kpi.metrics import BY_KEY, Group, Metric, Unit
from kpi.pages import COLUMNS, GROUPS
from kpi.selectors import nodes_rows
from kpi.targets import forms, selectors
from kpi.targets.models import Target
from kpi.targets.services import Cell
from territories.models import Territory


class Field(NamedTuple):
    """The target of one node in one metric."""

    name: str
    label: str  # for whom no head of a column is beside it
    unit: Unit
    value: Decimal | None
    text: str  # as it stands in the field
    was: str  # as it is stored
    by_hand: bool
    may_set: bool
    error: str
    before: str  # reached in the period before, or a year ago
    sum: selectors.Sum | None


class Line(NamedTuple):
    node: Territory
    depth: int
    fields: list[Field]


class View(NamedTuple):
    """What is looked at: the metrics of a group, or one metric down the tree."""

    group: Group | None
    metric: Metric | None

    @property
    def metrics(self) -> list[Metric]:
        return [self.metric] if self.metric else [one for one in COLUMNS if self.group in (None, one.group)]

    @property
    def query(self) -> dict[str, str]:
        return {"metric": self.metric.key} if self.metric else {"group": self.group.value if self.group else "all"}


class Sheet(NamedTuple):
    metrics: list[Metric]
    lines: list[Line]
    former: str  # name of the period whose values stand under the fields


def view(data: QueryDict) -> View:
    metric = BY_KEY.get(data.get("metric", ""))
    if data.get("group") == "all":
        return View(None, metric)
    return View(next((group for group in Group if group.value == data.get("group")), Group.BASE), metric)


def groups(chosen: View) -> list[tuple[str, str | Promise, bool]]:
    ours = chosen.group.value if chosen.group else "all"
    return [
        (value, label, not chosen.metric and value == ours)
        for value, label in [*((group.value, GROUPS[group]) for group in Group), ("all", _("All metrics"))]
    ]


def nodes(territory: Territory, chosen: View) -> list[Territory]:
    """The rows: the node and those right below it, or all below."""
    found = selectors.subtree(territory)
    return found if chosen.metric else [node for node in found if node.depth <= 1]  # type: ignore[attr-defined]


def sheet(
    user: User, asked: Asked, chosen: View, rows: list[Territory], typed: forms.Typed | None = None,
    data: QueryDict | None = None,
) -> Sheet:  # fmt: skip
    """The table; with what was `typed` where it could not be taken."""
    metrics, ids = chosen.metrics, [node.pk for node in rows]
    targets = Target.objects.filter(territory__any=ids, d0=asked.d0, d1=asked.d1)
    found: dict[int, dict[str, Decimal]] = defaultdict(dict)
    hand = set()
    for pk, key, number, by_hand in targets.values_list("territory", "metric", "value", "by_hand"):
        found[pk][key] = number
        if by_hand:
            hand.add((pk, key))
    sums = {metric.key: selectors.sums(rows, found, metric) for metric in metrics}
    former, before = _before(asked, rows)
    rights = selectors.Rights(user)
    lines = []
    for node in rows:
        may_set = rights.may_set(node)
        fields = []
        for metric in metrics:
            name, value = forms.name(node.pk, metric), found.get(node.pk, {}).get(metric.key)
            was = forms.written(metric, value)
            reached = before.get((node.pk, metric.key))
            fields.append(
                Field(
                    name, f"{node.name}: {metric.name}", metric.unit, value,
                    data.get(name, was) if data else was, was, (node.pk, metric.key) in hand, may_set,
                    typed.errors.get(name, "") if typed else "",
                    "" if reached is None else ui.metric(reached, metric.unit), sums[metric.key].get(node.pk),
                )
            )  # fmt: skip
        lines.append(Line(node, node.depth, fields))  # type: ignore[attr-defined]
    return Sheet(metrics, lines, former)


def _before(asked: Asked, rows: Collection[Territory]) -> tuple[str, Mapping[Cell, Decimal | int | None]]:
    """What was reached in the period before, else in the same of last year: the first of them that is stored."""
    for back in (1, 0):
        try:
            d0, d1 = periods.shifted(asked.d0, asked.d1, -1) if back else compared.year_before(asked.d0, asked.d1)
        except ValueError:
            continue
        if period := services.period_at_hand(d0, d1):
            found = nodes_rows(rows, period)
            values = {
                (node.pk, key): value
                for node, row in zip(rows, found, strict=True)
                for key, value in row.metrics.items()
            }
            return periods.name(d0, d1), values
    return "", {}
