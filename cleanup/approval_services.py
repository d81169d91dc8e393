"""Deciding about answers, and applying what was approved to the register: the only code that writes Decision and
Applied. A sheet is applied in the transaction that takes it out of the state `approved`: once or, killed, not yet."""

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.jobs.models import Job
from accounts.jobs.services import job_create
from accounts.models import User, Way
from accounts.services import acting, notify
from cleanup.models import Answer, Applied, Campaign, Decision, Sheet, SheetState, Verdict, Verified
from clients import fields
from clients.duplicates.services import clients_merge
from clients.models import Client
from clients.overrides.models import CategoryOverride
from clients.services import category_override, client_update

CHUNK = 100  # sheets applied in one transaction
WHOLE = "__all__"  # in Sheet.conflicts: why the answer as a whole can't be applied
Conflicts = dict[str, dict[str, Any]]


def sheet_approve(*, user: User, pk: int, way: Way = Way.CAMPAIGN, ip: str | None = None) -> Sheet:
    """Approve an answer and apply it at once; the sheet is `applied` then, or `conflict` with what stands against it.

    Raises Sheet.DoesNotExist where this person decides nothing, ValidationError where nothing waits for a decision.
    """
    with transaction.atomic():
        sheet = _locked(user, pk, SheetState.ANSWERED)
        _decide(sheet, user, Verdict.APPROVED, "", way, ip)
        _apply(sheet, user, way, ip)
    return sheet


def sheets_approve(
    *, user: User, campaign: Campaign, ids: Iterable[int] | None = None, way: Way = Way.CAMPAIGN, ip: str | None = None
) -> tuple[int, Job | None]:
    """Approve the answers of these sheets (None: all that are not worth a look); how many, and the job that applies
    them. Those about which this person does not decide, or that are decided already, are passed over."""
    found = Sheet.objects.approvable_by(user).filter(campaign=campaign, state=SheetState.ANSWERED)
    found = found.filter(attention=[]) if ids is None else found.filter(pk__in=list(ids))
    with acting(actor=user, way=way, reference=campaign.reference, ip=ip):
        rows = list(found.select_for_update(of=("self",)).order_by("pk").values_list("pk", "answer_id"))
        if not rows:
            return 0, None
        Decision.objects.bulk_create(
            (Decision(sheet_id=pk, answer_id=answer, verdict=Verdict.APPROVED, by=user) for pk, answer in rows),
            batch_size=5000,
        )
        Sheet.objects.filter(pk__in=[pk for pk, _answer in rows]).update(
            state=SheetState.APPROVED, decided_at=timezone.now()
        )
        return len(rows), apply_begin(campaign=campaign, owner=user, total=len(rows))


def apply_begin(*, campaign: Campaign, owner: User, total: int) -> Job:
    """A job that applies whatever is approved in a campaign."""
    return job_create(
        owner=owner, kind="cleanup.apply", parameters={"campaign": campaign.pk}, total=total,
        title=_("Approved answers of “%(campaign)s”") % {"campaign": campaign.name},
        link=reverse("campaign-approve", args=[campaign.pk]),
    )  # fmt: skip


def apply_step(job: Job) -> bool:
    """The step of the job: apply CHUNK approved sheets, each as the person who approved it."""
    waiting = Sheet.objects.filter(campaign=job.parameters["campaign"], state=SheetState.APPROVED)
    found = waiting.select_related("campaign", "answer").select_for_update(of=("self",), skip_locked=True)
    sheets = list(found.order_by("pk")[:CHUNK])
    decided = Decision.objects.filter(sheet__in=sheets, verdict=Verdict.APPROVED).select_related("by").order_by("pk")
    by = {decision.sheet_id: decision.by for decision in decided}  # the last one of each
    for sheet in sheets:
        _apply(sheet, by[sheet.pk], Way.CAMPAIGN, None)
    job.done += len(sheets)
    job.total = max(job.total or 0, job.done)
    return len(sheets) < CHUNK


def sheet_return(*, user: User, pk: int, word: str, way: Way = Way.CAMPAIGN, ip: str | None = None) -> Sheet:
    """Turn an answer down: it goes back to its author with a word. Raises Sheet.DoesNotExist, ValidationError."""
    if not word.strip():
        raise ValidationError({"word": _("Say what is to be done better.")})
    with transaction.atomic():
        sheet = _locked(user, pk, SheetState.ANSWERED, SheetState.CONFLICT)
        _decide(sheet, user, Verdict.RETURNED, word.strip()[:500], way, ip)
        sheet.state, sheet.conflicts = SheetState.RETURNED, {}
        sheet.save(update_fields=["state", "conflicts", "decided_at"])
        assert sheet.answer
        notify(
            recipients=[sheet.answer.author], kind="campaign_returned",
            params={"client": sheet.client.name, "who": str(user), "word": word.strip()[:500]},
            link=reverse("campaign", args=[sheet.campaign_id]),
        )  # fmt: skip
    return sheet


def sheet_resolve(
    *, user: User, pk: int, take: Collection[str], seen: Mapping[str, fields.Packed], way: Way = Way.CAMPAIGN,
    ip: str | None = None,
) -> Sheet:  # fmt: skip
    """Decide a conflict: of the fields in it, `take` get the answer's value, the others stay as the register has them;
    what is not in conflict is applied. `seen`: the register's values that this person saw, by field; has one moved
    again, the sheet stays in conflict with the new one. Raises Sheet.DoesNotExist, ValidationError."""
    with transaction.atomic():
        sheet = _locked(user, pk, SheetState.CONFLICT)
        kept = set(sheet.conflicts) - set(take)
        _decide(sheet, user, Verdict.RESOLVED, "", way, ip)
        _apply(sheet, user, way, ip, kept=kept, seen={name: seen.get(name) for name in take})
    return sheet


def _locked(user: User, pk: int, *states: SheetState) -> Sheet:
    found = Sheet.objects.approvable_by(user).select_related("campaign", "client", "answer__author")
    sheet = found.select_for_update(of=("self",)).get(pk=pk)
    if sheet.state not in states:
        said = _("Nothing of this client waits for a decision: %(state)s.") % {"state": sheet.get_state_display()}
        raise ValidationError(said)
    return sheet


def _decide(sheet: Sheet, user: User, verdict: Verdict, word: str, way: Way, ip: str | None) -> None:
    sheet.decided_at = timezone.now()
    assert sheet.answer
    with acting(actor=user, way=way, reference=sheet.campaign.reference, ip=ip):
        Decision.objects.create(sheet=sheet, answer=sheet.answer, verdict=verdict, word=word, by=user)


# --- applying ----------------------------------------------------------------------------------------------------


def _apply(
    sheet: Sheet, user: User, way: Way, ip: str | None, kept: Collection[str] = (),
    seen: Mapping[str, fields.Packed] | None = None,
) -> None:  # fmt: skip
    """Write an approved answer into the register, all of it or, where something stands against it, nothing.

    The sheet is locked by the caller. `kept`: fields that stay as the register has them.
    """
    answer = sheet.answer
    assert answer
    pks = [pk for pk in (sheet.client_id, answer.merge_into_id) if pk]
    locked = {one.pk: one for one in Client.objects.select_for_update().filter(pk__in=pks).order_by("pk")}
    client = locked[sheet.client_id]
    if client.merged_into_id:
        sheet.state = SheetState.GONE
        sheet.save(update_fields=["state", "decided_at"])
        return
    wanted, conflicts = _compared(client, answer, kept, seen or {})
    merge_into = locked.get(answer.merge_into_id) if WHOLE not in kept else None  # type: ignore[arg-type]
    if not conflicts:
        try:
            with transaction.atomic():
                applied = _write(sheet, client, wanted, merge_into, user, way, ip)
        except (ValidationError, PermissionDenied, Client.DoesNotExist) as error:
            conflicts = {WHOLE: {"why": _why(error)}}
    if conflicts:
        sheet.state, sheet.conflicts = SheetState.CONFLICT, conflicts
        sheet.save(update_fields=["state", "conflicts", "decided_at"])
        return
    with acting(actor=user, way=way, reference=sheet.campaign.reference, ip=ip):
        Applied.objects.bulk_create(Applied(sheet=sheet, field=f, old=old, new=new) for f, old, new in applied)
    Verified.objects.update_or_create(client=client, defaults={"on": timezone.localdate()})
    sheet.state, sheet.conflicts, sheet.category_after = SheetState.APPLIED, {}, answer.category
    sheet.score_now = score(client.pk)
    sheet.save(update_fields=["state", "conflicts", "category_after", "score_now", "decided_at"])


def _compared(
    client: Client, answer: Answer, kept: Collection[str], seen: Mapping[str, fields.Packed]
) -> tuple[dict[str, fields.Packed], Conflicts]:
    """What of the answer is to be written, and where the register no longer has what the answer started from."""
    wanted: dict[str, fields.Packed] = {}
    conflicts: Conflicts = {}
    for name, change in answer.changes.items():
        now = fields.pack(getattr(client, fields.attribute(name)))
        current, new = fields.unpack(name, now), fields.unpack(name, change["new"])
        if name in kept or current == new:
            continue
        if current == fields.unpack(name, seen.get(name, change["base"])):
            wanted[name] = change["new"]
        else:
            conflicts[name] = {"base": change["base"], "new": change["new"], "now": now}
    return wanted, conflicts


def _write(
    sheet: Sheet, client: Client, wanted: Mapping[str, fields.Packed], merge_into: Client | None, user: User, way: Way,
    ip: str | None,
) -> list[tuple[str, Any, Any]]:  # fmt: skip
    """Through the one way to write; what was applied: field, old, new."""
    applied: list[tuple[str, Any, Any]] = []
    if wanted:
        old = {name: fields.pack(getattr(client, fields.attribute(name))) for name in wanted}
        saved = client_update(
            user=user, code=client.code, version=client.version, way=way, reference=sheet.campaign.reference, ip=ip,
            changes={name: _value(name, packed) for name, packed in wanted.items()},
        )  # fmt: skip
        if saved.filed:  # the approver may not decide this by themselves: nothing is half applied
            raise PermissionDenied(", ".join(each.request.field for each in saved.filed))
        client.version = saved.client.version
        applied += [(name, old[name], packed) for name, packed in wanted.items()]
    category = sheet.answer.category if sheet.answer else ""
    if category and category != client.category and merge_into is None:
        _set_category(sheet, client, category, user, way, ip)
        applied.append(("category", client.category, category))
    if merge_into is not None:
        versions = {client.pk: client.version, merge_into.pk: merge_into.version}
        merge = clients_merge(
            user=user, survivor=merge_into.pk, loser=client.pk, versions=versions, take=(), way=way, ip=ip
        )
        applied.append(("merge", client.code, {"into": merge_into.code, "merge": merge.pk}))
    return applied


def _set_category(sheet: Sheet, client: Client, category: str, user: User, way: Way, ip: str | None) -> None:
    """Put the approved category in place of the derived one, for a year from the campaign's end."""
    assert sheet.answer
    override = CategoryOverride.objects.filter(client=client).first()
    if override and override.at > sheet.answer.received_at:
        raise ValidationError(_("The category was set by hand meanwhile: %(now)s.") % {"now": override.category})
    until = max(sheet.campaign.last_day, timezone.localdate()) + timedelta(days=365)
    saved = category_override(
        user=user, code=client.code, wanted=fields.Override(category, until, sheet.campaign.name), way=way,
        reference=sheet.campaign.reference, ip=ip,
    )  # fmt: skip
    if saved.filed:
        raise PermissionDenied(fields.OVERRIDE)
    client.version = saved.client.version


def _value(name: str, packed: fields.Packed) -> Any:
    """A packed value as client_update takes it: model objects for relations."""
    field: Any = Client._meta.get_field(name)
    value = fields.unpack(name, packed)
    if not field.is_relation or value is None:
        return value
    found = field.related_model.objects.filter(pk=value).first()
    if found is None:
        raise ValidationError(_("What was chosen for “%(field)s” is no longer there.") % {"field": fields.label(name)})
    return found


def _why(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return " ".join(error.messages)
    if isinstance(error, PermissionDenied):
        return _("You may not decide all of it: %(what)s") % {"what": error}
    return _("The client is no longer one of yours, or was merged.")


def score(client: int) -> int:
    """The quality score of a client now, 0..100 (cleanup/sql/quality.sql)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT score FROM cleanup_quality(%s, current_date)", [[client]])
        return int(cursor.fetchone()[0])


def leftovers_apply() -> int:
    """Begin to apply what has been approved and has no job that will (cancelled, failed); how many campaigns."""
    begun = 0
    for campaign in Campaign.objects.filter(sheets__state=SheetState.APPROVED).distinct():
        under_way = Job.objects.open().filter(kind="cleanup.apply", parameters__campaign=campaign.pk)
        owner = (
            Decision.objects.filter(sheet__campaign=campaign, sheet__state=SheetState.APPROVED).order_by("pk").last()
        )
        if owner and not under_way.exists():
            waiting = campaign.sheets.filter(state=SheetState.APPROVED).count()
            apply_begin(campaign=campaign, owner=owner.by, total=waiting)
            begun += 1
    return begun
