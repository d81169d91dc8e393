"""Possible duplicates: the work list of who decides, the merge page, and the check while a client is entered."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Way
from accounts.requests import StaffRequest
from clients.duplicates import matching, selectors, services
from clients.duplicates.models import Merge
from clients.models import Client, Counterparty
from clients.services import Conflict
from config.web import client_ip, render_page
from territories.models import Territory
from territories.selectors import choices, territory_ids, tree

SURE, LIKELY = 90, 75  # scores that the filter offers


def _by(request: StaffRequest) -> dict[str, Any]:
    return {"user": request.user, "way": Way.BROWSER, "ip": client_ip(request)}


@require_safe
def pairs(request: StaffRequest) -> HttpResponse:
    """The pairs this person decides about, likeliest first; by territory and score."""
    if territory_ids(request.user, "approve") == []:
        raise PermissionDenied
    nodes, code = tree(request.user, "approve"), request.GET.get("territory", "")
    if code and all(node.code != code for node in nodes):
        raise Http404
    territory = Territory.objects.filter(code=code).first() if code else None
    score = request.GET.get("score", "")
    least = int(score) if score in (str(SURE), str(LIKELY)) else 0
    page = selectors.pair_page(
        selectors.pairs(request.user, territory=territory, least=least), request.GET.get("after", "")
    )
    context = {
        "page": [(pair, selectors.reason_texts(pair.reasons)) for pair in page.pairs], "after": page.after,
        "nodes": choices(nodes, code), "territory": code, "score": least, "SURE": SURE, "LIKELY": LIKELY,
    }  # fmt: skip
    return render_page(request, "duplicates/pairs.html", "duplicates/_pairs.html", context)


def _two(request: StaffRequest, given: Any) -> tuple[Client, Client]:
    """The two clients that ?one= and ?other= name by their codes, for somebody who decides about both."""
    codes = [given.get("one", ""), given.get("other", "")]
    found = {
        client.code: client
        for client in Client.objects.visible_to(request.user)
        .select_related("territory", "channel", "counterparty")
        .filter(code__in=codes)
    }
    if len(found) != 2:
        raise Http404
    if not services.may(request.user, "approve", [client.territory_id for client in found.values()]):
        raise PermissionDenied
    return found[codes[0]], found[codes[1]]


@require_http_methods(["GET", "HEAD", "POST"])
def merge(request: StaffRequest) -> HttpResponse:
    """Two clients side by side, field by field; POST merges `other` into `one`."""
    if request.method != "POST":
        one, other = _two(request, request.GET)
        if "keep" not in request.GET:
            one, other = selectors.better(one, other)
        return _merge_page(request, one, other)
    one, other = _two(request, request.POST)
    take = [name for name in services.CHOSEN if request.POST.get(name) == "theirs"]
    versions = {client.pk: _number(request.POST.get(f"version-{client.code}")) for client in (one, other)}
    try:
        services.clients_merge(survivor=one.pk, loser=other.pk, versions=versions, take=take, **_by(request))
    except Conflict as conflict:
        said = _("“%(name)s” has just been changed by somebody else. Have a look at what stands there now.")
        return _merge_page(request, one, other, [said % {"name": conflict.current.name}], 409)
    except ValidationError as error:
        return _merge_page(request, one, other, error.messages, 400)
    messages.success(request, _("Merged: %(name)s. It can be undone on this card.") % {"name": other.name})
    return redirect("client-card", one.code)


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0


def _merge_page(
    request: StaffRequest, one: Client, other: Client, errors: list[str] | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "one": one, "other": other, "rows": selectors.comparison(one, other), "errors": errors,
        "weights": selectors.weights(one, other),
    }  # fmt: skip
    return render(request, "duplicates/merge.html", context, status=status)


@require_POST
def different(request: StaffRequest) -> HttpResponse:
    """Two clients are not one, or may be one after all (what=back); the answer takes the pair's place."""
    one, other = _two(request, request.POST)
    if request.POST.get("what") == "back":
        services.different_take_back(one=one.pk, other=other.pk, **_by(request))
        return render(request, "duplicates/_again.html")
    services.different_say(one=one.pk, other=other.pk, **_by(request))
    return render(request, "duplicates/_different.html", {"one": one, "other": other})


@require_POST
def undo(request: StaffRequest, pk: int) -> HttpResponse:
    """Make two clients of one again."""
    try:
        done = services.merge_undo(pk=pk, **_by(request))
    except Merge.DoesNotExist:
        raise Http404 from None
    except ValidationError as error:
        for text in error.messages:
            messages.error(request, text)
        return redirect("client-card", Merge.objects.select_related("survivor").get(pk=pk).survivor.code)
    messages.success(request, _("The merge is undone: both clients are there again."))
    return redirect("client-card", done.loser.code)


@require_safe
def merged(request: StaffRequest, code: str) -> HttpResponse:
    """What is merged into a client, as a part of its card for those who may undo it."""
    client = Client.objects.visible_to(request.user).filter(code=code).first()
    if client is None:
        raise Http404
    context = {
        "merges": selectors.merges_into(client),
        "may_undo": services.may(request.user, "approve", [client.territory_id]),
    }
    return render(request, "duplicates/_merged.html", context)


class FactsForm(forms.Form):
    """What has been typed into the form of a new client so far; what can't be read yet is left out."""

    name = forms.CharField(required=False, max_length=255)
    address = forms.CharField(required=False, max_length=500)
    phone = forms.CharField(required=False, max_length=100)
    email = forms.CharField(required=False, max_length=254)
    counterparty = forms.CharField(required=False, max_length=64)
    lat = forms.FloatField(required=False, min_value=-90, max_value=90)
    lon = forms.FloatField(required=False, min_value=-180, max_value=180)

    def facts(self) -> matching.Facts:
        self.is_valid()
        given = self.cleaned_data
        owner = Counterparty.objects.filter(code=given.get("counterparty") or "-").first()
        return matching.Facts(
            given.get("name", ""), given.get("address", ""), given.get("phone", ""), given.get("email", ""),
            owner.inn if owner else given.get("counterparty", ""), given.get("lat"), given.get("lon"),
        )  # fmt: skip


@require_safe
def look_alikes(request: StaffRequest) -> HttpResponse:
    """Clients that may be the one being entered, as a part of the form; nothing while too little is known."""
    if territory_ids(request.user, "change") == []:
        raise PermissionDenied
    facts = FactsForm(request.GET).facts()
    found = services.look_alikes(request.user, facts) if facts.name or facts.phone else services.Found([], False)
    candidates = [
        (one.client, one.score.value, selectors.reason_texts(list(one.score.reasons))) for one in found.candidates
    ]
    return render(request, "duplicates/_look_alikes.html", {"candidates": candidates[:5], "elsewhere": found.elsewhere})
