"""The preparation of a campaign: a sheet per client with what was found of it. A job of small transactions: killed,
the worker that takes it up again repeats at most one (accounts/jobs)."""

from django.db import connection
from django.utils import timezone

from accounts.jobs.models import Job
from cleanup import selectors, services
from cleanup.models import Campaign, ChannelMix, Extent, SharedPhone, State
from clients.duplicates.matching import SHARED
from config import sql
from kpi.services import months_before, ranks_stored

CHUNK = 10_000  # clients in one transaction
LIKENESS = 0.2  # of 1: by how much another channel must buy more alike for a client to be proposed for it
ORDERS = 3  # days with an order within 12 months, without which nothing is said of the channel


def prefill_step(job: Job) -> bool:
    """One step: first what all clients are held against, then CHUNK clients after the last one.

    `result` says how many sheets there are; a campaign closed meanwhile ends it.
    """
    campaign = Campaign.objects.get(pk=job.parameters["campaign"])
    if campaign.state == State.CLOSED:
        return True
    if job.position is None:
        ranks_stored(timezone.localdate())
        _references()
        job.total, job.position = selectors.scope(campaign).count(), {"after": 0}
        return False
    after = job.position["after"]
    ids = list(selectors.scope(campaign).filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:CHUNK])
    if ids:
        sheets_fill(campaign, ids)
        job.done += len(ids)
        job.position = {"after": ids[-1]}
    if len(ids) < CHUNK:
        job.result = {"sheets": campaign.sheets.count()}
        services.people_told(campaign=campaign)
        return True
    return False


def _references() -> None:
    """What single clients are held against: territories' extents, phones that many have, what channels buy."""
    today = timezone.localdate()
    for table in (Extent, SharedPhone, ChannelMix):
        table.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(sql.read("cleanup", "extents"))
        cursor.execute(sql.read("cleanup", "phones"), {"most": SHARED})
        cursor.execute(sql.read("cleanup", "mixes"), {"since": months_before(today, 3), "today": today})


def sheets_fill(campaign: Campaign, ids: list[int]) -> int:
    """Make the sheets of these clients that are not there yet; how many."""
    today, people = timezone.localdate(), selectors.people(campaign)
    with connection.cursor() as cursor:
        cursor.execute(
            sql.read("cleanup", "sheets"),
            {
                "campaign": campaign.pk, "ids": ids, "territories": list(people), "people": list(people.values()),
                "today": today, "since": months_before(today, 12), "likeness": LIKENESS, "orders": ORDERS,
            },
        )  # fmt: skip
        return int(cursor.rowcount)
