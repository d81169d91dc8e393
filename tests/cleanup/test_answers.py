"""Taking answers: whose they are, that they are taken once, what is asked."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from cleanup import answer_services, services
from cleanup.models import Answer, Photo, Sheet
from clients.models import Client
from tests import make
from tests.cleanup.conftest import World, changed

PICTURE = b"\xff\xd8\xff\xe0" + b"0" * 100


def test_an_answer_changes_nothing_of_the_register(world: World) -> None:
    client = make.client(world.route, phone="1")
    campaign = world.running()
    sheet = world.answer(campaign.sheets.get(), values={"phone": {"value": "+7 495 000-00-01"}})
    assert (sheet.state, sheet.attention) == ("answered", [])
    assert sheet.answer
    assert sheet.answer.changes == {"phone": {"base": "1", "new": "+7 495 000-00-01"}}
    assert Client.objects.get(pk=client.pk).phone == "1"


def test_the_same_answer_sent_again_is_one_answer(world: World) -> None:
    make.client(world.route)
    sheet, key = world.running().sheets.get(), uuid4()
    world.answer(sheet, key=key)
    first = Answer.objects.get()
    again = world.answer(sheet, key=key, values={"works": "no"})
    assert again.answer_id == first.pk
    assert Answer.objects.count() == 1


def test_a_number_of_somebody_elses_answer_is_refused(world: World) -> None:
    make.client(world.route)
    sheet, key = world.running().sheets.get(), uuid4()
    world.answer(sheet, key=key)
    with pytest.raises(ValidationError):
        world.answer(sheet, user=world.supervisor, key=key)


def test_a_rep_of_another_route_has_nothing_to_answer_and_a_supervisor_has(world: World) -> None:
    make.client(world.route)
    sheet = world.running().sheets.get()
    with pytest.raises(Sheet.DoesNotExist):
        world.answer(sheet, user=world.other_rep)
    assert world.answer(sheet, user=world.supervisor).state == "answered"


def test_what_is_asked_if_closed_is_needed_only_then(world: World) -> None:
    client = make.client(world.route)
    sheet = world.running().sheets.get()
    with pytest.raises(ValidationError) as refused:
        world.answer(sheet, values={"works": "no"})
    assert set(refused.value.message_dict) == {"closed"}
    said = {"works": "no", "closed": {"value": "2026-10-01"}, "now": "A chemist's", "phone": {"value": "x"}}
    answered = world.answer(sheet, values=said)
    assert answered.answer
    assert answered.answer.changes == {"closed_on": {"base": None, "new": "2026-10-01"}}
    assert answered.attention == ["closing"]
    assert client.closed_on is None


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("brands", ["D"]), ("brands", "A"), ("shelf", "many"), ("channel", {"value": "999999"}), ("works", "maybe"),
        ("potential", {"value": "-"}), ("front", ["no key"]), ("front", [str(uuid4())]), ("phone", "text"),
        ("phone", {"value": "x" * 101}), ("place", {"value": None}),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_refused_by_question(world: World, key: str, said: object) -> None:
    make.client(world.route)
    sheet = world.running().sheets.get()
    with pytest.raises(ValidationError) as refused:
        world.answer(sheet, values={key: said})
    assert set(refused.value.message_dict) == {key}
    assert not Answer.objects.exists()


def test_closing_and_channel_and_far_answers_are_worth_a_look_and_corrections_are_not(world: World) -> None:
    channel = make.channel()
    for number in range(4):
        make.client(world.route, lat=55.75, lon=37.6, potential_monthly=100, name=f"N{number}")
    one, two, three, four = world.running().sheets.order_by("pk")
    assert world.answer(one, values={"channel": {"value": channel.pk}}).attention == ["channel"]
    assert world.answer(two, lat=55.80, lon=37.6).attention == ["place"]
    assert world.answer(three, values={"potential": {"value": "301"}}).attention == ["number"]
    assert world.answer(four, lat=55.7501, lon=37.6, values={"potential": {"value": "299"}}).attention == []


def test_a_change_made_while_the_screen_was_open_stays_in_what_the_answer_starts_from(world: World) -> None:
    client = make.client(world.route, phone="old")
    sheet = world.running().sheets.get()
    seen_version = client.version
    changed(world.supervisor, client, phone="theirs")
    answered = world.answer(
        sheet, seen_version=seen_version, seen={"phone": "old"}, values={"phone": {"value": "mine"}}
    )
    assert answered.answer
    assert answered.answer.changes == {"phone": {"base": "old", "new": "mine"}}


def test_answers_are_taken_while_it_is_paused_but_not_when_it_is_closed(world: World) -> None:
    make.client(world.route)
    campaign = world.running()
    services.campaign_pause(user=world.admin, pk=campaign.pk)
    sheet = world.answer(campaign.sheets.get())
    services.campaign_close(user=world.admin, pk=campaign.pk)
    with pytest.raises(ValidationError):
        world.answer(sheet)


def test_a_photo_is_kept_once_and_named_by_the_answer(world: World) -> None:
    make.client(world.route)
    sheet, key = world.running().sheets.get(), uuid4()
    for _time in range(2):
        photo = answer_services.photo_add(
            user=world.rep, pk=sheet.pk, key=key, question="front", upload=SimpleUploadedFile("x.jpg", PICTURE)
        )
    assert photo.path.read_bytes() == PICTURE
    assert Photo.objects.count() == 1
    answered = world.answer(sheet, values={"front": [str(key)]})
    assert answered.answer
    assert answered.answer.values["front"] == [str(key)]


@pytest.mark.parametrize(("data", "question"), [(b"GIF89a", "front"), (PICTURE, "works"), (b"RIFF1234WAVE", "front")])
def test_what_is_no_photo_is_not_kept(world: World, data: bytes, question: str) -> None:
    make.client(world.route)
    sheet = world.running().sheets.get()
    with pytest.raises(ValidationError):
        answer_services.photo_add(
            user=world.rep, pk=sheet.pk, key=uuid4(), question=question, upload=SimpleUploadedFile("x", data)
        )


def test_the_devices_clock_can_not_be_ahead(world: World) -> None:
    make.client(world.route)
    sheet = world.running().sheets.get()
    answered = world.answer(sheet, at=timezone.now() + timedelta(days=3))
    assert answered.answer
    assert answered.answer.at <= answered.answer.received_at + timedelta(seconds=1)
