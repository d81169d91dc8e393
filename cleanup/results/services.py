"""The only code that writes results and reminders."""

import logging
from datetime import date, datetime, timedelta

from django.db import connection, transaction
from django.db.models import Count, Max
from django.urls import reverse
from django.utils import formats, timezone
from kombu.exceptions import OperationalError as BrokerError

from accounts.models import User
from accounts.services import notify
from cleanup.models import Campaign, SheetState, State
from cleanup.results.models import Reminder, Result
from config import sql

CHUNK = 200  # territories in one transaction
PENDING = (SheetState.ANSWERED, SheetState.APPROVED, SheetState.CONFLICT)  # may still change the register
SETTLED = timedelta(minutes=10)  # after closing, in which an answer that was under way has landed
log = logging.getLogger(__name__)


def result_reckon(*, campaign: Campaign, now: datetime | None = None) -> Result:
    """Reckon the outcomes of a campaign anew, some territories at a time; killed, it is begun again.

    Of a closed one about which nothing is left to decide they become final: they are never reckoned again.
    """
    stored = Result.objects.filter(campaign=campaign).first()
    if stored and stored.final:
        return stored
    now = now or timezone.now()
    # Asked before the numbers are reckoned: what is decided meanwhile makes them not final, never wrong.
    settled = campaign.state == State.CLOSED and campaign.closed_at is not None and campaign.closed_at < now - SETTLED
    final = settled and not campaign.sheets.filter(state__in=PENDING).exists()
    ids = list(campaign.sheets.order_by("territory").values_list("territory", flat=True).distinct())
    for start in range(0, len(ids), CHUNK):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                sql.read("cleanup/results", "outcomes"),
                {"campaign": campaign.pk, "territories": ids[start : start + CHUNK], "today": timezone.localdate(now)},
            )
    result, _made = Result.objects.update_or_create(campaign=campaign, defaults={"at": now, "final": final})
    return result


def result_ask(*, campaign: Campaign) -> None:
    """Have the outcomes reckoned in the background; if the message is lost, beat does it within the hour."""
    from cleanup.results import tasks  # they import this module

    try:
        tasks.reckon.delay(campaign.pk)
    except BrokerError as error:
        log.warning("result of campaign %d: %s", campaign.pk, error)


def reminders_send(*, today: date) -> int:
    """Remind who has clients left in a running campaign, every `remind_every` days and in the last `remind_before` days
    daily; how many people. On one day nobody is told twice."""
    told = 0
    for campaign in Campaign.objects.filter(state=State.RUNNING, first_day__lte=today):
        with transaction.atomic():
            Campaign.objects.select_for_update().get(pk=campaign.pk)  # one sender at a time
            told += _remind(campaign, today)
    return told


def _remind(campaign: Campaign, today: date) -> int:
    open_sheets = campaign.sheets.filter(state__in=(SheetState.WAITING, SheetState.RETURNED), rep__is_active=True)
    left = dict(open_sheets.order_by().values_list("rep").annotate(Count("pk")))
    last = dict(campaign.reminders.order_by().values_list("person").annotate(Max("day")))
    started = timezone.localtime(campaign.started_at).date() if campaign.started_at else campaign.first_day
    begun = max(campaign.first_day, started)
    due = [pk for pk in left if reminder_due(campaign, last.get(pk), begun, today)]
    Reminder.objects.bulk_create(Reminder(campaign=campaign, person_id=pk, day=today) for pk in due)
    day = formats.date_format(campaign.last_day, "SHORT_DATE_FORMAT")
    for person in User.objects.filter(pk__in=due):
        notify(
            recipients=[person], kind="campaign_reminder",
            params={"campaign": campaign.name, "left": left[person.pk], "last_day": day},
            link=reverse("campaign-answer", args=[campaign.pk]),
        )  # fmt: skip
    return len(due)


def reminder_due(campaign: Campaign, last: date | None, begun: date, today: date) -> bool:
    """Whether a person last reminded on `last` is to be reminded today."""
    if last is not None and last >= today:
        return False
    days_left = (campaign.last_day - today).days  # 0 on the last day; below it the time is over
    if campaign.remind_before and days_left < campaign.remind_before and today > begun:
        return True
    return bool(campaign.remind_every) and (today - (last or begun)).days >= campaign.remind_every


def due_results() -> list[int]:
    """Campaigns that are closed without a final result."""
    return list(Campaign.objects.filter(state=State.CLOSED).exclude(result__final=True).values_list("pk", flat=True))
