"""Keeps the ranks of the ends of months stored."""

from datetime import date

from kpi import selectors, services
from kpi.ranks.selectors import month_days

MONTHS = 13


def months_ranked() -> None:
    """Reckon ABCDE and RFM as of the ends of the last 13 months, where they aren't stored or have become outdated.

    May be killed and repeated: each day is a transaction of its own.
    """
    for month in reversed(selectors.latest_months(MONTHS)):
        month_ranked(month)


def month_ranked(month: date) -> None:
    """The same as of the two days that a month's moves lie between; `month`: its first day."""
    for day in month_days(month):
        services.ranks_stored(day)
