"""What a campaign will ask, of whom, and how long it will take."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Count
from django.utils.translation import gettext as _

from accounts.models import Role, User
from cleanup import questions
from cleanup.models import Answers, Campaign, Questionnaire, Sheet, Version
from cleanup.querysets import CampaignQuerySet
from clients.models import Channel, Client, Status
from clients.querysets import ClientQuerySet
from config import sql
from territories.models import Territory, TerritoryPath

ASKS = {Answers.ROUTE: Role.REP, Answers.SUPERVISOR: Role.SUPERVISOR}
OPEN_STATUSES = [
    Status.ACTIVE.value,
    Status.POTENTIAL.value,
    Status.LOST.value,
]  # a closed client is asked by name only


def scope(campaign: Campaign) -> ClientQuerySet:
    """The clients that a campaign is about, merged ones never."""
    found = Client.objects.filter(merged_into=None, status__in=campaign.statuses or OPEN_STATUSES)
    if campaign.territories:
        below = TerritoryPath.objects.filter(above__any=campaign.territories).values_list("below_id", flat=True)
        found = found.of_territories(list(below))
    if campaign.channels:
        found = found.filter(channel__any=campaign.channels)
    if campaign.categories:
        found = found.filter(category__in=campaign.categories)
    return found


def people(campaign: Campaign) -> dict[int, int]:
    """Who is asked about the clients of each territory: user by territory, without those where nobody is."""
    with connection.cursor() as cursor:
        cursor.execute(sql.read("cleanup", "people"), {"role": ASKS[Answers(campaign.answers)].value})
        return dict(cursor.fetchall())


def doubles(sheets: Iterable[Sheet], user: User) -> dict[int, list[dict[str, Any]]]:
    """By id of a sheet, the suspected duplicates found for it that exist for this person, the likeliest first."""
    named = {sheet.pk: sheet.details.get("duplicates", []) for sheet in sheets}
    ids = {each["client"] for found in named.values() for each in found}
    seen = set(Client.objects.visible_to(user).filter(pk__any=list(ids)).values_list("pk", flat=True))
    return {pk: [each for each in found if each["client"] in seen] for pk, found in named.items()}


class Share(NamedTuple):
    """What one person has to do."""

    person: User | None  # None: nobody is there to ask
    clients: int
    days: int  # at Campaign.a_day clients a day


class Preview(NamedTuple):
    clients: int
    shares: list[Share]  # the longest first
    days: int  # of who needs longest
    available: int  # days of the campaign

    @property
    def asked(self) -> int:
        """How many people have something to answer."""
        return sum(share.person is not None for share in self.shares)


def preview(campaign: Campaign) -> Preview:
    """How many clients, whose, and how many days that is."""
    asked = people(campaign)
    counts: dict[int | None, int] = {}
    for territory, number in scope(campaign).values_list("territory").annotate(Count("pk")).order_by():
        person = asked.get(territory)
        counts[person] = counts.get(person, 0) + number
    users = User.objects.in_bulk([pk for pk in counts if pk])
    shares = sorted(
        (Share(users[pk] if pk else None, number, -(-number // campaign.a_day)) for pk, number in counts.items()),
        key=lambda share: (-share.clients, str(share.person)),
    )
    available = (campaign.last_day - campaign.first_day).days + 1
    longest = max((share.days for share in shares if share.person), default=0)
    return Preview(sum(counts.values()), shares, longest, available)


def against_start(campaign: Campaign) -> list[str]:
    """What keeps a campaign from being started, in words."""
    against = []
    if campaign.version is None:
        against.append(_("No questionnaire is chosen."))
    elif not campaign.version.questions.exists():
        against.append(_("The questionnaire has no questions."))
    elif questions.broken(campaign.version):
        against.append(_("A question comes before the one on whose answer it hangs."))
    if Campaign.objects.filter(state__in=["running", "paused"]).exclude(pk=campaign.pk).exists():
        against.append(_("Another clean-up is not closed yet."))
    if not scope(campaign).exists():
        against.append(_("No client is in its scope."))
    return against


def latest_version(questionnaire: Questionnaire) -> Version | None:
    return questionnaire.versions.order_by("-number").first()


# --- what pages show ---------------------------------------------------------------------------------------------


class Counts(NamedTuple):
    """How far the sheets that a person may see are; `done` of `total`: answered, whatever became of it."""

    by_state: dict[str, int]
    total: int
    done: int

    @property
    def percent(self) -> int:
        return self.done * 100 // self.total if self.total else 0


def counts(campaign: Campaign, user: User) -> Counts:
    """The sheets of a campaign that this person may see, by state."""
    rows = Sheet.objects.visible_to(user).filter(campaign=campaign).values_list("state").annotate(Count("pk"))
    by_state = dict(rows.order_by())
    total = sum(by_state.values())
    return Counts(by_state, total, total - by_state.get("waiting", 0) - by_state.get("returned", 0))


def with_counts(campaigns: CampaignQuerySet, user: User) -> list[tuple[Campaign, Counts]]:
    return [(campaign, counts(campaign, user)) for campaign in campaigns]


def scope_in_words(campaign: Campaign) -> list[tuple[str, str]]:
    """What a campaign is about: heading and what is chosen."""
    everything = _("all")
    places = Territory.objects.filter(pk__in=campaign.territories).values_list("name", flat=True)
    channels = Channel.objects.filter(pk__in=campaign.channels).values_list("name", flat=True)
    return [
        (_("Territories"), ", ".join(places) or everything),
        (_("Statuses"), ", ".join(str(Status(each).label) for each in campaign.statuses or OPEN_STATUSES)),
        (_("Sales channels"), ", ".join(channels) or everything),
        (_("Categories"), ", ".join(campaign.categories) or everything),
    ]
