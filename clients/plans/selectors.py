"""Reads of the pages of plans."""

from collections import defaultdict
from datetime import date, timedelta
from typing import NamedTuple

from django.db.models import Count, Q

from accounts.models import User
from clients.models import Client
from clients.plans.models import OPEN, Plan, PlanQuerySet, Stage

ROWS = 200  # of each kind that a page shows
ENDED_SHOWN = timedelta(days=92)  # how long an ended plan counts in the progress


class Plans(NamedTuple):
    overdue: list[Plan]
    ahead: list[Plan]
    ended: list[Plan]  # of late, newest first
    open: int  # how many there are, whatever is shown

    @property
    def empty(self) -> bool:
        return not (self.overdue or self.ahead or self.ended)


def plans(found: PlanQuerySet, today: date) -> Plans:
    """The plans of a person or client, those due first at the top."""
    found = found.select_related("client", "manager", "author")
    opened = found.open().order_by("due_on", "client__name_sort", "pk")
    ended = found.exclude(stage__in=OPEN).filter(stage_at__date__gte=today - ENDED_SHOWN)
    return Plans(
        list(opened.filter(due_on__lt=today)[:ROWS]), list(opened.filter(due_on__gte=today)[:ROWS]),
        list(ended.order_by("-stage_at", "pk")[:ROWS]), opened.count(),
    )  # fmt: skip


class Progress(NamedTuple):
    """A manager's plans: how many at each stage, and how much of all is won."""

    person: User | None  # None: of all
    stages: list[tuple[str, int]]
    overdue: int

    @property
    def of(self) -> int:
        return sum(n for _stage, n in self.stages)

    @property
    def won(self) -> int:
        return dict(self.stages)[Stage.WON]


def team(user: User, today: date) -> list[Progress]:
    """By manager, the open plans and those ended of late, of clients this person may see; all of them first."""
    found = Plan.objects.visible_to(user).filter(
        Q(stage__in=OPEN) | Q(stage_at__date__gte=today - ENDED_SHOWN)
    )  # fmt: skip
    late = Count("pk", filter=Q(stage__in=OPEN, due_on__lt=today))
    rows = found.order_by().values_list("manager", "stage").annotate(n=Count("pk"), late=late)
    stages: dict[int | None, dict[str, int]] = defaultdict(lambda: dict.fromkeys(Stage.values, 0))
    overdue: dict[int | None, int] = defaultdict(int)
    for manager, stage, n, late_n in rows:
        for key in (manager, None):
            stages[key][stage] += n
            overdue[key] += late_n
    people = User.objects.filter(pk__in=[pk for pk in stages if pk]).order_by("full_name", "pk")
    each: list[tuple[int | None, User | None]] = [(None, None), *((person.pk, person) for person in people)]
    return [Progress(person, list(stages[pk].items()), overdue[pk]) for pk, person in each if pk in stages]


def of_client(client: Client) -> PlanQuerySet:
    return Plan.objects.filter(client=client)
