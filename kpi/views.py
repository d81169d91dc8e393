"""The KPI matrix, the clients behind each of its numbers, and a client's own part in them."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.requests import StaffRequest
from clients.models import Client
from config.web import client_ip, render_page
from kpi import compared, filters, metrics, pages, periods, selectors, services, workbook
from kpi.reopenings.selectors import reopened
from kpi.selectors import By
from territories.models import Territory
from territories.selectors import Node, choices, tree, way_down, way_to

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
        return freshness(request, asked)
    answer, beside = compared.read(asked)
    shown = pages.table(answer, asked, beside)
    nodes = tree(request.user)
    context = head(asked, asked.territory, way_down(nodes, asked.territory.code)) | {
        "matrix": answer,
        "seen": answer.computed_at.isoformat(),
        "table": shown,
        "heated": any(cell.heat for line in shown.lines for cell in line.cells),
        "reopened": reopened(asked.territory, asked.d0, asked.d1),
        "headline": pages.headline(answer, asked, beside),
        "on_phone": pages.on_phone(shown),
        "nodes": choices(nodes, asked.territory.code),
        "ways": list(By),  # the class itself would be called by the template
        "groups": [(group.value, label, group in asked.groups) for group, label in pages.GROUPS.items()],
        "shows": [(show.value, show.label, show in asked.show) for show in filters.Show],
    }
    return render_page(request, "kpi/matrix.html", "kpi/_matrix.html", context)


@require_safe
def kpi_workbook(request: StaffRequest) -> HttpResponse:
    """The matrix as it is on the page, as XLSX."""
    try:
        asked = filters.asked(request.GET, request.user)
    except services.PeriodError as error:
        return render(request, "kpi/period_error.html", {"error": error}, status=400)
    if asked.territory is None:
        raise Http404("no territory")
    answer, beside = compared.read(asked)
    name = f"kpi-{asked.d0:%Y-%m}-{asked.d1:%Y-%m}.xlsx"
    shown, period = pages.table(answer, asked, beside), periods.name(asked.d0, asked.d1)
    made = workbook.write(shown, answer, str(asked.by.label), period)
    return HttpResponse(
        made,
        content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def freshness(request: StaffRequest, asked: filters.Asked) -> HttpResponse:
    """Asks a page that shows older numbers (?seen=) to show the new ones, once nothing is waiting any more."""
    period, waiting, seen = services.period_stored(asked.d0, asked.d1), services.waiting(), request.GET.get("seen", "")
    assert period.computed_at is not None
    shown = {"computed_at": period.computed_at, "waiting": waiting}
    response = render(request, "kpi/_freshness.html", {"matrix": shown, "seen": seen})
    if not waiting and seen != period.computed_at.isoformat():
        response["HX-Trigger"] = "kpi-current"
    return response


def head(asked: filters.Asked, territory: Territory, way: Sequence[Territory | Node]) -> dict[str, Any]:
    """What both pages show above their tables; `way`: from the highest node this person may see."""
    return {
        "asked": asked,
        "territory": territory,
        "way": way,
        "period": periods.name(asked.d0, asked.d1),
        "presets": periods.presets(asked.d0, asked.d1),
        "previous": periods.neighbour(asked.d0, asked.d1, -1),
        "next": periods.neighbour(asked.d0, asked.d1, 1),
    }


@require_safe
def kpi_behind(request: StaffRequest, key: str) -> HttpResponse:
    """The clients behind a number of the matrix, those that add most to it first."""
    return _clients(request, key, outside=False)


@require_http_methods(["GET", "HEAD", "POST"])
def kpi_almost(request: StaffRequest, key: str) -> HttpResponse:
    """The clients that a number of the matrix leaves out and what each lacks, the nearest first; POST makes tasks."""
    return _clients(request, key, outside=True)


def _clients(request: StaffRequest, key: str, *, outside: bool) -> HttpResponse:
    if key not in metrics.BY_KEY:
        raise Http404("no such metric")
    try:
        asked = filters.asked(request.GET, request.user)
    except services.PeriodError as error:
        return render(request, "kpi/period_error.html", {"error": error}, status=400)
    if asked.territory is None:
        raise Http404("no territory")
    metric, number = metrics.BY_KEY[key], filters.number(request.GET, key, asked)
    found = selectors.behind(
        user=request.user, number=number, outside=outside, after=filters.after(request.GET), limit=LIMIT + 1,
        catch_up=False,
    )  # fmt: skip
    may_set = outside and pages.may_set_tasks(asked.territory, request.user)
    lacking = {client.code: pages.words(client.lacks) for client in found[:LIMIT]}
    steps = filters.StepsForm(request.POST or None, codes=list(lacking), initial=pages.task(metric))
    if request.method == "POST":
        if not may_set:
            raise PermissionDenied
        if steps.is_valid():
            why = f"{metric.name}, {periods.name(asked.d0, asked.d1)}: "
            made = services.steps_make(
                user=request.user, said={code: why + lacking[code] for code in steps.cleaned_data["client"]},
                next_step=steps.cleaned_data["next_step"], next_on=steps.cleaned_data["next_on"],
                plan_until=steps.cleaned_data["plan_until"], ip=client_ip(request),
            )  # fmt: skip
            done = ngettext("%(n)s task made", "%(n)s tasks made", made.steps) % {"n": made.steps}
            if steps.cleaned_data["plan"]:
                planned = ngettext("%(n)s client planned", "%(n)s clients planned", made.planned)
                done += "; " + planned % {"n": made.planned}
            messages.success(request, done)
            return redirect(request.get_full_path())
    row = selectors.cell(number)
    paged = "after" in request.GET
    context = head(asked, asked.territory, way_to(asked.territory, request.user)) | {
        "metric": metric,
        "name": row.name,
        "value": row.metrics[key],
        "cost": row.sums["cost"] if metric.needs_cost else None,
        "figures": pages.figures(metric, row.sums),
        "outside": outside,
        "clients": [(client, lacking[client.code]) for client in found[:LIMIT]],
        "steps": steps if may_set else None,
        "last": found[LIMIT - 1] if len(found) > LIMIT else None,
        "paged": paged,
        "moved_away": 0 if outside or paged else selectors.moved_away(user=request.user, number=number),
    }
    return render_page(request, "kpi/behind.html", "kpi/_behind.html", context)


@require_safe
def client_kpi(request: StaffRequest, code: str) -> HttpResponse:
    """A client's part in the metrics of the latest period, as a panel of its card."""
    client = get_object_or_404(Client.objects.visible_to(request.user), code=code)
    return render(request, "kpi/_client.html", {"client": client, "figures": pages.client_figures(client)})
