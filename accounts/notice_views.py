"""A person's notices."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts import services
from accounts.models import Notice
from accounts.notices import text
from accounts.requests import StaffRequest

PAGE = 50


@require_safe
def notice_list(request: StaffRequest) -> HttpResponse:
    """What a person should know of, newest first."""
    page = Paginator(Notice.objects.filter(recipient=request.user).order_by("-pk"), PAGE)
    shown = page.get_page(request.GET.get("page"))
    notices = [(notice, text(notice)) for notice in shown]
    return render(request, "accounts/notices.html", {"page": shown, "notices": notices})


@require_safe
def notice_open(request: StaffRequest, pk: int) -> HttpResponse:
    """Go where a notice leads; it counts as read then."""
    notice = get_object_or_404(Notice, recipient=request.user, pk=pk)
    services.notices_read(user=request.user, pk=pk)
    return redirect(notice.link or "notice-list")


@require_POST
def notices_read(request: StaffRequest) -> HttpResponse:
    """Mark all notices as read."""
    services.notices_read(user=request.user)
    return redirect("notice-list")
