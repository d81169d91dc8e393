"""Reads of the visits panel of a client's card, and of a day's work."""

from collections import Counter
from datetime import date
from typing import NamedTuple

from django.db.models import Case, Count, Exists, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import User
from clients.models import Client, Contact, Interaction
from clients.plans.models import Plan
from clients.querysets import ClientQuerySet
from clients.selectors import Birthday, birthdays, managers, open_steps
from sales.models import Invoice, Mml
from territories.models import TerritoryUserGrant
from visits.models import Audit, AuditItem, Visit

AHEAD = 4
PAST = 12
AUDITS = 6
DAY_ROWS = 100  # of each kind that a day's page shows


class Visits(NamedTuple):
    ahead: list[Visit]  # planned for today or later, nearest first
    past: list[Visit]  # newest first; each with `ordered`: what was ordered then was delivered before the next visit


class AuditResult(NamedTuple):
    """A look at the shelf against the must-have list of the client's channel."""

    audit: Audit
    present: int
    required: int


class Shelf(NamedTuple):
    audits: list[AuditResult]
    missing: list[str]  # names of the products that the latest audit did not find


def visits(client: Client, today: date) -> Visits:
    """The next visits and the last ones."""
    later = Visit.objects.filter(client=OuterRef("client"), planned_on__gt=OuterRef("planned_on")).order_by(
        "planned_on"
    )
    order = Invoice.objects.filter(
        client=OuterRef("client"), has_sale=True, date__gte=OuterRef("planned_on"), date__lt=OuterRef("until")
    )
    found = Visit.objects.filter(client=client).annotate(
        until=Coalesce(Subquery(later.values("planned_on")[:1]), Value(date.max)), ordered=Exists(order)
    )
    ahead = found.filter(planned_on__gte=today, done_at=None).order_by("planned_on")[:AHEAD]
    past = found.filter(Q(planned_on__lt=today) | Q(done_at__isnull=False)).order_by("-planned_on")[:PAST]
    return Visits(list(ahead), list(past))


def shelf(client: Client) -> Shelf:
    """The last audits; a position not listed in an audit is absent (spec/kpi.md, metric 24)."""
    wanted = Mml.objects.filter(channel=client.channel_id).values("product")
    required = {row["product"] for row in wanted}
    on_shelf = Count("items", filter=Q(items__present=True, items__product__in=required))
    audits = list(Audit.objects.filter(client=client).annotate(present=on_shelf).order_by("-date")[:AUDITS])
    missing: list[str] = []
    if audits:
        found = AuditItem.objects.filter(audit=audits[0], present=True).values("product")
        lacking = Mml.objects.filter(channel=client.channel_id).exclude(product__in=found)
        missing = list(lacking.order_by("product__name").values_list("product__name", flat=True))
    return Shelf([AuditResult(audit, audit.present, len(required)) for audit in audits], missing)


class Day(NamedTuple):
    """What is to be done at some clients today, and what has been."""

    visits: list[Visit]  # planned for today, those still to come first
    steps: list[
        Interaction
    ]  # due today; each with `call`: the phone of whom the agreement was made with, or of the client
    overdue: list[Interaction]
    done: list[Interaction]  # next steps done today
    birthdays: list[Birthday]

    @property
    def empty(self) -> bool:
        return not any(self)


def day(found: ClientQuerySet, today: date) -> Day:
    """The day of whoever looks after these clients. At most DAY_ROWS of a kind: nobody does more in a day."""
    planned = Visit.objects.filter(client__in=found, planned_on=today).select_related("client")
    to_come = Case(When(done_at=None, then=0), default=1)
    person = Contact.objects.filter(client=OuterRef("client"), full_name=OuterRef("with_whom")).exclude(phone="")
    steps = open_steps(found, today).annotate(call=Coalesce(Subquery(person.values("phone")[:1]), "client__phone"))
    done = Interaction.objects.filter(client__in=found, next_done_at__date=today).select_related("client")
    due = list(steps[: 2 * DAY_ROWS])
    return Day(
        list(planned.order_by(to_come, "client__name_sort", "pk")[:DAY_ROWS]),
        [step for step in due if step.next_on == today],
        [step for step in due if step.next_on != today],
        list(done.order_by("-next_done_at")[:DAY_ROWS]),
        birthdays(found, today),
    )


PLANS_ON_A_DAY = 5


class Due(NamedTuple):
    """The open plans of activation and return of some clients: how many, and those due first."""

    n: int
    overdue: int
    first: list[Plan]


def plans_due(found: ClientQuerySet, today: date) -> Due:
    plans = Plan.objects.open().filter(client__in=found).select_related("client", "manager")
    first = list(plans.order_by("due_on", "client__name_sort", "pk")[:PLANS_ON_A_DAY])
    return Due(plans.count(), plans.filter(due_on__lt=today).count(), first)


class Workload(NamedTuple):
    """A representative's day in numbers."""

    person: User
    planned: int
    done: int
    due: int
    overdue: int


def team(user: User, found: ClientQuerySet, today: date) -> list[Workload]:
    """The day of every representative whose clients this person may see, by name."""
    people = list(managers(user))
    grants = TerritoryUserGrant.objects.filter(user__in=people, permission__codename="view")
    visits = Visit.objects.filter(client__in=found, planned_on=today).order_by().values_list("client__territory")
    steps = open_steps(found, today).order_by().values_list("client__territory")
    counted = [
        Counter(dict(rows.annotate(n=Count("pk")).values_list("client__territory", "n")))
        for rows in (visits, visits.exclude(done_at=None), steps.filter(next_on=today), steps.filter(next_on__lt=today))
    ]
    sums = {person.pk: [0, 0, 0, 0] for person in people}
    for person, place in grants.values_list("user", "content_object"):
        sums[person] = [sum_ + kind[place] for sum_, kind in zip(sums[person], counted, strict=True)]
    return [Workload(person, *sums[person.pk]) for person in people]


MANY_STEPS = 99


def not_visited_this_month() -> Q:
    """Of a client: no visit done since the first of this month, planned or not for it."""
    first = timezone.localtime().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return ~Q(Exists(Visit.objects.filter(client=OuterRef("pk"), done_at__gte=first)))
