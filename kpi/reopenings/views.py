"""Which closed months were reckoned again, when, and because of what."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.requests import StaffRequest
from kpi import filters, periods
from kpi.reopenings import selectors
from kpi.services import PeriodError


@require_safe
def reopenings(request: StaffRequest) -> HttpResponse:
    """The notes on the months of a matrix."""
    try:
        asked = filters.asked(request.GET, request.user)
    except PeriodError as error:
        return render(request, "kpi/period_error.html", {"error": error}, status=400)
    if asked.territory is None:
        return render(request, "kpi/nothing.html")
    context = {
        "asked": asked, "territory": asked.territory, "period": periods.name(asked.d0, asked.d1),
        "notes": selectors.notes(asked.territory, asked.d0, asked.d1), "most": selectors.ROWS,
    }  # fmt: skip
    return render(request, "reopenings/reopenings.html", context)
