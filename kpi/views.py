"""The KPI matrix, the clients behind each of its numbers, and a client's own part in them."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.requests import StaffRequest
from clients.models import Client
from config.web import render_page
from kpi import filters, metrics, pages, periods, selectors, services
from kpi.selectors import By
from territories.models import Territory
from territories.selectors import choices, tree, way_to

LIMIT = 50


@require_safe
def kpi_matrix(request: StaffRequest) -> HttpResponse:
    """The 24 metrics of a node and its parts; or, for the poll of its foot, only how current they are."""
    try:
        asked = filters.asked(request.GET, request.user)
    except services.PeriodError as error:
        return render(request, "kpi/period_error.html", {"error": error}, status=400)
    if asked.territory is None:
        return render(request, "kpi/nothing.html")
    if request.htmx.target == "freshness":
        return _freshness(request, asked.territory, asked)
    answer = selectors.matrix(territory=asked.territory, d0=asked.d0, d1=asked.d1, by=asked.by, catch_up=False)
    shown = pages.table(answer, asked)
    nodes = tree(request.user)
    context = _head(request, asked, asked.territory) | {
        "matrix": answer,
        "seen": answer.computed_at.isoformat(),
        "table": shown,
        "headline": pages.headline(shown, asked),
        "on_phone": pages.on_phone(shown),
        "nodes": choices(nodes, asked.territory.code),
        "ways": list(By),  # the class itself would be called by the template
    }
    return render_page(request, "kpi/matrix.html", "kpi/_matrix.html", context)


def _freshness(request: StaffRequest, territory: Territory, asked: filters.Asked) -> HttpResponse:
    """Asks a page that shows older numbers (?seen=) to show the new ones, once nothing is waiting any more."""
    answer = selectors.matrix(territory=territory, d0=asked.d0, d1=asked.d1, catch_up=False)
    seen = request.GET.get("seen", "")
    response = render(request, "kpi/_freshness.html", {"matrix": answer, "seen": seen})
    if not answer.waiting and seen != answer.computed_at.isoformat():
        response["HX-Trigger"] = "kpi-current"
    return response


def _head(request: StaffRequest, asked: filters.Asked, territory: Territory) -> dict[str, Any]:
    """What both pages show above their tables."""
    return {
        "asked": asked,
        "territory": territory,
        "way": way_to(territory, request.user),
        "period": periods.name(asked.d0, asked.d1),
        "presets": periods.presets(asked.d0, asked.d1),
        "previous": periods.neighbour(asked.d0, asked.d1, -1),
        "next": periods.neighbour(asked.d0, asked.d1, 1),
    }


@require_safe
def kpi_behind(request: StaffRequest, key: str) -> HttpResponse:
    """The clients behind a number of the matrix, those that add most to it first."""
    if key not in metrics.BY_KEY:
        raise Http404("no such metric")
    try:
        asked = filters.asked(request.GET, request.user)
    except services.PeriodError as error:
        return render(request, "kpi/period_error.html", {"error": error}, status=400)
    if asked.territory is None:
        raise Http404("no territory")
    channel, category = request.GET.get("channel"), request.GET.get("category")
    found = selectors.behind(
        key=key, territory=asked.territory, d0=asked.d0, d1=asked.d1, channel=channel, category=category,
        after=filters.after(request.GET), limit=LIMIT + 1, catch_up=False,
    )  # fmt: skip
    name, value = pages.behind_value(key, asked.territory, asked, channel, category)
    context = _head(request, asked, asked.territory) | {
        "metric": metrics.BY_KEY[key],
        "name": name,
        "value": value,
        "figures": pages.figures(key),
        "clients": found[:LIMIT],
        "last": found[LIMIT - 1] if len(found) > LIMIT else None,
        "last_value": found[LIMIT - 1].measures[metrics.BY_KEY[key].behind] if len(found) > LIMIT else None,
        "paged": "after" in request.GET,
    }
    return render_page(request, "kpi/behind.html", "kpi/_behind.html", context)


@require_safe
def client_kpi(request: StaffRequest, code: str) -> HttpResponse:
    """A client's part in the metrics of the latest period, as a panel of its card."""
    client = get_object_or_404(Client.objects.visible_to(request.user), code=code)
    return render(request, "kpi/_client.html", {"client": client, "figures": pages.client_figures(client)})
