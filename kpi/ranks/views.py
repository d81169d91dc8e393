"""The page of moves between categories."""

from datetime import date

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import formats, timezone
from django.views.decorators.http import require_safe

from accounts.requests import StaffRequest
from clients.models import Category
from config.celery import send
from config.web import render_page
from kpi import filters
from kpi import selectors as kpi_selectors
from kpi.ranks import selectors, tasks
from territories.selectors import choices, tree, way_to

LIMIT = 50
MONTHS = 13
LETTERS = [*Category.values, ""]


def _month(data: QueryDict) -> tuple[date, list[tuple[str, str, bool]]]:
    """The month asked for among the last ones with orders, and all of these as choices."""
    known = kpi_selectors.latest_months(MONTHS) or [timezone.localdate().replace(day=1)]
    month = next((each for each in known if f"{each:%Y-%m}" == data.get("month")), known[0])
    return month, [(f"{each:%Y-%m}", formats.date_format(each, "F Y"), each == month) for each in known]


def _page(data: QueryDict) -> int:
    text = data.get("page", "1")
    return max(1, int(text)) if text.isdecimal() and len(text) < 7 else 1


@require_safe
def moves(request: StaffRequest) -> HttpResponse:
    """Who moved from which category to which in a territory and month, up and down, with the figures why."""
    territory = filters.node(request.GET, request.user)
    if territory is None:
        return render(request, "kpi/nothing.html")
    month, months = _month(request.GET)
    days, ids, page = selectors.month_days(month), selectors.places(request.user, territory), _page(request.GET)
    was, becomes = (request.GET.get(name) if request.GET.get(name) in LETTERS else None for name in ("was", "becomes"))
    direction = request.GET.get("direction") if request.GET.get("direction") in selectors.DIRECTIONS else None
    known = selectors.known(days)
    if not known and request.htmx.target != "being-reckoned":  # else it waits for what it has asked for already
        send(tasks.month_ranked, month.isoformat())
    counted = selectors.moves_counted(days, ids, catch_up=False) if known else {}
    found = selectors.moves(
        days, ids, was=was, becomes=becomes, direction=direction, limit=LIMIT + 1, offset=(page - 1) * LIMIT,
        catch_up=False,
    ) if known else []  # fmt: skip
    context = {
        "territory": territory, "known": known, "way": way_to(territory, request.user),
        "nodes": choices(tree(request.user), territory.code), "days": days, "months": months,
        "month": f"{month:%Y-%m}", "title": formats.date_format(month, "F Y"),
        "grid": [(one, [(other, counted.get((one, other), 0)) for other in LETTERS]) for one in LETTERS],
        "letters": LETTERS, "totals": _totals(counted), "direction": direction or "", "was": was, "becomes": becomes,
        "moves": found[:LIMIT], "page": page, "more": len(found) > LIMIT,
    }  # fmt: skip
    return render_page(request, "ranks/moves.html", "ranks/_moves.html", context)


def _totals(counted: dict[tuple[str, str], int]) -> dict[str, int]:
    """The number of moves in each direction, and "" of all."""
    totals = dict.fromkeys(("", *selectors.DIRECTIONS), 0)
    for (was, becomes), number in counted.items():
        way = "in" if not was else "out" if not becomes else "up" if becomes < was else "down"
        totals[way] += number
        totals[""] += number
    return totals
