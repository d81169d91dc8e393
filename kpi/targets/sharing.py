"""Splitting a target down the tree: who gets how much, and whether the parts come to the whole."""

from collections.abc import Sequence
from decimal import Decimal
from enum import Enum
from typing import Any

from django.utils.translation import gettext_lazy as _

from kpi.metrics import Metric, Unit


class Share(Enum):
    """By what the nodes below share a target that adds up."""

    PREVIOUS = "previous"  # by what each reached in the period before
    YEAR = "year"  # by what each reached in the same period of last year
    BASE = "base"  # by the clients each has (metric 1 in the period itself)
    EQUAL = "equal"

    @property
    def label(self) -> Any:
        return _LABELS[self]


_LABELS = {
    Share.PREVIOUS: _("by the previous period"),
    Share.YEAR: _("by the same period of last year"),
    Share.BASE: _("by the client base"),
    Share.EQUAL: _("equally"),
}


def adds_up(metric: Metric) -> bool:
    """Whether the parts of a node sum up to its value. Counts do; ratios and money per visit or order don't."""
    return metric.unit is Unit.COUNT


def shared(value: Decimal, weights: Sequence[int | Decimal]) -> list[Decimal]:
    """Whole numbers in proportion to the weights, whole ones too, whose sum is `value`, a whole number: what is left
    over by rounding down goes, one each, to those with the largest remainders, of equal ones to the first.

    Raises ZeroDivisionError if all weights are 0 and there is something to share.
    """
    if not value:
        return [Decimal(0) for _weight in weights]
    total = sum(map(int, weights))
    parts = [divmod(int(value) * int(weight), total) for weight in weights]
    rest = int(value) - sum(whole for whole, _left in parts)
    first = sorted(range(len(parts)), key=lambda index: (-parts[index][1], index))[:rest]
    return [Decimal(whole + (index in first)) for index, (whole, _left) in enumerate(parts)]
