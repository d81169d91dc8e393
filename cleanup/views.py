"""Campaigns: the list, setting up, the page of one, and what is done with it."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Role
from accounts.requests import StaffRequest
from cleanup import answering, selectors, services
from cleanup.forms import CampaignForm, ProlongForm
from cleanup.models import Campaign, State
from territories.selectors import territory_ids


@require_safe
def campaign_list(request: StaffRequest) -> HttpResponse:
    """The campaigns that exist for this person, the newest first."""
    found = Campaign.objects.visible_to(request.user).select_related("version__questionnaire")
    context = {"campaigns": selectors.with_counts(found, request.user), "admin": request.user.role == Role.ADMIN}
    return render(request, "cleanup/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def campaign_new(request: StaffRequest) -> HttpResponse:
    """Set up the first campaign; later ones begin as copies."""
    services.administrator(request.user)
    year = timezone.localdate().year
    form = CampaignForm(
        request.POST if request.method == "POST" else None,
        initial={"year": year, "name": _("Clean-up %(year)s") % {"year": year}},
    )
    if form.is_valid():
        try:
            made = services.campaign_create(user=request.user, values=form.values())
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return redirect("campaign", made.pk)
    return render(request, "cleanup/edit.html", {"form": form}, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def campaign_edit(request: StaffRequest, pk: int) -> HttpResponse:
    """Change the settings: all of a draft, of one that has begun what does not touch scope and questions."""
    services.administrator(request.user)
    campaign = get_object_or_404(Campaign, pk=pk)
    keep = None if campaign.state == State.DRAFT else services.ALWAYS
    form = CampaignForm(request.POST if request.method == "POST" else None, instance=campaign, keep=keep)
    if form.is_valid():
        try:
            services.campaign_change(user=request.user, pk=pk, values=form.values())
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("campaign", pk)
    return render(
        request, "cleanup/edit.html", {"form": form, "campaign": campaign}, status=400 if form.errors else 200
    )


@require_safe
def campaign_page(request: StaffRequest, pk: int) -> HttpResponse:
    """One campaign: of a draft what it would ask of whom, later how far it is and what this person can do."""
    found = Campaign.objects.visible_to(request.user).select_related("version__questionnaire", "prefill_job")
    campaign = get_object_or_404(found, pk=pk)
    admin = territory_ids(request.user, "manage") is None
    context: dict[str, Any] = {"campaign": campaign, "admin": admin, "scope": selectors.scope_in_words(campaign)}
    if campaign.state == State.DRAFT:
        context |= {"preview": selectors.preview(campaign), "against": selectors.against_start(campaign)}
    else:
        context |= {
            "counts": selectors.counts(campaign, request.user), "job": campaign.prefill_job,
            "decides": territory_ids(request.user, "approve") != [],
            "leads": request.user.role != Role.REP, "mine": answering.left(campaign, request.user),
            "prolong": ProlongForm(initial={"last_day": campaign.last_day}),
        }  # fmt: skip
    return render(request, "cleanup/campaign.html", context)


@require_POST
def campaign_copy(request: StaffRequest, pk: int) -> HttpResponse:
    """A draft for the next year like this one."""
    services.administrator(request.user)
    former = get_object_or_404(Campaign, pk=pk)
    year = max(former.year + 1, timezone.localdate().year)
    try:
        made = services.campaign_copy(user=request.user, pk=pk, year=year)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("campaign", pk)
    return redirect("campaign-edit", made.pk)


MOVES = {
    "start": services.campaign_start, "pause": services.campaign_pause, "resume": services.campaign_resume,
    "close": services.campaign_close, "prepare": services.campaign_prepare_again,
}  # fmt: skip


@require_POST
def campaign_move(request: StaffRequest, pk: int) -> HttpResponse:
    """Start, pause, resume, prolong, close, prepare again."""
    services.administrator(request.user)
    get_object_or_404(Campaign, pk=pk)
    move = request.POST.get("move", "")
    try:
        if move == "prolong":
            form = ProlongForm(request.POST)
            if not form.is_valid():
                raise ValidationError(_("Choose a day after the present last one."))
            services.campaign_prolong(user=request.user, pk=pk, last_day=form.cleaned_data["last_day"])
        elif move in MOVES:
            MOVES[move](user=request.user, pk=pk)
        else:
            return HttpResponseBadRequest()
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("campaign", pk)
