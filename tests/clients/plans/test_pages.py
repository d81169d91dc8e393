from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Role
from clients.plans.models import Plan
from territories.models import Territory
from tests import make
from tests.make import signed_in

pytestmark = pytest.mark.django_db
DUE = "2099-01-01"


@pytest.fixture(autouse=True)
def _plain_static_files(settings: Any) -> None:
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }


@pytest.fixture
def route() -> Territory:
    return make.territory(make.territory(), kind="route")


def test_a_client_is_planned_on_its_card_and_moved_on_in_my_plans(route: Territory) -> None:
    client, browser = make.client(route, status="lost", name="Shop"), signed_in(make.user(Role.REP, route))
    assert "Plan to win back" in browser.get(f"/clients/{client.code}/plans/").content.decode()
    panel = browser.post(f"/clients/{client.code}/plans/", {"due_on": DUE, "why": "Owes us nothing"}).content.decode()
    assert "Return: not begun" in panel
    assert "Plan to win back" not in panel
    plan = Plan.objects.get()
    assert browser.post(f"/plans/{plan.pk}/", {"was": "new", "stage": "agreed"}).status_code == 204
    mine = browser.get("/plans/").content.decode()
    assert "Shop" in mine
    assert "Return: agreed" in mine
    assert "Owes us nothing" in mine
    assert "Shop" in browser.get("/day/").content.decode()


def test_a_wrong_day_is_said_on_the_card_and_nothing_is_planned(route: Territory) -> None:
    client, browser = make.client(route, status="lost"), signed_in(make.user(Role.REP, route))
    text = browser.post(
        f"/clients/{client.code}/plans/", {"due_on": "2020-01-01"}, headers={"HX-Request": "true"}
    ).content.decode()
    assert "This day is past." in text
    assert not Plan.objects.exists()


def test_what_is_chosen_in_the_list_is_planned_at_once(route: Territory) -> None:
    clients = [make.client(route, status="lost", name=f"Shop {n}") for n in range(3)]
    make.client(route, status="lost", name="Kiosk")
    browser = signed_in(make.user(Role.REP, route))
    assert "3 potential and lost clients" in browser.get("/plans/add/?status=lost&search=shop").content.decode()
    browser.post("/plans/add/", {"state": "status=lost&search=shop", "due_on": DUE})
    assert {plan.client for plan in Plan.objects.all()} == set(clients)


def test_the_clients_ticked_in_the_list_are_planned_who_can_be(route: Territory) -> None:
    lost, active = make.client(route, status="lost"), make.client(route, status="active")
    make.client(route, status="lost")
    browser = signed_in(make.user(Role.REP, route))
    answer = browser.post("/plans/add/", {"id": [f"{lost.pk},{active.pk}"], "state": "status=all"}, follow=True)
    text = answer.content.decode()
    assert "1 potential or lost client" in text
    assert "1 other is neither" in text
    chosen = answer.redirect_chain[-1][0].partition("selection=")[2]
    browser.post("/plans/add/", {"selection": chosen, "state": "", "due_on": DUE})
    assert [plan.client for plan in Plan.objects.all()] == [lost]
    foreign = signed_in(make.user(Role.ADMIN))
    assert foreign.get(f"/plans/add/?selection={chosen}").status_code == 404
    assert foreign.get("/plans/add/?selection=nonsense").status_code == 404


def test_of_a_list_without_anybody_to_win_nothing_is_made(route: Territory) -> None:
    make.client(route, status="active")
    browser = signed_in(make.user(Role.REP, route))
    assert "no potential or lost client" in browser.get("/plans/add/?status=active").content.decode()
    browser.post("/plans/add/", {"state": "status=active", "due_on": DUE})
    assert not Plan.objects.exists()


def test_a_supervisor_sees_how_far_each_manager_is(route: Territory, load: Callable[..., int]) -> None:
    assert route.parent
    rep, other = make.user(Role.REP, route, full_name="First"), make.user(Role.REP, route, full_name="Second")
    for manager, stage in ((rep, "won"), (rep, "new"), (other, "agreed")):
        _plan(route, manager, stage)
    browser = signed_in(make.user(Role.SUPERVISOR, route.parent))
    text = browser.get("/plans/").content.decode()
    assert "1 / 3" in text
    assert "1 / 2" in text
    assert "0 / 1" in text
    only = browser.get(f"/plans/?person={other.username}").content.decode()
    assert "Return: agreed" in only
    assert "Return: not begun" not in only
    assert browser.get("/plans/?person=nobody").status_code == 404


def _plan(route: Territory, manager: Any, stage: str) -> None:
    from accounts.models import Way
    from accounts.services import acting

    client = make.client(route, status="lost")
    with acting(actor=None, way=Way.COMMAND):
        Plan.objects.create(client=client, manager=manager, kind="return", stage=stage, due_on=DUE)


def test_from_almost_one_button_makes_tasks_and_plans(load: Callable[..., int]) -> None:
    load(
        territories="code,name\nR1,Север\n", products="sku,name,category\nS1,Сок,Соки\n",
        clients="code,name,territory_code,opened_on\nK1,Первый,R1,2025-01-01\n",
        invoices="invoice,date,client_code,sku,quantity,amount\nN1,2026-01-10,K1,S1,1,100\n",
    )  # fmt: skip
    browser = signed_in(make.user(Role.SUPERVISOR, Territory.objects.get(code="R1")))
    from kpi.services import refresh

    refresh()
    address = "/kpi/akb/almost/?territory=R1&from=2026-02&to=2026-02"
    asked = {"next_step": "Take an order", "next_on": "2026-03-02", "client": ["K1"], "plan": "on"}
    assert "Say by when" in browser.post(address, asked).content.decode()
    text = browser.post(address, {**asked, "plan_until": DUE}, follow=True).content.decode()
    assert "1 task made; 1 client planned" in text
    assert "neither visit nor order" in Plan.objects.get().why
