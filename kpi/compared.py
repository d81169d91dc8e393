"""What the matrix shows beside its numbers: other periods, lines of twelve, quantiles."""

from bisect import bisect_left
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.utils.translation import gettext

from config import ui
from kpi import metrics, periods, selectors, services
from kpi.filters import Asked, Show
from kpi.metrics import Metric, Unit
from kpi.models import RankDay
from kpi.selectors import By

LOWER_IS_BETTER = frozenset({"visit_cost", "order_cost", "overdue_share"})
LINE = 12  # periods
WIDTH, HEIGHT = 64, 16
STEPS = 5  # of heat

Values = Mapping[str, metrics.Number | None]


class Former(NamedTuple):
    """The matrix of another period; empty where it isn't stored yet."""

    show: Show
    name: str
    total: Values
    rows: Mapping[str, Values]  # by code of the row


class Difference(NamedTuple):
    former: Former
    was: metrics.Number | None
    change: str  # "" where there is none
    tone: str  # "good", "bad" or ""


def formers(asked: Asked) -> list[Former]:
    """The previous period and the same of last year, as far as they are to be shown."""
    days = {Show.PREVIOUS: -1, Show.YEAR: None}
    return [former(asked, show, ways) for show, ways in days.items() if show in asked.show]


def former(asked: Asked, show: Show, ways: int | None) -> Former:
    """The period as long `ways` before, or (None) a year before."""
    try:
        d0, d1 = periods.shifted(asked.d0, asked.d1, ways) if ways else year_before(asked.d0, asked.d1)
    except ValueError:  # before the calendar
        return Former(show, "", {}, {})
    name = periods.name(d0, d1)
    # Ranks of a day that nobody has asked for yet would be reckoned now, and take their time.
    ranked = asked.by is not By.CATEGORY or RankDay.objects.filter(as_of=d1).exists()
    if asked.territory is None or not services.period_at_hand(d0, d1):
        return Former(show, name, {}, {})
    found = selectors.matrix(territory=asked.territory, d0=d0, d1=d1, by=asked.by if ranked else None, catch_up=False)
    return Former(show, name, found.total.metrics, {row.code: row.metrics for row in found.rows})


def year_before(d0: date, d1: date) -> tuple[date, date]:
    return services.months_before(d0, 12), services.month_end(services.months_before(d1.replace(day=1), 12))


def difference(metric: Metric, value: metrics.Number | None, then: Former, values: Values) -> Difference:
    was = values.get(metric.key)
    if value is None or not was:
        return Difference(then, was, "", "")
    much = Decimal(value) - Decimal(was)
    if metric.unit is Unit.SHARE:
        text = gettext("%(change)s pp") % {"change": _signed(much * 100)}
    else:
        text = f"{_signed(much / abs(Decimal(was)) * 100)}{ui.THIN_SPACE}%"
    better = (much > 0) != (metric.key in LOWER_IS_BETTER)
    return Difference(then, was, text, "" if not much else "good" if better else "bad")


def _signed(number: Decimal) -> str:
    text = ui.grouped(number, 1)
    return text if text.startswith("−") else f"+{text}"


def lines(asked: Asked) -> dict[str, str]:
    """By metric, the points of a line through the node's twelve periods up to this one; none where fewer than two
    are stored."""
    if asked.territory is None or Show.SPARK not in asked.show:
        return {}
    try:
        days = [periods.shifted(asked.d0, asked.d1, back) for back in range(1 - LINE, 1)]
    except ValueError:
        return {}
    found = selectors.history(asked.territory, days)
    return {key: points([values.get(key) for values in found]) for key in metrics.BY_KEY}


def points(values: list[metrics.Number | None]) -> str:
    known = [(index, float(value)) for index, value in enumerate(values) if value is not None]
    if len(known) < 2:
        return ""
    low, high = min(value for _index, value in known), max(value for _index, value in known)
    scale = (HEIGHT - 2) / (high - low) if high > low else 0
    step = WIDTH / (LINE - 1)
    return " ".join(f"{index * step:.1f},{HEIGHT - 1 - (value - low) * scale:.1f}" for index, value in known)


def heat(metric: Metric, values: list[metrics.Number | None]) -> list[int]:
    """For each of a column, which fifth of it its value lies in: 5 for the best, 0 where there is nothing to tell."""
    known = sorted(value for value in values if value is not None)
    if len(set(known)) < STEPS:
        return [0] * len(values)
    if metric.key in LOWER_IS_BETTER:
        return [0 if value is None else STEPS - bisect_left(known, value) * STEPS // len(known) for value in values]
    return [0 if value is None else 1 + bisect_left(known, value) * STEPS // len(known) for value in values]
