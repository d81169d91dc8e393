"""Views about the machine itself, and what is answered when something is wrong: a page, or JSON from the API."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe


@login_not_required
@never_cache
@require_safe
def health(request: HttpRequest) -> JsonResponse:
    """200 when the application answers and its database does; 503 otherwise."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Exception:  # whatever keeps the database from answering is the same bad news
        return JsonResponse({"status": "error", "database": "unreachable"}, status=503)
    return JsonResponse({"status": "ok", "database": "ok"})


PROBLEMS = {
    400: gettext_lazy("The request makes no sense"),
    403: gettext_lazy("You may not do this"),
    404: gettext_lazy("There is no such page"),
    413: gettext_lazy("That is too much at once"),
    429: gettext_lazy("Too often"),
    500: gettext_lazy("Something broke on our side"),
}


def problem(request: HttpRequest, status: int, **context: Any) -> HttpResponse:
    """The page (templates/<status>.html) or, below /api/, the JSON that says what is wrong.

    Made without the request: it may be what is wrong, and so may the database that the menu asks.
    """
    if request.path_info.startswith("/api/"):
        return JsonResponse({"detail": str(PROBLEMS[status])}, status=status)
    return HttpResponse(render_to_string(f"{status}.html", context), status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem(request, 413 if isinstance(exception, RequestDataTooBig) else 400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    return problem(request, 500, number=request.META.get("REQUEST_NUMBER"))


def too_many(request: HttpRequest, seconds: int) -> HttpResponse:
    """429: come again after so many seconds."""
    minutes = -(-seconds // 60)
    time = ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}
    response = problem(request, 429, time=time)
    response["Retry-After"] = str(seconds)
    return response
