"""Reads of the orders panel of a client's card."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import models
from django.db.models import Count, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce, TruncMonth
from django.utils import timezone

from clients.models import Client
from sales.models import Invoice, Payment

MONTHS = 12
PAGE = 10
ZERO = Value(Decimal(0))


class Month(NamedTuple):
    """A calendar month of a client: money in roubles, `height` in hundredths of the highest month."""

    first: date
    total: Decimal
    margin: Decimal
    invoices: int
    height: int


class InvoicePage(NamedTuple):
    invoices: list[Invoice]
    before: Invoice | None  # to go on from


class Debt(NamedTuple):
    """What a client owes on an invoice; `days_late` is 0 until the day after it is due."""

    invoice: Invoice
    rest: Decimal
    due_on: date
    days_late: int


class Debts(NamedTuple):
    debts: list[Debt]
    total: Decimal
    overdue: Decimal


def months(client: Client, today: date) -> list[Month]:
    """Net sales of the last 12 calendar months, this one included, oldest first."""
    index = today.year * 12 + today.month - 1
    firsts = [date(i // 12, i % 12 + 1, 1) for i in range(index - MONTHS + 1, index + 1)]
    rows = (
        Invoice.objects.filter(client=client, date__gte=firsts[0], date__lte=today)
        .annotate(month=TruncMonth("date"))
        .values("month")
        .annotate(sum=Sum("total"), earned=Sum("margin"), n=Count("pk"))
        .order_by()
    )
    found = {row["month"]: row for row in rows}
    highest = max((row["sum"] for row in found.values()), default=Decimal(0))
    return [_month(first, found.get(first), highest) for first in firsts]


def _month(first: date, row: Mapping[str, Any] | None, highest: Decimal) -> Month:
    if row is None:
        return Month(first, Decimal(0), Decimal(0), 0, 0)
    height = max(2, round(100 * row["sum"] / highest)) if highest > 0 and row["sum"] > 0 else 0
    return Month(first, row["sum"], row["earned"], row["n"], height)


def invoices(client: Client, before: Invoice | None = None) -> InvoicePage:
    """Invoices newest first, from the one after `before` on."""
    found = client_invoices(client)
    if before:
        found = found.filter(Q(date__lt=before.date) | Q(pk__lt=before.pk), date__lte=before.date)
    rows = list(found.order_by("-date", "-pk")[: PAGE + 1])
    return InvoicePage(rows[:PAGE], rows[PAGE - 1] if len(rows) > PAGE else None)


def client_invoices(client: Client) -> QuerySet[Invoice]:
    return Invoice.objects.filter(client=client)


def debts(client: Client, today: date) -> Debts:
    """Invoices with payment terms that are not paid in full, oldest due first (spec/kpi.md, metric 21)."""
    paid = Payment.objects.filter(invoice=OuterRef("pk"), paid_on__lte=today).order_by().values("invoice")
    owed = (
        Invoice.objects.filter(client=client, payment_terms_days__gt=0, date__lte=today)
        .annotate(rest=F("total") - Coalesce(Subquery(paid.annotate(sum=Sum("amount")).values("sum")), ZERO))
        .filter(rest__gt=0)
    )
    found = []
    for invoice in owed:
        due_on = invoice.date + timedelta(days=invoice.payment_terms_days)
        found.append(Debt(invoice, invoice.rest, due_on, max(0, (today - due_on).days)))
    found.sort(key=lambda debt: (debt.due_on, debt.invoice.number))
    overdue = sum((debt.rest for debt in found if debt.days_late), Decimal(0))
    return Debts(found, sum((debt.rest for debt in found), Decimal(0)), overdue)


def is_debtor() -> Exists:
    """Of a client: an invoice with payment terms is past its due date today and not paid in full (metric 21)."""
    today = timezone.localdate()
    paid = Payment.objects.filter(invoice=OuterRef("pk")).order_by().values("invoice")
    late = ExpressionWrapper(F("date") + F("payment_terms_days"), models.DateField())
    owed = Invoice.objects.filter(client=OuterRef("pk"), payment_terms_days__gt=0).annotate(due=late)
    paid_in_all = Coalesce(Subquery(paid.annotate(sum=Sum("amount")).values("sum")), ZERO)
    return Exists(owed.filter(due__lt=today, total__gt=paid_in_all))
