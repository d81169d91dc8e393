"""The life of a campaign: who may, what stands against a start, and the proposal of the next one."""

from datetime import date
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from accounts.models import ChangeSet, Notice
from cleanup import services
from cleanup.models import Campaign, Verified
from tests import make
from tests.cleanup.conftest import World


def test_only_administrators_set_up_start_and_close(world: World) -> None:
    make.client(world.route)
    campaign = world.campaign()
    for person in (world.rep, world.supervisor, world.head):
        for act in (services.campaign_start, services.campaign_pause, services.campaign_close):
            with pytest.raises(PermissionDenied):
                act(user=person, pk=campaign.pk)
        with pytest.raises(PermissionDenied):
            services.campaign_create(user=person, values={})


def test_a_campaign_without_questions_or_clients_or_beside_another_is_not_started(world: World) -> None:
    with pytest.raises(ValidationError, match="No client"):
        services.campaign_start(user=world.admin, pk=world.campaign().pk)
    make.client(world.route)
    with pytest.raises(ValidationError, match="No questionnaire"):
        services.campaign_start(user=world.admin, pk=world.campaign(version=None).pk)
    world.running()
    with pytest.raises(ValidationError, match="Another clean-up"):
        services.campaign_start(user=world.admin, pk=world.campaign().pk)


def test_the_people_who_are_to_answer_are_told(world: World) -> None:
    make.client(world.route)
    world.running()
    assert [notice.recipient for notice in Notice.objects.filter(kind="campaign_started")] == [world.rep]


def test_its_change_set_is_the_administrators(world: World) -> None:
    make.client(world.route)
    campaign = world.running()
    world.answer(campaign.sheets.get())
    assert ChangeSet.objects.get(reference=campaign.reference).actor == world.admin


@pytest.mark.parametrize(
    ("last", "day", "proposed"),
    [(2025, "01-01", True), (2025, "", False), (2026, "01-01", False), (2025, "12-31", False)],
)
def test_the_next_campaign_is_proposed_once_from_the_day_in_the_settings_on(
    world: World, settings: Any, last: int, day: str, proposed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CAMPAIGN_PROPOSED_ON = day
    monkeypatch.setattr(services.timezone, "localdate", lambda: date(2026, 11, 25))
    world.campaign(year=last, name=f"Clean-up {last}")
    made = services.campaign_proposed()
    assert (made is not None) == proposed
    if made:
        assert (made.name, made.year, made.state) == ("Clean-up 2026", 2026, "draft")
        assert [notice.recipient for notice in Notice.objects.filter(kind="campaign_proposed")] == [world.admin]
        assert services.campaign_proposed() is None


def test_nothing_is_proposed_without_a_campaign_to_copy(db: None) -> None:
    assert services.campaign_proposed() is None
    assert not Campaign.objects.exists()


def test_present_scores_are_reckoned_anew(world: World) -> None:
    client = make.client(world.route)
    campaign = world.running()
    Verified.objects.create(client=client, on=date.today())  # noqa: DTZ011  the server's day is good enough here
    assert services.scores_refreshed(campaign=campaign) == 1
    sheet = campaign.sheets.get()
    assert sheet.score_now == sheet.score_before + 20
