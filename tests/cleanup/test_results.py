"""Progress, result and reminders, held against a reckoning in plain Python over the rows."""

import io
from collections import Counter
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from python_calamine import CalamineWorkbook

from accounts.models import Notice, Role, Way
from accounts.services import acting
from cleanup import approval_services, services
from cleanup.models import Answer, Applied, Campaign, Sheet
from cleanup.results import outcomes, tasks
from cleanup.results import progress as reckoning
from cleanup.results.models import Outcome, Reminder, Result
from cleanup.results.services import reminders_send, result_reckon
from cleanup.selectors import doubles
from clients.duplicates.models import Pair
from clients.models import Client
from territories.models import Territory
from tests import make
from tests.cleanup.conftest import World, changed

PARTS = ("address", "phone", "channel", "place", "counterparty", "inn", "potential_monthly", "contact")


@pytest.fixture
def played(world: World) -> Campaign:
    """A campaign in which everything happens, on two routes of two teams, over some days."""
    rng = Random(7)
    far = make.territory(make.territory(world.company, kind="team"), kind="route")
    make.user(Role.SUPERVISOR, far.parent)
    channels = [make.channel(), make.channel()]
    clients = [
        make.client(
            rng.choice([world.route, world.other_route, far]), phone=rng.choice(["", "1", "+7 495 000-00-00"]),
            address=rng.choice(["", "Main street"]), channel=rng.choice([None, *channels]),
            lat=rng.choice([None, 55.0]), lon=37.0, category=rng.choice(["", "A", "B", "E"]),
            potential_monthly=rng.choice([None, 5000]),
        )
        for _n in range(60)
    ]  # fmt: skip
    for one, other in zip(clients[:20:2], clients[1:20:2], strict=True):
        if one.territory_id == other.territory_id:
            Pair.objects.create(one=one, other=other, score=90, reasons={})
    campaign = world.running()
    people = {world.route.pk: world.rep, world.other_route.pk: world.other_rep}
    for sheet in campaign.sheets.select_related("client").order_by("pk"):
        rep, lot = people.get(sheet.client.territory_id, world.admin), rng.random()
        if lot < 0.2:
            continue
        values: dict[str, Any] = {}
        more: dict[str, Any] = {}
        if 0.3 < lot < 0.5:
            values = {"phone": {"value": "+7 495 111-11-11"}, "potential": {"value": "7000"}}
        elif lot < 0.56:
            values = {"channel": {"value": rng.choice(channels).pk}}
        elif lot < 0.68:
            values = {"works": "no", "closed": {"value": "2026-10-01"}}
        elif lot < 0.75:
            more = {"category": rng.choice("ABC")}
        if (found := doubles([sheet], rep)[sheet.pk]) and rng.random() < 0.7:  # those not merged meanwhile
            more["merge_into"] = found[0]["client"]
        answered = world.answer(sheet, rep, values=values, **more)
        decision = rng.random()
        if decision < 0.15:
            approval_services.sheet_return(user=world.head, pk=answered.pk, word="again")
        elif decision < 0.75:
            if "phone" in values and decision < 0.3:
                changed(world.admin, sheet.client, phone="+7 495 222-22-22")
            approval_services.sheet_approve(user=world.head if rep != world.head else world.admin, pk=answered.pk)
    for pk in campaign.sheets.exclude(answer=None).values_list("pk", flat=True):
        day = datetime(2026, 11, rng.randrange(1, 26), 12, tzinfo=timezone.get_current_timezone())
        Sheet.objects.filter(pk=pk).update(answered_at=day)
    services.scores_refreshed(campaign=campaign)
    campaign.refresh_from_db()
    return campaign


def _under(node: Territory | None) -> set[int]:
    """Node and all below it, by walking the tree."""
    if node is None:
        return set(Territory.objects.values_list("pk", flat=True))
    found = {node.pk}
    while more := set(Territory.objects.filter(parent__in=found).values_list("pk", flat=True)) - found:
        found |= more
    return found


def _expected_tally(sheets: list[Sheet], campaign: Campaign, today: date) -> dict[str, Any]:
    days = (campaign.last_day - campaign.first_day).days + 1
    gone = min(max((today - campaign.first_day).days, 0), days)
    since = max(campaign.first_day, today - timedelta(days=6))
    answered = [each for each in sheets if each.state not in ("waiting", "returned")]
    recent = [
        each for each in sheets
        if each.state != "returned" and each.answered_at
        and since <= timezone.localtime(each.answered_at).date() <= today
    ]  # fmt: skip
    left, pace_days = len(sheets) - len(answered), (today - since).days + 1
    end, day = None, today
    if left and recent:
        done = 0.0
        while done < left - 1e-9:  # day by day
            day += timedelta(days=1)
            done += len(recent) / pace_days
        end = day
    return {
        "total": len(sheets), "answered": len(answered),
        "approved": sum(each.state in ("approved", "applied") for each in sheets),
        "to_decide": sum(each.state == "answered" for each in sheets),
        "conflicts": sum(each.state == "conflict" for each in sheets),
        "returned": sum(each.state == "returned" for each in sheets), "recent": len(recent),
        "overdue": sum(
            max(0, int(len(mine) * gone / days + 1e-9) - sum(each in answered for each in mine))
            for mine in ([each for each in sheets if each.rep_id == pk] for pk in {each.rep_id for each in sheets})
        ),
        "ends": end,
        "before": sum(each.score_before for each in sheets), "now": sum(each.score_now for each in sheets),
    }  # fmt: skip


@pytest.mark.parametrize("today", [date(2026, 11, 3), date(2026, 11, 25), date(2027, 1, 20)])
def test_progress_is_what_the_sheets_say_one_by_one(world: World, played: Campaign, today: date) -> None:
    sheets = list(played.sheets.all())
    for user, node in ((world.admin, None), (world.head, world.company), (world.supervisor, world.team)):
        shown = reckoning.node_of(user, None)
        assert node is None or shown == node
        found = reckoning.progress(played, user, shown, today)
        mine = [each for each in sheets if each.territory_id in _under(shown)]
        wanted = _expected_tally(mine, played, today)
        assert {name: getattr(found.whole, name) for name in wanted} == wanted
        for one in found.nodes:
            inside = _under(one.territory) if one.territory != shown else {one.territory.pk}
            wanted = _expected_tally([each for each in mine if each.territory_id in inside], played, today)
            assert {name: getattr(one.tally, name) for name in wanted} == wanted
        assert sum(one.tally.total for one in found.nodes) == len(mine)
        for person in found.people:
            pk = person.person.pk if person.person else None
            wanted = _expected_tally([each for each in mine if each.rep_id == pk], played, today)
            assert {name: getattr(person.tally, name) for name in wanted} == wanted
        overdue = [person.tally.overdue for person in found.people]
        assert overdue == sorted(overdue, reverse=True)


def test_one_sees_the_progress_of_ones_subtree_only(world: World, played: Campaign) -> None:
    found = reckoning.progress(played, world.supervisor, reckoning.node_of(world.supervisor, None))
    assert found.whole.total == sum(each.territory_id in _under(world.team) for each in played.sheets.all())
    for pk in (str(world.company.pk), "0", "x", "9" * 30):
        with pytest.raises(Territory.DoesNotExist):
            reckoning.node_of(world.supervisor, pk)


def _expected_outcomes(sheets: list[Sheet]) -> Counter[tuple[str, str]]:
    """Measure and key as outcomes.sql names them, from the rows one by one."""
    found: Counter[tuple[str, str]] = Counter()
    applied: dict[int, dict[str, Applied]] = {}
    for each in Applied.objects.all():
        applied.setdefault(each.sheet_id, {})[each.field] = each
    for sheet in sheets:
        client, done = Client.objects.get(pk=sheet.client_id), applied.get(sheet.pk, {})
        found["base", "before"] += 1
        found["score", "before"] += sheet.score_before
        for part in PARTS:
            found["filled_before", part] += part not in sheet.details.get("missing", [])
        if client.merged_into_id is None and client.closed_on is None:
            found["base", "after"] += 1
            with connection.cursor() as cursor:
                cursor.execute("SELECT score FROM cleanup_quality(%s, %s)", [[client.pk], timezone.localdate()])
                found["score", "after"] += cursor.fetchone()[0]
            owner = client.counterparty
            has = {
                "address": client.address, "phone": client.phone, "channel": client.channel_id,
                "place": client.lat is not None and client.lon is not None, "counterparty": owner,
                "inn": owner and owner.inn, "potential_monthly": client.potential_monthly is not None,
                "contact": client.contacts.filter(is_decision_maker=True).exists(),
            }  # fmt: skip
            for part in PARTS:
                found["filled_after", part] += bool(has[part])
        if sheet.state == "gone":
            found["base", "gone"] += 1
        elif sheet.state == "applied":
            closed = "closed_on" in done and done["closed_on"].new is not None
            what = "merged" if "merge" in done else "closed" if closed else "changed" if done else "confirmed"
            found["done", what] += 1
            if "merge" not in done:
                now = done["category"].new if "category" in done else sheet.category_before
                found["categories", f"{sheet.category_before}>{now}"] += 1
        else:
            alone = sheet.state == "waiting" and sheet.rep_id is None
            found["remains", "nobody" if alone else sheet.state] += 1
        for field, change in done.items():
            if field not in ("merge", "category", "closed_on"):
                found["corrected", field] += 1
            if field == "channel":
                found["channels", f"{change.old or ''}>{change.new or ''}"] += 1
    return +found


def test_the_result_is_what_the_rows_say_one_by_one(world: World, played: Campaign) -> None:
    result_reckon(campaign=played)
    sheets = list(played.sheets.all())
    seen: set[str] = set()
    for node in (None, world.company, world.team, world.route):
        territories = None if node is None else list(_under(node))
        [sums] = outcomes.compared(played, world.admin, territories)
        mine = [each for each in sheets if territories is None or each.territory_id in territories]
        wanted = _expected_outcomes(mine)
        assert +Counter(sums.numbers) == wanted
        seen |= {measure for measure, _key in wanted}
        seen |= {key for measure, key in wanted if measure in ("done", "remains")}
        after = [outcomes.in_words(row.values[0], row.kind) for row in outcomes.summary([sums])]
        assert len(after) == 10
    assert seen >= {
        "base", "done", "corrected", "channels", "categories", "filled_before", "filled_after", "score", "remains",
        "confirmed", "changed", "closed", "merged", "waiting", "returned", "answered", "conflict",
    }  # fmt: skip
    matrix = outcomes.channels(sums)
    assert matrix.totals[-1] == sum(sum(numbers[:-1]) for _label, numbers in matrix.rows)


def test_a_result_becomes_final_when_nothing_waits_and_stays(world: World) -> None:
    client = make.client(world.route, phone="1")
    campaign = world.running()
    sheet = world.answer(campaign.sheets.get(), values={"phone": {"value": "2"}})
    campaign = services.campaign_close(user=world.admin, pk=campaign.pk)
    later = timezone.now() + timedelta(hours=1)
    assert not result_reckon(campaign=campaign, now=later).final  # the answer may still be decided
    approval_services.sheet_approve(user=world.supervisor, pk=sheet.pk)
    assert not result_reckon(campaign=campaign).final  # just closed: an answer may be under way
    assert result_reckon(campaign=campaign, now=later).final
    [before] = Outcome.objects.values_list("numbers", flat=True)
    assert before["corrected"] == {"phone": 1}
    changed(world.admin, client, address="", phone="")
    result_reckon(campaign=campaign, now=later + timedelta(days=400))
    tasks.hourly()
    assert list(Outcome.objects.values_list("numbers", flat=True)) == [before]
    for rows in (Outcome.objects.all(), Result.objects.all()):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(at=timezone.now())
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.delete()


def test_years_stand_side_by_side_and_in_the_workbook(world: World) -> None:
    from cleanup.results import views, workbook

    make.client(world.route, phone="1", name="=Shop")
    former = world.running(year=2025, name="Clean-up 2025")
    world.answer(former.sheets.get(), values={"phone": {"value": "2"}})
    approval_services.sheet_approve(user=world.supervisor, pk=former.sheets.get().pk)
    services.campaign_close(user=world.admin, pk=former.pk)
    result_reckon(campaign=Campaign.objects.get(pk=former.pk))
    campaign = world.running()
    result_reckon(campaign=campaign)
    years = outcomes.compared(campaign, world.supervisor, None)
    assert [year.campaign.year for year in years] == [2026, 2025]
    tables = views._tables(years)
    assert [row.values for row in tables["corrected"]] == [[0, 1]]
    book = CalamineWorkbook.from_filelike(io.BytesIO(workbook.write("Team", **tables)))
    summary = book.get_sheet_by_index(0).to_python()[2:]
    assert summary[0][1:] == ["Clean-up 2026", "Clean-up 2025"]
    assert [list(row[1:]) for row in summary[1:8]] == [row.values for row in tables["summary"][:7]]
    assert len(book.sheet_names) == 6


# --- reminders


def _reminded(day: date) -> Counter[str]:
    before = set(Notice.objects.filter(kind="campaign_reminder").values_list("pk", flat=True))
    reminders_send(today=day)
    reminders_send(today=day)  # the worker died after it, and the task is done again
    new = Notice.objects.filter(kind="campaign_reminder").exclude(pk__in=before)
    return Counter(new.values_list("recipient__username", flat=True))


@pytest.mark.parametrize(("every", "before"), [(7, 3), (0, 2), (10, 0), (0, 0)])
def test_reminders_come_every_so_many_days_and_daily_at_the_end(world: World, every: int, before: int) -> None:
    for route in (world.route, world.other_route, world.other_route):
        make.client(route)
    campaign = world.running(remind_every=every, remind_before=before, last_day=date(2026, 11, 20))
    with acting(actor=None, way=Way.COMMAND):
        begun = datetime(2026, 11, 1, 9, tzinfo=timezone.get_current_timezone())
        Campaign.objects.filter(pk=campaign.pk).update(started_at=begun)
    got = [day for day in range(1, 21) if _reminded(date(2026, 11, day))]
    wanted, last = [], 1
    for day in range(1, 21):
        if (every and day - last >= every) or (before and 20 - day < before):
            wanted.append(day)
            last = day
    assert got == wanted
    told = Counter(Notice.objects.filter(kind="campaign_reminder").values_list("recipient", flat=True))
    people = {world.rep.pk, world.other_rep.pk}
    assert told == Counter({pk: len(wanted) for pk in people if wanted})
    assert Reminder.objects.count() == 2 * len(wanted)
    left = Notice.objects.filter(recipient=world.other_rep, kind="campaign_reminder").values_list("params__left")
    assert {number for (number,) in left} <= {2}


def test_who_has_nothing_left_and_a_paused_campaign_are_not_reminded(world: World) -> None:
    for route in (world.route, world.other_route):
        make.client(route)
    campaign = world.running(last_day=date(2026, 11, 30), remind_before=60)
    world.answer(campaign.sheets.get(client__territory=world.route))
    tomorrow = timezone.localdate() + timedelta(days=1)
    services.campaign_pause(user=world.admin, pk=campaign.pk)
    assert _reminded(tomorrow) == {}
    services.campaign_resume(user=world.admin, pk=campaign.pk)
    assert _reminded(tomorrow) == {world.other_rep.username: 1}


def test_the_page_tells_how_the_campaign_went(world: World) -> None:
    make.client(world.route)
    campaign = world.running()
    services.campaign_pause(user=world.admin, pk=campaign.pk)
    services.campaign_resume(user=world.admin, pk=campaign.pk)
    services.campaign_prolong(user=world.admin, pk=campaign.pk, last_day=date(2027, 2, 1))
    campaign = services.campaign_close(user=world.admin, pk=campaign.pk)
    said = [event.what for event in reckoning.life(campaign)]
    assert said == ["started", "paused", "gone on with", said[3], "closed early"]
    assert said[3].startswith("prolonged from")
    assert Answer.objects.count() == 0
