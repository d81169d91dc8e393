"""The orders and receivables of a client, as panels of its card."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.requests import StaffRequest
from clients.models import Client
from sales import selectors
from sales.models import Invoice, Line


def _client(request: StaffRequest, code: str) -> Client:
    return get_object_or_404(Client.objects.visible_to(request.user), code=code)


@require_safe
def client_orders(request: StaffRequest, code: str) -> HttpResponse:
    """A year of sales, the invoices and what is owed."""
    client, today = _client(request, code), timezone.localdate()
    months = selectors.months(client, today)
    context = {
        "client": client,
        "months": months,
        "year_total": sum(month.total for month in months),
        "year_margin": sum(month.margin for month in months),
        "year_invoices": sum(month.invoices for month in months),
        "debts": selectors.debts(client, today),
        "page": selectors.invoices(client),
    }
    return render(request, "sales/_orders.html", context)


@require_safe
def client_invoices(request: StaffRequest, code: str) -> HttpResponse:
    """The next page of invoices, after the one with id ?before=."""
    client = _client(request, code)
    before = request.GET.get("before", "")
    last = selectors.client_invoices(client).filter(pk=int(before) if before.isdecimal() else 0).first()
    return render(request, "sales/_invoices.html", {"client": client, "page": selectors.invoices(client, last)})


@require_safe
def invoice_lines(request: StaffRequest, pk: int) -> HttpResponse:
    """The lines of an invoice, shown below it."""
    invoice = get_object_or_404(Invoice.objects.filter(client__in=Client.objects.visible_to(request.user)), pk=pk)
    lines = Line.objects.filter(invoice=invoice).select_related("product").order_by("number")
    return render(request, "sales/_lines.html", {"invoice": invoice, "lines": lines})
