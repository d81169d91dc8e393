"""What the weekly letter says: what moved in a person's subtree, and why."""

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from accounts.models import HistoryEvent, User
from clients.fields import label
from clients.models import ChangeRequest, Client, Status
from config import sql
from kpi import compared, periods, services
from kpi import selectors as kpi_selectors
from kpi.compared import Difference, Former
from kpi.filters import Show
from kpi.metrics import BY_KEY, Metric, Number
from kpi.models import PeriodClient
from kpi.ranks import selectors as ranks
from kpi.ranks.selectors import Move
from territories.models import Territory
from territories.selectors import top_territories

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


def content(user: User, day: date) -> Content:
    """What a person is told as of `day`, about what they may see. Metrics that aren't stored are reckoned now."""
    d0, d1 = day.replace(day=1), services.month_end(day)
    nodes = list(top_territories(user).order_by("code")[:NODES])
    places = sorted({pk for node in nodes for pk in ranks.places(user, node)})
    months = {"from": f"{d0:%Y-%m}", "to": f"{d0:%Y-%m}"}
    first = {"territory": nodes[0].code} if nodes else {}
    lost = _lost(user, places, day)
    waiting = ChangeRequest.objects.open().approvable_by(user)
    days = ranks.month_days(d0)
    moved = ranks.moves_counted(days, places)
    return Content(
        day=day, month=periods.name(d0, d1), previous=periods.name(*periods.shifted(d0, d1, -1)),
        year=periods.name(*compared.year_before(d0, d1)), before=services.months_before(day, 1), running=day < d1,
        sections=[_section(user, node, d0, d1, day) for node in nodes],
        lost=lost[:LISTED], lost_count=len(lost),
        lost_url=f"{reverse('client-list')}?{urlencode({'status': 'lost', 'reason': '-'})}",
        requests=[
            Asked(label(each.field), each.client.name, str(each.author), timezone.localtime(each.at).date())
            for each in waiting.select_related("client", "author").order_by("at")[:LISTED]
        ],
        request_count=waiting.count(), requests_url=reverse("request-queue"),
        overdue=_overdue(places, services.period_stored(d0, d1).pk),
        overdue_url=f"{reverse('kpi-almost', args=['overdue_share'])}?{urlencode(first | months)}",
        up=ranks.moves(days, places, direction="up", limit=LISTED // 2),
        down=ranks.moves(days, places, direction="down", limit=LISTED // 2),
        up_count=sum(number for (was, becomes), number in moved.items() if was and becomes and becomes < was),
        down_count=sum(number for (was, becomes), number in moved.items() if was and becomes and becomes > was),
        moves_url=f"{reverse('kpi-moves')}?{urlencode(first | {'month': f'{d0:%Y-%m}'})}",
    )  # fmt: skip


def _section(user: User, node: Territory, d0: date, d1: date, day: date) -> Section:
    spans = ((d0, d1), periods.shifted(d0, d1, -1), compared.year_before(d0, d1))
    now, previous, year = (
        kpi_selectors.matrix(territory=node, d0=first, d1=last, catch_up=False).total.metrics for first, last in spans
    )
    formers = (
        Former(Show.PREVIOUS, periods.name(*spans[1]), previous, {}),
        Former(Show.YEAR, periods.name(*spans[2]), year, {}),
    )
    query = urlencode({"territory": node.code, "from": f"{d0:%Y-%m}", "to": f"{d0:%Y-%m}"})
    figures = []
    for key in KEYS:
        metric = BY_KEY[key]
        was, ago = (compared.difference(metric, now[key], former, former.total) for former in formers)
        figures.append(Figure(metric, now[key], was, ago, f"{reverse('kpi-behind', args=[key])}?{query}"))
    movers = _movers(node, ranks.places(user, node), d0, day)
    return Section(node, f"{reverse('kpi-matrix')}?{query}", figures, movers)


def _movers(node: Territory, places: Collection[int], d0: date, day: date) -> list[Mover]:
    """The parts of a node whose net sales changed most against the same days of the month before, and the clients
    behind each."""
    parameters: dict[str, Any] = {
        "node": node.pk, "places": list(places), "d0": d0, "day": day, "before0": services.months_before(d0, 1),
        "before": services.months_before(day, 1), "parts": PARTS, "clients": CLIENTS,
    }  # fmt: skip
    found: dict[str, Mover] = {}
    with connection.cursor() as cursor:
        cursor.execute(sql.read("kpi/digests", "movers"), parameters)
        for part, name, part_now, part_before, code, client, now, before in cursor.fetchall():
            url = (
                f"{reverse('kpi-matrix')}?{urlencode({'territory': part, 'from': f'{d0:%Y-%m}', 'to': f'{d0:%Y-%m}'})}"
            )
            mover = found.setdefault(part, Mover(name, url, part_now, part_before, []))
            mover.clients.append(Behind(client, reverse("client-card", args=[code]), now, before))
    return list(found.values())


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
