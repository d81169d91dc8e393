"""How far a campaign is and what it came to: for who leads, each their own subtree."""

from typing import Any, NamedTuple

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from accounts.models import Role
from accounts.requests import StaffRequest
from cleanup.models import Campaign
from cleanup.results import outcomes, workbook
from cleanup.results import progress as reckoning
from territories.models import Territory, TerritoryPath
from territories.selectors import territories_visible_to, territory_ids

READERS = (Role.SUPERVISOR, Role.HEAD, Role.ADMIN, Role.ANALYST)
PAGE = 50


class Asked(NamedTuple):
    campaign: Campaign
    node: Territory | None  # None: all this person sees, where that is several subtrees
    above: list[Territory]  # of the node, as far as this person sees, the highest first
    territories: list[int] | None

    @property
    def query(self) -> str:
        return urlencode({"node": self.node.pk}) if self.node else ""


def leads(request: StaffRequest) -> bool:
    """Whether these pages are there for this person."""
    return request.user.is_superuser or request.user.role in READERS


def _asked(request: StaffRequest, pk: int) -> Asked:
    """404 for who leads nobody, for a campaign that has not begun, for a node (?node=) that one may not see."""
    if not leads(request):
        raise Http404("leads nobody")
    campaign = get_object_or_404(Campaign.objects.visible_to(request.user).exclude(state="draft"), pk=pk)
    try:
        node = reckoning.node_of(request.user, request.GET.get("node"))
    except Territory.DoesNotExist:
        raise Http404("no such node") from None
    above: list[Territory] = []
    if node:
        paths = TerritoryPath.objects.filter(below=node, above__in=territories_visible_to(request.user))
        above = [each.above for each in paths.select_related("above").order_by("-depth") if each.above_id != node.pk]
    return Asked(campaign, node, above, reckoning.below(request.user, node))


@require_safe
def progress_page(request: StaffRequest, pk: int) -> HttpResponse:
    """Answered, approved, overdue; pace and expected end; who lags; the score before and now."""
    asked = _asked(request, pk)
    found = reckoning.progress(asked.campaign, request.user, asked.node)
    context = {
        "asked": asked, "campaign": asked.campaign, "found": found, "life": reckoning.life(asked.campaign),
        "decides": territory_ids(request.user, "approve") != [],
    }  # fmt: skip
    return render(request, "results/progress.html", context)


def _tables(years: list[outcomes.Sums]) -> dict[str, Any]:
    return {
        "years": years, "summary": outcomes.summary(years), "corrected": outcomes.corrected(years),
        "completeness": outcomes.completeness(years), "remains": outcomes.remains(years),
        "channels": outcomes.channels(years[0]), "categories": outcomes.categories(years[0]),
    }  # fmt: skip


@require_safe
def result_page(request: StaffRequest, pk: int) -> HttpResponse:
    """The base before and after, beside the past years'; what is left open (?page=), and why."""
    asked = _asked(request, pk)
    years = outcomes.compared(asked.campaign, request.user, asked.territories)
    left = outcomes.open_sheets(asked.campaign, request.user, asked.territories)
    context = {
        "asked": asked, "campaign": asked.campaign, "children": reckoning.children_of(request.user, asked.node),
        "page": Paginator(left, PAGE).get_page(request.GET.get("page")), **_tables(years),
    }  # fmt: skip
    return render(request, "results/result.html", context)


@require_safe
def result_workbook(request: StaffRequest, pk: int) -> HttpResponse:
    """The tables of the result as XLSX."""
    asked = _asked(request, pk)
    years = outcomes.compared(asked.campaign, request.user, asked.territories)
    return HttpResponse(
        workbook.write(asked.node.name if asked.node else "", **_tables(years)),
        content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        headers={"Content-Disposition": f'attachment; filename="clean-up-{asked.campaign.year}.xlsx"'},
    )
