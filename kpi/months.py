"""Arithmetic of calendar months."""

import calendar
from datetime import date


def month_end(day: date) -> date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def months_of(d0: date, d1: date) -> int:
    return (d1.year - d0.year) * 12 + d1.month - d0.month + 1


def months_before(day: date, months: int) -> date:
    """`day` minus calendar months; 31 May − 1 month = 30 April (spec/kpi.md, the split)."""
    index = day.year * 12 + day.month - 1 - months
    year, month = divmod(index, 12)
    if year < 1:
        return date.min
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
