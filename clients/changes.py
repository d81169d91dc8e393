"""Changes that came together: loads, bulk changes, requests, what took others back. Read from the history."""

from typing import Any, NamedTuple

from django.db.models import Count, Exists, IntegerField, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from accounts.models import ChangeSet, HistoryEvent, User, Way
from territories.selectors import territory_ids

PAGE = 50
REQUEST = "request:"
MERGED, UNMERGED = "merge:", "unmerge:"  # references of merges, taken back as a whole on the card (clients/duplicates)


def title(change: ChangeSet) -> str:
    """What it is, in the reader's language: "Load of 24.11.2026 10:05"."""
    when = {"when": formats.date_format(timezone.localtime(change.at), "SHORT_DATETIME_FORMAT")}
    if change.reverts:
        return _("Taking back of %(when)s") % when
    if change.reference.startswith(REQUEST):
        return _("Request decided on %(when)s") % when
    match change.way:
        case Way.LOAD:
            return _("Load of %(when)s") % when
        case Way.CAMPAIGN:
            return _("Campaign of %(when)s") % when
        case Way.JOB:
            return _("Reckoning of %(when)s") % when
        case Way.COMMAND:
            return _("Command of %(when)s") % when
    return _("Bulk change of %(when)s") % when


def sees_all(user: User) -> bool:
    """Whether this person may look at everybody's changes: administrators. Others see their own."""
    return territory_ids(user, "manage") is None


class Line(NamedTuple):
    """A line of the list: the change, how many rows it wrote, and whether it has been taken back."""

    change: ChangeSet
    title: str
    rows: int
    taken_back: bool

    @property
    def has_page(self) -> bool:
        """Whether it can be looked at and taken back by itself."""
        return not self.change.reference.startswith((MERGED, UNMERGED))


class Page(NamedTuple):
    lines: list[Line]
    before: str | None  # reference to go on from


def page(before: str = "") -> Page:
    """The changes people can take back, newest first; PAGE of them, from those before `before` on."""
    found = (
        ChangeSet.objects.exclude(way__in=[Way.JOB, Way.COMMAND]).select_related("actor").order_by("-at", "-reference")
    )
    if anchor := ChangeSet.objects.filter(reference=before).first():
        found = found.filter(at__lt=anchor.at) | found.filter(at=anchor.at, reference__lt=anchor.reference)
    written = HistoryEvent.objects.filter(reference=OuterRef("reference")).order_by().values("reference")
    rows = Subquery(written.annotate(rows=Count("pk")).values("rows"), output_field=IntegerField())
    shown: list[Any] = list(found.annotate(rows=Coalesce(rows, 0), taken_back=_taken_back())[: PAGE + 1])
    lines = [Line(each, title(each), each.rows, each.taken_back) for each in shown[:PAGE]]
    return Page(lines, lines[-1].change.reference if len(shown) > PAGE else None)


def _taken_back() -> Exists:
    """Whether something took it back that was not taken back itself."""
    undone = ChangeSet.objects.filter(reverts=OuterRef("reference"))
    return Exists(ChangeSet.objects.filter(reverts=OuterRef("reference")).exclude(Exists(undone)))


def related(reference: str, user: User) -> list[tuple[str, ChangeSet]]:
    """What this change took back, and what took this one back, with their titles, as far as this person may look."""
    found = ChangeSet.objects.filter(reverts=reference) | ChangeSet.objects.filter(
        reference__in=ChangeSet.objects.filter(reference=reference).values("reverts")
    )
    if not sees_all(user):
        found = found.filter(actor=user)
    return [(title(each), each) for each in found.select_related("actor").order_by("at")]


def rows(reference: str) -> int:
    return HistoryEvent.objects.filter(reference=reference).count()
