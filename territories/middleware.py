"""What is looked up once for a page, however often the page asks."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from territories.selectors import rights_kept


def keep_rights(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """A person's territories are resolved once for a page that is only read. What writes asks each time: it may change
    them itself, and it decides."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            return get_response(request)
        with rights_kept():
            return get_response(request)

    return middleware
