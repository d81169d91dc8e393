"""Reads of the client pages."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import NamedTuple

from django.db.models import Q, QuerySet

from accounts.models import Role, User
from clients.models import Client, Contact, Interaction
from clients.querysets import ClientQuerySet
from territories.models import Territory
from territories.selectors import holders, territory_ids


def managers(user: User) -> QuerySet[User]:
    """The representatives who hold a territory this person may see."""
    return holders(territory_ids(user, "view")).filter(role=Role.REP).order_by("full_name")


def managers_of(territory: Territory) -> QuerySet[User]:
    """The representatives to whom this territory is granted."""
    return holders([territory.pk]).filter(role=Role.REP).order_by("full_name")


TALKS = 6
BIRTHDAYS_AHEAD = 7  # days


class Talks(NamedTuple):
    """A page of the history of contacts, newest first; `after`: the id to go on from, None at the end."""

    interactions: list[Interaction]
    after: int | None


def interactions(client: Client, after: int | None = None) -> Talks:
    """What was said to whom: TALKS at a time."""
    found = Interaction.objects.filter(client=client).select_related("author").order_by("-at", "-pk")
    anchor = client.interactions.filter(pk=after).values_list("at", "pk").first() if after else None
    if anchor:
        at, pk = anchor
        found = found.filter(Q(at__lt=at) | Q(pk__lt=pk), at__lte=at)
    rows = list(found[: TALKS + 1])
    return Talks(rows[:TALKS], rows[TALKS - 1].pk if len(rows) > TALKS else None)


def open_steps(found: ClientQuerySet, until: date) -> QuerySet[Interaction]:
    """The next steps of these clients that are due by a day and not done, the oldest first."""
    return (
        Interaction.objects.filter(client__in=found, next_on__lte=until, next_done_at=None)
        .select_related("client")
        .order_by("next_on", "pk")
    )


class Birthday(NamedTuple):
    contact: Contact
    on: date  # this year's, or next year's


def birthdays_ahead(today: date) -> dict[tuple[int, int], date]:
    """By month and day of birth: the birthdays of today and the next BIRTHDAYS_AHEAD days; those of 29 February on
    1 March of a year without one."""
    days = {(day.month, day.day): day for day in (today + timedelta(days=n) for n in range(BIRTHDAYS_AHEAD + 1))}
    if (3, 1) in days and (2, 29) not in days:
        days[2, 29] = days[3, 1]
    return days


def born_on(days: Iterable[tuple[int, int]]) -> QuerySet[Contact]:
    """The contacts born on one of these months and days."""
    when = Q()
    for month, day in days:
        when |= Q(birthday__month=month, birthday__day=day)
    return Contact.objects.filter(when)


def birthdays(found: ClientQuerySet, today: date) -> list[Birthday]:
    """Whose birthday it is today or soon, at these clients."""
    days = birthdays_ahead(today)
    contacts = born_on(days).filter(client__in=found).select_related("client")
    listed = [Birthday(one, days[one.birthday.month, one.birthday.day]) for one in contacts if one.birthday]
    return sorted(listed, key=lambda one: (one.on, one.contact.full_name))
