"""The client list as a file (clients/exports.py)."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import FileResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.jobs.models import Export
from accounts.jobs.services import export_begin, export_end, job_create
from accounts.requests import StaffRequest
from clients import exports
from config.web import client_ip


@require_POST
def client_export(request: StaffRequest) -> HttpResponseBase:
    """The list at this address as a file; a large one is made in the background. Posted: it is written down who took
    what, and no foreign page can make somebody's browser ask for it."""
    if request.user.role not in settings.EXPORT_ROLES and not request.user.is_superuser:
        raise PermissionDenied
    xlsx, what = request.POST.get("format") == "xlsx", request.POST.get("what", "list")
    found, fields = exports.asked(request.GET, request.user), exports.fields(request.GET, request.user, what)
    format, query = "xlsx" if xlsx else "csv", request.GET.urlencode()
    with transaction.atomic():
        export = export_begin(
            user=request.user, what=exports.NAME, format=format, query=query, columns=list(fields),
            ip=client_ip(request),
        )  # fmt: skip
        if found[: exports.LARGEST + 1].count() > exports.LARGEST:
            job = job_create(
                owner=request.user, kind="clients.export", title=_("Export of clients"),
                parameters={"query": query, "what": what, "format": format, "export": export.pk},
            )  # fmt: skip
            return redirect("job", job.pk)
    name = f"{exports.NAME}.{format}"
    if xlsx:
        made = Path(tempfile.mkdtemp()) / name
        export_end(export=export, rows=exports.xlsx(found, fields, made))
        stream = made.open("rb")
        made.unlink()
        made.parent.rmdir()
        return FileResponse(stream, as_attachment=True, filename=name)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    counted: list[int] = [0]
    blocks = _written_down(exports.csv_blocks(found, fields, counted), export, counted)
    return StreamingHttpResponse(blocks, content_type="text/csv; charset=utf-8", headers=headers)


def _written_down(blocks: Iterator[bytes], export: Export, counted: list[int]) -> Iterator[bytes]:
    """The blocks; afterwards, cut off or not, how many rows have left."""
    try:
        yield from blocks
    finally:
        export_end(export=export, rows=counted[0])
