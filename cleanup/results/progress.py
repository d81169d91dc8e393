"""How far a campaign is: per node of the tree and per person, with pace, expected end and what is overdue."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import QuerySet
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from accounts.models import HistoryEvent, User
from cleanup.models import Campaign, State
from config import sql
from config.once import once_a_page
from territories.models import Territory, TerritoryPath
from territories.selectors import territories_visible_to, top_territories

PACE = 7  # days, today with them, over which the pace is taken


class Schedule(NamedTuple):
    """When it was to be done, and the day as of which it is looked at (of a closed one: when it was closed)."""

    first_day: date
    last_day: date
    day: date
    open: bool

    @property
    def since(self) -> date:
        """The first of the days that make the pace; of a closed campaign all of them."""
        return max(self.first_day, self.day - timedelta(days=PACE - 1)) if self.open else self.first_day

    @property
    def pace_days(self) -> int:
        return max(1, (self.day - self.since).days + 1)

    def by_now(self, total: int) -> int:
        """How many of so many clients should have been answered before today, the same number every day."""
        days, gone = (self.last_day - self.first_day).days + 1, (self.day - self.first_day).days
        return total * min(max(gone, 0), days) // days


def schedule(campaign: Campaign, today: date | None = None) -> Schedule:
    today = today or timezone.localdate()
    if campaign.state == State.CLOSED and campaign.closed_at:
        today = timezone.localtime(campaign.closed_at).date()
    return Schedule(campaign.first_day, campaign.last_day, today, campaign.state != State.CLOSED)


COUNTS = ("total", "answered", "approved", "to_decide", "conflicts", "returned", "recent", "before", "now")


@dataclass
class Tally:
    """Sheets added up. `before`, `now`: sums of quality scores; `recent`: answered in the days of the pace."""

    plan: Schedule
    total: int = 0
    answered: int = 0
    approved: int = 0
    to_decide: int = 0
    conflicts: int = 0
    returned: int = 0
    recent: int = 0
    before: int = 0
    now: int = 0
    last: datetime | None = None
    people: dict[int | None, list[int]] = field(default_factory=dict)  # total and answered of each

    def add(self, row: Mapping[str, Any]) -> None:
        for name in COUNTS:
            setattr(self, name, getattr(self, name) + row[name])
        mine = self.people.setdefault(row["rep_id"], [0, 0])
        mine[0], mine[1] = mine[0] + row["total"], mine[1] + row["answered"]
        if row["last"] and (self.last is None or row["last"] > self.last):
            self.last = row["last"]

    @property
    def left(self) -> int:
        return self.total - self.answered

    @property
    def percent(self) -> int:
        return self.answered * 100 // self.total if self.total else 0

    @property
    def approved_percent(self) -> int:
        return self.approved * 100 // self.total if self.total else 0

    @property
    def overdue(self) -> int:
        """Clients that are not answered though at an even pace they would be, person by person: who is ahead does not
        hide who lags. After the last day all that are not answered."""
        return sum(max(0, self.plan.by_now(total) - answered) for total, answered in self.people.values())

    @property
    def pace(self) -> float:
        """Clients a day."""
        return self.recent / self.plan.pace_days

    @property
    def ends(self) -> date | None:
        """When the last client will be answered at this pace; None: never, or nothing is left."""
        if not self.left or not self.recent or not self.plan.open:
            return None
        days = -(-self.left * self.plan.pace_days // self.recent)
        return self.plan.day + timedelta(days=min(days, 3650))

    @property
    def late(self) -> bool:
        """Whether at this pace it will not be done by the last day."""
        return self.left > 0 and (self.ends is None or self.ends > self.plan.last_day)

    @property
    def score_before(self) -> float | None:
        return self.before / self.total if self.total else None

    @property
    def score_now(self) -> float | None:
        return self.now / self.total if self.total else None


class Node(NamedTuple):
    territory: Territory
    tally: Tally
    below: bool  # whether there is a level to go down to


class Person(NamedTuple):
    person: User | None  # None: there is nobody to ask
    tally: Tally


class Progress(NamedTuple):
    plan: Schedule
    whole: Tally
    nodes: list[Node]
    people: list[Person]  # who has most overdue first


def node_of(user: User, pk: str | None) -> Territory | None:
    """The node asked for, else the highest one this person sees; None where those are several.

    Raises Territory.DoesNotExist for what they don't see.
    """
    if pk:
        if not (pk.isascii() and pk.isdigit() and len(pk) < 19):
            raise Territory.DoesNotExist
        return territories_visible_to(user).get(pk=int(pk))
    tops = list(top_territories(user)[:2])
    return tops[0] if len(tops) == 1 else None


@once_a_page
def below(user: User, node: Territory | None) -> list[int] | None:
    """The territories whose sheets a page about `node` is made of; None: all there are."""
    if node is None:
        return list(territories_visible_to(user).values_list("pk", flat=True))
    if node.parent_id is None:
        return None
    return list(TerritoryPath.objects.filter(above=node).values_list("below_id", flat=True))


def progress(campaign: Campaign, user: User, node: Territory | None, today: date | None = None) -> Progress:
    """The sheets of a campaign under a node (None: of all this person sees)."""
    plan = schedule(campaign, today)
    rows = _rows(campaign, below(user, node), plan)
    children = children_of(user, node)
    under = _under(children)
    whole, nodes, people = Tally(plan), dict[int, Tally](), dict[int | None, Tally]()
    for row in rows:
        whole.add(row)
        place = under.get(row["territory_id"], node.pk if node else 0)
        nodes.setdefault(place, Tally(plan)).add(row)
        people.setdefault(row["rep_id"], Tally(plan)).add(row)
    users = User.objects.in_bulk([pk for pk in people if pk])
    shown = [*children, node] if node else list(children)
    parents = set(Territory.objects.filter(parent__in=shown).values_list("parent_id", flat=True))
    return Progress(
        plan, whole,
        [Node(each, nodes[each.pk], each != node and each.pk in parents) for each in shown if each.pk in nodes],
        sorted(
            (Person(users[pk] if pk else None, tally) for pk, tally in people.items()),
            key=lambda one: (-one.tally.overdue, one.tally.percent, str(one.person)),
        ),
    )  # fmt: skip


def children_of(user: User, node: Territory | None) -> QuerySet[Territory]:
    found = Territory.objects.filter(parent=node) if node else top_territories(user)
    return found.order_by("name")


def _under(nodes: Iterable[Territory]) -> dict[int, int]:
    """By territory: which of these nodes it is, or lies under."""
    paths = TerritoryPath.objects.filter(above__in=[node.pk for node in nodes])
    return dict(paths.values_list("below_id", "above_id"))


def _rows(campaign: Campaign, territories: list[int] | None, plan: Schedule) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(
            sql.read("cleanup/results", "progress"),
            {"campaign": campaign.pk, "territories": territories, "since": plan.since, "until": plan.day},
        )
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


class Event(NamedTuple):
    at: datetime
    who: str  # "" for the product itself
    what: str


def life(campaign: Campaign) -> list[Event]:
    """That it was started, paused, gone on with, prolonged, closed, from the history; the latest last."""
    said: dict[tuple[str, str], str] = {
        (State.DRAFT, State.RUNNING): _("started"), (State.RUNNING, State.PAUSED): _("paused"),
        (State.PAUSED, State.RUNNING): _("gone on with"),
    }  # fmt: skip
    found: list[Event] = []
    events = HistoryEvent.objects.filter(table=Campaign._meta.db_table, row_id=campaign.pk, operation="U")
    for event in events.select_related("actor").order_by("pk"):
        old, new = event.old or {}, event.new or {}
        what = ""
        if new.get("state") == State.CLOSED:
            closed = timezone.localtime(campaign.closed_at).date() if campaign.closed_at else campaign.last_day
            what = _("closed early") if closed < campaign.last_day else _("closed")
        elif "state" in new:
            what = said.get((str(old.get("state")), new["state"]), "")
        elif "last_day" in new and found:  # before it was started, days were set up
            days = [
                formats.date_format(date.fromisoformat(each["last_day"]), "SHORT_DATE_FORMAT") for each in (old, new)
            ]
            what = _("prolonged from %(old)s to %(new)s") % {"old": days[0], "new": days[1]}
        if what:
            found.append(Event(event.at, str(event.actor or ""), what))
    return found
