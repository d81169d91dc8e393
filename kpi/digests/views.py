"""One's own letter in the browser, its setting, and the way out of it that the letter itself offers."""

from datetime import timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.models import Way
from accounts.requests import StaffRequest
from config.celery import send
from config.web import client_ip
from kpi.digests import letters, selectors, services, tasks
from kpi.digests.forms import SettingForm
from kpi.digests.models import Digest


@require_http_methods(["GET", "HEAD", "POST"])
def digest(request: StaffRequest) -> HttpResponse:
    """The letter as it would go out today, and whether one wants it."""
    if request.user.role not in services.READERS:
        raise PermissionDenied
    setting = services.setting_of(request.user)
    form = SettingForm(request.POST or None, initial={"wanted": setting.wanted, "language": setting.language})
    if request.method == "POST" and form.is_valid():
        services.setting_set(user=request.user, **form.cleaned_data, way=Way.BROWSER, ip=client_ip(request))
        messages.success(request, _("Saved."))
        return redirect("kpi-digest")
    nodes, day = list(selectors.nodes(request.user)), timezone.localdate() - timedelta(days=1)
    if not nodes:
        return render(request, "kpi/nothing.html")
    stored = selectors.stored(day)
    if not stored.whole and request.htmx.target != "letter":  # else it waits for what it has asked for already
        send(tasks.reckon, day.isoformat())
    context = {
        "content": selectors.content(request.user, day, stored.periods) if stored.whole else None,
        "base": "", "form": form, "subject": letters.subject(nodes, day), "territory": nodes[0],
        "last": Digest.objects.filter(user=request.user).order_by("-week").first(),
    }  # fmt: skip
    return render(request, "digests/digest.html", context, status=400 if form.errors else 200)


@csrf_exempt  # mail programs send this by themselves (RFC 8058); the token is the proof
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Sign the reader of a letter off, without signing in."""
    person = services.person_of(token)
    if person is None:
        raise Http404("no such letter")
    if request.method == "POST":
        language = services.setting_of(person).language
        services.setting_set(user=person, wanted=False, language=language, way=Way.BROWSER, ip=client_ip(request))
    return render(request, "digests/unsubscribe.html", {"done": request.method == "POST"})
