"""How far clients are from the norms of efforts in a period."""

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.models import Category, Channel, Client
from config import sql
from kpi import services
from kpi.efforts.models import EffortRule


class Kind(Enum):
    """Who is asked for: those with too little attention, with too much, by the norm, or without one."""

    LITTLE = "little"
    MUCH = "much"
    NORM = "norm"
    NONE = "none"

    @property
    def label(self) -> Any:
        return _LABELS[self]


_LABELS = {
    Kind.LITTLE: _("Too little attention"),
    Kind.MUCH: _("Too much attention"),
    Kind.NORM: _("By the norm"),
    Kind.NONE: _("Without a norm"),
}
_WHO = {
    Kind.LITTLE: "has_norm AND missing > 0",
    Kind.MUCH: "has_norm AND extra > 0",
    Kind.NORM: "has_norm AND missing = 0 AND extra = 0",
    Kind.NONE: "NOT has_norm",
}
_ORDER = {
    Kind.LITTLE: "missing DESC, category, d.code", Kind.MUCH: "extra DESC, category DESC, d.code",
    Kind.NORM: "d.code", Kind.NONE: "d.code",
}  # fmt: skip


class Distance(NamedTuple):
    """A client beside its norm: visits planned and made and calls in the period, norms a month (None: none), and the
    whole contacts of the period that are missing and that are too many."""

    code: str
    name: str
    territory: str
    channel: str
    category: str
    planned: int
    made: int
    calls: int
    norm_visits: Decimal | None
    norm_calls: Decimal | None
    has_norm: bool
    missing: Decimal
    extra: Decimal


class Span(NamedTuple):
    """A period as distances are reckoned: its days, and how many months of it have passed."""

    d0: date
    d1: date
    months: Decimal

    def norm(self, a_month: Decimal | None) -> Decimal | None:
        """A norm a month as contacts of the whole span."""
        return None if a_month is None else a_month * self.months


def span(d0: date, d1: date) -> Span:
    """Of a period that has not ended, the part up to today counts: its days by all its days."""
    today = timezone.localdate()
    months = Decimal(services.months_of(d0, d1))
    if today < d1:
        months *= Decimal(max(0, (today - d0).days + 1)) / ((d1 - d0).days + 1)
    return Span(d0, d1, months)


def counted(asked: Span, ids: Collection[int], channel: str = "", category: str = "") -> dict[Kind, int]:
    """How many clients of these territories are of each kind."""
    counts = ", ".join(f"count(*) FILTER (WHERE {_WHO[kind]})" for kind in Kind)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {counts} FROM ({sql.read('kpi/efforts', 'distances')}) d {_FILTER}",
            _parameters(asked, ids=ids, channel=channel, category=category),
        )
        return dict(zip(Kind, cursor.fetchone(), strict=True))


def parts(asked: Span, ids: Collection[int], parent: int) -> list[tuple[str, str, int, int, int]]:
    """By child of a node: code, name, and its clients with too little, too much and in all."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t.code, t.name,"
            f" count(*) FILTER (WHERE {_WHO[Kind.LITTLE]}), count(*) FILTER (WHERE {_WHO[Kind.MUCH]}), count(*)"
            f" FROM ({sql.read('kpi/efforts', 'distances')}) d"
            " JOIN territories_territorypath p ON p.below_id = d.territory_id"
            " JOIN territories_territory t ON t.id = p.above_id AND t.parent_id = %(parent)s"
            " GROUP BY t.id ORDER BY t.code",
            _parameters(asked, ids=ids) | {"parent": parent},
        )
        return list(cursor.fetchall())


def distances(
    asked: Span, ids: Collection[int], kind: Kind, *, channel: str = "", category: str = "", limit: int = 50,
    offset: int = 0,
) -> list[Distance]:  # fmt: skip
    """The clients of a kind, the farthest from their norm first."""
    return _distances(
        f"{_FILTER} AND {_WHO[kind]}", _ORDER[kind],
        _parameters(asked, ids=ids, channel=channel, category=category) | {"limit": limit, "offset": offset},
    )  # fmt: skip


def of_client(asked: Span, client: Client) -> Distance | None:
    """One client beside its norm; None if it is not of the base of the period, or closed."""
    only = _parameters(asked, client=client.pk) | {"limit": 1, "offset": 0}
    return next(iter(_distances("", "d.code", only)), None)


_FILTER = (
    "WHERE (%(channel)s = '' OR d.channel_id = (SELECT id FROM clients_channel WHERE code = %(channel)s))"
    " AND (%(category)s = '' OR d.category = %(category)s)"
)


def _distances(where: str, order: str, parameters: dict[str, Any]) -> list[Distance]:
    page = f"SELECT * FROM ({sql.read('kpi/efforts', 'distances')}) d {where} ORDER BY {order}"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT d.code, d.name, t.name, coalesce(h.name, ''), category, planned, made, calls, norm_visits,"
            f" norm_calls, has_norm, missing, extra FROM ({page} LIMIT %(limit)s OFFSET %(offset)s) d"
            " JOIN territories_territory t ON t.id = d.territory_id LEFT JOIN clients_channel h ON h.id = d.channel_id"
            f" ORDER BY {order}",
            parameters,
        )
        return [Distance(*row) for row in cursor.fetchall()]


def _parameters(
    asked: Span, *, ids: Collection[int] = (), client: int | None = None, channel: str = "", category: str = ""
) -> dict[str, Any]:
    """Of distances.sql; the period's metrics are reckoned if they aren't stored."""
    since, until = (
        timezone.make_aware(datetime.combine(day, time())) for day in (asked.d0, asked.d1 + timedelta(days=1))
    )
    return {
        "period": services.period_stored(asked.d0, asked.d1).pk, "places": list(ids), "client": client, "since": since,
        "until": until, "months": asked.months, "channel": channel, "category": category,
    }  # fmt: skip


class RuleRow(NamedTuple):
    """A channel with its norms by category."""

    channel: Channel
    rules: dict[str, EffortRule]


def matrix() -> list[RuleRow]:
    """The matrix of efforts: every channel, and the norms there are."""
    stored: dict[int, dict[str, EffortRule]] = {}
    for rule in EffortRule.objects.all():
        stored.setdefault(rule.channel_id, {})[rule.category] = rule
    return [RuleRow(channel, stored.get(channel.pk, {})) for channel in Channel.objects.order_by("name", "code")]


def rule_of(client: Client) -> EffortRule | None:
    """The norm of a client, with its terms and promotion."""
    if client.channel_id is None or client.category not in Category.values:
        return None
    return EffortRule.objects.filter(channel=client.channel_id, category=client.category).first()
