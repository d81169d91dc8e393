"""The client list, the card and the editing of a client. What these pages may show: clients/querysets.py."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Way
from accounts.requests import StaffRequest
from clients import selectors, services
from clients.filters import ClientFilter
from clients.forms import FIELDS, SECTIONS, ClientForm, ReasonForm, asks_reason
from clients.history import history
from clients.models import Client, Counterparty, Status
from config.web import client_ip, render_page
from territories.selectors import territory_ids, way_to

CARD = ("territory", "channel", "counterparty")


def _client(request: StaffRequest, code: str) -> Client:
    """The client with this code, if it exists for this person."""
    return get_object_or_404(Client.objects.visible_to(request.user).select_related(*CARD), code=code)


@require_safe
def client_list(request: StaffRequest) -> HttpResponse:
    """The list with its tabs, filters and search; the address holds the whole state."""
    asked = ClientFilter(request.GET, user=request.user)
    found = asked.found()
    without_reason = bool(asked.value("reason")) and asked.tab == Status.LOST
    shown = selectors.in_tab(found, asked.tab, without_reason)
    tabs = selectors.tabs(found)
    context = {
        "filter": asked,
        "tabs": tabs,
        "page_total": tabs.without_reason if without_reason else tabs.count(asked.tab),
        "page": selectors.page(shown, after=asked.value("after") or None, before=asked.value("before") or None),
        "ALL": selectors.ALL,
        "LOST": Status.LOST,
    }
    return render_page(request, "clients/list.html", "clients/_list.html", context)


@require_safe
def client_card(request: StaffRequest, code: str) -> HttpResponse:
    """All that is known of a client; orders, visits, KPIs and history come as panels of their own."""
    client = _client(request, code)
    editable = services.editable_fields(user=request.user, client=client)
    context = {
        "client": client,
        "way": way_to(client.territory, request.user),
        "managers": selectors.managers_of(client.territory),
        "contacts": client.contacts.all(),
        "contracts": client.counterparty.contracts.all() if client.counterparty else [],
        "editable": editable,
        "reason_form": _reason_form(client) if "lost_reason" in editable else None,
    }
    return render(request, "clients/card.html", context)


def _reason_form(client: Client) -> ReasonForm | None:
    """Asked for on the card of a lost client that has none."""
    if client.status != Status.LOST or client.lost_reason:
        return None
    return ReasonForm(initial={"version": client.version})


@require_safe
def client_history(request: StaffRequest, code: str) -> HttpResponse:
    """A page of the history panel, from ?before= on."""
    client = _client(request, code)
    before = request.GET.get("before", "")
    page = history(client, int(before) if before.isdecimal() else None)
    return render(request, "clients/_history.html", {"client": client, "page": page})


@require_POST
def client_reason(request: StaffRequest, code: str) -> HttpResponse:
    """State why a client is lost, from its card."""
    client = _client(request, code)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose a reason from the list."))
        return redirect("client-card", code)
    return _save(request, client, form.cleaned_data["version"], {"lost_reason": form.cleaned_data["lost_reason"]})


def client_edit(request: StaffRequest, code: str) -> HttpResponse:
    """The form of a client, and what somebody else has changed meanwhile."""
    client = _client(request, code)
    editable = services.editable_fields(user=request.user, client=client)
    if not editable:
        raise PermissionDenied
    form = ClientForm(
        request.POST or None, instance=client, user=request.user, editable=editable, initial={"version": client.version}
    )
    if request.method == "POST" and form.is_valid():
        return _save(request, client, form.cleaned_data["version"], form.changes(), form)
    return _form_page(request, client, form)


def _form_page(request: StaffRequest, client: Client, form: ClientForm) -> HttpResponse:
    names = [name for name in FIELDS if name != "lost_reason" or asks_reason(client)]
    context: dict[str, Any] = {
        "client": client,
        "form": form,
        "sections": [(title, [_row(form, client, name) for name in some if name in names]) for title, some in SECTIONS],
        "locked": any(name not in form.fields for name in names),
    }
    return render(request, "clients/edit.html", context, status=400 if form.is_bound else 200)


def _row(form: ClientForm, client: Client, name: str) -> dict[str, Any]:
    """A field to fill in, or what it holds for somebody who may not change it."""
    if name in form.fields:
        return {"name": name, "field": form[name]}
    field = Client._meta.get_field(name)
    shown = getattr(client, f"get_{name}_display", None)
    return {"name": name, "label": field.verbose_name, "value": shown() if shown else getattr(client, name)}  # type: ignore[union-attr]


def _save(
    request: StaffRequest, client: Client, version: int, changes: dict[str, Any], form: ClientForm | None = None
) -> HttpResponse:
    """Change the client and go to its card; errors and conflicts come back to be settled."""
    try:
        if changes:
            client = services.client_update(
                user=request.user, code=client.code, version=version, changes=changes,
                way=Way.BROWSER, ip=client_ip(request),
            )  # fmt: skip
    except services.Conflict as conflict:
        return _settle(request, conflict.current, changes, form)
    except ValidationError as error:
        if form is None:
            raise
        form.add_error(None, error) if not hasattr(error, "error_dict") else _add_errors(form, error)
        return _form_page(request, client, form)
    messages.success(request, _("Saved.") if changes else _("Nothing was changed."))
    return redirect("client-card", client.code)


def _add_errors(form: ClientForm, error: ValidationError) -> None:
    """Beside the fields that the form has; the others above it."""
    for field, errors in error.error_dict.items():
        form.add_error(field if field in form.fields else None, errors)


def _settle(request: StaffRequest, current: Client, changes: dict[str, Any], form: ClientForm | None) -> HttpResponse:
    """Somebody else was quicker: if nothing is at stake, save all the same; else let the person choose."""
    disputes = form.disputes(current) if form else []
    if form is None:
        messages.warning(request, _("Somebody has just changed this client. Have a look and try again."))
        return redirect("client-card", current.code)
    if not any(dispute.open for dispute in disputes):
        return _save(request, current, current.version, {}, None)
    context = {"client": current, "disputes": disputes}
    return render(request, "clients/conflict.html", context, status=409)


@require_safe
def counterparty_options(request: StaffRequest) -> HttpResponse:
    """Counterparties whose name, code or INN holds what is being typed into a form, for those who may set one."""
    if territory_ids(request.user, "approve") == []:
        raise PermissionDenied
    text = request.GET.get("counterparty", "").strip()
    found = Counterparty.objects.none()
    if len(text) > 1:
        found = Counterparty.objects.filter(
            Q(name__icontains=text) | Q(code__istartswith=text) | Q(inn__startswith=text)
        ).order_by("name")[:20]
    return render(request, "clients/_counterparties.html", {"counterparties": found})
