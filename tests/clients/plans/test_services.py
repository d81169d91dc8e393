from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from accounts import notices
from accounts.models import HistoryEvent, Notice, Role, User, Way
from clients.duplicates.services import clients_merge
from clients.models import Client, Interaction
from clients.plans.models import Plan
from clients.plans.services import Made, Meanwhile, plan_update, plans_add
from kpi import services as kpi
from territories.models import Territory
from tests import make

pytestmark = pytest.mark.django_db
DUE = date(2099, 1, 1)


@pytest.fixture
def route() -> Territory:
    return make.territory(make.territory(), kind="route")


@pytest.fixture
def rep(route: Territory) -> User:
    return make.user(Role.REP, route, full_name="Rep")


@pytest.fixture
def supervisor(route: Territory) -> User:
    assert route.parent
    return make.user(Role.SUPERVISOR, route.parent, full_name="Boss")


def add(user: User, *clients: Client, why: str = "") -> Made:
    return plans_add(user=user, whys={client.code: why for client in clients}, due_on=DUE, way=Way.BROWSER)


def move(user: User, plan: Plan, was: str, **changes: object) -> Plan:
    return plan_update(user=user, pk=plan.pk, was=was, changes=changes, way=Way.BROWSER)


def test_a_potential_client_is_to_be_won_and_a_lost_one_won_back_by_its_representative(
    route: Territory, rep: User, supervisor: User
) -> None:
    new, lost = make.client(route, status="potential"), make.client(route, status="lost")
    active, closed = make.client(route, status="active"), make.client(route, status="closed")
    assert add(supervisor, new, lost, active, closed, why="120 ₽ short") == Made(2, 0, 2)
    found = {plan.client: (plan.kind, plan.manager, plan.stage, plan.due_on, plan.why) for plan in Plan.objects.all()}
    assert found == {
        new: ("activation", rep, "new", DUE, "120 ₽ short"),
        lost: ("return", rep, "new", DUE, "120 ₽ short"),
    }


def test_the_representative_gets_one_notice_of_all_and_who_plans_none(
    route: Territory, rep: User, supervisor: User
) -> None:
    add(supervisor, *(make.client(route, status="lost") for _n in range(3)))
    notice = Notice.objects.get()
    assert notice.recipient == rep
    assert notices.text(notice) == "Boss has planned 3 clients for you to win by 01/01/2099."
    add(rep, make.client(route, status="lost"))
    assert Notice.objects.count() == 1


def test_where_nobody_holds_the_territory_who_plans_is_to_win_the_client(supervisor: User, route: Territory) -> None:
    add(supervisor, make.client(route, status="lost"))
    assert Plan.objects.get().manager == supervisor


def test_a_client_has_one_open_plan(route: Territory, rep: User) -> None:
    client = make.client(route, status="lost")
    add(rep, client)
    assert add(rep, client) == Made(0, 1, 0)
    move(rep, Plan.objects.get(), "new", stage="given_up")
    assert add(rep, client) == Made(1, 0, 0)
    old = Plan.objects.earliest("pk")
    with pytest.raises(ValidationError, match="planned anew already"):
        move(rep, old, "given_up", stage="new")


def test_what_one_may_not_see_or_change_is_not_planned_and_nothing_else_either(route: Territory, rep: User) -> None:
    own, foreign = make.client(route, status="lost"), make.client(make.territory(), status="lost")
    with pytest.raises(Client.DoesNotExist):
        add(rep, own, foreign)
    analyst = make.user(Role.ANALYST, route)
    with pytest.raises(PermissionDenied):
        add(analyst, own)
    assert not Plan.objects.exists()
    add(rep, own)
    with pytest.raises(PermissionDenied):
        move(analyst, Plan.objects.get(), "new", stage="agreed")
    with pytest.raises(Plan.DoesNotExist):
        move(make.user(Role.REP, make.territory()), Plan.objects.get(), "new", stage="agreed")


def test_a_day_that_is_past_is_refused(route: Territory, rep: User) -> None:
    yesterday = timezone.localdate() - timedelta(days=1)
    with pytest.raises(ValidationError):
        plans_add(user=rep, whys={make.client(route, status="lost").code: ""}, due_on=yesterday, way=Way.BROWSER)


def test_stages_move_by_hand_but_only_an_order_wins(route: Territory, rep: User) -> None:
    add(rep, make.client(route, status="lost"))
    plan = move(rep, Plan.objects.get(), "new", stage="negotiation")
    assert plan.stage == "negotiation"
    with pytest.raises(ValidationError, match="Only an order"):
        move(rep, plan, "negotiation", stage="won")
    with pytest.raises(Meanwhile):
        move(rep, plan, "new", stage="agreed")
    stages = [event.new["stage"] for event in HistoryEvent.objects.filter(table="plans_plan").order_by("pk")]
    assert stages == ["new", "negotiation"]


def test_an_order_wins_the_client_by_itself_and_both_who_planned_and_who_won_hear_of_it(
    load: Callable[..., int], route: Territory, rep: User, supervisor: User
) -> None:
    make.product(sku="S1")
    lost, other = make.client(route, status="lost", name="Shop"), make.client(route, status="potential")
    add(supervisor, lost, other)
    move(rep, lost.plans.get(), "new", stage="agreed")
    Notice.objects.all().delete()
    today = f"{timezone.localdate():%Y-%m-%d}"
    load(invoices=f"invoice,date,client_code,sku,quantity,amount\nN1,{today},{lost.code},S1,1,100\n")
    kpi.refresh()
    assert lost.plans.get().stage == "won"
    assert other.plans.get().stage == "new"
    assert {notice.recipient: notices.text(notice) for notice in Notice.objects.all()} == dict.fromkeys(
        [rep, supervisor], "Won: “Shop” has ordered."
    )
    with pytest.raises(ValidationError, match="is won"):
        move(rep, lost.plans.get(), "won", stage="new")


def test_a_plan_of_a_client_that_is_closed_ends(load: Callable[..., int], route: Territory, rep: User) -> None:
    client = make.client(route, status="lost")
    add(rep, client)
    load(clients=f"code,name,territory_code,closed_on\n{client.code},Shop,{route.code},2026-01-01\n")
    kpi.refresh()
    assert client.plans.get().stage == "given_up"


def test_of_a_merged_client_the_plan_goes_to_the_survivor(route: Territory, rep: User) -> None:
    survivor, loser = make.client(route, status="lost"), make.client(route, status="lost")
    add(rep, loser)
    clients_merge(
        user=make.user(Role.ADMIN), survivor=survivor.pk, loser=loser.pk, take=(), way=Way.COMMAND,
        versions=dict(Client.objects.values_list("pk", "version")),
    )  # fmt: skip
    assert Plan.objects.get().client == survivor


def test_from_almost_come_tasks_plans_and_notices_in_one(route: Territory, rep: User, supervisor: User) -> None:
    lost, active = make.client(route, status="lost"), make.client(route, status="active")
    made = kpi.steps_make(
        user=supervisor, said={lost.code: "120 ₽ short", active.code: "1 SKU short"}, next_step="Go there",
        next_on=DUE, plan_until=DUE,
    )  # fmt: skip
    assert made == kpi.Tasks(2, 1)
    assert Interaction.objects.filter(next_step="Go there").count() == 2
    assert (Plan.objects.get().client, Plan.objects.get().why) == (lost, "120 ₽ short")
    assert {notices.text(one) for one in Notice.objects.filter(recipient=rep)} == {
        "Boss has set a task for 2 clients: Go there, 01/01/2099.",
        "Boss has planned 1 client for you to win by 01/01/2099.",
    }
