"""The pages: setting up, the builder, deciding."""

from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from cleanup import questionnaire_services
from cleanup.models import Campaign, Question, Sheet, Version
from clients.models import Client
from tests import make
from tests.cleanup.conftest import World, changed

SETTINGS = {
    "name": "Clean-up 2026", "year": "2026", "first_day": "2026-11-01", "last_day": "2026-12-31", "answers": "route",
    "approves": "supervisor", "a_day": "10", "remind_every": "7", "remind_before": "3",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _plain_static_files(settings: Any) -> None:
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }


@pytest.fixture
def admin(world: World) -> Browser:
    return make.signed_in(world.admin)


@pytest.fixture
def supervisor(world: World) -> Browser:
    return make.signed_in(world.supervisor)


def test_a_campaign_is_set_up_previewed_and_started(world: World, admin: Browser) -> None:
    for _number in range(25):
        make.client(world.route)
    make.client(make.territory(world.company))
    made = admin.post(reverse("campaign-new"), {**SETTINGS, "version": world.version.pk, "statuses": ["potential"]})
    campaign = Campaign.objects.get()
    assert made["Location"] == reverse("campaign", args=[campaign.pk])
    page = admin.get(made["Location"]).content.decode()
    assert "Person" in page
    assert "nobody: no such person" in page
    preview = admin.get(made["Location"]).context["preview"]
    assert (preview.clients, preview.days, preview.available) == (26, 3, 61)
    assert [(share.person, share.clients, share.days) for share in preview.shares] == [(world.rep, 25, 3), (None, 1, 1)]
    admin.post(reverse("campaign-move", args=[campaign.pk]), {"move": "start"})
    campaign.refresh_from_db()
    assert campaign.state == "running"
    assert admin.get(made["Location"]).status_code == 200


def test_wrong_settings_are_said_at_their_fields(world: World, admin: Browser) -> None:
    answer = admin.post(reverse("campaign-new"), {**SETTINGS, "last_day": "2026-10-01", "year": "1999"})
    assert answer.status_code == 400
    assert set(answer.context["form"].errors) == {"__all__", "year"}
    assert not Campaign.objects.exists()


def test_of_a_running_campaign_only_pace_and_name_are_changed(world: World, admin: Browser) -> None:
    make.client(world.route)
    campaign = world.running()
    url = reverse("campaign-edit", args=[campaign.pk])
    assert set(admin.get(url).context["form"].fields) == {"name", "a_day", "remind_every", "remind_before"}
    admin.post(url, {**SETTINGS, "name": "Renamed", "year": "2030", "version": ""})
    campaign.refresh_from_db()
    assert (campaign.name, campaign.year, campaign.a_day) == ("Renamed", 2026, 10)


def test_pause_go_on_prolong_and_close(world: World, admin: Browser) -> None:
    make.client(world.route)
    campaign = world.running()
    move = reverse("campaign-move", args=[campaign.pk])
    states = []
    for given in ({"move": "pause"}, {"move": "resume"}, {"move": "prolong", "last_day": "2027-02-01"},
                  {"move": "prolong", "last_day": "2026-01-01"}, {"move": "close"}, {"move": "resume"}):  # fmt: skip
        admin.post(move, given)
        campaign.refresh_from_db()
        states.append((campaign.state, str(campaign.last_day)))
    assert states == [
        ("paused", "2026-12-31"), ("running", "2026-12-31"), ("running", "2027-02-01"), ("running", "2027-02-01"),
        ("closed", "2027-02-01"), ("closed", "2027-02-01"),
    ]  # fmt: skip


def test_a_questionnaire_is_built_moved_and_versioned(world: World, admin: Browser) -> None:
    admin.post(reverse("questionnaire-list"), {"name": "Mine", "standard": "on"})
    version = Version.objects.get(questionnaire__name="Mine")
    change = reverse("questionnaire-change", args=[version.pk])
    admin.post(change, {"do": "section", "title": "More"})
    section = version.sections.get(title="More")
    new = {
        "section": section.pk,
        "text": "Which fridge?",
        "kind": "one",
        "options": "ours\nnone\n",
        "condition": "works=yes",
    }
    assert admin.post(reverse("question-new", args=[version.pk]), new).status_code == 302
    fridge = Question.objects.get(text="Which fridge?")
    assert (fridge.key, fridge.options, fridge.condition_key) == ("which-fridge", ["ours", "none"], "works")
    admin.post(change, {"do": "up", "question": fridge.pk})
    fridge.refresh_from_db()
    assert fridge.section.title == "Business"
    works = version.questions.get(key="works")
    page = admin.post(change, {"do": "down", "question": works.pk}, headers={"HX-Request": "true"}).content.decode()
    assert "must come after" in page
    assert version.questions.first() == works
    page = admin.post(change, {"do": "remove", "question": works.pk}, headers={"HX-Request": "true"}).content.decode()
    assert "asked only by its answer" in page
    assert questionnaire_services.version_create(user=world.admin, pk=version.pk) == version


def test_a_question_needs_what_its_kind_needs(world: World, admin: Browser) -> None:
    section = world.version.sections.get()
    url = reverse("question-new", args=[world.version.pk])
    answer = admin.post(url, {"section": section.pk, "text": "Q", "kind": "one", "options": "only"})
    assert (answer.status_code, set(answer.context["form"].errors)) == (400, {"options"})
    answer = admin.post(url, {"section": section.pk, "text": "Q", "kind": "field"})
    assert (answer.status_code, set(answer.context["form"].errors)) == (400, {"field"})


def test_an_asked_version_is_changed_in_the_next_one(world: World, admin: Browser) -> None:
    make.client(world.route)
    world.running()
    works = world.version.questions.get(key="works")
    change = reverse("questionnaire-change", args=[world.version.pk])
    admin.post(change, {"do": "remove", "question": works.pk})
    assert world.version.questions.filter(key="works").exists()
    assert admin.get(reverse("question-edit", args=[world.version.pk, works.pk])).status_code == 404
    admin.post(change, {"do": "version"})
    second = Version.objects.get(number=2)
    assert [each.key for each in second.questions.all()] == [each.key for each in world.version.questions.all()]
    assert not {each.pk for each in second.questions.all()} & {each.pk for each in world.version.questions.all()}


def test_the_supervisor_sees_what_is_worth_a_look_and_approves_the_rest_in_one_go(
    world: World, supervisor: Browser
) -> None:
    for number in range(3):
        make.client(world.route, name=f"Shop {number}")
    campaign = world.running()
    plain, closing, _open = campaign.sheets.order_by("pk")
    world.answer(plain, values={"phone": {"value": "1"}})
    world.answer(closing, values={"works": "no", "closed": {"value": "2026-10-01"}}, comment="A bank is there")
    url = reverse("campaign-approve", args=[campaign.pk])
    page = supervisor.get(url)
    assert [row.client.name for row in page.context["rows"]] == ["Shop 1"]
    assert "A bank is there" in page.content.decode()
    decide = reverse("campaign-decide", args=[campaign.pk])
    supervisor.post(decide, {"decision": "all"})
    assert Sheet.objects.get(pk=plain.pk).state == "approved"
    assert Sheet.objects.get(pk=closing.pk).state == "answered"
    supervisor.post(decide, {"decision": "return", "sheet": closing.pk})
    assert Sheet.objects.get(pk=closing.pk).state == "answered"  # a word is needed
    supervisor.post(decide, {"decision": "return", "sheet": closing.pk, "word": "Since when?"})
    assert Sheet.objects.get(pk=closing.pk).state == "returned"
    assert supervisor.get(url, {"tab": "look"}).context["rows"] == []


def test_answers_are_filtered_by_why_and_by_who(world: World, supervisor: Browser) -> None:
    for _number in range(2):
        make.client(world.route)
    campaign = world.running()
    one, two = campaign.sheets.order_by("pk")
    world.answer(one, values={"channel": {"value": make.channel().pk}})
    world.answer(two, user=world.admin, values={"works": "no", "closed": {"value": "2026-10-01"}})
    url = reverse("campaign-approve", args=[campaign.pk])
    shown = [
        [row.sheet.pk for row in supervisor.get(url, {"tab": "look", **given}).context["rows"]]
        for given in ({"why": "channel"}, {"why": "merge"}, {"who": str(world.admin.pk)}, {"who": "x", "why": "y"})
    ]
    assert shown == [[one.pk], [], [two.pk], [one.pk, two.pk]]


@pytest.mark.parametrize(("choice", "phone"), [("answer", "mine"), ("register", "theirs")])
def test_a_conflict_is_shown_side_by_side_and_decided(
    world: World, supervisor: Browser, choice: str, phone: str
) -> None:
    client = make.client(world.route, phone="old")
    campaign = world.running()
    sheet = world.answer(campaign.sheets.get(), values={"phone": {"value": "mine"}})
    changed(world.head, client, phone="theirs")
    decide, url = reverse("campaign-decide", args=[campaign.pk]), reverse("campaign-approve", args=[campaign.pk])
    answer = supervisor.post(decide, {"decision": "approve", "sheet": sheet.pk}, follow=True)
    (row,) = answer.context["rows"]
    assert [(line.old, line.new, line.now) for line in row.lines] == [("old", "mine", "theirs")]
    seen = {"seen:phone": row.lines[0].now_packed, "take:phone": choice}
    supervisor.post(decide, {"decision": "resolve", "sheet": sheet.pk, "tab": "conflicts", **seen})
    assert Client.objects.get(pk=client.pk).phone == phone
    assert supervisor.get(url, {"tab": "conflicts"}).context["rows"] == []


def test_a_draft_is_the_administrators_only(world: World) -> None:
    campaign = world.campaign()
    for person in (world.supervisor, world.rep):
        browser = make.signed_in(person)
        assert browser.get(reverse("campaign", args=[campaign.pk])).status_code == 404
        assert browser.get(reverse("campaign-list")).context["campaigns"] == []
