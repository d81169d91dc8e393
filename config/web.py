"""What every page needs: one partial for first load and swap, and the address a change came from."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django_htmx.middleware import HtmxDetails


def swapped(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of the page, and not for the whole of it to restore its history."""
    htmx: HtmxDetails | None = getattr(request, "htmx", None)
    return htmx is not None and bool(htmx) and not htmx.history_restore_request and not htmx.boosted


def render_page(
    request: HttpRequest, page: str, partial: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """The page, or only its `partial` when htmx swaps it: the page includes the same partial."""
    response = render(request, partial if swapped(request) else page, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def client_ip(request: HttpRequest) -> str | None:
    """The address for the history of changes."""
    return request.META.get("REMOTE_ADDR") or None
