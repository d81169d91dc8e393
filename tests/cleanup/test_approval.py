"""Deciding about answers, and applying them once: what is written, by whom, and what stands against it."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from accounts.jobs.models import Job
from accounts.models import HistoryEvent, Notice, Role, Way
from accounts.services import acting
from cleanup import approval_services, services
from cleanup.models import Applied, Decision, Question, Sheet, Verified
from clients.duplicates.models import Pair
from clients.models import Client
from tests import make
from tests.cleanup.conftest import World, changed


def test_an_approved_answer_is_written_with_the_campaign_in_the_history(world: World) -> None:
    client = make.client(world.route, phone="1")
    campaign = world.running()
    sheet = world.answer(campaign.sheets.get(), values={"phone": {"value": "+7 495 000-00-01"}})
    done = approval_services.sheet_approve(user=world.supervisor, pk=sheet.pk)
    assert (done.state, done.score_now > done.score_before) == ("applied", True)
    assert Client.objects.get(pk=client.pk).phone == "+7 495 000-00-01"
    event = HistoryEvent.objects.filter(table="clients_client", row_id=client.pk).latest("id")
    assert (event.way, event.reference, event.actor_id) == ("campaign", campaign.reference, world.supervisor.pk)
    assert list(Applied.objects.values_list("field", "old", "new")) == [("phone", "1", "+7 495 000-00-01")]
    assert Verified.objects.get().client_id == client.pk


def test_an_all_correct_answer_confirms_the_client_and_changes_nothing(world: World) -> None:
    client = make.client(world.route)
    sheet = world.answer(world.running().sheets.get())
    done = approval_services.sheet_approve(user=world.supervisor, pk=sheet.pk)
    client.refresh_from_db()
    assert (done.state, done.score_now - done.score_before, client.version) == ("applied", 20, 1)
    assert not Applied.objects.exists()


def test_it_is_approved_once(world: World) -> None:
    make.client(world.route)
    sheet = world.answer(world.running().sheets.get(), values={"phone": {"value": "2"}})
    approval_services.sheet_approve(user=world.supervisor, pk=sheet.pk)
    with pytest.raises(ValidationError):
        approval_services.sheet_approve(user=world.supervisor, pk=sheet.pk)
    with pytest.raises(ValidationError):
        world.answer(sheet)
    with pytest.raises(IntegrityError), transaction.atomic(), acting(actor=None, way=Way.COMMAND):
        Applied.objects.create(sheet=sheet, field="phone")


def test_nobody_decides_about_an_answer_of_their_own_or_outside_their_subtree(world: World) -> None:
    make.client(world.route)
    sheet = world.answer(world.running().sheets.get(), user=world.supervisor)
    stranger = make.user(Role.SUPERVISOR, make.territory(world.company))
    for person in (world.supervisor, world.rep, stranger):
        with pytest.raises(Sheet.DoesNotExist):
            approval_services.sheet_approve(user=person, pk=sheet.pk)
    assert approval_services.sheet_approve(user=world.head, pk=sheet.pk).state == "applied"


def test_where_administrators_approve_the_supervisor_does_not(world: World) -> None:
    make.client(world.route)
    sheet = world.answer(world.running(approves="admin").sheets.get())
    with pytest.raises(Sheet.DoesNotExist):
        approval_services.sheet_approve(user=world.supervisor, pk=sheet.pk)
    assert approval_services.sheet_approve(user=world.admin, pk=sheet.pk).state == "applied"


def test_a_change_made_meanwhile_is_a_conflict_and_is_not_overwritten(world: World) -> None:
    client = make.client(world.route, phone="old", potential_monthly=1)
    sheet = world.answer(world.running().sheets.get(), values={"phone": {"value": "mine"}, "potential": {"value": "2"}})
    changed(world.supervisor, client, phone="theirs")
    done = approval_services.sheet_approve(user=world.supervisor, pk=sheet.pk)
    assert (done.state, done.conflicts) == ("conflict", {"phone": {"base": "old", "new": "mine", "now": "theirs"}})
    client.refresh_from_db()
    assert (client.phone, client.potential_monthly) == ("theirs", 1)
    assert not Applied.objects.exists()


@pytest.mark.parametrize(("take", "phone"), [([], "theirs"), (["phone"], "mine")])
def test_a_decided_conflict_writes_what_was_chosen_and_all_the_rest(world: World, take: list[str], phone: str) -> None:
    client = make.client(world.route, phone="old", potential_monthly=1)
    sheet = world.answer(world.running().sheets.get(), values={"phone": {"value": "mine"}, "potential": {"value": "2"}})
    changed(world.supervisor, client, phone="theirs")
    approval_services.sheet_approve(user=world.supervisor, pk=sheet.pk)
    done = approval_services.sheet_resolve(user=world.supervisor, pk=sheet.pk, take=take, seen={"phone": "theirs"})
    client.refresh_from_db()
    assert (done.state, client.phone, client.potential_monthly) == ("applied", phone, 2)


def test_a_conflict_that_has_moved_again_is_shown_again(world: World) -> None:
    client = make.client(world.route, phone="old")
    sheet = world.answer(world.running().sheets.get(), values={"phone": {"value": "mine"}})
    changed(world.supervisor, client, phone="theirs")
    approval_services.sheet_approve(user=world.supervisor, pk=sheet.pk)
    changed(world.supervisor, client, phone="and again")
    done = approval_services.sheet_resolve(user=world.supervisor, pk=sheet.pk, take=["phone"], seen={"phone": "theirs"})
    assert (done.state, done.conflicts["phone"]["now"]) == ("conflict", "and again")


def test_the_same_change_made_meanwhile_is_no_conflict(world: World) -> None:
    client = make.client(world.route, phone="old")
    sheet = world.answer(world.running().sheets.get(), values={"phone": {"value": "new"}})
    changed(world.supervisor, client, phone="new")
    assert approval_services.sheet_approve(user=world.supervisor, pk=sheet.pk).state == "applied"
    assert not Applied.objects.exists()


def test_a_returned_answer_goes_back_with_a_word_and_may_be_given_again(world: World) -> None:
    client = make.client(world.route, phone="old")
    sheet = world.answer(world.running().sheets.get(), values={"phone": {"value": "wrong"}})
    with pytest.raises(ValidationError):
        approval_services.sheet_return(user=world.supervisor, pk=sheet.pk, word=" ")
    approval_services.sheet_return(user=world.supervisor, pk=sheet.pk, word="Call them")
    notice = Notice.objects.get(recipient=world.rep, kind="campaign_returned")
    assert notice.params["word"] == "Call them"
    again = world.answer(sheet, values={"phone": {"value": "right"}})
    approval_services.sheet_approve(user=world.supervisor, pk=again.pk)
    client.refresh_from_db()
    assert client.phone == "right"
    assert list(Decision.objects.order_by("pk").values_list("verdict", flat=True)) == ["returned", "approved"]


def test_a_closing_closes_the_client(world: World) -> None:
    client = make.client(world.route)
    sheet = world.answer(world.running().sheets.get(), values={"works": "no", "closed": {"value": "2026-10-01"}})
    approval_services.sheet_approve(user=world.supervisor, pk=sheet.pk)
    client.refresh_from_db()
    assert str(client.closed_on) == "2026-10-01"


def test_a_merge_goes_through_the_merge_of_duplicates_and_the_survivors_sheet_stays(world: World) -> None:
    one, two = make.client(world.route), make.client(world.route)
    Pair.objects.create(one=one, other=two, score=90)
    campaign = world.running()
    sheet = Sheet.objects.get(client=two)
    assert [each["client"] for each in sheet.details["duplicates"]] == [one.pk]
    world.answer(sheet, merge_into=one.pk)
    assert approval_services.sheet_approve(user=world.supervisor, pk=sheet.pk).state == "applied"
    two.refresh_from_db()
    assert two.merged_into_id == one.pk
    applied = Applied.objects.get()
    assert (applied.field, applied.old, applied.new["into"]) == ("merge", two.code, one.code)
    other = world.answer(Sheet.objects.get(campaign=campaign, client=one))
    assert other.state == "answered"


def test_an_approved_category_stands_in_for_the_derived_one(world: World) -> None:
    client = make.client(world.route)
    sheet = world.answer(world.running().sheets.get(), category="B")
    assert sheet.attention == ["category"]
    assert approval_services.sheet_approve(user=world.supervisor, pk=sheet.pk).state == "applied"
    client.refresh_from_db()
    assert (client.category, list(Applied.objects.values_list("field", "new"))) == ("B", [("category", "B")])
    assert client.category_override.reason == "Clean-up 2026"


def test_only_a_suspected_duplicate_can_be_merged_into(world: World) -> None:
    one, _two = make.client(world.route), make.client(world.route)
    campaign = world.running()
    with pytest.raises(ValidationError):
        world.answer(campaign.sheets.get(client=_two), merge_into=one.pk)


def test_a_client_merged_meanwhile_is_gone(world: World) -> None:
    from clients.duplicates.services import clients_merge

    one, two = make.client(world.route), make.client(world.route)
    campaign = world.running()
    answered = world.answer(campaign.sheets.get(client=two))
    clients_merge(
        user=world.admin, survivor=one.pk, loser=two.pk, versions={one.pk: 1, two.pk: 1}, take=(), way=Way.BROWSER
    )
    assert approval_services.sheet_approve(user=world.supervisor, pk=answered.pk).state == "gone"


def test_what_the_approver_may_not_do_is_in_conflict_as_a_whole(world: World) -> None:
    client = make.client(world.route, phone="old")
    elsewhere = make.territory(world.company)
    neighbour = make.user(Role.SUPERVISOR, world.team)
    sheet = world.answer(
        world.running().sheets.get(),
        values={"place": {"value": elsewhere.pk}, "phone": {"value": "new"}},
    )
    done = approval_services.sheet_approve(user=neighbour, pk=sheet.pk)
    client.refresh_from_db()
    assert (done.state, set(done.conflicts), client.phone) == ("conflict", {"__all__"}, "old")


def test_all_the_rest_is_approved_in_one_go_and_applied_by_a_job_once(world: World) -> None:
    clients = [make.client(world.route, phone="old") for _number in range(5)]
    campaign = world.running()
    for number, sheet in enumerate(campaign.sheets.order_by("pk")):
        values = {"phone": {"value": f"new {number}"}}
        if number == 4:
            values["channel"] = {"value": make.channel().pk}  # worth a look: not among the rest
        world.answer(sheet, values=values)
    changed(world.supervisor, clients[1], phone="theirs")
    number, job = approval_services.sheets_approve(user=world.supervisor, campaign=campaign)
    assert number == 4
    assert job
    assert list(campaign.sheets.order_by("pk").values_list("state", flat=True)) == ["approved"] * 4 + ["answered"]
    assert approval_services.apply_step(Job.objects.get(pk=job.pk))
    assert approval_services.apply_step(Job.objects.get(pk=job.pk))  # once more does nothing more
    assert list(campaign.sheets.order_by("pk").values_list("state", flat=True)) == [
        "applied", "conflict", "applied", "applied", "answered"
    ]  # fmt: skip
    assert list(Client.objects.order_by("pk").values_list("phone", flat=True)) == [
        "new 0", "theirs", "new 2", "new 3", "old"
    ]  # fmt: skip
    assert Applied.objects.count() == 3
    assert approval_services.sheets_approve(user=world.supervisor, campaign=campaign) == (0, None)


def test_what_a_lost_job_left_approved_is_applied_by_another(world: World) -> None:
    make.client(world.route)
    campaign = world.running()
    world.answer(campaign.sheets.get())
    _number, job = approval_services.sheets_approve(user=world.supervisor, campaign=campaign)
    assert job
    assert approval_services.leftovers_apply() == 0  # it is under way
    Job.objects.filter(pk=job.pk).update(state="cancelled", ended_at=job.created_at)
    assert approval_services.leftovers_apply() == 1
    assert Job.objects.filter(kind="cleanup.apply").count() == 2


@pytest.mark.parametrize("table", ["answer", "decision"])
def test_the_database_lets_nobody_rewrite_what_was_said_or_decided(world: World, table: str) -> None:
    make.client(world.route)
    sheet = world.answer(world.running().sheets.get())
    approval_services.sheet_approve(user=world.supervisor, pk=sheet.pk)
    with (
        pytest.raises(IntegrityError, match="written once"), acting(actor=None, way=Way.COMMAND),
        connection.cursor() as cursor,
    ):  # fmt: skip
        cursor.execute(f"UPDATE cleanup_{table} SET id = id")


def test_a_questionnaire_that_is_asked_stays_as_it_is(world: World) -> None:
    make.client(world.route)
    with acting(actor=None, way=Way.COMMAND):
        Question.objects.filter(key="works").update(text="Does it work?")
    world.running()
    with pytest.raises(IntegrityError, match="stays as it is"), acting(actor=None, way=Way.COMMAND):
        Question.objects.filter(key="works").update(text="Otherwise")


def test_a_campaign_is_copied_with_its_days_moved_and_the_last_version(world: World) -> None:
    campaign = world.campaign()
    made = services.campaign_copy(user=world.admin, pk=campaign.pk, year=2027)
    assert (made.name, made.year, str(made.first_day), made.version_id) == (
        "Clean-up 2027", 2027, "2027-11-01", world.version.pk
    )  # fmt: skip
    assert (made.state, made.copied_from_id) == ("draft", campaign.pk)
