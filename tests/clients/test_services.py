"""The one way to change a client (spec/product.md, Rules of the register 1–4)."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from accounts.models import HistoryEvent, Role, User, Way
from clients.fields import DEFAULT_RIGHTS
from clients.models import ChangeRequest, Client
from clients.services import Conflict, client_create, client_update, editable_fields
from territories.models import Territory
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def region() -> Territory:
    return make.territory()


@pytest.fixture
def route(region: Territory) -> Territory:
    return make.territory(region)


@pytest.fixture
def shop(route: Territory) -> Client:
    return make.client(route, name="Shop", phone="1", opened_on=date(2024, 1, 1))


def change(user: User, shop: Client, version: int | None = None, **changes: Any) -> Client:
    return client_update(
        user=user, code=shop.code, version=version or shop.version, changes=changes, way=Way.API, ip="10.0.0.7"
    ).client


def events(shop: Client) -> list[HistoryEvent]:
    return list(HistoryEvent.objects.filter(table="clients_client", row_id=shop.pk).order_by("-pk"))


NEW_VALUES: dict[str, Any] = {
    "name": "New", "address": "Street 1", "lat": 55.5, "lon": 37.5, "phone": "2", "email": "a@b.ru",
    "potential_monthly": Decimal(5), "lost_reason": "debt", "code": "NEW", "is_target": False,
    "opened_on": date(2024, 2, 1), "closed_on": date(2025, 1, 1),
}  # fmt: skip


FREE = sorted(name for name, right in DEFAULT_RIGHTS.items() if right == "change")


@pytest.mark.parametrize("field", FREE)
def test_a_rep_changes_the_everyday_fields_of_own_clients(route: Territory, shop: Client, field: str) -> None:
    changed = change(make.user(Role.REP, route), shop, **{field: NEW_VALUES[field]})
    assert getattr(changed, field) == NEW_VALUES[field]
    assert changed.version == 2
    assert not ChangeRequest.objects.exists()


@pytest.mark.parametrize("field", sorted(set(NEW_VALUES)))
def test_a_supervisor_changes_every_field_in_the_whole_subtree(region: Territory, shop: Client, field: str) -> None:
    changed = change(make.user(Role.SUPERVISOR, region), shop, **{field: NEW_VALUES[field]})
    assert getattr(changed, field) == NEW_VALUES[field]


@pytest.mark.parametrize("field", ["status", "category", "version", "id", "last_order_on", "search"])
def test_what_is_derived_nobody_changes(shop: Client, field: str) -> None:
    with pytest.raises(PermissionDenied, match=field):
        client_update(user=make.user(Role.ADMIN), code=shop.code, version=1, changes={field: 1}, way=Way.API)


def test_an_analyst_sees_and_changes_nothing(route: Territory, shop: Client) -> None:
    analyst = make.user(Role.ANALYST, route)
    assert not editable_fields(user=analyst, client=shop)
    with pytest.raises(PermissionDenied):
        change(analyst, shop, name="New")


@pytest.mark.parametrize("role", [Role.REP, Role.SUPERVISOR, Role.HEAD, Role.ANALYST])
def test_a_client_of_another_territory_does_not_exist(shop: Client, role: Role) -> None:
    with pytest.raises(Client.DoesNotExist):
        change(make.user(role, make.territory()), shop, name="New")


def test_one_who_has_left_changes_nothing(route: Territory, shop: Client) -> None:
    with pytest.raises(Client.DoesNotExist):
        change(make.user(Role.REP, route, is_active=False), shop, name="New")


def test_a_supervisor_moves_a_client_within_the_own_subtree_only(region: Territory, shop: Client) -> None:
    supervisor, inside, outside = make.user(Role.SUPERVISOR, region), make.territory(region), make.territory()
    with pytest.raises(PermissionDenied, match="territory"):
        change(supervisor, shop, territory=outside)
    assert change(supervisor, shop, territory=inside).territory == inside


def test_who_saves_over_another_change_gets_the_current_state_and_changes_nothing(
    route: Territory, shop: Client
) -> None:
    rep = make.user(Role.REP, route)
    change(rep, shop, phone="2")
    with pytest.raises(Conflict) as conflict:
        change(rep, shop, version=1, phone="3")
    assert (conflict.value.current.phone, conflict.value.current.version) == ("2", 2)
    shop.refresh_from_db()
    assert shop.phone == "2"


def test_a_change_that_changes_nothing_keeps_the_version_and_leaves_no_history(route: Territory, shop: Client) -> None:
    before = len(events(shop))
    assert change(make.user(Role.REP, route), shop, phone="1").version == 1
    assert len(events(shop)) == before


def test_the_history_says_who_what_from_what_to_and_by_which_way(route: Territory, shop: Client) -> None:
    rep = make.user(Role.REP, route)
    change(rep, shop, phone="2", lat=55.5)
    event = events(shop)[0]
    assert (event.operation, event.actor, event.way, event.ip) == ("U", rep, "api", "10.0.0.7")
    assert (event.old, event.new) == ({"phone": "1", "lat": None}, {"phone": "2", "lat": 55.5})
    assert event.database_user == "basis_app"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"email": "nowhere"}, "email"), ({"lat": 91.0}, "lat"), ({"closed_on": date(2023, 12, 31)}, "__all__"),
        ({"name": ""}, "name"), ({"lost_reason": "luck"}, "lost_reason"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_is_refused_and_nothing_is_changed(
    region: Territory, shop: Client, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        change(make.user(Role.SUPERVISOR, region), shop, phone="2", **changes)
    assert set(refused.value.message_dict) == {field}
    shop.refresh_from_db()
    assert (shop.phone, shop.version) == ("1", 1)


def test_a_code_that_is_taken_is_refused(region: Territory, route: Territory, shop: Client) -> None:
    other = make.client(route)
    with pytest.raises(ValidationError) as refused:
        change(make.user(Role.SUPERVISOR, region), shop, code=other.code)
    assert set(refused.value.message_dict) == {"code"}


def test_a_rep_adds_a_client_on_the_own_route_only_and_it_gets_a_code(route: Territory) -> None:
    rep, foreign = make.user(Role.REP, route), make.territory(route.parent)
    made = client_create(user=rep, values={"name": "New", "territory": route, "phone": "5"}, way=Way.API, ip="10.0.0.7")
    assert (made.code.startswith("N"), made.territory, made.phone, made.version) == (True, route, "5", 1)
    event = events(made)[0]
    assert (event.operation, event.actor, event.way, event.ip) == ("I", rep, "api", "10.0.0.7")
    with pytest.raises(PermissionDenied, match="territory"):
        client_create(user=rep, values={"name": "New", "territory": foreign}, way=Way.API)
    with pytest.raises(PermissionDenied, match="closed_on"):
        client_create(user=rep, values={"name": "New", "territory": route, "closed_on": None}, way=Way.API)


def test_a_new_client_keeps_to_the_rules_of_the_register(route: Territory, shop: Client) -> None:
    rep = make.user(Role.REP, route)
    for values, field in (
        ({"code": shop.code, "name": "New"}, "code"), ({"name": ""}, "name"), ({"name": "-"}, "name"),
        ({"name": "New", "email": "x"}, "email"),
    ):  # fmt: skip
        with pytest.raises(ValidationError) as refused:
            client_create(user=rep, values={"territory": route, **values}, way=Way.API)
        assert set(refused.value.message_dict) == {field}


def test_a_code_given_by_hand_in_the_form_of_the_own_ones_is_passed_over(route: Territory) -> None:
    rep = make.user(Role.REP, route)
    first = client_create(user=rep, values={"name": "A", "territory": route}, way=Way.API)
    make.client(route, code=f"N{first.pk + 2}")  # takes the key first.pk + 1
    assert client_create(user=rep, values={"name": "B", "territory": route}, way=Way.API).code == f"N{first.pk + 3}"
