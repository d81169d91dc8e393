"""The visits and audits of a client as a panel of its card, and my day: where a representative begins."""

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from accounts.models import Role, Way
from accounts.requests import StaffRequest
from clients.models import Client
from clients.plans.forms import STAGES
from clients.selectors import managers
from config.web import client_ip, render_page
from visits import selectors, services
from visits.models import Visit


@require_safe
def client_visits(request: StaffRequest, code: str) -> HttpResponse:
    """Who was there, who is to come, and what stood on the shelf."""
    client, today = get_object_or_404(Client.objects.visible_to(request.user), code=code), timezone.localdate()
    context = {"visits": selectors.visits(client, today), "shelf": selectors.shelf(client), "today": today}
    return render(request, "visits/_visits.html", context)


@require_safe
def my_day(request: StaffRequest) -> HttpResponse:
    """Today's visits, next steps and birthdays: a representative's own, or those of ?person=; who leads others sees
    first how much each of them has to do."""
    user, today, asked = request.user, timezone.localdate(), request.GET.get("person", "")
    found = Client.objects.visible_to(user)
    people = managers(user) if user.role != Role.REP else managers(user).none()
    person = people.filter(username=asked).first() if asked else None
    if asked and person is None:
        raise Http404
    if person:
        found = found.of_manager(person.username)
    leads = user.role != Role.REP and person is None
    context = {
        "today": today, "people": people, "person": person,
        "may_change": Client.objects.changeable_by(user).exists(),
        "team": selectors.team(user, found, today) if leads else None,
        "day": None if leads else selectors.day(found, today),
        "plans": selectors.plans_due(found, today), "stages": STAGES,
    }  # fmt: skip
    return render_page(request, "visits/day.html", "visits/_day.html", context)


@require_POST
def visit_done(request: StaffRequest, pk: int) -> HttpResponse:
    """ "I was there", or not after all; my day hears of it and renews itself."""
    try:
        services.visit_done(
            user=request.user, pk=pk, done=request.POST.get("what") != "reopen", way=Way.BROWSER, ip=client_ip(request)
        )
    except Visit.DoesNotExist:
        raise Http404 from None
    return trigger_client_event(HttpResponse(status=204), "said", {})
