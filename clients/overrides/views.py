"""The page on which a client's category is set by hand, and the line about it on the card."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Way
from accounts.requests import StaffRequest
from clients import requests, services
from clients.fields import OVERRIDE, Override
from clients.models import Client
from clients.overrides.forms import OverrideForm
from clients.overrides.models import CategoryOverride
from config.web import client_ip


@require_safe
def category_note(request: StaffRequest, code: str) -> HttpResponse:
    """What the card says of a category set by hand, and the way to set one; nothing to who may do neither."""
    client = get_object_or_404(Client.objects.visible_to(request.user), code=code)
    context = {
        "client": client,
        "override": CategoryOverride.objects.select_related("author").filter(client=client).first(),
        "may": bool(services.override_right(user=request.user, client=client)),
    }
    return render(request, "overrides/_note.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def category_page(request: StaffRequest, code: str) -> HttpResponse:
    """Set the category by hand, or (POST with `remove`) give the derived one back; who may not, asks for it."""
    client = get_object_or_404(Client.objects.visible_to(request.user), code=code)
    right = services.override_right(user=request.user, client=client)
    if not right:
        raise PermissionDenied
    override = CategoryOverride.objects.select_related("author").filter(client=client).first()
    begun = {"category": override.category, "until": override.until, "reason": override.reason} if override else None
    remove = "remove" in request.POST
    form = OverrideForm(request.POST if request.method == "POST" and not remove else None, initial=begun)
    if remove or form.is_valid():
        try:
            saved = services.category_override(
                user=request.user, code=code, wanted=None if remove else Override(**form.cleaned_data),
                way=Way.BROWSER, ip=client_ip(request),
            )  # fmt: skip
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("Sent for approval.") if saved.filed else _("Saved."))
            return redirect("client-card", code)
    context = {
        "client": client, "form": form, "override": override, "asks": right == "ask",
        "derived": override.derived if override else client.category,
        "waiting": [row for row in requests.waiting_on(client, request.user) if row.request.field == OVERRIDE],
    }  # fmt: skip
    return render(request, "overrides/category.html", context, status=400 if form.errors else 200)
