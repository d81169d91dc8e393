"""The page of charts, and the clients behind each of their parts."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.requests import StaffRequest
from clients.models import Status
from config.web import render_page
from kpi import filters, services
from kpi.charts import pages, selectors
from kpi.charts.selectors import Key, Part
from kpi.views import LIMIT, freshness, head
from territories.selectors import choices, tree, way_down, way_to


@require_safe
def kpi_charts(request: StaffRequest) -> HttpResponse:
    """The charts of a node and period; or, for the poll of its foot, only how current the numbers are."""
    try:
        asked = filters.asked(request.GET, request.user)
    except services.PeriodError as error:
        return render(request, "kpi/period_error.html", {"error": error}, status=400)
    if asked.territory is None:
        return render(request, "kpi/nothing.html")
    if request.htmx.target == "freshness":
        return freshness(request, asked)
    part = next((status for status in pages.PARTS if status.value == request.GET.get("part")), Status.ACTIVE)
    waiting, first = selectors.waiting_and_first_order()
    shown = pages.charts(asked.territory, asked, part, first)
    if shown["base"].computed_at is None:
        services.period_stored(asked.d0, asked.d1)
        shown = pages.charts(asked.territory, asked, part, first)
    computed_at = shown["base"].computed_at
    nodes = tree(request.user)
    context = head(asked, asked.territory, way_down(nodes, asked.territory.code)) | shown
    context |= {
        "matrix": {"computed_at": computed_at, "waiting": waiting},
        "seen": computed_at.isoformat(),
        "nodes": choices(nodes, asked.territory.code),
    }
    return render_page(request, "charts/charts.html", "charts/_charts.html", context)


@require_safe
def kpi_chart_clients(request: StaffRequest, key: str) -> HttpResponse:
    """The clients behind a part of a chart, those with the highest margin first."""
    if key not in {one.value for one in Key} - {Key.BASE.value}:
        raise Http404("no such chart")
    try:
        asked = filters.asked(request.GET, request.user)
    except services.PeriodError as error:
        return render(request, "kpi/period_error.html", {"error": error}, status=400)
    if asked.territory is None:
        raise Http404("no territory")
    part = Part(Key(key), asked.territory, asked.d1, request.GET.get("row", ""), request.GET.get("column", ""))
    found = selectors.behind(user=request.user, part=part, after=filters.after(request.GET), limit=LIMIT + 1)
    paged = "after" in request.GET
    context = head(asked, asked.territory, way_to(asked.territory, request.user)) | {
        "part": part,
        "told": pages.told(part),
        "clients": found[:LIMIT],
        "last": found[LIMIT - 1] if len(found) > LIMIT else None,
        "paged": paged,
        "moved_away": 0 if paged else selectors.moved_away(user=request.user, part=part),
    }
    return render_page(request, "charts/behind.html", "charts/_behind.html", context)
