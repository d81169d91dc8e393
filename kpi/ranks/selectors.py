"""Moves between categories from one month's end to the next, by the rules of spec/kpi.md."""

from collections.abc import Collection
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection
from django.utils import timezone

from accounts.models import User
from config import sql
from kpi import services
from territories.models import Territory, TerritoryPath
from territories.selectors import territory_ids

DIRECTIONS = ("up", "down", "in", "out")


class Days(NamedTuple):
    """The days whose ranks are compared: the end of the month before, and of the month (today while it runs)."""

    before: date
    now: date


class Move(NamedTuple):
    """A client whose category changed, and the figures why: then and now. Letters are "" where there is none; margins
    are of the 12 months up to each day, in roubles, None without a line; `override`: set by hand, if in force today."""

    code: str
    name: str
    territory: str
    channel: str
    was: str
    becomes: str
    was_profit: str
    profit: str
    was_potential: str
    potential: str
    was_rfm: str
    rfm: str
    was_margin: Decimal | None
    margin: Decimal | None
    potential_monthly: Decimal | None
    override: str

    @property
    def direction(self) -> str:
        if not self.was:
            return "in"
        return "out" if not self.becomes else "up" if self.becomes < self.was else "down"


def month_days(month: date) -> Days:
    """What a month's moves are read from; `month`: its first day."""
    end = min(services.month_end(month), timezone.localdate())
    return Days(month - timedelta(days=1), end)


def places(user: User, territory: Territory) -> list[int]:
    """The ids of a node and of those below it, as far as this person may see them."""
    below = set(TerritoryPath.objects.filter(above=territory).values_list("below_id", flat=True))
    seen = territory_ids(user, "view")
    return sorted(below if seen is None else below & set(seen))


def moves_counted(days: Days, ids: Collection[int]) -> dict[tuple[str, str], int]:
    """How many clients of these territories moved, by category before and now ("" for none)."""
    with connection.cursor() as cursor:
        query = f"SELECT was, becomes, count(*) FROM ({sql.read('kpi/ranks', 'moves')}) m GROUP BY was, becomes"
        cursor.execute(query, _parameters(days, ids))
        return {(was, becomes): number for was, becomes, number in cursor.fetchall()}


def moves(
    days: Days, ids: Collection[int], *, was: str | None = None, becomes: str | None = None,
    direction: str | None = None, limit: int = 50, offset: int = 0,
) -> list[Move]:  # fmt: skip
    """Those moves, the longest first, then by potential; of one `direction` (DIRECTIONS), from or to a category."""
    query = sql.read("kpi/ranks", "moves_page").format(moves=sql.read("kpi/ranks", "moves"))
    asked = {"was": was, "becomes": becomes, "direction": direction, "limit": limit, "offset": offset}
    with connection.cursor() as cursor:
        cursor.execute(query, _parameters(days, ids) | asked)
        return [Move(*row) for row in cursor.fetchall()]


def _parameters(days: Days, ids: Collection[int]) -> dict[str, Any]:
    """Of moves.sql and moves_page.sql; the ranks of both days are reckoned if they aren't stored."""
    for day in days:
        services.ranks_stored(day)
    return {
        "before": days.before, "now": days.now, "places": list(ids),
        "before_start": services.months_before(days.before, 12), "now_start": services.months_before(days.now, 12),
    }  # fmt: skip
