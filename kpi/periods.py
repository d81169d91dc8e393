"""Periods as people choose them: presets, neighbours and names."""

from datetime import date
from typing import NamedTuple

from django.utils import formats, timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kpi import selectors
from kpi.services import month_end, months_before, months_of
from sales.models import Invoice

PRESETS: tuple[tuple[int, str | Promise], ...] = (
    (1, gettext_lazy("Month")),
    (3, gettext_lazy("Quarter")),
    (6, gettext_lazy("Half-year")),
    (12, gettext_lazy("Year")),
)
_ROMAN = ("I", "II", "III", "IV")


class Choice(NamedTuple):
    """A period to go to, its months as YYYY-MM."""

    label: str | Promise
    first: str
    last: str
    chosen: bool = False


def choice(label: str | Promise, d0: date, d1: date, chosen: bool = False) -> Choice:
    return Choice(label, f"{d0:%Y-%m}", f"{d1:%Y-%m}", chosen)


def whole(months: int, day: date) -> tuple[date, date]:
    """The month, quarter, half-year or year that `day` lies in."""
    first = (day.month - 1) // months * months + 1
    return date(day.year, first, 1), month_end(date(day.year, first + months - 1, 1))


def default() -> tuple[date, date]:
    """The latest complete quarter with orders, else the latest month with any, else this month."""
    latest = next(iter(selectors.latest_months(1)), None)
    if latest is None:
        return whole(1, timezone.localdate())
    d0, d1 = whole(3, latest)
    if month_end(latest) < d1 or d1 > timezone.localdate():
        d0, d1 = whole(3, months_before(d0, 1))
    return (d0, d1) if Invoice.objects.filter(date__range=(d0, d1)).exists() else whole(1, latest)


def presets(d0: date, d1: date) -> list[Choice]:
    """Month, quarter, half-year and year around the period's end, within what there is of it up to today."""
    day = max(d0, min(d1, timezone.localdate()))
    return [choice(label, *whole(months, day), chosen=whole(months, day) == (d0, d1)) for months, label in PRESETS]


def shifted(d0: date, d1: date, ways: int) -> tuple[date, date]:
    """The period as long, `ways` times its length later (or, below 0, before)."""
    back = -ways * months_of(d0, d1)
    return months_before(d0, back), month_end(months_before(d1.replace(day=1), back))


def neighbour(d0: date, d1: date, ways: int) -> Choice | None:
    """The period as long, before (-1) or after (1) this one; None beyond the calendar."""
    try:
        first, last = shifted(d0, d1, ways)
    except ValueError:
        return None
    return choice(name(first, last), first, last)


def name(d0: date, d1: date) -> str:
    """May 2026, the 2nd quarter of 2026, 2026, or from month to month."""
    months = months_of(d0, d1)
    if (d0, d1) == whole(1, d0):
        return formats.date_format(d0, "F Y")
    if months == 3 and d0.month % 3 == 1:
        return _("Quarter %(number)s %(year)d") % {"number": _ROMAN[d0.month // 3], "year": d0.year}
    if months == 6 and d0.month in (1, 7):
        return _("Half-year %(number)s %(year)d") % {"number": _ROMAN[d0.month // 6], "year": d0.year}
    if months == 12 and d0.month == 1:
        return _("The year %(year)d") % {"year": d0.year}
    return f"{formats.date_format(d0, 'F Y')} – {formats.date_format(d1, 'F Y')}"
