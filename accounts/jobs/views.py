"""A person's jobs: the list, one with its progress, cancelling it, fetching its file."""

from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.jobs import services
from accounts.jobs.models import Export, Job
from accounts.models import Role
from accounts.requests import StaffRequest
from config.web import render_page, swapped

SHOWN = 100
STOP_POLLING = 286  # htmx's own: swap, and ask no more


@require_safe
def job_list(request: StaffRequest) -> HttpResponse:
    """The last jobs of this person."""
    return render(request, "jobs/list.html", {"jobs": Job.objects.visible_to(request.user)[:SHOWN]})


@require_safe
def job_page(request: StaffRequest, pk: int) -> HttpResponse:
    """How far a job is; the page asks every second until it has ended. With ?then=reload the page that shows it is
    loaded anew at the end."""
    job = get_object_or_404(Job.objects.visible_to(request.user), pk=pk)
    ended = swapped(request) and job.ended
    then = request.GET.get("then", "")
    response = render_page(
        request, "jobs/job.html", "jobs/_job.html", {"job": job, "then": then}, STOP_POLLING if ended else 200
    )
    if ended and then == "reload":
        response["HX-Refresh"] = "true"
    return response


@require_POST
def job_cancel(request: StaffRequest, pk: int) -> HttpResponse:
    """Ask a job to end; what its completed steps have written stays."""
    job = get_object_or_404(Job.objects.visible_to(request.user), pk=pk)
    services.job_cancel(job=job)
    return redirect(job.link or "job-list")


@require_safe
def job_file(request: StaffRequest, pk: int) -> HttpResponse:
    """The file that came of a job, to be saved."""
    job = get_object_or_404(Job.objects.visible_to(request.user), pk=pk)
    if job.file is None:
        raise Http404("no file, or no longer")
    return FileResponse(job.file.open("rb"), as_attachment=True, filename=job.file.name)  # type: ignore[return-value]


@require_safe
def export_list(request: StaffRequest) -> HttpResponse:
    """Who took what out, for administrators."""
    if request.user.role != Role.ADMIN and not request.user.is_superuser:
        raise PermissionDenied
    exports = Export.objects.select_related("user")[:SHOWN]
    return render(request, "jobs/exports.html", {"exports": exports})
