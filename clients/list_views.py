"""The client list and what belongs to it: counts, filters, columns, segments, and the search of every page."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Role
from accounts.requests import StaffRequest
from clients import columns, list_pages, list_services, search, segments
from clients.listing import FILTERS, Listing
from clients.models import Segment
from config.web import render_page


def _to_list(query: str) -> HttpResponse:
    return redirect(f"{reverse('client-list')}?{query}")


@require_safe
def client_list(request: StaffRequest) -> HttpResponse:
    """The list with its tabs, filters and search; the address holds the whole state."""
    context = list_pages.context(Listing(request.GET, request.user))
    return render_page(request, "clients/list.html", "clients/_list.html", context)


@require_safe
def client_counts(request: StaffRequest) -> HttpResponse:
    """The tabs with counts that were too dear for the page."""
    listing = Listing(request.GET, request.user)
    return render(request, "clients/_tabs.html", {"listing": listing, "tabs": list_pages.tabs(listing, patient=True)})


@require_safe
def client_filter(request: StaffRequest, name: str) -> HttpResponse:
    """What a filter offers, with how many clients each choice would leave."""
    if name not in FILTERS:
        raise Http404(name)
    listing = Listing(request.GET, request.user)
    context = {"listing": listing, "name": name, "options": list_pages.options(listing, name)}
    return render(request, "clients/_filter.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def client_columns(request: StaffRequest) -> HttpResponse:
    """The dialog in which a person chooses the columns of their list and their order."""
    if request.method == "POST":
        list_services.columns_choose(
            user=request.user, names=None if "reset" in request.POST else request.POST.getlist("column")
        )
        return _to_list(Listing(QueryDict(request.POST.get("state", "")), request.user).state(segment=None))
    listing = Listing(request.GET, request.user)
    context = {"listing": listing, "columns": list_pages.column_choices(listing), "always": columns.ALWAYS}
    return render(request, "clients/_columns.html", context)


@require_safe
def segment_menu(request: StaffRequest) -> HttpResponse:
    """The segments this person has, with how many clients are in each where that is cheap."""
    return render(request, "clients/_segments.html", {"segments": list_pages.segments(request.user)})


@require_http_methods(["GET", "HEAD", "POST"])
def segment_new(request: StaffRequest) -> HttpResponse:
    """Give the list as it is now a name."""
    data = request.POST if request.method == "POST" else request.GET
    listing = Listing(QueryDict(data.get("state", "")) if request.method == "POST" else request.GET, request.user)
    if request.method != "POST":
        return render(request, "clients/_segment.html", {"listing": listing, "roles": Role.choices})
    try:
        segment = list_services.segment_create(
            owner=request.user, name=data.get("name", ""), role=data.get("role", ""),
            query=listing.state(segment=None), columns=listing.columns if data.get("columns") else None,
        )  # fmt: skip
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return _to_list(listing.state())
    messages.success(request, _("The segment is saved."))
    return _to_list(segments.address(segment))


def _own(request: StaffRequest, pk: int) -> Segment:
    return get_object_or_404(Segment, pk=pk, owner=request.user)


@require_http_methods(["GET", "HEAD", "POST"])
def segment_edit(request: StaffRequest, pk: int) -> HttpResponse:
    """Rename a segment of one's own, or share it with another role."""
    segment = _own(request, pk)
    if request.method != "POST":
        return render(request, "clients/_segment.html", {"segment": segment, "roles": Role.choices})
    try:
        list_services.segment_update(segment, name=request.POST.get("name", ""), role=request.POST.get("role", ""))
        messages.success(request, _("Saved."))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return _to_list(segments.address(segment))


@require_POST
def segment_delete(request: StaffRequest, pk: int) -> HttpResponse:
    """Delete a segment of one's own; the clients in it stay as they are."""
    list_services.segment_delete(_own(request, pk))
    messages.success(request, _("The segment is deleted; its clients stay as they are."))
    return redirect("client-list")


@require_safe
def palette(request: StaffRequest) -> HttpResponse:
    """What fits best of what is typed into the search of every page."""
    text = request.GET.get("search", "")[:200].strip()
    context = {"text": text, "rows": search.best(request.user, text) if text else [], "shown": search.SHOWN}
    return render(request, "clients/_palette.html", context)
