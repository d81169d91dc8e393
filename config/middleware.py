"""Middleware of the whole product."""

import logging
import time
from collections.abc import Callable
from ipaddress import ip_address
from uuid import uuid4

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from config import once
from config.views import problem

# Besides what Django's SecurityMiddleware and the content security policy say
HEADERS = {
    "Permissions-Policy": "camera=(), geolocation=(self), microphone=(), payment=(), usb=()",
    "Cross-Origin-Resource-Policy": "same-origin",
}


log = logging.getLogger("basis.requests")


def log_requests(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """A line for each request: what was asked, by whom, from where; and its number, which the answer bears too.

    Neither query nor body nor headers: names, passwords and tokens are in there.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        start, number = time.monotonic(), uuid4().hex[:12]
        request.META["REQUEST_NUMBER"] = number
        response = get_response(request)
        response["X-Request-ID"] = number
        user = request.__dict__.get("user")
        if isinstance(user, SimpleLazyObject):  # not asked for by anybody so far: then not for the log either
            user = request.__dict__.get("_cached_user")
        took, who = (time.monotonic() - start) * 1000, getattr(user, "pk", None) or "-"
        log.info(
            "%s %s %d %.0f ms user=%s ip=%s id=%s",
            request.method, request.path, response.status_code, took, who, request.META.get("REMOTE_ADDR"), number,
        )  # fmt: skip
        return response

    return middleware


class RequestNumber(logging.Filter):
    """Gives every record the number of its request, where it has one."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        record.number = getattr(request, "META", {}).get("REQUEST_NUMBER", "-")
        return True


def headers(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Says on every answer what a browser may not do with it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        for name, value in HEADERS.items():
            response.setdefault(name, value)
        return response

    return middleware


def one_page(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """A request that only reads asks once for what it needs often: the territories of a person above all. One that
    writes asks each time: it decides by the answer, and may change it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            return get_response(request)
        with once.one_page():
            return get_response(request)

    return middleware


def limit_body(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """413 to a body larger than the settings allow, before any of it is read; REST framework itself sets no limit."""

    def middleware(request: HttpRequest) -> HttpResponse:
        files = request.content_type == "multipart/form-data"
        largest = settings.LARGEST_UPLOAD if files else settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        length = request.headers.get("Content-Length", "")
        if length.isdecimal() and int(length) > largest:
            return problem(request, 413, largest=largest)
        return get_response(request)

    return middleware


def refuse_nul(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Answers 400 to an address with a NUL in it: PostgreSQL takes none in a text, so no page could look for it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if "\0" in request.path_info or any("\0" in text for _name, some in request.GET.lists() for text in some):
            return problem(request, 400)
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
