"""The map of the client list: a page with the list's state in its address, and what lies in the part that is shown."""

from typing import NamedTuple

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.requests import StaffRequest
from clients import list_pages, mapping
from clients.area import WORLD, Area
from clients.columns import STATUSES
from clients.listing import Listing
from clients.models import Status

DEEPEST = 18  # zoom
LISTED = 40  # marks beside the map; the others are only on it


class Kind(NamedTuple):
    """What a colour and a shape or letter stand for, and how many clients are of it."""

    value: str
    label: str
    clients: int


def _kinds(by: str, numbers: list[int]) -> list[Kind]:
    return [
        Kind(value, str(Status(value).label) if by == "status" else value or _("Without category"), clients)
        for value, clients in zip(mapping.KINDS[by], numbers, strict=True)
    ]


def _by(request: StaffRequest) -> str:
    by = request.GET.get("by", "")
    return by if by in mapping.KINDS else "status"


@require_safe
def client_map(request: StaffRequest) -> HttpResponse:
    """The map; `by` says what colours and shapes stand for. The script asks for what is on it."""
    listing = Listing(request.GET, request.user)
    extent = mapping.extent(listing.found())
    context = {
        "listing": listing, "tabs": list_pages.tabs(listing), "menus": list_pages.menus(listing), "by": _by(request),
        "extent": extent, "start": listing.area.box if listing.area else extent.box, "state": listing.state(),
        "without_area": listing.state(area=None, segment=None), "deepest": DEEPEST,
        "without_place": listing.state(flag=[*listing.flags, "no-coordinates"], area=None, segment=None),
        "tiles": settings.MAP_TILES_URL, "attribution": settings.MAP_TILES_ATTRIBUTION,
    }  # fmt: skip
    return render(request, "clients/map.html", context)


@require_safe
def client_map_view(request: StaffRequest) -> HttpResponse:
    """What lies in the `box` of the map at this `zoom`: the list beside it, of which the script makes the marks."""
    listing, by = Listing(request.GET, request.user), _by(request)
    shown, asked = Area.of(request.GET.get("box", "")), request.GET.get("zoom", "")
    zoom = min(int(asked), DEEPEST) if asked.isascii() and asked.isdigit() and len(asked) < 3 else 4
    view = mapping.view(listing, shown.box if shown else WORLD, zoom, by)
    context = {
        "view": view, "by": by, "statuses": STATUSES, "kinds": _kinds(by, view.kinds), "area": listing.area,
        "state": listing.state(), "without_area": listing.state(area=None, segment=None), "listed": LISTED,
        "marks": [
            (mark, listing.state(area=str(Area.around(mark.box)), segment=None), _kinds(by, mark.kinds))
            for mark in view.marks
        ],
    }  # fmt: skip
    return render(request, "clients/_map_view.html", context)
