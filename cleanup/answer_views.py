"""Answering: the page that works without a connection, what it takes along, and what it sends (answer.js)."""

import json
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_POST, require_safe

from accounts.requests import StaffRequest
from cleanup import answer_services, answering
from cleanup.models import Campaign, Sheet
from config.web import client_ip


@never_cache
@require_safe
def answer_page(request: StaffRequest, pk: int) -> HttpResponse:
    """One client a screen. The page itself holds no client: what it shows comes from what was taken along."""
    campaign = get_object_or_404(Campaign.objects.visible_to(request.user), pk=pk)
    return render(request, "cleanup/answer.html", {"campaign": campaign})


@gzip_page  # hundreds of clients for a phone; the token in it is masked anew each time
@never_cache
@require_safe
def answer_pack(request: StaffRequest, pk: int) -> JsonResponse:
    """What this person takes along, and the token with which it is sent back."""
    campaign = get_object_or_404(
        Campaign.objects.visible_to(request.user).exclude(version=None).select_related("version"), pk=pk
    )
    return JsonResponse(answering.pack(campaign, request.user) | {"csrf": get_token(request)})


def _number(said: Any) -> float | None:
    if said is None:
        return None
    if isinstance(said, bool) or not isinstance(said, int | float):
        raise TypeError(said)
    return float(said)


def _read(request: HttpRequest) -> dict[str, Any]:
    """The answer as the service takes it. Raises ValueError, KeyError, TypeError for what this page never sends."""
    given = json.loads(request.body)
    at = datetime.fromisoformat(given["at"])
    if at.tzinfo is None or not isinstance(given["values"], dict) or not isinstance(given.get("seen", {}), dict):
        raise ValueError(given)
    merge, version = given.get("merge_into"), given.get("seen_version")
    return {
        "key": UUID(given["key"]), "values": given["values"], "at": at, "seen": given.get("seen"),
        "seen_version": None if version is None else int(version), "merge_into": None if merge is None else int(merge),
        "category": str(given.get("category", "")), "comment": str(given.get("comment", "")),
        "lat": _number(given.get("lat")), "lon": _number(given.get("lon")), "accuracy": _number(given.get("accuracy")),
    }  # fmt: skip


def _refused(error: ValidationError) -> JsonResponse:
    return JsonResponse({"errors": error.message_dict}, status=400)


@require_POST
def sheet_answer(request: StaffRequest, pk: int) -> JsonResponse:
    """Take one answer, as JSON. 200: it is kept (sent again: it was); 400: what is wrong, by question; 404: no longer
    this person's to answer."""
    try:
        given = _read(request)
    except (ValueError, KeyError, TypeError, AttributeError):
        return JsonResponse({"errors": {"__all__": [_("The answer could not be read. Reload the page.")]}}, status=400)
    try:
        sheet = answer_services.sheet_answer(user=request.user, pk=pk, **given, ip=client_ip(request))
    except Sheet.DoesNotExist:
        return JsonResponse({"errors": {"__all__": [_("This client is no longer yours to answer.")]}}, status=404)
    except ValidationError as error:
        return _refused(error)
    return JsonResponse({"state": sheet.state})


@require_POST
def sheet_photo(request: StaffRequest, pk: int) -> JsonResponse:
    """Take one photo: `key`, `question`, `photo`. Answers like sheet_answer."""
    try:
        key, upload = UUID(request.POST.get("key", "")), cast("UploadedFile[Any]", request.FILES["photo"])
    except (ValueError, KeyError):
        return JsonResponse({"errors": {"__all__": [_("The photo could not be read. Take it again.")]}}, status=400)
    try:
        photo = answer_services.photo_add(
            user=request.user, pk=pk, key=key, question=request.POST.get("question", ""), upload=upload,
            ip=client_ip(request),
        )  # fmt: skip
    except Sheet.DoesNotExist:
        return JsonResponse({"errors": {"__all__": [_("This client is no longer yours to answer.")]}}, status=404)
    except ValidationError as error:
        return _refused(error)
    return JsonResponse({"key": str(photo.key)})


@never_cache
@require_safe
def answer_worker(request: StaffRequest) -> HttpResponse:
    """The service worker: from here, and not from /static/, for its place says which pages it may keep."""
    with staticfiles_storage.open("answer.worker.js") as file:
        return HttpResponse(file.read(), content_type="text/javascript; charset=utf-8")
