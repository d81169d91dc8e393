"""The approver's page: what is worth a look, all the rest, and conflicts."""

import json
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.requests import StaffRequest
from cleanup import approval_services, approvals
from cleanup.models import Attention, Campaign, Photo, Sheet, SheetState
from config.web import client_ip
from territories.selectors import territory_ids

PAGE = 25


def _campaign(request: StaffRequest, pk: int) -> Campaign:
    """404 for who sees no such campaign, or decides about nothing."""
    campaign = get_object_or_404(Campaign.objects.visible_to(request.user).exclude(state="draft"), pk=pk)
    if territory_ids(request.user, "approve") == []:
        raise Http404("decides nothing")
    return campaign


@require_safe
def approve_page(request: StaffRequest, pk: int) -> HttpResponse:
    """What waits for this person's decision (?tab=look, rest or conflicts; ?why=, ?who=)."""
    campaign = _campaign(request, pk)
    counts = approvals.tab_counts(campaign, request.user)
    default = next((each for each in approvals.TABS if counts[each]), approvals.LOOK)
    tab = request.GET.get("tab", "") if request.GET.get("tab") in counts else default
    found = approvals.waiting(campaign, request.user, tab)
    some = approvals.filtered(found, request.GET)
    some = some.select_related("client__territory", "answer__author", "answer__merge_into")
    page = Paginator(some.order_by("answered_at", "pk"), PAGE).get_page(request.GET.get("page"))
    context = {
        "campaign": campaign, "tab": tab, "counts": counts, "page": page, "rows": approvals.rows(list(page)),
        "authors": approvals.authors(found), "why": Attention.choices, "chosen_why": request.GET.get("why", ""),
        "chosen_who": request.GET.get("who", ""),
    }  # fmt: skip
    return render(request, "cleanup/approve.html", context)


@require_POST
def decide(request: StaffRequest, pk: int) -> HttpResponse:
    """`decision`: approve or return the chosen sheets, approve all the rest ("all"), decide a conflict ("resolve")."""
    campaign = _campaign(request, pk)
    decision, user, ip = request.POST.get("decision", ""), request.user, client_ip(request)
    ids = [int(one) for one in request.POST.getlist("sheet") if one.isascii() and one.isdigit() and len(one) < 19]
    back = reverse("campaign-approve", args=[pk])
    query = {name: request.POST[name] for name in ("tab", "why", "who") if request.POST.get(name)}
    try:
        if decision == "all":
            number, _job = approval_services.sheets_approve(user=user, campaign=campaign, ip=ip)
            _say_approved(request, number)
        elif decision in ("approve", "return", "resolve") and not ids:
            messages.error(request, _("Choose what to decide about."))
        elif decision == "approve" and len(ids) == 1:
            sheet = approval_services.sheet_approve(user=user, pk=ids[0], ip=ip)
            if sheet.state == SheetState.CONFLICT:
                query = {"tab": approvals.CONFLICTS}
                messages.warning(request, _("The register has changed meanwhile: decide what stays."))
            else:
                _say_approved(request, 1)
        elif decision == "approve":
            number, _job = approval_services.sheets_approve(user=user, campaign=campaign, ids=ids, ip=ip)
            _say_approved(request, number)
        elif decision == "return":
            for one in ids:
                approval_services.sheet_return(user=user, pk=one, word=request.POST.get("word", ""), ip=ip)
            done = len(ids)
            messages.success(request, ngettext("%(n)d answer returned.", "%(n)d answers returned.", done) % {"n": done})
        elif decision == "resolve":
            sheet = _resolve(request, ids[0])
            if sheet.state == SheetState.CONFLICT:
                messages.warning(request, _("It has changed once more: look again."))
            else:
                messages.success(request, _("Decided."))
        else:
            return HttpResponseBadRequest()
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except Sheet.DoesNotExist:
        raise Http404 from None
    return redirect(f"{back}?{urlencode(query)}" if query else back)


def _resolve(request: StaffRequest, pk: int) -> Sheet:
    """What was chosen for each field: "take:<field>" is on where the answer's value is wanted; "seen:<field>"."""
    take = [name[5:] for name, value in request.POST.items() if name.startswith("take:") and value == "answer"]
    try:
        seen = {name[5:]: json.loads(str(value)) for name, value in request.POST.items() if name.startswith("seen:")}
    except json.JSONDecodeError:
        raise ValidationError(_("Reload the page and try again.")) from None
    return approval_services.sheet_resolve(user=request.user, pk=pk, take=take, seen=seen, ip=client_ip(request))


def _say_approved(request: StaffRequest, number: int) -> None:
    if number:
        said = ngettext("%(n)d answer approved.", "%(n)d answers approved.", number) % {"n": number}
        messages.success(request, said)
    else:
        messages.warning(request, _("Nothing was left to approve."))


@require_safe
def photo(request: StaffRequest, key: UUID) -> HttpResponse:
    """A photo of a client that this person may see."""
    found = get_object_or_404(Photo.objects.filter(sheet__in=Sheet.objects.visible_to(request.user)), key=key)
    if not found.path.is_file():
        raise Http404("the file is gone")
    answer = FileResponse(found.path.open("rb"))
    answer["Cache-Control"] = "private, max-age=86400"
    return answer  # type: ignore[return-value]
