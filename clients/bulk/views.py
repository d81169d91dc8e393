"""Choosing clients, giving all of them new values: the form, the look at what it would do, the doing."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from accounts.requests import StaffRequest
from clients import fields
from clients.bulk import services
from clients.bulk.forms import BulkForm
from clients.bulk.models import Edit, Selection
from clients.bulk_plan import WHY, Line, Outcome, Plan
from clients.listing import Listing
from clients.models import Client
from config.web import client_ip
from territories.selectors import territory_ids


@require_POST
def select(request: StaffRequest) -> HttpResponse:
    """Choose clients and go on to the form of their new values. `id`, any number: keys; `code`, any number: codes; or
    `all`: all that match the list's `state`. Whatever shows clients may post here."""
    if territory_ids(request.user, "change") == []:
        raise PermissionDenied
    data, query = request.POST, request.POST.get("state", "") if request.POST.get("all") else ""
    listing = Listing(QueryDict(data.get("state", "")), request.user)
    ids = [int(pk) for each in data.getlist("id") for pk in each.split(",") if pk.isdecimal() and len(pk) < 19]
    found = Client.objects.filter(pk__any=ids) | Client.objects.filter(code__in=data.getlist("code"))
    try:
        made = services.selection_create(user=request.user, found=listing.found() if query else found, query=query)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect(f"{reverse('client-list')}?{listing.state()}")
    return redirect("selection", made.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def selection(request: StaffRequest, pk: UUID) -> HttpResponse:
    """The form of the new values for the chosen clients; POST goes on to what they would do."""
    chosen = get_object_or_404(Selection.objects.visible_to(request.user), pk=pk)
    form = BulkForm(request.POST if request.method == "POST" else None, user=request.user)
    if form.is_bound and form.is_valid():
        return redirect("bulk-edit", services.edit_create(selection=chosen, changes=form.changes()).pk)
    return render(request, "bulk/form.html", {"selection": chosen, "form": form}, status=400 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: StaffRequest, pk: UUID) -> HttpResponse:
    """What the new values would do, and once begun how far it is and what came of it; POST begins it."""
    made = get_object_or_404(Edit.objects.visible_to(request.user).select_related("job", "selection"), pk=pk)
    if request.method == "POST":
        try:
            services.edit_begin(edit=made, ip=client_ip(request))
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        return redirect("bulk-edit", pk)
    texts = fields.texts(made.values.items())
    context: dict[str, Any] = {
        "edit": made, "job": made.job,
        "values": [(fields.label(name), texts[name, packed]) for name, packed in made.values.items()],
    }  # fmt: skip
    if not made.job:
        context |= _preview(request, made)
    elif made.job.result:
        context |= {"outcome": made.job.result, "refused": _reasons(made.job.result["refused"])}
    return render(request, "bulk/edit.html", context)


@require_POST
def again(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Choose once more those that somebody had changed meanwhile, as they are now."""
    made = get_object_or_404(Edit.objects.visible_to(request.user), pk=pk)
    try:
        chosen = services.selection_create(user=request.user, found=Client.objects.filter(pk__any=made.left))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("bulk-edit", pk)
    return redirect("bulk-edit", services.edit_create(selection=chosen, changes=services.changes_of(made)).pk)


def _reasons(refused: dict[str, int]) -> list[tuple[Any, int]]:
    return [(WHY[why], number) for why, number in refused.items()]


def _preview(request: StaffRequest, made: Edit) -> dict[str, Any]:
    """Whom it would change to what, whom not and why; as everything is now."""
    plan, outcome = services.edit_plan(made)
    return {
        "outcome": outcome, "refused": _reasons(outcome.refused), **_lines(request, made, plan, outcome),
    }  # fmt: skip


def _lines(request: StaffRequest, made: Edit, plan: Plan, outcome: Outcome) -> dict[str, Any]:
    found = Client.objects.visible_to(request.user).in_bulk([line.pk for line in outcome.lines])
    stored = {
        (pk, name): fields.pack(getattr(client, fields.attribute(name)))
        for pk, client in found.items()
        for name in made.values
    }
    names = fields.texts([*made.values.items(), *((name, old) for (_pk, name), old in stored.items())])

    def of(line: Line) -> dict[str, Any]:
        differing = [name for name in made.values if line.pk in found and stored[line.pk, name] != made.values[name]]
        return {
            "client": found.get(line.pk), "why": WHY.get(line.verdict, ""),
            "changes": [
                {"field": fields.label(name), "old": names[name, stored[line.pk, name]],
                 "new": names[name, made.values[name]], "asked": not plan.free(name, line.approves)}
                for name in differing
            ],
        }  # fmt: skip

    lines = [(line, of(line)) for line in outcome.lines]
    return {
        "lines": [said for line, said in lines if line.verdict == "ok"],
        "turned_away": [said for line, said in lines if line.verdict != "ok"],
    }
