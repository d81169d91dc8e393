"""The client list, the card and the editing of a client. What these pages may show: clients/querysets.py."""

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Way
from accounts.requests import StaffRequest
from clients import columns, requests, selectors, services
from clients.cells import CELLS
from clients.fields import label
from clients.forms import FIELDS, SECTIONS, ClientForm, ReasonForm, asks_reason
from clients.history import column_label, history
from clients.models import Client, Counterparty, Status
from clients.reverts import COLUMNS
from config.web import client_ip
from territories.selectors import choices, destinations, territory_ids, way_to

CARD = ("territory", "channel", "counterparty")


def _client(request: StaffRequest, code: str) -> Client:
    """The client with this code, if it exists for this person."""
    return get_object_or_404(Client.objects.visible_to(request.user).select_related(*CARD), code=code)


@require_safe
def client_card(request: StaffRequest, code: str) -> HttpResponse:
    """All that is known of a client; orders, visits, KPIs and history come as panels of their own. The address of a
    client that was merged leads to the one it was merged into."""
    survivor = Client.objects.visible_to(request.user).filter(merged__code=code).first()
    if survivor:
        return redirect("client-card", survivor.code)
    client = _client(request, code)
    editable = services.editable_fields(user=request.user, client=client)
    context = {
        "client": client,
        "way": way_to(client.territory, request.user),
        "managers": selectors.managers_of(client.territory),
        "contacts": client.contacts.all(),
        "contracts": client.counterparty.contracts.all() if client.counterparty else [],
        "editable": editable,
        "facts": _facts(client),
        "editable_cells": [name for name, names in CELLS.items() if editable.all.issuperset(names)],
        "waiting": requests.waiting_on(client, request.user),
        "reason_form": _reason_form(client) if "lost_reason" in editable.free else None,
        "history_fields": sorted((column_label(Client, column), column) for column in COLUMNS[Client._meta.db_table]),
    }
    return render(request, "clients/card.html", context)


FACTS = ("address", "coordinates", "phone", "email", "channel", "territory", "potential", "opened")


def _facts(client: Client) -> list[tuple[str, Any]]:
    """The facts of the card's details with their labels, in order."""
    names = [*(["reason"] if client.lost_reason else []), *FACTS, *(["closed"] if client.closed_on else [])]
    return [(name, columns.COLUMNS[name].label) for name in names]


def _reason_form(client: Client) -> ReasonForm | None:
    """Asked for on the card of a lost client that has none."""
    if client.status != Status.LOST or client.lost_reason:
        return None
    return ReasonForm(initial={"version": client.version})


@require_safe
def client_history(request: StaffRequest, code: str) -> HttpResponse:
    """A page of the history panel, from ?before= on, of one ?field= if asked."""
    client = _client(request, code)
    before = request.GET.get("before", "")
    field = request.GET.get("field", "")
    page = history(client, request.user, int(before) if before.isdecimal() and len(before) < 19 else None, field)
    editable = services.editable_fields(user=request.user, client=client)
    context = {"client": client, "page": page, "field": field, "editable": editable}
    return render(request, "clients/_history.html", context)


@require_POST
def client_reason(request: StaffRequest, code: str) -> HttpResponse:
    """State why a client is lost, from its card."""
    client = _client(request, code)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose a reason from the list."))
        return redirect("client-card", code)
    return _save(request, client, form.cleaned_data["version"], {"lost_reason": form.cleaned_data["lost_reason"]})


@require_http_methods(["GET", "HEAD", "POST"])
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


@require_http_methods(["GET", "HEAD", "POST"])
def client_new(request: StaffRequest) -> HttpResponse:
    """The form of a client that is to be added."""
    if territory_ids(request.user, "change") == []:
        raise PermissionDenied
    editable = services.Editable(services.NEW_FIELDS, frozenset())
    form = ClientForm(request.POST or None, user=request.user, editable=editable, initial={"version": 0})
    if request.method == "POST" and form.is_valid():
        try:
            client = services.client_create(
                user=request.user, values=form.changes(), way=Way.BROWSER, ip=client_ip(request)
            )
        except ValidationError as error:
            _add_errors(form, error)
        else:
            messages.success(request, _("The client has been added."))
            return redirect("client-card", client.code)
    return _form_page(request, None, form)


def _form_page(request: StaffRequest, client: Client | None, form: ClientForm) -> HttpResponse:
    """The form with its sections; without a client, of one that is to be added."""
    names = [
        name for name in FIELDS if name in form.fields or (client and (name != "lost_reason" or asks_reason(client)))
    ]
    waiting = {row.request.field: row for row in requests.waiting_on(client, request.user)} if client else {}
    context: dict[str, Any] = {
        "client": client,
        "form": form,
        "sections": [
            (title, [{"waiting": waiting.get(name), **_row(form, client, name)} for name in some if name in names])
            for title, some in SECTIONS
        ],
        "asks": any(form.needs_approval(name) for name in form.fields),
    }
    return render(request, "clients/edit.html", context, status=400 if form.is_bound else 200)


def _row(form: ClientForm, client: Client | None, name: str) -> dict[str, Any]:
    """A field to fill in, or what it holds for somebody who may not change it."""
    if name in form.fields:
        return {"name": name, "field": form[name], "asks": form.needs_approval(name)}
    shown = getattr(client, f"get_{name}_display", None)
    return {"name": name, "label": label(name), "value": shown() if shown else getattr(client, name)}


def _save(
    request: StaffRequest, client: Client, version: int, changes: dict[str, Any], form: ClientForm | None = None
) -> HttpResponse:
    """Change the client and go to its card; errors and conflicts come back to be settled."""
    filed: list[services.Filed] = []
    try:
        if changes:
            client, filed = services.client_update(
                user=request.user, code=client.code, version=version, changes=changes,
                way=Way.BROWSER, ip=client_ip(request),
            )  # fmt: skip
    except services.Conflict as conflict:
        return _settle(request, conflict.current, changes, form)
    except ValidationError as error:
        if form is None:
            raise
        _add_errors(form, error)
        return _form_page(request, client, form)
    if not changes:
        messages.success(request, _("Nothing was changed."))
    elif len(changes) > len(filed):
        messages.success(request, _("Saved."))
    for said in _said_of(filed):
        messages.info(request, said)
    return redirect("client-card", client.code)


def _said_of(filed: list[services.Filed]) -> Iterator[str]:
    """What became of fields that need approval."""
    if sent := [label(each.request.field) for each in filed if not each.already]:
        yield _("Sent for approval: %(fields)s.") % {"fields": ", ".join(sent)}
    for each in filed:
        former = each.request if each.already else each.replaced
        if former:
            what = {"field": label(former.field), "who": former.author, "day": date_format(localtime(former.at), "j E")}
            yield (
                _("The same was asked for already: %(field)s (%(who)s, %(day)s).") if each.already
                else _("This replaces the request of %(who)s of %(day)s: %(field)s.")
            ) % what  # fmt: skip


def _add_errors(form: ClientForm, error: ValidationError) -> None:
    """Beside the fields that the form has; the others above it."""
    for field, errors in error.error_dict.items():
        form.add_error(field if field in form.fields else None, errors)


def _settle(request: StaffRequest, current: Client, changes: dict[str, Any], form: ClientForm | None) -> HttpResponse:
    """Somebody else was quicker. Where both changed the same field, let the person choose; else save on top."""
    if form is None:
        messages.warning(request, _("Somebody has just changed this client. Have a look and try again."))
        return redirect("client-card", current.code)
    disputes = form.disputes(current)
    if any(dispute.open and dispute.both for dispute in disputes):
        return render(request, "clients/conflict.html", {"client": current, "disputes": disputes}, status=409)
    if theirs := [dispute.label for dispute in disputes if dispute.open and not dispute.mine_proposed]:
        said = _("Changed by somebody else meanwhile, and kept: %(fields)s.") % {"fields": ", ".join(theirs)}
        messages.info(request, said)
    at_stake = {dispute.name for dispute in disputes if dispute.open}
    mine = {name: value for name, value in changes.items() if name in at_stake}
    return _save(request, current, current.version, mine, form)


@require_safe
def client_territories(request: StaffRequest) -> HttpResponse:
    """Where ?client= (or a new one) may be put, near ?territory=, an id: the options of a form's list, in which people
    go down step by step."""
    if territory_ids(request.user, "change") == []:
        raise PermissionDenied
    client = _client(request, request.GET["client"]) if "client" in request.GET else None
    nodes, chosen = destinations(request.user, client.territory if client else None), request.GET.get("territory", "")
    here = next((node for node in nodes if str(node.pk) == chosen), None)
    shown = choices(nodes, here.code if here else "")
    return render(request, "clients/_territories.html", {"nodes": shown, "here": here, "client": client})


@require_safe
def counterparty_options(request: StaffRequest) -> HttpResponse:
    """Counterparties whose name, code or INN holds what is being typed into a form, for those who may set one or ask
    for it."""
    if territory_ids(request.user, "change") == []:
        raise PermissionDenied
    text = request.GET.get("counterparty", "").strip()
    found = Counterparty.objects.none()
    if len(text) > 1:
        found = (
            Counterparty.objects.visible_to(request.user)
            .filter(Q(name__icontains=text) | Q(code__istartswith=text) | Q(inn__startswith=text))
            .order_by("name")[:20]
        )
    return render(request, "clients/_counterparties.html", {"counterparties": found})
