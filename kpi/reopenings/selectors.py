"""Reads of the notes on closed months."""

from datetime import date, datetime
from typing import NamedTuple

from django.db.models import Max, QuerySet, Sum

from accounts.models import User, Way
from kpi.reopenings.models import Document, Reopening
from territories.models import Territory, TerritoryPath

ROWS = 200


class Note(NamedTuple):
    """Documents of one kind that reopened a month at one moment."""

    month: date
    at: datetime
    what: str
    documents: int
    who: str
    way: str
    reference: str


class Reopened(NamedTuple):
    """How often a period was reopened: the number of documents, and the latest moment; None where it never was."""

    documents: int
    at: datetime | None


def reopened(territory: Territory, d0: date, d1: date) -> Reopened:
    """For the line that says how current a matrix is."""
    found = _of(territory, d0, d1).aggregate(documents=Sum("documents"), at=Max("at"))
    return Reopened(found["documents"] or 0, found["at"])


def notes(territory: Territory, d0: date, d1: date) -> list[Note]:
    """The latest ROWS notes on the months of a period, newest first, of the clients of a node and below."""
    rows = _of(territory, d0, d1).values_list("month", "at", "kind", "way", "reference", "actor")
    grouped = list(rows.annotate(n=Sum("documents")).order_by("-at", "month", "kind")[:ROWS])
    people = User.objects.in_bulk({row[5] for row in grouped if row[5]})
    return [
        Note(
            month, at, str(Document(kind).label), n, str(people.get(actor, "")),
            str(Way(way).label) if way else "", reference,
        )
        for month, at, kind, way, reference, actor, n in grouped
    ]  # fmt: skip


def _of(territory: Territory, d0: date, d1: date) -> QuerySet[Reopening]:
    below = TerritoryPath.objects.filter(above=territory).values("below")
    return Reopening.objects.filter(month__range=(d0, d1), territory__in=below)
