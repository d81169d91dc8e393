"""The page on which targets are set and split."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.models import Way
from accounts.requests import StaffRequest
from config.web import client_ip, render_page
from kpi import filters, periods
from kpi.metrics import BY_KEY
from kpi.pages import COLUMNS
from kpi.services import PeriodError
from kpi.targets import forms, pages, selectors, services
from kpi.targets.sharing import Share
from territories.models import Territory
from territories.selectors import choices, tree, way_to


@require_http_methods(["GET", "HEAD", "POST"])
def targets(request: StaffRequest) -> HttpResponse:
    """The targets of a node and those below it for a period; POST sets (`what=save`) or splits them."""
    try:
        asked = filters.asked(request.GET, request.user)
    except PeriodError as error:
        return render(request, "kpi/period_error.html", {"error": error}, status=400)
    if asked.territory is None:
        return render(request, "kpi/nothing.html")
    chosen = pages.view(request.GET)
    if request.method == "POST" and request.POST.get("what") == "split":
        return _split(request, asked, asked.territory, chosen)
    if request.method == "POST":
        return _save(request, asked, asked.territory, chosen)
    return _page(request, asked, asked.territory, chosen)


def _save(request: StaffRequest, asked: filters.Asked, territory: Territory, chosen: pages.View) -> HttpResponse:
    rows = pages.nodes(territory, chosen)
    typed = forms.typed(request.POST, rows, chosen.metrics)
    if typed.errors:
        return _page(request, asked, territory, chosen, typed, status=400)
    try:
        changed = services.targets_set(
            user=request.user, d0=asked.d0, d1=asked.d1, changes=typed.changes, way=Way.BROWSER, ip=client_ip(request)
        )
    except services.Meanwhile as meanwhile:
        names = {node.pk: node.name for node in rows}
        for (node, key), value in meanwhile.cells.items():
            said = {"node": names[node], "metric": BY_KEY[key].name}
            said["value"] = forms.written(BY_KEY[key], value) or "—"
            messages.error(
                request,
                _("“%(node)s”, %(metric)s: somebody else has just set %(value)s. Nothing of yours was saved.") % said,
            )
        return redirect(_address(asked, territory, chosen))
    if changed:
        messages.success(request, ngettext("%(n)s target saved", "%(n)s targets saved", changed) % {"n": changed})
    else:
        messages.info(request, _("Nothing was changed."))
    return redirect(_address(asked, territory, chosen))


def _split(request: StaffRequest, asked: filters.Asked, territory: Territory, chosen: pages.View) -> HttpResponse:
    how = next((share for share in Share if share.value == request.POST.get("how")), Share.PREVIOUS)
    try:
        changed = services.targets_split(
            user=request.user, territory=territory, d0=asked.d0, d1=asked.d1,
            keys=[metric.key for metric in chosen.metrics], how=how, deep="deep" in request.POST,
            keep_hand="keep" in request.POST, way=Way.BROWSER, ip=client_ip(request),
        )  # fmt: skip
    except ValidationError as error:
        for text in error.messages:
            messages.error(request, text)
    else:
        made = ngettext("%(n)s target made by splitting", "%(n)s targets made by splitting", changed)
        messages.success(request, made % {"n": changed} if changed else _("Every part already has its share."))
    return redirect(_address(asked, territory, chosen))


def _address(asked: filters.Asked, territory: Territory, chosen: pages.View) -> str:
    period = {"from": f"{asked.d0:%Y-%m}", "to": f"{asked.d1:%Y-%m}"}
    return f"{reverse('targets')}?{urlencode({'territory': territory.code, **period, **chosen.query})}"


def _page(
    request: StaffRequest, asked: filters.Asked, territory: Territory, chosen: pages.View,
    typed: forms.Typed | None = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    rows = pages.nodes(territory, chosen)
    rights = selectors.Rights(request.user)
    shown = pages.sheet(request.user, asked, chosen, rows, typed, request.POST if typed else None)
    context: dict[str, Any] = {
        "asked": asked, "territory": territory, "way": way_to(territory, request.user),
        "period": periods.name(asked.d0, asked.d1), "presets": periods.presets(asked.d0, asked.d1),
        "previous": periods.neighbour(asked.d0, asked.d1, -1), "next": periods.neighbour(asked.d0, asked.d1, 1),
        "view": chosen, "sheet": shown, "groups": pages.groups(chosen), "metrics": COLUMNS,
        "nodes": choices(tree(request.user), territory.code),
        "may_set": any(field.may_set for line in shown.lines for field in line.fields),
        "may_split": len(rows) > 1 and rights.may_split(territory.pk),
        "ways": list(Share), "address": _address(asked, territory, chosen),
    }  # fmt: skip
    return render_page(request, "targets/targets.html", "targets/_targets.html", context, status=status)
