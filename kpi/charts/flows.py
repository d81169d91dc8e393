"""Keeps the moves between the parts of the base, month by month, current (kpi.models.Flow).

Stored for every month that is stored as a period. Marks of any day count: an order long ago makes a client lost
instead of potential today. Called from kpi/services.py, within its transaction and locks.
"""

from collections.abc import Iterable
from datetime import date, timedelta

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils import timezone

from config import sql
from kpi.models import FlowMonth, Period
from kpi.months import month_end
from kpi.splits import split_parameters, split_statement


def days_of(month: date) -> tuple[date, date]:
    """The days compared: the last before the month and its own last, today while it lasts."""
    return month - timedelta(days=1), min(month_end(month), timezone.localdate())


def flows_refresh() -> None:
    """Reckon whole what was never reckoned or is outdated as a whole: a month each transaction."""
    today = timezone.localdate()
    wanted = {
        d0
        for d0, d1 in Period.objects.filter(d0__gt=date.min, d0__lte=today).values_list("d0", "d1")
        if d1 == month_end(d0)
    }
    known = FlowMonth.objects.in_bulk()
    FlowMonth.objects.bulk_create([FlowMonth(month=month) for month in wanted - set(known)], ignore_conflicts=True)
    for month in sorted(wanted, reverse=True):
        if month not in known or not current(known[month]):
            with transaction.atomic(), connection.cursor() as cursor:
                if not current(FlowMonth.objects.select_for_update().get(pk=month)):
                    _reckon(cursor, [month], whole=True)


def flows_follow(cursor: CursorWrapper, many: float) -> None:
    """Reckon the clients of the temporary table `marked` again in every stored month; above `many`, later and whole."""
    # All of them: who reckons one whole finishes first, and has no mark taken from under it.
    months = list(FlowMonth.objects.select_for_update().order_by("pk"))
    cursor.execute(
        "DROP TABLE IF EXISTS touched; CREATE TEMP TABLE touched (client_id bigint PRIMARY KEY) ON COMMIT DROP;"
        "INSERT INTO touched SELECT DISTINCT client_id FROM marked; ANALYZE touched"
    )
    cursor.execute("SELECT count(*) FROM touched")
    if cursor.fetchone()[0] > many:
        FlowMonth.objects.update(as_of=None)
    else:
        _reckon(cursor, [month.pk for month in months if current(month)], whole=False)


def current(stored: FlowMonth) -> bool:
    """Whether a month was reckoned by the days and windows of now."""
    before, after = days_of(stored.pk)
    return (stored.as_of, stored.window_before, stored.window_after) == (after, _window(before), _window(after))


def _window(day: date) -> date:
    return split_parameters(day)["window_start"]


def _reckon(cursor: CursorWrapper, months: Iterable[date], *, whole: bool) -> None:
    """Write the moves of some months: of all clients, or of those of the temporary table `touched`."""
    days = {month: days_of(month) for month in months}
    cursor.execute(
        "DROP TABLE IF EXISTS standing;"
        "CREATE TEMP TABLE standing (client_id bigint, day date, status text) ON COMMIT DROP"
    )
    for day in sorted({day for both in days.values() for day in both}):
        cursor.execute(
            f"INSERT INTO standing SELECT id, %(as_of)s, status FROM ({split_statement(whole=whole)}) s",
            split_parameters(day),
        )
    cursor.execute("ANALYZE standing")
    statement = sql.read("kpi", "flow").format(only="" if whole else "AND client_id IN (SELECT client_id FROM touched)")
    for month, (before, after) in days.items():
        cursor.execute(statement, {"month": month, "before": before, "after": after})
        FlowMonth.objects.filter(pk=month).update(
            as_of=after, window_before=_window(before), window_after=_window(after)
        )
