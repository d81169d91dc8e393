"""One field of a client, edited where it stands: in the list or on the card. The answers take the place of the cell."""

from typing import Any, NamedTuple

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import ChangeSet, HistoryEvent, Way
from accounts.requests import StaffRequest
from clients import columns, services
from clients.cells import CELLS
from clients.fields import label
from clients.forms import ClientForm, asks_reason
from clients.models import ChangeRequest, Client
from clients.reverts import EVENT
from config.web import client_ip


class Toast(NamedTuple):
    """What is said of a save, and what would undo it."""

    text: str
    undo: str = ""
    bad: bool = False


@require_http_methods(["GET", "HEAD", "POST"])
def client_cell(request: StaffRequest, code: str, name: str) -> HttpResponse:
    """GET: the form of one field in its place, `in` the list or on the card. POST saves it, or with `undo` takes back
    what was saved or asked for before."""
    if name not in CELLS:
        raise Http404(name)
    client = _client(request, code)
    if name == "reason" and not asks_reason(client):
        raise Http404("no reason is asked of a client that isn't lost")
    editable = services.editable_fields(user=request.user, client=client)
    if not set(CELLS[name]) <= editable.all:
        raise PermissionDenied
    if request.method == "POST" and "undo" in request.POST:
        return _undo(request, client, name, request.POST["undo"])
    form = ClientForm(
        request.POST or None, instance=client, user=request.user, editable=editable,
        initial={"version": client.version}, only=CELLS[name], auto_id="cell_%s",
    )  # fmt: skip
    if request.method != "POST" or not form.is_valid():
        return _form(request, client, name, form)
    return _save(request, client, name, form, form.cleaned_data["version"])


def _client(request: StaffRequest, code: str) -> Client:
    visible = Client.objects.visible_to(request.user).select_related("territory", "channel", "counterparty")
    return get_object_or_404(visible, code=code)


def _save(request: StaffRequest, client: Client, name: str, form: ClientForm, version: int) -> HttpResponse:
    if not (changes := form.changes()):
        return _shown(request, client, name)
    try:
        with transaction.atomic():
            saved = services.client_update(
                user=request.user, code=client.code, version=version, changes=changes,
                way=Way.BROWSER, ip=client_ip(request),
            )  # fmt: skip
            event = HistoryEvent.objects.filter(table=Client._meta.db_table, row_id=client.pk).order_by("-pk").first()
    except services.Conflict as conflict:
        return _settle(request, conflict.current, name, form)
    except ValidationError as error:
        for field, errors in error.error_dict.items():
            form.add_error(field if field in form.fields else None, errors)
        return _form(request, client, name, form)
    return _shown(request, _client(request, saved.client.code), name, _said(saved, event))


def _said(saved: services.Saved, event: HistoryEvent | None) -> Toast:
    """What became of it. The row was locked: its newest event is of this save, unless all of it was asked for."""
    for each in saved.filed:
        field = label(each.request.field)
        if each.already:
            return Toast(_("The same was asked for already: %(field)s.") % {"field": field})
        return Toast(_("Sent for approval: %(fields)s.") % {"fields": field}, undo=f"request:{each.request.pk}")
    return Toast(_("Saved."), undo=f"{EVENT}{event.pk}" if event else "")


def _settle(request: StaffRequest, current: Client, name: str, form: ClientForm) -> HttpResponse:
    """Somebody else was quicker: with another field, and this one is saved on top; with this one, and all three values
    are shown."""
    disputes = [dispute for dispute in form.disputes(current) if dispute.open]
    if not disputes:
        return _shown(request, current, name, Toast(_("Somebody has just saved the same.")))
    if not any(dispute.both for dispute in disputes):
        return _save(request, current, name, form, current.version)
    return render(request, "clients/_cell_form.html", _context(request, current, name) | {"disputes": disputes})


def _undo(request: StaffRequest, client: Client, name: str, reference: str) -> HttpResponse:
    kind, _colon, number = reference.partition(":")
    toast = Toast(_("Undone."))
    try:
        if kind == "request" and number.isdecimal() and len(number) < 19:
            decision = services.change_request_withdraw(
                user=request.user, pk=int(number), way=Way.BROWSER, ip=client_ip(request)
            )
            toast = toast if decision.done else Toast(decision.why, bad=True)
        else:
            services.changes_revert(user=request.user, reference=reference, way=Way.BROWSER, ip=client_ip(request))
    except ValidationError as error:
        toast = Toast(" ".join(error.messages), bad=True)
    except (ChangeSet.DoesNotExist, ChangeRequest.DoesNotExist):
        raise Http404 from None
    return _shown(request, _client(request, client.code), name, toast)


def _context(request: StaffRequest, client: Client, name: str) -> dict[str, Any]:
    place = "card" if (request.POST or request.GET).get("in") == "card" else "list"
    return {"client": client, "name": name, "place": place}


def _form(request: StaffRequest, client: Client, name: str, form: ClientForm) -> HttpResponse:
    asks = any(form.needs_approval(field) for field in CELLS[name])
    return render(request, "clients/_cell_form.html", _context(request, client, name) | {"form": form, "asks": asks})


def _shown(request: StaffRequest, client: Client, name: str, toast: Toast | None = None) -> HttpResponse:
    """What stands in the cell now, and the message beside."""
    context = _context(request, client, name) | {"toast": toast}
    if context["place"] == "list":
        context |= {"content": columns.COLUMNS[name].cell(columns.rows([client.pk])[0])}
    return render(request, "clients/_cell.html", context)
