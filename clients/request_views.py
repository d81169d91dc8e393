"""Change requests for those who decide and those who ask, and the setting which fields need one."""

from collections.abc import Iterable

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Way
from accounts.requests import StaffRequest
from clients import fields, requests, services
from clients.forms import FieldRulesForm
from clients.models import ChangeRequest
from clients.querysets import ChangeRequestQuerySet
from clients.request_filters import RequestFilter
from config.web import client_ip
from territories.selectors import territory_ids

PAGE = 50


@require_http_methods(["GET", "HEAD", "POST"])
def queue(request: StaffRequest) -> HttpResponse:
    """What waits for this person's decision, by client; a decision about those that were chosen."""
    if territory_ids(request.user, "approve") == []:
        return redirect("request-mine")
    undone = []
    if request.method == "POST":
        decisions = _decide(request)
        if decisions is not None:
            undone = [each for each in decisions if each.why]
            if not undone:
                return redirect(request.get_full_path())
    waiting = RequestFilter(
        request.GET, user=request.user, found=ChangeRequest.objects.open().approvable_by(request.user)
    )
    context = {"filter": waiting, "undone": _in_words(undone, request), "reason": request.POST.get("reason", "")}
    found = waiting.found().order_by("client__name_sort", "client_id", "pk")
    return _page(request, "clients/request_queue.html", found, context)


def _decide(request: StaffRequest) -> list[services.Decision] | None:
    """Approve or turn down what the form names; None if it names nothing, or lacks the reason."""
    one, _colon, seen = request.POST.get("anyway", "").partition(":")
    chosen = [one] if one else request.POST.getlist("request")
    ids = [int(pk) for pk in chosen if pk.isascii() and pk.isdigit() and len(pk) < 19]
    reason = request.POST.get("reason", "").strip()[:500]
    declining = request.POST.get("decision") == "decline"
    if not ids or (declining and not reason):
        messages.error(request, _("Say why you turn it down.") if ids else _("Choose what to decide about."))
        return None
    decisions = services.change_requests_decide(
        user=request.user, ids=ids, approve=not declining, reason=reason,
        seen=int(seen) if seen.isascii() and seen.isdigit() else None, way=Way.BROWSER, ip=client_ip(request),
    )  # fmt: skip
    if len(decisions) < len(set(ids)):
        messages.error(request, _("About some of the requests you don't decide any more."))
    if done := sum(each.done for each in decisions):
        messages.success(
            request,
            ngettext("%(n)d request turned down.", "%(n)d requests turned down.", done) % {"n": done}
            if declining
            else ngettext("%(n)d request approved.", "%(n)d requests approved.", done) % {"n": done},
        )
    return decisions


def _in_words(undone: Iterable[services.Decision], request: StaffRequest) -> list[tuple[requests.Row, str]]:
    """What could not be decided as asked, and why."""
    some = list(undone)
    return [
        (row, each.why)
        for row, each in zip(requests.rows([each.request for each in some], request.user), some, strict=True)
    ]


@require_safe
def mine(request: StaffRequest) -> HttpResponse:
    """What this person has asked for, newest first."""
    found = ChangeRequest.objects.filter(author=request.user).order_by("-pk")
    return _page(request, "clients/request_list.html", found, {"own": True})


@require_safe
def decided(request: StaffRequest) -> HttpResponse:
    """What has been decided about the clients of those who approve, newest first."""
    found = ChangeRequest.objects.approvable_by(request.user).exclude(state="open").order_by("-decided_at", "-pk")
    return _page(request, "clients/request_list.html", found, {"own": False})


def _page(
    request: StaffRequest, template: str, found: ChangeRequestQuerySet, context: dict[str, object]
) -> HttpResponse:
    page = Paginator(requests.all_of(found), PAGE).get_page(request.GET.get("page"))
    more = {
        "page": page,
        "rows": requests.rows(page, request.user),
        "approves": territory_ids(request.user, "approve") != [],
    }
    return render(request, template, context | more)


@require_POST
def withdraw(request: StaffRequest, pk: int) -> HttpResponse:
    """Take back a request of one's own."""
    try:
        decision = services.change_request_withdraw(user=request.user, pk=pk, way=Way.BROWSER, ip=client_ip(request))
    except ChangeRequest.DoesNotExist:
        raise Http404 from None
    if decision.done:
        messages.success(request, _("Withdrawn."))
    else:
        messages.warning(request, decision.why)
    return redirect("request-mine")


@require_http_methods(["GET", "HEAD", "POST"])
def field_rules(request: StaffRequest) -> HttpResponse:
    """Which fields of a client need a supervisor: an administrator's to say."""
    if territory_ids(request.user, "manage") is not None:
        raise PermissionDenied
    form = FieldRulesForm(request.POST or None, rights=fields.rights())
    if request.method == "POST" and form.is_valid():
        services.field_rules_set(user=request.user, rights=form.changes(), way=Way.BROWSER, ip=client_ip(request))
        messages.success(request, _("Saved.") if form.changes() else _("Nothing was changed."))
        return redirect("field-rules")
    return render(request, "clients/field_rules.html", {"form": form})
