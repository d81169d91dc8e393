"""What the weekly letter says: what moved in a person's subtree, and why."""

from collections import defaultdict
from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple, cast

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import BooleanField, Count, ExpressionWrapper, OuterRef, Window
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from accounts.models import HistoryEvent, User
from clients.fields import label
from clients.models import ChangeRequest, Client, Status
from config import sql
from config.once import once_a_page
from kpi import compared, metrics, periods, services
from kpi.compared import Difference, Former
from kpi.filters import Show
from kpi.metrics import BY_KEY, Metric, Number
from kpi.models import MEASURES, Period, PeriodClient
from kpi.ranks import selectors as ranks
from kpi.ranks.selectors import Move
from territories.models import Territory, TerritoryPath
from territories.selectors import territory_ids, top_territories

KEYS = ("okb", "akb", "okb_coverage", "stable_akb", "visit_rate", "orders", "order_margin", "overdue_share")
NODES = 5  # of a person's own: a section of the letter each
PARTS, CLIENTS = 4, 3
LISTED = 8


class Figure(NamedTuple):
    metric: Metric
    value: Number | None
    previous: Difference
    year: Difference
    url: str


class Behind(NamedTuple):
    """A client behind a move, in roubles of net sales."""

    name: str
    url: str
    now: Decimal
    before: Decimal

    @property
    def change(self) -> Decimal:
        return self.now - self.before


class Mover(NamedTuple):
    name: str
    url: str
    now: Decimal
    before: Decimal
    clients: list[Behind]

    @property
    def change(self) -> Decimal:
        return self.now - self.before


class Section(NamedTuple):
    """One of the nodes that a person holds."""

    territory: Territory
    url: str
    figures: list[Figure]
    movers: list[Mover]


class Named(NamedTuple):
    """A client with what there is to say of it."""

    name: str
    url: str
    territory: str
    amount: Decimal | None = None
    day: date | None = None


class Asked(NamedTuple):
    field: str
    client: str
    author: str
    day: date


class Content(NamedTuple):
    """The letter of a day. Addresses are without the host. `before`: the last of the same days a month ago."""

    day: date
    month: str
    previous: str
    year: str
    before: date
    running: bool  # the month has not ended on the day
    sections: list[Section]
    lost: list[Named]
    lost_count: int
    lost_url: str
    requests: list[Asked]
    request_count: int
    requests_url: str
    overdue: list[Named]
    overdue_url: str
    up: list[Move]
    down: list[Move]
    up_count: int
    down_count: int
    moves_url: str

    @property
    def moves(self) -> list[Move]:
        return [*self.down, *self.up]


@once_a_page
def nodes(user: User) -> dict[Territory, list[int]]:
    """The nodes that a person's letter is about, the first NODES they hold; of each the ids of all below it."""
    below = TerritoryPath.objects.filter(above=OuterRef("pk")).values("below")
    found = top_territories(user).annotate(all_below=ArraySubquery(below)).order_by("code")[:NODES]
    return {node: node.all_below for node in found}


Days = tuple[date, date]


def _spans(day: date) -> tuple[Days, Days, Days]:
    """The month of a day, the month before, and the same of last year."""
    d0, d1 = day.replace(day=1), services.month_end(day)
    return (d0, d1), periods.shifted(d0, d1, -1), compared.year_before(d0, d1)


class Stored(NamedTuple):
    """The periods of a letter whose metrics are stored; `whole` if all of them are, and the ranks."""

    periods: dict[Days, Period]
    whole: bool


def stored(day: date) -> Stored:
    """What is stored of a letter as of `day`."""
    spans = _spans(day)
    known = Period.objects.filter(d0__in=[d0 for d0, _d1 in spans], stale=False)
    ranked = known.annotate(ranked=ExpressionWrapper(ranks.at_hand(ranks.month_days(spans[0][0])), BooleanField()))
    found = {(each.d0, each.d1): each for each in ranked}
    whole = all(days in found for days in spans) and all(each.ranked for each in found.values())
    return Stored({days: found[days] for days in spans if days in found}, whole)


def reckon(day: date) -> dict[Days, Period]:
    """Store what a letter as of `day` is made of, where it isn't yet; its periods."""
    for moved in ranks.month_days(day.replace(day=1)):  # first: changes that wait may make periods stale
        services.ranks_stored(moved)
    return {days: services.period_stored(*days) for days in _spans(day)}


def content(user: User, day: date, found: dict[Days, Period] | None = None) -> Content:
    """What a person is told as of `day`, about what they may see. Metrics that aren't stored are reckoned now;
    `found`: if all are, their periods (`stored`)."""
    if found is None:
        found = reckon(day)
    d0, d1 = day.replace(day=1), services.month_end(day)
    known, seen = nodes(user), territory_ids(user, "view")
    held, below = list(known), {pk for ids in known.values() for pk in ids}
    places = sorted(below if seen is None else below & set(seen))
    months = {"from": f"{d0:%Y-%m}", "to": f"{d0:%Y-%m}"}
    first = {"territory": held[0].code} if held else {}
    lost = _lost(user, places, day)
    waiting = ChangeRequest.objects.open().approvable_by(user).annotate(total=Window(Count("*")))
    asked = list(waiting.select_related("client", "author").order_by("at")[:LISTED])
    moved = ranks.moves_both(ranks.month_days(d0), places, limit=LISTED // 2, catch_up=False)
    return Content(
        day=day, month=periods.name(d0, d1), previous=periods.name(*periods.shifted(d0, d1, -1)),
        year=periods.name(*compared.year_before(d0, d1)), before=services.months_before(day, 1), running=day < d1,
        sections=_sections(held, places, found, day),
        lost=lost[:LISTED], lost_count=len(lost),
        lost_url=f"{reverse('client-list')}?{urlencode({'status': 'lost', 'reason': '-'})}",
        requests=[
            Asked(label(each.field), each.client.name, str(each.author), timezone.localtime(each.at).date())
            for each in asked
        ],
        request_count=cast("Any", asked[0]).total if asked else 0, requests_url=reverse("request-queue"),
        overdue=_overdue(places, found[d0, d1].pk),
        overdue_url=f"{reverse('kpi-almost', args=['overdue_share'])}?{urlencode(first | months)}",
        up=moved.up, down=moved.down, up_count=moved.up_count, down_count=moved.down_count,
        moves_url=f"{reverse('kpi-moves')}?{urlencode(first | {'month': f'{d0:%Y-%m}'})}",
    )  # fmt: skip


def _sections(held: list[Territory], places: Collection[int], found: dict[Days, Period], day: date) -> list[Section]:
    """Of each node: its figures beside those of the other periods, and what moved its net sales."""
    now, previous, year = _spans(day)
    totals, movers = _totals(held, found), _movers(held, places, day)
    sections = []
    for node in held:
        former = [
            Former(show, periods.name(*days), totals[node.pk, found[days].pk], {})
            for show, days in ((Show.PREVIOUS, previous), (Show.YEAR, year))
        ]
        query = urlencode({"territory": node.code, "from": f"{now[0]:%Y-%m}", "to": f"{now[0]:%Y-%m}"})
        figures = []
        for key in KEYS:
            metric, value = BY_KEY[key], totals[node.pk, found[now].pk][key]
            was, ago = (compared.difference(metric, value, each, each.total) for each in former)
            figures.append(Figure(metric, value, was, ago, f"{reverse('kpi-behind', args=[key])}?{query}"))
        sections.append(Section(node, f"{reverse('kpi-matrix')}?{query}", figures, movers.get(node.pk, [])))
    return sections


def _totals(held: list[Territory], found: dict[Days, Period]) -> dict[tuple[int, int], dict[str, Number | None]]:
    """By ids of node and period the metrics, unrounded, as the matrix has them."""
    sums = ", ".join(f"coalesce(sum(c.{name}), 0)" for name in MEASURES)
    asked = {"nodes": [node.pk for node in held], "periods": [period.pk for period in found.values()]}
    with connection.cursor() as cursor:
        cursor.execute(sql.read("kpi/digests", "figures").format(sums=sums), asked)
        return {
            (node, period): metrics.reckon(dict(zip((*MEASURES, "cost"), values, strict=True)))
            for node, period, *values in cursor.fetchall()
        }


def _movers(held: list[Territory], places: Collection[int], day: date) -> dict[int, list[Mover]]:
    """By id of the node, its parts whose net sales changed most against the same days of the month before, and the
    clients behind each."""
    d0 = day.replace(day=1)
    parameters: dict[str, Any] = {
        "nodes": [node.pk for node in held], "places": list(places), "d0": d0, "day": day,
        "before0": services.months_before(d0, 1), "before": services.months_before(day, 1),
        "parts": PARTS, "clients": CLIENTS,
    }  # fmt: skip
    found: dict[int, dict[str, Mover]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(sql.read("kpi/digests", "movers"), parameters)
        for node, part, name, part_now, part_before, code, client, now, before in cursor.fetchall():
            query = urlencode({"territory": part, "from": f"{d0:%Y-%m}", "to": f"{d0:%Y-%m}"})
            new = Mover(name, f"{reverse('kpi-matrix')}?{query}", part_now, part_before, [])
            mover = found[node].setdefault(part, new)
            mover.clients.append(Behind(client, reverse("client-card", args=[code]), now, before))
    return {node: list(parts.values()) for node, parts in found.items()}


def _lost(user: User, places: Collection[int], day: date) -> list[Named]:
    """Clients that became lost within the week up to `day` and have no reason stated, the most valuable first."""
    since = timezone.make_aware(datetime.combine(day - timedelta(days=6), time()))
    unsaid = (
        Client.objects.visible_to(user)
        .filter(territory__any=list(places))
        .in_status(Status.LOST)
        .filter(lost_reason="")
    )
    moved = HistoryEvent.objects.filter(
        table=Client._meta.db_table, row_id__in=unsaid.order_by().values("pk"), operation="U", at__gte=since,
        new__status=Status.LOST.value,
    ).values_list("row_id", flat=True)  # fmt: skip
    found = Client.objects.filter(pk__in=set(moved)).select_related("territory").order_by("category", "-last_order_on")
    ranked = sorted(found, key=lambda client: (client.category or "Z", client.last_order_on is None))
    return [
        Named(each.name, reverse("client-card", args=[each.code]), each.territory.name, day=each.last_order_on)
        for each in ranked
    ]


def _overdue(places: Collection[int], period: int) -> list[Named]:
    """The clients that owe most past its due date at the end of the period, in roubles."""
    worst = PeriodClient.objects.filter(
        period=period, territory__any=list(places), overdue__gt=0, client__territory__any=list(places),
        client__merged_into=None,
    ).select_related("client__territory")  # fmt: skip
    return [
        Named(
            each.client.name, reverse("client-card", args=[each.client.code]), each.client.territory.name, each.overdue
        )
        for each in worst.order_by("-overdue", "client_id")[:LISTED]
    ]
