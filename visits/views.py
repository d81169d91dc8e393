"""The visits and audits of a client, as a panel of its card."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.requests import StaffRequest
from clients.models import Client
from visits import selectors


@require_safe
def client_visits(request: StaffRequest, code: str) -> HttpResponse:
    """Who was there, who is to come, and what stood on the shelf."""
    client, today = get_object_or_404(Client.objects.visible_to(request.user), code=code), timezone.localdate()
    context = {"visits": selectors.visits(client, today), "shelf": selectors.shelf(client), "today": today}
    return render(request, "visits/_visits.html", context)
