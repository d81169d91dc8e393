"""What campaigns came to, side by side: the stored outcomes (sql/outcomes.sql) added up and put into words."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db import connection
from django.db.models import QuerySet
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from accounts.models import User
from cleanup.answering import PARTS
from cleanup.models import Campaign, Sheet, SheetState, State
from cleanup.results.models import Result
from clients import fields
from clients.models import Category, Channel
from config import sql, ui

FORMER = 3  # past years beside one
PARTS_OF_CARD = ("address", "phone", "channel", "place", "counterparty", "inn", "potential_monthly", "contact")
REMAINS = ("nobody", "waiting", "returned", "answered", "conflict", "approved")


@dataclass
class Sums:
    """The numbers of one campaign: measure, key, number (sql/outcomes.sql)."""

    campaign: Campaign
    at: datetime | None  # None: not reckoned yet
    final: bool
    numbers: dict[tuple[str, str], int]

    def n(self, measure: str, key: str) -> int:
        return self.numbers.get((measure, key), 0)

    def of(self, measure: str) -> dict[str, int]:
        return {key: n for (name, key), n in self.numbers.items() if name == measure}

    @property
    def before(self) -> int:
        return self.n("base", "before")

    @property
    def after(self) -> int:
        return self.n("base", "after")

    def filled(self, part: str, when: str) -> float | None:
        base = self.n("base", when)
        return self.n(f"filled_{when}", part) / base if base else None

    def score(self, when: str) -> float | None:
        base = self.n("base", when)
        return self.n("score", when) / base if base else None


def compared(campaign: Campaign, user: User, territories: list[int] | None) -> list[Sums]:
    """A campaign, then the closed ones before it that this person may see, the latest first."""
    closed = Campaign.objects.visible_to(user).filter(state=State.CLOSED, result__isnull=False)
    former = closed.filter(year__lt=campaign.year).order_by("-year", "-pk")[:FORMER]
    campaigns = [campaign, *former]
    results = Result.objects.in_bulk([each.pk for each in campaigns])
    numbers: dict[int, dict[tuple[str, str], int]] = {each.pk: {} for each in campaigns}
    with connection.cursor() as cursor:
        cursor.execute(
            sql.read("cleanup/results", "sums"), {"campaigns": list(numbers), "territories": territories}
        )  # fmt: skip
        for pk, measure, key, n in cursor.fetchall():
            numbers[pk][measure, key] = n
    return [
        Sums(
            each,
            results[each.pk].at if each.pk in results else None,
            each.pk in results and results[each.pk].final,
            numbers[each.pk],
        )
        for each in campaigns
    ]


class Row(NamedTuple):
    """A line of a table with a number per campaign; `kind`: count, share or score."""

    label: str
    values: list[float | int | None]
    kind: str = "count"

    @property
    def texts(self) -> list[str]:
        return [in_words(value, self.kind) for value in self.values]


def in_words(value: float | int | None, kind: str) -> str:
    if value is None:
        return ui.NONE
    if kind == "share":
        return ui.share(value)
    return ui.grouped(value, 1) if kind == "score" else ui.count(value)


def summary(years: list[Sums]) -> list[Row]:
    """The base before and after, and what was done."""
    return [
        Row(_("Clients asked about"), [each.before for each in years]),
        Row(_("Confirmed as they are"), [each.n("done", "confirmed") for each in years]),
        Row(_("Corrected"), [each.n("done", "changed") for each in years]),
        Row(_("Closed for good"), [each.n("done", "closed") for each in years]),
        Row(_("Merged with another"), [each.n("done", "merged") for each in years]),
        Row(_("Merged outside the clean-up"), [each.n("base", "gone") for each in years]),
        Row(_("Left open"), [sum(each.of("remains").values()) for each in years]),
        Row(_("Open outlets in the base afterwards"), [each.after for each in years]),
        Row(_("Quality score before"), [each.score("before") for each in years], "score"),
        Row(_("Quality score after"), [each.score("after") for each in years], "score"),
    ]


def corrected(years: list[Sums]) -> list[Row]:
    """How often each field was corrected, the most often corrected first."""
    names = {name for each in years for name in each.of("corrected")}
    rows = [
        Row(capfirst(fields.label(name)), [each.n("corrected", name) for each in years]) for name in names
    ]  # fmt: skip
    return sorted(rows, key=lambda row: ([-(value or 0) for value in row.values], row.label))


def part_label(part: str) -> str:
    return capfirst(str(PARTS.get(part) or fields.label(part)))


def completeness(years: list[Sums]) -> list[Row]:
    """Per part of the card the share of clients that have it: before and after, per campaign."""
    return [
        Row(part_label(part), [each.filled(part, when) for each in years for when in ("before", "after")], "share")
        for part in PARTS_OF_CARD
    ]


def remains(years: list[Sums]) -> list[Row]:
    """What is left open, and why."""
    why = {
        "nobody": _("nobody is there to ask"), "waiting": _("not answered"),
        "returned": _("returned and not answered again"),
        "answered": _("waits for a decision"), "conflict": _("changed by somebody else meanwhile, not decided"),
        "approved": _("approved, about to be applied"),
    }  # fmt: skip
    return [Row(capfirst(why[key]), [each.n("remains", key) for each in years]) for key in REMAINS]


class Matrix(NamedTuple):
    """From × to; the last row and column add up."""

    heads: list[str]
    rows: list[tuple[str, list[int]]]
    totals: list[int]

    @property
    def moved(self) -> int:
        return self.totals[-1]


def _matrix(pairs: dict[str, int], order: dict[str, str]) -> Matrix:
    cells = {tuple(key.split(">")): n for key, n in pairs.items()}
    tos = [key for key in order if any(key == to for _from, to in cells)]
    froms = [key for key in order if any(key == start for start, _to in cells)]
    rows = []
    for start in froms:
        line = [cells.get((start, to), 0) for to in tos]
        rows.append((order[start], [*line, sum(line)]))
    totals = [sum(line[at] for _label, line in rows) for at in range(len(tos) + 1)]
    return Matrix([order[key] for key in tos], rows, totals)


def channels(year: Sums) -> Matrix:
    """Moves between sales channels."""
    names = {str(pk): name for pk, name in Channel.objects.order_by("name").values_list("pk", "name")}
    return _matrix(year.of("channels"), names | {"": _("no channel")})


def categories(year: Sums) -> Matrix:
    """ABCDE before × as approved, of the clients that were decided about."""
    return _matrix(year.of("categories"), {**{each: each for each in Category.values}, "": ui.NONE})


def open_sheets(campaign: Campaign, user: User, territories: list[int] | None) -> QuerySet[Sheet]:
    """The sheets left open that this person may see, as they are now."""
    found = Sheet.objects.visible_to(user).filter(campaign=campaign)
    if territories is not None:
        found = found.filter(territory__any=territories)
    found = found.exclude(state__in=(SheetState.APPLIED, SheetState.GONE))
    return found.select_related("client", "rep").order_by("state", "client__code")
