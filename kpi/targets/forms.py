"""What is typed on the page of targets, and what it says."""

from collections.abc import Collection, Mapping
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from django.http import QueryDict
from django.utils.formats import get_format
from django.utils.translation import gettext as _

from kpi.metrics import Metric, Unit
from kpi.targets.services import Cell, Change, objection
from territories.models import Territory

NO_NUMBER = Decimal("NaN")


def written(metric: Metric, value: Decimal | None) -> str:
    """A target as it stands in its field: shares in percent, no zeros at the end, no spaces."""
    if value is None:
        return ""
    number = value * 100 if metric.unit is Unit.SHARE else value
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace(".", str(get_format("DECIMAL_SEPARATOR")))


def read(metric: Metric, text: str) -> Decimal | None:
    """What was typed: with comma or point, with spaces between thousands, with or without a sign of percent or rouble.

    NO_NUMBER for what is none.
    """
    plain = "".join(text.split()).rstrip("%₽").replace(",", ".").replace("−", "-")
    if not plain:
        return None
    try:
        number = Decimal(plain)
    except InvalidOperation:
        return NO_NUMBER
    if not number.is_finite() or number.adjusted() > 15 or -int(number.as_tuple().exponent) > 8:
        return NO_NUMBER
    return number / 100 if metric.unit is Unit.SHARE else number


class Typed(NamedTuple):
    """What a person sent: the targets they changed, and the fields that can't be taken, by name."""

    changes: Mapping[Cell, Change]
    errors: Mapping[str, str]


def name(node: int, metric: Metric) -> str:
    return f"t-{node:d}-{metric.key}"


def typed(data: QueryDict, nodes: Collection[Territory], metrics: Collection[Metric]) -> Typed:
    """The fields of the page that say something other than it showed (`was-` beside each)."""
    changes: dict[Cell, Change] = {}
    errors: dict[str, str] = {}
    for node in nodes:
        for metric in metrics:
            field = name(node.pk, metric)
            if field not in data:
                continue
            was, value = read(metric, data.get(f"was-{field}", "")), read(metric, data.get(field, ""))
            if value is NO_NUMBER or was is NO_NUMBER:
                errors[field] = _("not a number")
            elif value != was:
                if value is not None and (reason := objection(metric, value)):
                    errors[field] = reason
                changes[node.pk, metric.key] = Change(was, value)
    return Typed(changes, errors)
