"""Whether the history is as it was written (accounts/sql/seals.sql)."""

from datetime import datetime
from typing import NamedTuple

from django.db import connection
from django.db.models import Max, Sum
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import HistoryEvent, Seal
from config import sql

PROBLEMS: dict[str, str | Promise] = {
    "missing_seal": _("the seal is missing"),
    "seal": _("the seal, or the one before it, was changed"),
    "missing": _("events are missing"),
    "added": _("events were added afterwards"),
    "changed": _("events were changed"),
    "backdated": _("events say they are older than the batch before"),
}


class Broken(NamedTuple):
    """A batch that is not as it was sealed. Ids and times tell where its events are; None if the seal is missing."""

    seal: int
    problem: str  # of PROBLEMS
    first_id: int | None
    last_id: int | None
    since: datetime | None
    until: datetime | None


class Sealed(NamedTuple):
    """How far the history is sealed. `head` stands for all of it: kept elsewhere, it proves what was there."""

    seals: int
    events: int
    waiting: int  # events not sealed yet
    until: datetime | None
    head: str  # "<number of the seal>:<hash>", "" before the first


def broken_seals() -> list[Broken]:
    """The batches that don't agree with their seals, the first one first; hashes the whole history."""
    with connection.cursor() as cursor:
        cursor.execute(sql.read("accounts", "verify"))
        return [Broken(*row) for row in cursor.fetchall()]


def sealed() -> Sealed:
    last = Seal.objects.order_by("-id").first()
    waiting = HistoryEvent.objects.filter(pk__gt=last.last_id if last else 0).count()
    if last is None:
        return Sealed(0, 0, waiting, None, "")
    whole = Seal.objects.aggregate(events=Sum("events"), seals=Max("id"))
    return Sealed(whole["seals"], whole["events"], waiting, last.closed_at, f"{last.pk}:{bytes(last.hash).hex()}")


def has_head(head: str) -> bool:
    """Whether this earlier head is in the chain."""
    number, _colon, digest = head.strip().partition(":")
    seal = Seal.objects.filter(pk=int(number)).first() if number.isdecimal() and len(number) < 19 else None
    return seal is not None and bytes(seal.hash).hex() == digest
