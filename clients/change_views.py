"""What changed together, taking it back, and a client as it was."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts import audit
from accounts.models import ChangeSet, HistoryEvent, Way
from accounts.requests import StaffRequest
from clients import changes, past, reverts, services
from clients.history import column_label, names_of, value_text
from clients.models import Client
from config.ui import count
from config.web import client_ip


@require_safe
def change_list(request: StaffRequest) -> HttpResponse:
    """All loads, bulk changes, requests and reverts, for administrators."""
    if not changes.sees_all(request.user):
        raise PermissionDenied
    context = {"page": changes.page(request.GET.get("before", "")), "sealed": audit.sealed()}
    return render(request, "clients/change_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def change(request: StaffRequest, reference: str) -> HttpResponse:
    """One change, what taking it back would do, and doing it."""
    try:
        what = reverts.change(request.user, reference)
        if request.method == "POST":
            return _take_back(request, reference, what)
        plan = services.changes_plan(user=request.user, reference=reference)
    except ChangeSet.DoesNotExist:
        raise Http404 from None
    alone = isinstance(what, HistoryEvent)
    context: dict[str, Any] = {
        "what": what,
        "title": _("One change") if isinstance(what, HistoryEvent) else changes.title(what),
        "client": reverts.client_of(request.user, what) if isinstance(what, HistoryEvent) else None,
        "rows": 1 if alone else changes.rows(reference),
        "plan": plan,
        "values": _shown(plan.values),
        "value_count": sum(part.values for part in plan.parts),
        "obstacles": _shown(plan.obstacles),
        "related": changes.related(reference, request.user),
    }
    return render(request, "clients/change.html", context)


def _take_back(request: StaffRequest, reference: str, what: ChangeSet | HistoryEvent) -> HttpResponse:
    try:
        done = services.changes_revert(
            user=request.user, reference=reference, close_created="close" in request.POST,
            way=Way.BROWSER, ip=client_ip(request),
        )  # fmt: skip
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("change", reference)
    messages.success(request, _said(done))
    client = reverts.client_of(request.user, what) if isinstance(what, HistoryEvent) else None
    return redirect("client-card", client.code) if client else redirect("change", done.reference)


def _said(done: services.Reverted) -> str:
    rows = sum(part.rows + part.removed + part.restored for part in done.plan.parts) + done.closed
    text = ngettext("Taken back in %(rows)s row.", "Taken back in %(rows)s rows.", rows) % {"rows": count(rows)}
    if left := done.plan.obstacle_count:
        text += " " + _("Left as it is: %(left)s.") % {"left": count(left)}
    return text


def _shown(values: list[reverts.Value]) -> list[dict[str, Any]]:
    """Values as people read them, with the clients they are about."""
    names = names_of(
        (each.model._meta.db_table, {each.field: side})
        for each in values
        for side in (each.old, each.new, each.present)
    )
    clients = Client.objects.in_bulk({each.row_id for each in values if each.model is Client})
    found: dict[tuple[Any, int], str] = {}
    for model in {each.model for each in values} - {Client}:
        keys = [each.row_id for each in values if each.model is model]
        found |= {(model, row.pk): str(row) for row in model._default_manager.filter(pk__in=keys)}
    return [
        {
            "client": clients.get(each.row_id) if each.model is Client else None,
            "kind": each.model._meta.verbose_name,
            "name": found.get((each.model, each.row_id), f"#{each.row_id}"),
            "field": column_label(each.model, each.field) if each.field else "",
            "sides": [value_text(each.model, each.field, side, names) for side in (each.old, each.new, each.present)]
            if each.field
            else [],
            "why": each.why,
        }
        for each in values
    ]


class MomentForm(forms.Form):
    """When: a moment, or an event before which."""

    at = forms.DateTimeField(
        required=False,
        widget=forms.DateTimeInput({"type": "datetime-local", "class": "form-control"}, "%Y-%m-%dT%H:%M"),
    )
    event = forms.IntegerField(required=False, min_value=1, max_value=2**62)


@require_safe
def client_past(request: StaffRequest, code: str) -> HttpResponse:
    """The client as it was at a moment (?at=) or before an event (?event=), beside what it is now."""
    visible = Client.objects.visible_to(request.user).select_related("territory", "channel", "counterparty")
    client = get_object_or_404(visible, code=code)
    form = MomentForm(request.GET)
    event = None
    if not form.is_valid():
        form.cleaned_data = {"at": None, "event": None}
        messages.error(request, _("That is no date and time."))
    if pk := form.cleaned_data["event"]:
        event = HistoryEvent.objects.filter(pk=pk).first()
    at = event.at if event else form.cleaned_data["at"] or timezone.now()
    state = past.client_past(client, before=pk) if event else past.client_past(client, at=at)
    shown = MomentForm(initial={"at": timezone.localtime(at)})
    return render(
        request, "clients/past.html", {"client": client, "past": state, "at": at, "form": shown, "event": event}
    )
