"""Answering from the browser: what is taken along, what is sent, and that nothing comes twice."""

import json
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import User
from cleanup import approval_services
from cleanup.models import Answer, Sheet
from clients.duplicates.models import Pair
from clients.models import Client
from tests import make
from tests.cleanup.conftest import World, changed

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


def send(user: User, sheet: Sheet, values: dict[str, Any], **more: Any) -> Any:
    body = {"key": str(uuid4()), "at": timezone.now().isoformat(), "values": values, **more}
    address = f"/campaigns/sheets/{sheet.pk}/answer/"
    return make.signed_in(user).post(address, json.dumps(body), content_type="application/json")


def taken_along(user: User, campaign: Any) -> dict[str, Any]:
    found: dict[str, Any] = make.signed_in(user).get(f"/campaigns/{campaign.pk}/answer/pack/").json()
    return found


@pytest.fixture
def shop(world: World) -> Client:
    return make.client(world.route, name="Shop", phone="+79990000001", address="Street 1")


@pytest.fixture
def sheet(world: World, shop: Client) -> Sheet:
    return Sheet.objects.get(campaign=world.running(), client=shop)


def test_the_rep_takes_along_own_clients_with_what_the_register_holds(world: World, sheet: Sheet) -> None:
    make.client(world.other_route, name="Elsewhere")
    pack = taken_along(world.rep, sheet.campaign)
    assert [one["name"] for one in pack["sheets"]] == ["Shop"]
    one = pack["sheets"][0]
    assert (one["fields"]["phone"], one["texts"]["phone"], one["version"]) == ("+79990000001", "+79990000001", 1)
    assert {question["key"]: question["input"] for question in pack["questions"]} == {
        "works": "yes_no", "closed": "date", "now": "text", "phone": "tel", "channel": "choice", "potential": "decimal",
        "brands": "several", "shelf": "decimal", "front": "photo", "place": "choice",
    }  # fmt: skip
    assert (pack["total"], pack["waiting"], pack["open"]) == (1, 1, True)


def test_who_has_no_client_there_takes_none_along(world: World, sheet: Sheet) -> None:
    assert taken_along(world.other_rep, sheet.campaign)["sheets"] == []


def test_a_client_that_has_moved_out_of_sight_is_no_longer_taken_along_or_answered(world: World, sheet: Sheet) -> None:
    changed(world.admin, sheet.client, territory=world.other_route)
    assert taken_along(world.rep, sheet.campaign)["sheets"] == []
    assert send(world.rep, sheet, {"works": "yes"}).status_code == 404
    assert send(world.other_rep, sheet, {"works": "yes"}).status_code == 200


def test_of_suspected_duplicates_only_those_are_named_that_one_may_see(world: World, shop: Client) -> None:
    near, far = make.client(world.route, name="Near"), make.client(world.other_route, name="Far")
    for other in (near, far):
        Pair.objects.create(one=shop, other=other, score=90)
    sheet = Sheet.objects.get(campaign=world.running(), client=shop)
    pack = taken_along(world.rep, sheet.campaign)
    [own] = (each for each in pack["sheets"] if each["id"] == sheet.pk)
    assert [each["name"] for each in own["duplicates"]] == ["Near"]
    assert "Far" not in json.dumps(pack)
    assert send(world.rep, sheet, {"works": "yes"}, merge_into=far.pk).status_code == 400
    assert send(world.rep, sheet, {"works": "yes"}, merge_into=near.pk).status_code == 200


def test_an_answer_sent_twice_is_one(world: World, sheet: Sheet) -> None:
    key = str(uuid4())
    assert [send(world.rep, sheet, {"works": "yes"}, key=key).json() for _time in range(2)] == [
        {"state": "answered"}
    ] * 2
    assert Answer.objects.count() == 1
    assert taken_along(world.rep, sheet.campaign)["sheets"] == []


def test_what_is_wrong_is_said_by_question_and_nothing_is_kept(world: World, sheet: Sheet) -> None:
    answer = send(world.rep, sheet, {"potential": {"value": "much"}})
    assert (answer.status_code, sorted(answer.json()["errors"])) == (400, ["potential", "works"])
    assert not Answer.objects.exists()


@pytest.mark.parametrize(
    "broken",
    [{"key": "no key"}, {"at": "yesterday"}, {"at": "2026-11-25T10:00:00"}, {"values": []}, {"merge_into": "x"},
     {"lat": "north"}, {"seen": []}],
)  # fmt: skip
def test_what_the_page_never_sends_is_refused(world: World, sheet: Sheet, broken: dict[str, Any]) -> None:
    answer = send(world.rep, sheet, **{"values": {"works": "yes"}, **broken})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["__all__"])
    assert not Answer.objects.exists()


def test_the_sheet_of_another_route_does_not_exist(world: World, sheet: Sheet) -> None:
    assert send(world.other_rep, sheet, {"works": "yes"}).status_code == 404


def test_what_somebody_else_changed_while_it_was_answered_offline_becomes_a_conflict(
    world: World, shop: Client, sheet: Sheet
) -> None:
    seen = taken_along(world.rep, sheet.campaign)["sheets"][0]
    changed(world.supervisor, shop, phone="+79990000002")
    values = {"works": "yes", "phone": {"value": "+79990000003"}}
    send(world.rep, sheet, values, seen_version=seen["version"], seen=seen["fields"])
    assert approval_services.sheet_approve(user=world.supervisor, pk=sheet.pk).state == "conflict"
    shop.refresh_from_db()
    assert shop.phone == "+79990000002"


def test_a_returned_sheet_comes_back_with_the_word_and_what_was_said(world: World, sheet: Sheet) -> None:
    send(world.rep, sheet, {"works": "yes", "shelf": "3"})
    approval_services.sheet_return(user=world.supervisor, pk=sheet.pk, word="Ask again")
    (one,) = taken_along(world.rep, sheet.campaign)["sheets"]
    assert (one["word"], one["said"]) == ("Ask again", {"works": "yes", "shelf": "3"})


def test_a_photo_comes_before_the_answer_that_names_it_and_once(world: World, sheet: Sheet) -> None:
    key, browser = str(uuid4()), make.signed_in(world.rep)
    address = f"/campaigns/sheets/{sheet.pk}/photo/"
    for _time in range(2):
        upload = SimpleUploadedFile("photo", PNG)
        assert browser.post(address, {"key": key, "question": "front", "photo": upload}).json() == {"key": key}
    assert sheet.photos.count() == 1
    assert send(world.rep, sheet, {"works": "yes", "front": [key]}).status_code == 200
    assert send(world.rep, sheet, {"works": "yes", "front": [str(uuid4())]}).json()["errors"].keys() == {"front"}
    assert browser.post(address, {"key": "", "question": "front"}).status_code == 400


def test_the_worker_may_keep_the_pages_of_campaigns(world: World) -> None:
    answer = make.signed_in(world.rep).get("/campaigns/worker.js")
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/javascript; charset=utf-8")
    assert Browser().get("/campaigns/worker.js").status_code == 302
