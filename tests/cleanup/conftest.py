"""A team with a route, its people, a questionnaire and a campaign."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone, translation

from accounts.models import Role, User, Way
from accounts.services import acting
from cleanup import answer_services, prefill, services
from cleanup.models import Campaign, Question, Questionnaire, Section, Sheet, Version
from clients.models import Client
from clients.services import client_update
from tests import make


class World:
    """Company, team, route and another route; admin, supervisor, rep and the other rep."""

    def __init__(self) -> None:
        self.company = make.territory(kind="company")
        self.team = make.territory(self.company, kind="team")
        self.route = make.territory(self.team, kind="route")
        self.other_route = make.territory(self.team, kind="route")
        self.admin = make.user(Role.ADMIN)
        self.head = make.user(Role.HEAD, self.company)
        self.supervisor = make.user(Role.SUPERVISOR, self.team)
        self.rep = make.user(Role.REP, self.route)
        self.other_rep = make.user(Role.REP, self.other_route)
        self.version = questionnaire()

    def campaign(self, **values: Any) -> Campaign:
        first = date(2026, 11, 1)
        return services.campaign_create(
            user=self.admin,
            values={
                "name": "Clean-up 2026", "year": 2026, "first_day": first, "last_day": first + timedelta(days=60),
                "version": self.version, **values,
            },
        )  # fmt: skip

    def running(self, **values: Any) -> Campaign:
        """Started and prepared."""
        campaign = services.campaign_start(user=self.admin, pk=self.campaign(**values).pk)
        assert campaign.prefill_job
        while not prefill.prefill_step(campaign.prefill_job):
            pass
        return campaign

    def answer(self, sheet: Sheet, user: User | None = None, **given: Any) -> Sheet:
        values = {"works": "yes", **given.pop("values", {})}
        return answer_services.sheet_answer(
            user=user or self.rep, pk=sheet.pk, **{"key": uuid4(), "at": timezone.now(), **given, "values": values}
        )


def changed(user: User, client: Client, **values: Any) -> None:
    """Somebody changes the client on its card meanwhile."""
    client.refresh_from_db()
    client_update(user=user, code=client.code, version=client.version, changes=values, way=Way.BROWSER)


def questionnaire() -> Version:
    with acting(actor=None, way=Way.COMMAND):
        version = Version.objects.create(questionnaire=Questionnaire.objects.create(name="Yearly"), number=1)
        section = Section.objects.create(version=version, position=1, title="The outlet")

        def ask(position: int, key: str, kind: str, **more: Any) -> None:
            Question.objects.create(
                version=version, section=section, position=position, key=key, kind=kind, text=key, **more
            )

        ask(1, "works", "yes_no", required=True)
        ask(2, "closed", "field", field="closed_on", condition_key="works", condition_value="no", required=True)
        ask(3, "now", "text", condition_key="works", condition_value="no")
        ask(4, "phone", "field", field="phone", condition_key="works", condition_value="yes")
        ask(5, "channel", "field", field="channel")
        ask(6, "potential", "field", field="potential_monthly")
        ask(7, "brands", "several", options=["A", "B", "C"])
        ask(8, "shelf", "number", unit="m")
        ask(9, "front", "photo")
        ask(10, "place", "field", field="territory")
    return version


@pytest.fixture
def world(db: None) -> Iterator[World]:
    """In English: the texts of the code itself, compiled translations or not."""
    with translation.override("en"):
        yield World()


@pytest.fixture
def sheet_of(world: World) -> Callable[[Campaign, Client], Sheet]:
    return lambda campaign, client: Sheet.objects.get(campaign=campaign, client=client)
