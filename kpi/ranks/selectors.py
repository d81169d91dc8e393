"""Moves between categories from one month's end to the next, by the rules of spec/kpi.md."""

from collections.abc import Collection
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Exists, Q
from django.utils import timezone

from accounts.models import User
from config import sql
from kpi import services
from kpi.models import RankCell, RankDay
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


def at_hand(days: Days) -> Q:
    """A condition on any row: the ranks of both days are stored, be they outdated: those are shown meanwhile."""
    return _stored(days.before) & _stored(days.now)


def known(days: Days) -> bool:
    """Whether they are."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT bool_and(EXISTS (SELECT FROM kpi_rankday WHERE as_of = day) OR"
            " EXISTS (SELECT FROM kpi_rankcell c WHERE c.day = asked.day)) FROM unnest(%s::date[]) AS asked (day)",
            [list(days)],
        )
        return bool(cursor.fetchone()[0])


def _stored(day: date) -> Q:
    return Exists(RankDay.objects.filter(as_of=day)) | Exists(RankCell.objects.filter(day=day))


def moves_counted(days: Days, ids: Collection[int], *, catch_up: bool = True) -> dict[tuple[str, str], int]:
    """How many clients of these territories moved, by category before and now ("" for none).

    `catch_up` False here and below: by the ranks that are stored, which pages make sure of (`at_hand`).
    """
    with connection.cursor() as cursor:
        query = f"SELECT was, becomes, count(*) FROM ({sql.read('kpi/ranks', 'moves')}) m GROUP BY was, becomes"
        cursor.execute(query, _parameters(days, ids, catch_up))
        return {(was, becomes): number for was, becomes, number in cursor.fetchall()}


def moves(
    days: Days, ids: Collection[int], *, was: str | None = None, becomes: str | None = None,
    direction: str | None = None, limit: int = 50, offset: int = 0, catch_up: bool = True,
) -> list[Move]:  # fmt: skip
    """Those moves, the longest first, then by potential; of one `direction` (DIRECTIONS), from or to a category."""
    asked = {"was": was, "becomes": becomes, "direction": direction, "limit": limit, "offset": offset}
    return [move for move, _total in _page("moves_some", _parameters(days, ids, catch_up) | asked)]


class Both(NamedTuple):
    """The longest moves up and down, and how many there are of each."""

    up: list[Move]
    down: list[Move]
    up_count: int
    down_count: int


def moves_both(days: Days, ids: Collection[int], *, limit: int, catch_up: bool = True) -> Both:
    """The first `limit` moves of either direction, as `moves` orders them, in one statement."""
    found: dict[str, list[Move]] = {"up": [], "down": []}
    totals = {"up": 0, "down": 0}
    for move, total in _page("moves_both", _parameters(days, ids, catch_up) | {"limit": limit}):
        found[move.direction].append(move)
        totals[move.direction] = total
    return Both(found["up"], found["down"], totals["up"], totals["down"])


def _page(which: str, parameters: dict[str, Any]) -> list[tuple[Move, int]]:
    page = sql.read("kpi/ranks", which).format(moves=sql.read("kpi/ranks", "moves"))
    with connection.cursor() as cursor:
        cursor.execute(sql.read("kpi/ranks", "moves_page").format(page=page), parameters)
        return [(Move(*row), total) for *row, total in cursor.fetchall()]


def _parameters(days: Days, ids: Collection[int], catch_up: bool) -> dict[str, Any]:
    """Of moves.sql and moves_page.sql; the ranks of both days are reckoned if they aren't stored and are to be."""
    if catch_up:
        for day in days:
            services.ranks_stored(day)
    return {
        "before": days.before, "now": days.now, "places": list(ids),
        "before_start": services.months_before(days.before, 12), "now_start": services.months_before(days.now, 12),
    }  # fmt: skip
