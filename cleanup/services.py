"""The only code that writes campaigns: setting up, starting, pausing, prolonging, closing; administrators only."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from accounts.jobs.models import Job
from accounts.jobs.services import job_create
from accounts.models import Role, User, Way
from accounts.services import acting, notify
from cleanup import selectors
from cleanup.models import Campaign, Sheet, SheetState, State, Version
from territories.selectors import territory_ids

SETTINGS = (
    "name", "year", "first_day", "last_day", "territories", "statuses", "channels", "categories", "version", "answers",
    "approves", "a_day", "remind_every", "remind_before",
)  # fmt: skip
ALWAYS = frozenset({"name", "a_day", "remind_every", "remind_before"})  # what may be set while it runs, too


def administrator(user: User | None) -> None:
    """Raises PermissionDenied for everybody else; None is the product itself."""
    if user is not None and territory_ids(user, "manage") is not None:
        raise PermissionDenied


def campaign_create(*, user: User | None, values: Mapping[str, Any], way: Way = Way.BROWSER) -> Campaign:
    """A draft with these SETTINGS. Raises PermissionDenied, ValidationError by field."""
    administrator(user)
    campaign = Campaign(created_by=user)
    with acting(actor=user, way=way):
        _fill_in(campaign, values)
        campaign.save(force_insert=True)
    return campaign


def campaign_copy(*, user: User | None, pk: int, year: int, way: Way = Way.BROWSER) -> Campaign:
    """A draft like an earlier campaign, its days moved by the years between; the questionnaire in its last version.

    The year in the name becomes the new one. Raises PermissionDenied, Campaign.DoesNotExist, ValidationError.
    """
    administrator(user)
    former = Campaign.objects.select_related("version__questionnaire").get(pk=pk)
    values = {name: getattr(former, name) for name in SETTINGS}
    values["first_day"], values["last_day"] = (
        _moved(day, year - former.year) for day in (former.first_day, former.last_day)
    )
    values["name"] = former.name.replace(str(former.year), str(year))
    values["year"] = year
    if former.version:
        values["version"] = selectors.latest_version(former.version.questionnaire)
    with acting(actor=user, way=way):
        campaign = Campaign(created_by=user, copied_from=former)
        _fill_in(campaign, values)
        campaign.save(force_insert=True)
    return campaign


def _moved(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return day.replace(year=day.year + years, day=28)


def campaign_change(*, user: User, pk: int, values: Mapping[str, Any], way: Way = Way.BROWSER) -> Campaign:
    """Change SETTINGS of a draft; of one that has begun only those of ALWAYS. Raises as campaign_create."""
    administrator(user)
    with transaction.atomic():
        campaign = Campaign.objects.select_for_update().get(pk=pk)
        if campaign.state != State.DRAFT and set(values) - ALWAYS:
            raise ValidationError(_("The clean-up has begun: its scope and questions stay as they are."))
        with acting(actor=user, way=way, reference=campaign.reference):
            _fill_in(campaign, values)
            campaign.save()
    return campaign


def _fill_in(campaign: Campaign, values: Mapping[str, Any]) -> None:
    if forbidden := set(values) - set(SETTINGS):
        raise ValueError(forbidden)
    for name, value in values.items():
        setattr(campaign, name, value)
    campaign.full_clean(exclude=["prefill_job", "created_by", "copied_from"])


def campaign_start(*, user: User, pk: int, way: Way = Way.BROWSER) -> Campaign:
    """Begin: the questionnaire is frozen, the sheets are prepared by a job, the people are told.

    Raises PermissionDenied, Campaign.DoesNotExist, ValidationError with what stands against it.
    """
    administrator(user)
    with transaction.atomic():
        campaign = _in_state(pk, State.DRAFT)
        if against := selectors.against_start(campaign):
            raise ValidationError(against)
        now = timezone.now()
        with acting(actor=user, way=way, reference=campaign.reference):
            Version.objects.filter(campaigns=campaign, frozen_at=None).update(frozen_at=now)
            campaign.state, campaign.started_at = State.RUNNING, now
            campaign.prefill_job = _prepare(campaign, user)
            campaign.save(update_fields=["state", "started_at", "prefill_job"])
    return campaign


def _prepare(campaign: Campaign, user: User) -> Job:
    return job_create(
        owner=user, kind="cleanup.prefill", parameters={"campaign": campaign.pk},
        title=_("Preparation of “%(campaign)s”") % {"campaign": campaign.name},
        link=reverse("campaign", args=[campaign.pk]),
    )  # fmt: skip


def campaign_prepare_again(*, user: User, pk: int) -> Campaign:
    """Begin the preparation again after it failed or was cancelled: what is prepared already stays."""
    administrator(user)
    with acting(actor=user, way=Way.BROWSER):
        campaign = _in_state(pk, State.RUNNING, State.PAUSED)
        if campaign.prefill_job and not campaign.prefill_job.ended:
            raise ValidationError(_("The preparation is under way."))
        campaign.prefill_job = _prepare(campaign, user)
        campaign.save(update_fields=["prefill_job"])
    return campaign


def people_told(*, campaign: Campaign) -> int:
    """Tell everybody who has clients to answer about that the clean-up has begun; how many they are."""
    reps = User.objects.filter(pk__in=Sheet.objects.filter(campaign=campaign, rep__isnull=False).values("rep"))
    day = formats.date_format(campaign.last_day, "SHORT_DATE_FORMAT")
    told = list(reps)
    notify(
        recipients=told, kind="campaign_started", params={"campaign": campaign.name, "last_day": day},
        link=reverse("campaign", args=[campaign.pk]),
    )  # fmt: skip
    return len(told)


def campaign_pause(*, user: User, pk: int, way: Way = Way.BROWSER) -> Campaign:
    """Nobody is asked or reminded for a while; answers under way still come in. Raises ValidationError."""
    return _move(user, pk, way, State.PAUSED, State.RUNNING)


def campaign_resume(*, user: User, pk: int, way: Way = Way.BROWSER) -> Campaign:
    return _move(user, pk, way, State.RUNNING, State.PAUSED)


def campaign_close(*, user: User, pk: int, way: Way = Way.BROWSER) -> Campaign:
    """End it, early or not: no more answers are taken; what was answered may still be decided."""
    from cleanup.results.services import result_ask  # it imports the models of this app's campaigns

    campaign = _move(user, pk, way, State.CLOSED, State.RUNNING, State.PAUSED, closed_at=timezone.now())
    transaction.on_commit(lambda: result_ask(campaign=campaign))
    return campaign


def campaign_prolong(*, user: User, pk: int, last_day: date, way: Way = Way.BROWSER) -> Campaign:
    """Give it a later last day. Raises ValidationError for one that isn't later."""
    administrator(user)
    with transaction.atomic():
        campaign = _in_state(pk, State.RUNNING, State.PAUSED)
        if last_day <= campaign.last_day:
            raise ValidationError({"last_day": _("Choose a day after the present last one.")})
        return _store(campaign, user, way, last_day=last_day)


def _move(user: User, pk: int, way: Way, to: State, *among: State, **more: Any) -> Campaign:
    administrator(user)
    with transaction.atomic():
        return _store(_in_state(pk, *among), user, way, state=to, **more)


def _in_state(pk: int, *states: State) -> Campaign:
    found = Campaign.objects.select_for_update(of=("self",)).select_related("version", "prefill_job")
    campaign = found.get(pk=pk)
    if campaign.state not in states:
        raise ValidationError(
            _("Not possible now: the clean-up is %(state)s.") % {"state": campaign.get_state_display()}
        )
    return campaign


def _store(campaign: Campaign, user: User, way: Way, **values: Any) -> Campaign:
    with acting(actor=user, way=way, reference=campaign.reference):
        for name, value in values.items():
            setattr(campaign, name, value)
        campaign.save(update_fields=list(values))
    return campaign


def campaign_proposed() -> Campaign | None:
    """From the day of the year in the settings on (CAMPAIGN_PROPOSED_ON, "MM-DD"): draft this year's clean-up like the
    last one and tell the administrators; None where there is one, or none to copy."""
    today = timezone.localdate()
    if not settings.CAMPAIGN_PROPOSED_ON or today.strftime("%m-%d") < settings.CAMPAIGN_PROPOSED_ON:
        return None
    with transaction.atomic():
        last = Campaign.objects.select_for_update().order_by("-year", "-pk").first()
        if last is None or last.year >= today.year:
            return None
        campaign = campaign_copy(user=None, pk=last.pk, year=today.year, way=Way.JOB)
        notify(
            recipients=User.objects.filter(role=Role.ADMIN, is_active=True), kind="campaign_proposed",
            params={"campaign": campaign.name}, link=reverse("campaign-edit", args=[campaign.pk]),
        )  # fmt: skip
    return campaign


def scores_refreshed(*, campaign: Campaign, chunk: int = 10_000) -> int:
    """Reckon the present score of the sheets of a campaign anew; how many changed."""
    changed = last = 0
    sheets = Sheet.objects.filter(campaign=campaign).exclude(state=SheetState.GONE).order_by("client_id")
    while ids := list(sheets.filter(client_id__gt=last).values_list("client_id", flat=True)[:chunk]):
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE cleanup_sheet s SET score_now = q.score FROM cleanup_quality(%s, current_date) q"
                " WHERE s.campaign_id = %s AND s.client_id = q.client_id AND s.score_now <> q.score",
                [ids, campaign.pk],
            )
            changed += cursor.rowcount
        last = ids[-1]
    return changed
