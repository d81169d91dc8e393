from datetime import date, timedelta

import pytest
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import Role, User, Way
from accounts.services import acting
from clients.models import Client, Contact, Interaction
from territories.models import Territory
from tests import make
from visits import selectors
from visits.models import Visit

pytestmark = pytest.mark.django_db


@pytest.fixture
def team() -> Territory:
    return make.territory()


@pytest.fixture
def route(team: Territory) -> Territory:
    return make.territory(team)


@pytest.fixture
def shop(route: Territory) -> Client:
    return make.client(route, name="Shop", phone="+7 900 000-00-01")


@pytest.fixture
def rep(route: Territory) -> User:
    return make.user(Role.REP, route)


def step(client: Client, on: date, **more: str) -> Interaction:
    with acting(actor=None, way=Way.COMMAND):
        return Interaction.objects.create(
            client=client, kind="call", said="Yes", next_step=f"Step of {on}", next_on=on, **more
        )


def visit(client: Client, on: date) -> Visit:
    with acting(actor=None, way=Way.COMMAND):
        return Visit.objects.create(client=client, planned_on=on)


def test_a_day_has_what_is_due_today_what_is_overdue_and_nothing_of_tomorrow(rep: User, shop: Client) -> None:
    today = date(2026, 3, 2)
    for days in (-3, 0, 1):
        step(shop, today + timedelta(days=days))
        visit(shop, today + timedelta(days=days))
    day = selectors.day(Client.objects.visible_to(rep), today)
    assert [one.next_on for one in day.overdue] == [date(2026, 2, 27)]
    assert [one.next_on for one in day.steps] == [today]
    assert [one.planned_on for one in day.visits] == [today]


def test_whoever_holds_the_route_finds_its_steps_whoever_made_them(route: Territory, rep: User, shop: Client) -> None:
    step(shop, date(2026, 3, 2))
    successor, stranger = make.user(Role.REP, route), make.user(Role.REP, make.territory())
    assert selectors.day(Client.objects.visible_to(successor), date(2026, 3, 2)).steps
    assert selectors.day(Client.objects.visible_to(stranger), date(2026, 3, 2)).empty


def test_the_phone_to_call_is_that_of_the_person_else_that_of_the_client(rep: User, shop: Client) -> None:
    with acting(actor=None, way=Way.COMMAND):
        Contact.objects.create(client=shop, full_name="Anna", phone="2")
        Contact.objects.create(client=shop, full_name="Boris")
    for person in ("Anna", "Boris", "Nobody"):
        step(shop, date(2026, 3, 2), with_whom=person)
    found = selectors.day(Client.objects.visible_to(rep), date(2026, 3, 2)).steps
    assert {one.with_whom: one.call for one in found} == {  # type: ignore[attr-defined]
        "Anna": "2", "Boris": shop.phone, "Nobody": shop.phone,
    }  # fmt: skip


def test_a_supervisor_sees_how_much_each_representative_has_to_do(team: Territory, rep: User, shop: Client) -> None:
    today = date(2026, 3, 2)
    step(shop, today)
    step(shop, today - timedelta(days=1))
    visit(shop, today)
    idle = make.user(Role.REP, make.territory(team))
    boss = make.user(Role.SUPERVISOR, team)
    rows = {row.person: row[1:] for row in selectors.team(boss, Client.objects.visible_to(boss), today)}
    assert rows == {rep: (1, 0, 1, 1), idle: (0, 0, 0, 0)}


def test_a_representative_begins_with_the_day_and_sees_how_many_steps_wait(rep: User, shop: Client) -> None:
    step(shop, timezone.localdate())
    page = make.signed_in(rep).get("/", follow=True)
    assert page.redirect_chain[-1][0] == "/day/"
    assert '<b class="rail-count">1<' in page.content.decode()


def test_nobody_looks_into_the_day_of_somebody_elses_people(team: Territory, rep: User) -> None:
    def asks(person: User) -> int:
        return make.signed_in(person).get("/day/", {"person": rep.username}).status_code

    assert asks(make.user(Role.SUPERVISOR, team)) == 200
    assert asks(make.user(Role.SUPERVISOR, make.territory())) == 404
    assert asks(make.user(Role.REP, team)) == 404


def test_a_visit_is_noted_as_done_and_taken_back(rep: User, shop: Client) -> None:
    planned, browser = visit(shop, timezone.localdate()), make.signed_in(rep)
    assert browser.post(f"/visits/{planned.pk}/", {"what": "done"}).status_code == 204
    planned.refresh_from_db()
    assert planned.done_at is not None
    browser.post(f"/visits/{planned.pk}/", {"what": "reopen"})
    planned.refresh_from_db()
    assert planned.done_at is None


def test_a_day_without_anything_says_what_would_stand_there(rep: User) -> None:
    assert "Nothing is planned for today" in _page(make.signed_in(rep))


def _page(browser: Browser) -> str:
    return browser.get("/day/").content.decode()
