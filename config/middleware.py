"""Middleware of the whole product."""

from collections.abc import Callable
from ipaddress import ip_address

from django.conf import settings
from django.core.exceptions import BadRequest, MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse


def refuse_nul(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Answers 400 to an address with a NUL in it: PostgreSQL takes none in a text, so no page could look for it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if "\0" in request.path_info or any("\0" in text for _name, some in request.GET.lists() for text in some):
            raise BadRequest("NUL in the address")
        return get_response(request)

    return middleware


def real_address(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Behind a TLS proxy (HTTPS=1): the address that the proxy was asked from, for the history of changes."""
    if not settings.HTTPS:
        raise MiddlewareNotUsed

    def middleware(request: HttpRequest) -> HttpResponse:
        # The last entry is the proxy's own; those before it are whatever the browser claimed.
        address = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        try:
            request.META["REMOTE_ADDR"] = str(ip_address(address.partition("%")[0]))
        except ValueError:
            pass  # none, or none that PostgreSQL would take
        return get_response(request)

    return middleware
