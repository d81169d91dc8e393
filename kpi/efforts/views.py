"""The matrix of efforts, who is how far from it, and the line about it on the card."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Way
from accounts.requests import StaffRequest
from clients.models import Category, Channel, Client
from config.web import client_ip, render_page
from kpi import filters, periods, services
from kpi.efforts import selectors
from kpi.efforts.forms import LABELS, RulesForm
from kpi.efforts.selectors import Kind
from kpi.efforts.services import effort_rules_set, may_set
from kpi.ranks.selectors import places
from territories.selectors import choices, tree, way_to

LIMIT = 50


@require_safe
def efforts(request: StaffRequest) -> HttpResponse:
    """Who gets too little attention in a territory and period, and who too much: the farthest from the norm first."""
    try:
        asked = filters.asked(request.GET, request.user)
    except services.PeriodError as error:
        return render(request, "kpi/period_error.html", {"error": error}, status=400)
    territory = asked.territory
    if territory is None:
        return render(request, "kpi/nothing.html")
    kind = next((each for each in Kind if each.value == request.GET.get("kind")), Kind.LITTLE)
    channel = request.GET.get("channel", "")
    category = request.GET.get("category", "") if request.GET.get("category") in Category.values else ""
    text = request.GET.get("page", "1")
    page = max(1, int(text)) if text.isdecimal() and len(text) < 7 else 1
    span, ids = selectors.span(asked.d0, asked.d1), places(request.user, territory)
    found = selectors.distances(
        span, ids, kind, channel=channel, category=category, limit=LIMIT + 1, offset=(page - 1) * LIMIT
    )
    counted = selectors.counted(span, ids, channel, category)
    context = {
        "asked": asked, "territory": territory, "way": way_to(territory, request.user),
        "nodes": choices(tree(request.user), territory.code), "period": periods.name(asked.d0, asked.d1),
        "presets": periods.presets(asked.d0, asked.d1), "previous": periods.neighbour(asked.d0, asked.d1, -1),
        "next": periods.neighbour(asked.d0, asked.d1, 1), "span": span, "kind": kind,
        "kinds": [(each, counted[each]) for each in Kind], "channel": channel, "category": category,
        "channels": Channel.objects.all(), "categories": Category.values,
        "found": [(each, span.norm(each.norm_visits), span.norm(each.norm_calls)) for each in found[:LIMIT]],
        "page": page, "more": len(found) > LIMIT, "parts": selectors.parts(span, ids, territory.pk),
        "running": asked.d1 > timezone.localdate(),
    }  # fmt: skip
    return render_page(request, "efforts/efforts.html", "efforts/_efforts.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def rules(request: StaffRequest) -> HttpResponse:
    """The matrix of efforts, a grid a channel; administrators change it, others read it."""
    may = may_set(request.user)
    if request.method == "POST" and not may:
        raise PermissionDenied
    sent = request.POST.get("channel", "")
    forms = [
        RulesForm(request.POST if request.method == "POST" and row.channel.code == sent else None, row=row)
        for row in selectors.matrix()
    ]
    form = next((each for each in forms if each.is_bound), None)
    if form and form.is_valid():
        changed = effort_rules_set(
            user=request.user, channel=form.row.channel, norms=form.norms(), way=Way.BROWSER, ip=client_ip(request)
        )
        messages.success(request, _("Saved.") if changed else _("Nothing was changed."))
        return redirect("kpi-effort-rules")
    context = {"forms": forms, "may": may, "labels": LABELS.values()}
    return render(request, "efforts/rules.html", context, status=400 if request.method == "POST" else 200)


@require_safe
def client_efforts(request: StaffRequest, code: str) -> HttpResponse:
    """What a client is worth by the matrix and what it got in the latest period, as a line of its card."""
    client = get_object_or_404(Client.objects.visible_to(request.user), code=code)
    d0, d1 = periods.default()
    span = selectors.span(d0, d1)
    found = selectors.of_client(span, client) if services.period_at_hand(d0, d1) else None
    context = {
        "client": client, "rule": selectors.rule_of(client), "found": found, "period": periods.name(d0, d1),
        "visits": span.norm(found.norm_visits) if found else None,
        "calls": span.norm(found.norm_calls) if found else None,
    }  # fmt: skip
    return render(request, "efforts/_client.html", context)
