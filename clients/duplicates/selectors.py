"""Reads of the duplicate pages."""

from typing import Any, NamedTuple

from django.core.exceptions import FieldDoesNotExist
from django.db import connection
from django.db.models import F, QuerySet
from django.utils.functional import Promise

from accounts.models import User
from clients.duplicates import hanging
from clients.duplicates.matching import Reason
from clients.duplicates.models import Merge, Pair
from clients.duplicates.services import CHOSEN
from clients.models import Client
from territories.models import Territory, TerritoryPath
from territories.selectors import territory_ids

PAGE = 20


def pairs(user: User, *, territory: Territory | None = None, least: int = 0) -> QuerySet[Pair]:
    """The possible duplicates this person decides about: both clients are theirs; the likeliest first.

    `territory`: at least one of the two is of it or below.
    """
    found = Pair.objects.filter(one__merged_into=None, other__merged_into=None, score__gte=least)
    ids = territory_ids(user, "approve")
    if ids is not None:
        found = found.filter(one__territory__any=ids, other__territory__any=ids)
    if territory:
        below = list(TerritoryPath.objects.filter(above=territory).values_list("below_id", flat=True))
        found = found.filter(one__territory__any=below) | found.filter(other__territory__any=below)
    cards = [f"{side}__{name}" for side in ("one", "other") for name in ("territory", "channel", "counterparty")]
    return found.select_related(*cards).order_by("-score", "pk")


class PairPage(NamedTuple):
    pairs: list[Pair]
    after: str  # "score-id" to go on from, "" at the end


def pair_page(found: QuerySet[Pair], after: str = "") -> PairPage:
    """PAGE pairs, from the one after "score-id" on."""
    score, _dash, pk = after.partition("-")
    if score.isascii() and score.isdigit() and pk.isascii() and pk.isdigit() and len(pk) < 19:
        found = found.filter(score__lte=int(score)).exclude(score=int(score), pk__lte=int(pk))
    rows = list(found[: PAGE + 1])
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    return PairPage(rows[:PAGE], f"{last.score}-{last.pk}" if last else "")


def reason_texts(codes: list[str]) -> list[str | Promise]:
    return [Reason.TEXTS[code] for code in codes if code in Reason.TEXTS]


class Row(NamedTuple):
    """A field of two clients side by side. `proposed`: the loser's value, because the survivor has none."""

    name: str
    label: str
    mine: str
    theirs: str
    same: bool
    proposed: bool


def comparison(keeps: Client, goes: Client) -> list[Row]:
    """What a merge asks about: every field that one of the two has a value for."""
    rows = []
    for name in CHOSEN:
        mine, theirs = getattr(keeps, name), getattr(goes, name)
        if _empty(mine) and _empty(theirs):
            continue
        label = str(_verbose(name))
        rows.append(
            Row(
                name,
                label,
                _shown(keeps, name),
                _shown(goes, name),
                mine == theirs,
                _empty(mine) and not _empty(theirs),
            )
        )
    return rows


def _verbose(name: str) -> Any:
    try:
        return Client._meta.get_field(name).verbose_name  # type: ignore[union-attr]
    except FieldDoesNotExist:
        return name


def _empty(value: Any) -> bool:
    return value is None or value == ""


def _shown(client: Client, name: str) -> Any:
    display = getattr(client, f"get_{name}_display", None)
    return display() if display else getattr(client, name)


def better(one: Client, other: Client) -> tuple[Client, Client]:
    """Which of two is proposed as the survivor: the one with more behind it, else the fuller card, else the older."""
    hanging_on = weights(one, other)
    behind = {one.pk: sum(mine for _what, mine, _theirs in hanging_on), other.pk: sum(row[2] for row in hanging_on)}
    filled = {client.pk: sum(not _empty(getattr(client, name)) for name in CHOSEN) for client in (one, other)}
    keeps, goes = sorted((one, other), key=lambda client: (-behind[client.pk], -filled[client.pk], client.pk))
    return keeps, goes


def weights(one: Client, other: Client) -> list[tuple[str | Promise, int, int]]:
    """How much hangs on each of the two, by what a person calls it; all counted in one statement."""
    told = [each for each in hanging.everything() if each.what]
    query = " UNION ALL ".join(
        f"SELECT {place}, count(*) FILTER (WHERE {each.column} = %(one)s),"
        f" count(*) FILTER (WHERE {each.column} = %(other)s)"
        f" FROM {each.table} WHERE {each.column} IN (%(one)s, %(other)s)"
        for place, each in enumerate(told)
    )
    with connection.cursor() as cursor:
        cursor.execute(query, {"one": one.pk, "other": other.pk})
        return [(told[place].what, int(mine), int(theirs)) for place, mine, theirs in sorted(cursor.fetchall())]


def merges_into(client: Client) -> QuerySet[Merge]:
    """The clients merged into this one and not taken apart again, newest first."""
    return (
        Merge.objects.filter(survivor=client, undone_at=None).select_related("loser", "actor").order_by(F("at").desc())
    )
