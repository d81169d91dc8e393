"""My plans and the team's, the plans of a client on its card, and planning many at once from the list."""

from uuid import UUID

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
from clients.bulk.models import Selection
from clients.bulk.services import selection_create
from clients.listing import Listing
from clients.models import Client
from clients.plans import selectors, services
from clients.plans.forms import STAGES, MoveForm, PlanForm
from clients.plans.models import Plan, Stage
from clients.selectors import managers, managers_of
from config.web import client_ip, render_page
from territories.selectors import territory_ids

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
    """The form that plans all potential and lost clients of the list at this address, or of a ?selection=; POST does.
    POST without a day yet: the clients of `id` were chosen in the list, and the form of them is next."""
    if territory_ids(request.user, "change") == []:
        raise PermissionDenied
    data = request.POST if request.method == "POST" else request.GET
    listing = Listing(QueryDict(data.get("state", "")) if request.method == "POST" else data, request.user)
    if request.method == "POST" and "due_on" not in data:
        return _choose(request, listing)
    found, chosen = listing.found(), None
    if pk := data.get("selection"):
        chosen = get_object_or_404(Selection.objects.visible_to(request.user), pk=_uuid(pk))
        found = Client.objects.visible_to(request.user).filter(pk__any=chosen.ids)
    codes = list(found.filter(status__in=services.KINDS).values_list("code", flat=True)[: MANY + 1])
    form = PlanForm(data if request.method == "POST" else None)
    if request.method == "POST":
        fits = codes and len(codes) <= MANY and form.is_valid()
        if fits and _add(request, form, dict.fromkeys(codes, form.cleaned_data["why"])):
            return redirect("plans")
        for text in form.objections:
            messages.error(request, text)
        return redirect(f"{reverse('client-list')}?{listing.state()}")
    context = {
        "listing": listing, "selection": chosen, "others": len(chosen.ids) - len(codes) if chosen else 0,
        "n": len(codes), "many": MANY, "form": form,
    }  # fmt: skip
    return render_page(request, "plans/add.html", "plans/_add.html", context)


def _choose(request: StaffRequest, listing: Listing) -> HttpResponse:
    ids = [int(pk) for each in request.POST.getlist("id") for pk in each.split(",") if pk.isdecimal() and len(pk) < 19]
    try:
        made = selection_create(user=request.user, found=Client.objects.filter(pk__any=ids))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect(f"{reverse('client-list')}?{listing.state()}")
    return redirect(f"{reverse('plans-add')}?selection={made.pk}")


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None


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
