"""Contacts and the history of contacts on a client's card: parts that htmx swaps in place."""

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import reswap, retarget, trigger_client_event

from accounts.models import Way
from accounts.requests import StaffRequest
from clients import contact_services as services
from clients import selectors
from clients.contact_forms import ContactForm, InteractionForm, MoveForm
from clients.models import Client, Contact, Interaction
from config.web import client_ip


def _client(request: StaffRequest, code: str) -> Client:
    return get_object_or_404(Client.objects.visible_to(request.user), code=code)


def _may_change(request: StaffRequest, client: Client) -> bool:
    return Client.objects.changeable_by(request.user).filter(pk=client.pk).exists()


def _client_to_change(request: StaffRequest, code: str) -> Client:
    client = _client(request, code)
    if not _may_change(request, client):
        raise PermissionDenied
    return client


def _by(request: StaffRequest) -> dict[str, Any]:
    return {"user": request.user, "way": Way.BROWSER, "ip": client_ip(request)}


# --- people ------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def contacts(request: StaffRequest, code: str) -> HttpResponse:
    """The people of a client, with the focus on ?person=; POST adds one."""
    if request.method != "POST":
        return _people(request, _client(request, code), saved=request.GET.get("person"))
    client = _client_to_change(request, code)
    form = ContactForm(request.POST)
    if form.is_valid():
        try:
            contact = services.contact_add(code=code, values=form.cleaned_data, **_by(request))
            return _people(request, client, saved=str(contact.pk))
        except ValidationError as error:
            form.add_errors(error)
    return _contact_form(request, client, form)


@require_safe
def contact_new(request: StaffRequest, code: str) -> HttpResponse:
    """The empty form of a person."""
    return _contact_form(request, _client_to_change(request, code), ContactForm())


@require_http_methods(["GET", "HEAD", "POST"])
def contact(request: StaffRequest, code: str, pk: int) -> HttpResponse:
    """The form of a person in their place; POST saves what was changed."""
    client = _client_to_change(request, code)
    person = client.contacts.filter(pk=pk).first()
    if person is None:
        return _people(request, client, note=_("Somebody has removed this contact meanwhile."))
    form = ContactForm(request.POST or None, instance=person)
    if request.method != "POST" or not form.is_valid():
        return _contact_form(request, client, form)
    try:
        if form.changed_data:
            services.contact_update(code=code, pk=pk, was=form.was(), changes=form.changes(), **_by(request))
        return _people(request, client, saved=str(pk))
    except ValidationError as error:
        form.add_errors(error)
    except services.Meanwhile as meanwhile:
        if not isinstance(meanwhile.current, Contact):
            return _people(request, client, note=_("Somebody has removed this contact meanwhile."))
        form = _again(request, meanwhile.current, meanwhile.fields)
    return _contact_form(request, client, form)


def _again(request: StaffRequest, current: Contact, fields: frozenset[str]) -> ContactForm:
    """The form with what this person wants, beside what somebody else has saved meanwhile."""
    stored = ContactForm(instance=current)
    data = request.POST.copy()
    for name in fields:
        data[stored.add_initial_prefix(name)] = str(stored[name].value() or "")
    form = ContactForm(data, instance=current)
    for name in fields:
        now = stored[name].value()
        shown = {True: _("yes"), False: _("no"), None: "—", "": "—"}.get(now, now)
        said = _("Meanwhile changed to “%(now)s”. Save again to put yours in its place.") % {"now": shown}
        form.add_error(name, said)
    return form


@require_POST
def contact_remove(request: StaffRequest, code: str, pk: int) -> HttpResponse:
    """Take a person off the client; the answer offers to put them back."""
    client = _client_to_change(request, code)
    try:
        gone = services.contact_remove(code=code, pk=pk, **_by(request))
    except services.Meanwhile:
        return _people(request, client, note=_("Somebody has removed this contact meanwhile."))
    return _people(request, client, gone=ContactForm(instance=gone), name=gone.full_name)


def _people(request: StaffRequest, client: Client, **more: Any) -> HttpResponse:
    context = {"client": client, "contacts": client.contacts.all(), "may_change": _may_change(request, client), **more}
    response = render(request, "clients/_contacts.html", context)
    return reswap(retarget(response, "#contacts"), "outerHTML")  # from a form in it, too


def _contact_form(request: StaffRequest, client: Client, form: ContactForm) -> HttpResponse:
    return render(request, "clients/_contact_form.html", {"client": client, "form": form})


# --- what was said, and what is next -----------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def interactions(request: StaffRequest, code: str) -> HttpResponse:
    """The history of contacts, a page from ?after= on; POST writes down what was said."""
    if request.method == "POST":
        return _write_down(request, _client_to_change(request, code))
    client, after = _client(request, code), request.GET.get("after", "")
    page = selectors.interactions(
        client, int(after) if after.isascii() and after.isdigit() and len(after) < 19 else None
    )
    context = {
        "client": client,
        "page": page,
        "may_change": _may_change(request, client),
        "today": timezone.localdate(),
    }
    return render(request, "clients/_talks.html" if after else "clients/_interactions.html", context)


def _write_down(request: StaffRequest, client: Client) -> HttpResponse:
    form = InteractionForm(request.POST)
    if form.is_valid():
        closes = form.cleaned_data["closes"]
        try:
            services.interaction_add(code=client.code, values=form.values(), closes=closes, **_by(request))
            return _said()
        except ValidationError as error:
            form.add_errors(error)
        except Interaction.DoesNotExist:
            form.add_error(None, _("The step this belongs to isn't there any more. Reload the page."))
    return _interaction_form(request, client, form)


@require_safe
def interaction_new(request: StaffRequest, code: str) -> HttpResponse:
    """The form of what was said; ?kind=, ?with_whom= and ?closes= fill it in."""
    client = _client_to_change(request, code)
    asked = {name: request.GET[name] for name in ("kind", "with_whom", "closes") if request.GET.get(name)}
    return _interaction_form(request, client, InteractionForm(initial=asked))


@require_POST
def step(request: StaffRequest, code: str, pk: int) -> HttpResponse:
    """What becomes of a next step: done, reopened or moved, by the name of the button."""
    client = _client_to_change(request, code)
    get_object_or_404(client.interactions.filter(next_on__isnull=False), pk=pk)
    what = request.POST.get("what")
    if what in ("done", "reopen"):
        services.step_done(code=code, pk=pk, done=what == "done", **_by(request))
        return _said()
    form = MoveForm(request.POST)
    if not form.is_valid():
        return _said(_("Choose the day to move the step to."))
    try:
        services.step_move(code=code, pk=pk, was=form.cleaned_data["was"], to=form.cleaned_data["to"], **_by(request))
    except services.Meanwhile:
        return _said(_("Somebody has changed this step meanwhile."))
    return _said()


def _said(say: str = "") -> HttpResponse:
    """Done: what shows these interactions (the card, my day) hears of it and renews itself. `say`: a complaint."""
    response = HttpResponse(status=204)
    trigger_client_event(response, "said", {})
    return trigger_client_event(response, "say", {"text": say}) if say else response


def _interaction_form(request: StaffRequest, client: Client, form: InteractionForm) -> HttpResponse:
    context = {"client": client, "form": form, "people": client.contacts.values_list("full_name", flat=True)}
    return render(request, "clients/_interaction_form.html", context)
