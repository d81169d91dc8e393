"""Reads of the visits panel of a client's card."""

from datetime import date
from typing import NamedTuple

from django.db.models import Count, Exists, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce

from clients.models import Client
from sales.models import Invoice, Mml
from visits.models import Audit, AuditItem, Visit

AHEAD = 4
PAST = 12
AUDITS = 6


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
