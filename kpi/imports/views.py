"""The import wizard, for administrators: upload → columns → dry run → load, and the list of all that was loaded."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Role
from accounts.requests import StaffRequest
from kpi.imports import services
from kpi.imports.forms import ColumnsForm, KindForm, UploadForm
from kpi.imports.models import KINDS, Import

SHOWN = 100
View = Callable[..., HttpResponse]


def for_administrators(view: View) -> View:
    """403 for everybody else: a load writes to the whole base, whatever one may see of it."""

    @wraps(view)
    def checked(request: StaffRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.role != Role.ADMIN and not request.user.is_superuser:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return checked


@require_http_methods(["GET", "HEAD", "POST"])
@for_administrators
def import_list(request: StaffRequest) -> HttpResponse:
    """What was loaded, and the place to upload the next file."""
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if request.method == "POST" and form.is_valid():
        try:
            made = services.import_create(owner=request.user, upload=form.cleaned_data["file"])
        except ValidationError as error:
            form.add_error("file", error)
        else:
            return redirect("import-columns", made.pk)
    imports = Import.objects.select_related("owner", "source", "check_job", "load_job")[:SHOWN]
    context = {"form": form, "imports": imports, "kinds": KINDS.values()}
    return render(request, "imports/list.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@for_administrators
def import_columns(request: StaffRequest, pk: int) -> HttpResponse:
    """What the file is and what its headings stand for, as guessed (for another kind: ?kind=)."""
    imported = get_object_or_404(Import, pk=pk)
    kind = request.POST.get("kind") or request.GET.get("kind") or imported.kind
    if kind not in KINDS:
        raise Http404("no such kind")
    form = ColumnsForm(request.POST if request.method == "POST" else None, imported=imported, kind=kind)
    if request.method == "POST" and form.is_valid():
        try:
            services.import_settle(
                imported=imported, user=request.user, kind=kind, mapping=form.mapping,
                source=form.cleaned_data["source"].strip(),
            )  # fmt: skip
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return redirect("import", pk)
    context = {"import": imported, "form": form, "kind_form": KindForm(initial={"kind": kind})}
    return render(request, "imports/columns.html", context, status=400 if form.errors else 200)


@require_safe
@for_administrators
def import_page(request: StaffRequest, pk: int) -> HttpResponse:
    """What a load would do, and afterwards what it did."""
    imported = get_object_or_404(Import.objects.select_related("owner", "source", "check_job", "load_job"), pk=pk)
    if imported.job is None:
        return redirect("import-columns", pk)
    report = imported.load_job if imported.loaded else imported.check_job if imported.checked else None
    context = {"import": imported, "job": imported.job, "report": report.result if report else None}
    return render(request, "imports/import.html", context)


@require_POST
@for_administrators
def import_load(request: StaffRequest, pk: int) -> HttpResponse:
    """Begin the load."""
    imported = get_object_or_404(Import, pk=pk)
    try:
        services.import_load(imported=imported, user=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("import", pk)


@require_safe
@for_administrators
def import_errors(request: StaffRequest, pk: int) -> HttpResponse:
    """The rows turned away, with their reasons."""
    imported = get_object_or_404(Import, pk=pk)
    if not imported.errors.exists():
        raise Http404("no errors, or no longer kept")
    name = f"{imported.file_name.partition('.')[0]}-errors{imported.errors.suffix}"
    return FileResponse(imported.errors.open("rb"), as_attachment=True, filename=name)  # type: ignore[return-value]
