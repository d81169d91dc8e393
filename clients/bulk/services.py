"""The only code that writes selections and bulk edits; clients are written by clients/services.py."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.jobs.models import Job
from accounts.jobs.services import job_create
from accounts.models import User, Way
from clients import fields
from clients.bulk.models import Edit, Selection
from clients.bulk_plan import Outcome, Plan
from clients.models import Client
from clients.querysets import ClientQuerySet
from clients.services import clients_bulk_plan, clients_bulk_update
from config.ui import count

LARGEST = 100_000  # clients of a selection
STEP = 2_000  # clients a transaction
KEPT = timedelta(days=30)  # what came to nothing


def selection_create(*, user: User, found: ClientQuerySet, query: str = "") -> Selection:
    """Keep which clients are chosen: of `found` those that this person may see. Raises ValidationError for none, and
    for more than LARGEST. What this person chose long ago and did nothing with goes."""
    old = timezone.now() - KEPT
    ids = list(found.visible_to(user).order_by("pk").values_list("pk", flat=True)[: LARGEST + 1])
    if not ids:
        raise ValidationError(_("No client is chosen."))
    if len(ids) > LARGEST:
        raise ValidationError(
            _("These are too many at once: choose up to %(most)s clients, by a filter.") % {"most": count(LARGEST)}
        )
    with transaction.atomic():
        Edit.objects.filter(owner=user, at__lt=old, job=None).delete()
        Selection.objects.filter(owner=user, at__lt=old).delete()
        return Selection.objects.create(owner=user, ids=ids, query=query)


def edit_create(*, selection: Selection, changes: Mapping[str, Any]) -> Edit:
    """New values for the clients of a selection, as they are now: who is changed after this is left alone by it.

    `changes`: by field name, model objects for relations.
    """
    found = Client.objects.filter(pk__any=selection.ids).order_by("pk").values_list("pk", "version")
    ids, versions = zip(*found, strict=True)
    return Edit.objects.create(
        owner=selection.owner, selection=selection, ids=list(ids), versions=list(versions),
        values={name: fields.pack(value) for name, value in changes.items()},
    )  # fmt: skip


def changes_of(edit: Edit) -> dict[str, Any]:
    """The new values as clients/services.py takes them."""
    return {name: fields.unpack_object(name, packed) for name, packed in edit.values.items()}


def edit_plan(edit: Edit) -> tuple[Plan, Outcome]:
    """What it would do now; nothing is changed."""
    seen = list(zip(edit.ids, edit.versions, strict=True))
    return clients_bulk_plan(user=edit.owner, seen=seen, changes=changes_of(edit))


@transaction.atomic
def edit_begin(*, edit: Edit, ip: str | None) -> Edit:
    """Have it done by a worker. Raises ValidationError where that was asked for already."""
    edit = Edit.objects.select_for_update().get(pk=edit.pk)
    if edit.job_id:
        raise ValidationError(_("This change has been begun already."))
    edit.job = job_create(
        owner=edit.owner, kind="bulk.edit", title=_("Change of %(n)s clients") % {"n": count(len(edit.ids))},
        parameters={"edit": str(edit.pk), "ip": ip}, total=len(edit.ids), link=reverse("bulk-edit", args=[edit.pk]),
    )  # fmt: skip
    edit.save(update_fields=["job"])
    return edit


def edit_step(job: Job) -> bool:
    """The next STEP clients, in the transaction of the job's position: a worker killed in it leaves nothing of it."""
    edit = Edit.objects.get(pk=job.parameters["edit"])
    begin = job.position or 0
    seen = list(zip(edit.ids, edit.versions, strict=True))[begin : begin + STEP]
    done = clients_bulk_update(
        user=job.owner, seen=seen, changes=changes_of(edit), reference=edit.reference, way=Way.BROWSER,
        ip=job.parameters["ip"],
    )  # fmt: skip
    job.done = job.position = begin + len(seen)
    job.result = summed(job.result, done._asdict())
    edit.left += done.left
    edit.save(update_fields=["left"])
    return bool(job.done == len(edit.ids))


def summed(so_far: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Both counts together."""
    refused = dict(so_far.get("refused", {}))
    for why, number in more["refused"].items():
        refused[why] = refused.get(why, 0) + number
    names: Iterable[str] = ("changed", "written", "asked", "same")
    return {name: so_far.get(name, 0) + more[name] for name in names} | {"refused": refused}
