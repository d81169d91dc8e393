"""What the matrix shows beside its numbers: other periods, lines of twelve, quantiles."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple, TypeVar

from django.utils.translation import gettext

from config import ui
from kpi import metrics, periods, selectors, services
from kpi.filters import Asked, Show
from kpi.metrics import Metric, Unit
from kpi.selectors import Matrix

LOWER_IS_BETTER = frozenset({"visit_cost", "order_cost", "overdue_share"})
LINE = 12  # periods
WIDTH, HEIGHT = 64, 16
STEPS = 5  # of heat
LEAST = 3  # different values in a column that heat can tell apart
T = TypeVar("T")

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
    percent: Decimal | None  # of what it was; of a share: percentage points
    change: str  # "" where there is none
    tone: str  # "good", "bad" or ""


class Beside(NamedTuple):
    """What is read with a matrix to stand beside its numbers."""

    formers: dict[Show, Former]  # the previous period always, for what stands above the matrix
    names: list[str]  # of the periods of a line, up to this one; none where it isn't to be shown
    past: list[selectors.Sheet | None]  # these periods, None where one isn't stored


def read(asked: Asked) -> tuple[Matrix, Beside]:
    """The matrix, and the other periods that are to be seen with it, as far as they are stored."""
    assert asked.territory is not None
    here = asked.d0, asked.d1
    others = {Show.PREVIOUS: _if_any(lambda: periods.shifted(*here, -1))}
    if Show.YEAR in asked.show:
        others[Show.YEAR] = _if_any(lambda: year_before(*here))
    line = _if_any(lambda: [periods.shifted(*here, back) for back in range(1 - LINE, 1)])
    line = line if line and Show.SPARK in asked.show else []
    stored = services.periods_at_hand({here, *(days for days in others.values() if days)}, line)
    if here not in stored:
        stored[here] = services.period_stored(*here)
    wanted = [here, *(days for days in others.values() if days in stored)]
    found = selectors.sheets(
        asked.territory, [stored[days] for days in wanted if days], asked.by,
        [stored[days] for days in line if days in stored],
    )  # fmt: skip
    sheets = {days: found[period.pk] for days, period in stored.items()}
    formers = {show: _former(show, days, sheets.get(days) if days else None) for show, days in others.items()}
    beside = Beside(formers, [periods.name(*days) for days in line], [sheets.get(days) for days in line])
    return selectors.as_matrix(asked.territory, stored[here], sheets[here]), beside


def _if_any(days: Callable[[], T]) -> T | None:
    """None before the calendar begins."""
    try:
        return days()
    except ValueError:
        return None


def _former(show: Show, days: tuple[date, date] | None, sheet: selectors.Sheet | None) -> Former:
    name = periods.name(*days) if days else ""
    if sheet is None:
        return Former(show, name, {}, {})
    return Former(show, name, sheet.total.metrics, {row.code: row.metrics for row in sheet.rows})


def year_before(d0: date, d1: date) -> tuple[date, date]:
    return services.months_before(d0, 12), services.month_end(services.months_before(d1.replace(day=1), 12))


def difference(metric: Metric, value: metrics.Number | None, then: Former, values: Values) -> Difference:
    was = values.get(metric.key)
    if value is None or not was:
        return Difference(then, was, None, "", "")
    much = Decimal(value) - Decimal(was)
    percent = 100 * (much if metric.unit is Unit.SHARE else much / abs(Decimal(was)))
    shown = _signed(percent)
    text = gettext("%(change)s pp") % {"change": shown} if metric.unit is Unit.SHARE else f"{shown}{ui.THIN_SPACE}%"
    better = (much > 0) != (metric.key in LOWER_IS_BETTER)
    return Difference(then, was, percent, text, "" if not much else "good" if better else "bad")


def _signed(number: Decimal) -> str:
    text = ui.grouped(number, 1)
    return text if text.startswith("−") else f"+{text}"


def past(beside: Beside, row: str | None) -> list[Values]:
    """The periods of a line, of the row of a code, or (None) of the node itself."""
    if row is None:
        return [sheet.total.metrics if sheet else {} for sheet in beside.past]
    rows = [{each.code: each.metrics for each in sheet.rows} if sheet else {} for sheet in beside.past]
    return [each.get(row, {}) for each in rows]


def points(values: Sequence[metrics.Number | None]) -> str:
    known = [(index, float(value)) for index, value in enumerate(values) if value is not None]
    if len(known) < 2:
        return ""
    low, high = min(value for _index, value in known), max(value for _index, value in known)
    scale = (HEIGHT - 2) / (high - low) if high > low else 0
    step = WIDTH / (LINE - 1)
    return " ".join(f"{index * step:.1f},{HEIGHT - 1 - (value - low) * scale:.1f}" for index, value in known)


def heat(metric: Metric, values: list[metrics.Number | None]) -> list[int]:
    """For each of a column, which fifth of it its value lies in: 5 for the best, 0 where there is nothing to tell.

    By percent_rank, as the scores of RFM (spec/kpi.md, Ranks), so that a column of three has its best and its worst.
    """
    known = sorted(value for value in values if value is not None)
    if len(set(known)) < LEAST:
        return [0] * len(values)
    lower = metric.key in LOWER_IS_BETTER
    worse = [
        0 if value is None else len(known) - bisect_right(known, value) if lower else bisect_left(known, value)
        for value in values
    ]
    return [
        0 if value is None else min(STEPS, 1 + STEPS * rank // (len(known) - 1))
        for value, rank in zip(values, worse, strict=True)
    ]
