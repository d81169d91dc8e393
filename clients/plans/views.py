"""My plans and the team's, the plans of a client on its card, and planning many at once from the list."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import trigger_client_event

from accounts.models import Role, Way
from accounts.requests import StaffRequest
from clients.listing import Listing
from clients.models import Client
from clients.plans import selectors, services
from clients.plans.forms import STAGES, MoveForm, PlanForm
from clients.plans.models import Plan, Stage
from clients.selectors import managers, managers_of
from config.web import client_ip, render_page

MANY = 1000  # clients planned at once


@require_safe
def plans(request: StaffRequest) -> HttpResponse:
    """A representative's own plans, or those of ?person=; who leads others sees first how far each of them is."""
    user, today, asked = request.user, timezone.localdate(), request.GET.get("person", "")
    found = Plan.objects.visible_to(user)
    team = selectors.team(user, today) if user.role != Role.REP else []
    person = next((row.person for row in team if row.person and row.person.username == asked), None)
    if asked and person is None:
        person = managers(user).filter(username=asked).first()
        if person is None or user.role == Role.REP:
            raise Http404
    context = {
        "today": today, "team": team, "person": person, "stages": STAGES,
        "names": {stage.value: stage.label for stage in Stage},
        "plans": selectors.plans(found.filter(manager=person) if person else found, today),
        "may_change": Client.objects.changeable_by(user).exists(),
    }  # fmt: skip
    return render_page(request, "plans/plans.html", "plans/_plans.html", context)


@require_POST
def plan(request: StaffRequest, pk: int) -> HttpResponse:
    """Move a plan on, or give it another day; whatever shows it hears of it and renews itself."""
    form = MoveForm(request.POST)
    if not form.is_valid():
        return HttpResponse(status=400)
    try:
        services.plan_update(
            user=request.user, pk=pk, was=form.cleaned_data["was"], changes=form.changes, way=Way.BROWSER,
            ip=client_ip(request),
        )  # fmt: skip
    except Plan.DoesNotExist:
        raise Http404 from None
    except services.Meanwhile as meanwhile:
        said = _("Meanwhile “%(name)s” has come to another stage: %(stage)s.")
        values = {"name": meanwhile.current.client.name, "stage": meanwhile.current.get_stage_display()}
        messages.error(request, said % values)
    except ValidationError as error:
        for text in error.messages:
            messages.error(request, text)
    return trigger_client_event(HttpResponse(status=204), "said", {})


@require_http_methods(["GET", "HEAD", "POST"])
def client_plans(request: StaffRequest, code: str) -> HttpResponse:
    """The plans of a client, as a panel of its card; POST plans it."""
    client = get_object_or_404(Client.objects.visible_to(request.user), code=code)
    may = Client.objects.changeable_by(request.user).filter(pk=client.pk).exists()
    form = PlanForm(request.POST or None, people=managers_of(client.territory))
    if request.method == "POST":
        if not may:
            raise PermissionDenied
        if form.is_valid() and _add(request, form, {code: form.cleaned_data["why"]}):
            form = PlanForm(people=managers_of(client.territory))
    shown = selectors.plans(selectors.of_client(client), timezone.localdate())
    context = {
        "client": client, "plans": shown, "form": form, "may_change": may, "stages": STAGES,
        "today": timezone.localdate(), "may_plan": may and not shown.open and client.status in services.KINDS,
    }  # fmt: skip
    return render(request, "plans/_client.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def plans_add(request: StaffRequest) -> HttpResponse:
    """The dialog that plans all potential and lost clients of the list at this address; POST does."""
    listing = Listing(QueryDict(request.POST.get("state", "")) if request.POST else request.GET, request.user)
    found = listing.found().filter(status__in=services.KINDS)
    codes = list(found.values_list("code", flat=True)[: MANY + 1])
    if not Client.objects.changeable_by(request.user).exists():
        raise PermissionDenied
    form = PlanForm(request.POST or None)
    if request.method == "POST":
        fits = codes and len(codes) <= MANY and form.is_valid()
        if fits and _add(request, form, dict.fromkeys(codes, form.cleaned_data["why"])):
            return redirect("plans")
        for text in form.objections:
            messages.error(request, text)
        return redirect(f"{reverse('client-list')}?{listing.state()}")
    context = {"listing": listing, "n": len(codes), "many": MANY, "form": form}
    return render(request, "plans/_add.html", context)


def _add(request: StaffRequest, form: PlanForm, whys: dict[str, str]) -> services.Made | None:
    try:
        made = services.plans_add(
            user=request.user, whys=whys, due_on=form.cleaned_data["due_on"],
            manager=form.cleaned_data.get("manager"), way=Way.BROWSER, ip=client_ip(request),
        )  # fmt: skip
    except ValidationError as error:
        for text in error.messages:
            messages.error(request, text)
        return None
    said = ngettext("%(n)s client planned", "%(n)s clients planned", made.made) % {"n": made.made}
    if made.had:
        said += "; " + ngettext("%(n)s was planned already", "%(n)s were planned already", made.had) % {"n": made.had}
    messages.success(request, said)
    return made
