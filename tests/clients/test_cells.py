"""One field, edited where it stands: what is shown, saved, asked for, disputed and undone."""

import re
from typing import Any

import pytest
from django.http import HttpResponse

from accounts.models import Role, User, Way
from clients.cells import CELLS
from clients.columns import COLUMNS
from clients.models import ChangeRequest, Client
from clients.services import client_update
from territories.models import Territory
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def route() -> Territory:
    return make.territory(make.territory())


@pytest.fixture
def shop(route: Territory) -> Client:
    return make.client(route, name="Shop", phone="1", channel=make.channel())


@pytest.fixture
def rep(route: Territory) -> User:
    return make.user(Role.REP, route)


def save(user: User, shop: Client, cell: str, **values: Any) -> str:
    data = {"version": shop.version, "in": "list", **{name.replace("initial_", "initial-"): value
            for name, value in values.items()}}  # fmt: skip
    answer = make.signed_in(user).post(f"/clients/{shop.code}/cell/{cell}/", data)
    assert answer.status_code == 200
    shop.refresh_from_db()
    return text(answer)


def text(answer: HttpResponse) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


def undo(user: User, shop: Client, cell: str, said: str) -> str:
    [reference] = re.findall(r'name="undo" value="([^"]+)"', said)
    answer = make.signed_in(user).post(f"/clients/{shop.code}/cell/{cell}/", {"undo": reference, "in": "list"})
    shop.refresh_from_db()
    return text(answer)


def test_every_cell_is_a_column_of_the_list() -> None:
    assert CELLS.keys() <= COLUMNS.keys()


@pytest.mark.parametrize("cell", [name for name in CELLS if name != "reason"])
@pytest.mark.parametrize("place", ["list", "card"])
def test_the_form_of_a_cell_holds_its_fields_and_no_others(
    route: Territory, shop: Client, cell: str, place: str
) -> None:
    browser = make.signed_in(make.user(Role.SUPERVISOR, route))
    form = text(browser.get(f"/clients/{shop.code}/cell/{cell}/?in={place}"))
    named = set(re.findall(r'name="([a-z_]+)"', form)) - {"csrfmiddlewaretoken", "in", "version"}
    assert named == set(CELLS[cell])
    assert f'name="in" value="{place}"' in form


def test_a_field_is_saved_and_undone(rep: User, shop: Client) -> None:
    said = save(rep, shop, "phone", phone="2", initial_phone="1")
    assert (shop.phone, shop.version) == ("2", 2)
    assert "Saved." in said
    assert 'href="tel:2"' in said
    assert "Undone." in undo(rep, shop, "phone", said)
    assert (shop.phone, shop.version) == ("1", 3)


def test_what_has_not_been_changed_is_not_saved(rep: User, shop: Client) -> None:
    assert "Saved" not in save(rep, shop, "phone", phone="1", initial_phone="1")
    assert shop.version == 1


def test_what_needs_approval_is_asked_for_and_withdrawn(rep: User, shop: Client) -> None:
    other = make.channel()
    said = save(rep, shop, "channel", channel=other.pk, initial_channel=shop.channel_id)
    assert "Sent for approval: sales channel." in said
    assert shop.channel != other
    assert ChangeRequest.objects.open().get().new == other.pk
    assert "Undone." in undo(rep, shop, "channel", said)
    assert not ChangeRequest.objects.open().exists()


def test_an_error_comes_back_with_what_was_typed(rep: User, shop: Client) -> None:
    said = save(rep, shop, "email", email="nobody", initial_email="")
    assert 'value="nobody"' in said
    assert "form-error" in said
    assert shop.email == ""


def test_a_change_of_another_field_meanwhile_is_no_obstacle(rep: User, shop: Client) -> None:
    client_update(user=rep, code=shop.code, version=1, changes={"address": "Street 1"}, way=Way.API)
    assert "Saved." in save(rep, shop, "phone", phone="2", initial_phone="1")
    assert (shop.phone, shop.address) == ("2", "Street 1")


def test_a_change_of_the_same_field_meanwhile_shows_what_was_is_and_is_wanted(rep: User, shop: Client) -> None:
    client_update(user=rep, code=shop.code, version=1, changes={"phone": "theirs"}, way=Way.API)
    said = save(rep, shop, "phone", phone="mine", initial_phone="1")
    assert shop.phone == "theirs"
    assert re.findall(r"Was: ([^<]*)<", said) == ["1"]
    assert re.findall(r'type="radio" name="phone" value="(\w+)"', said) == ["theirs", "mine"]
    assert 'name="initial-phone" value="theirs"' in said
    save(rep, shop, "phone", phone="mine", initial_phone="theirs")
    assert shop.phone == "mine"


def test_an_undo_does_not_overwrite_who_came_after(rep: User, shop: Client) -> None:
    said = save(rep, shop, "phone", phone="2", initial_phone="1")
    client_update(user=rep, code=shop.code, version=2, changes={"phone": "3"}, way=Way.API)
    assert "Nothing of it can be taken back." in undo(rep, shop, "phone", said)
    assert shop.phone == "3"


def test_nobody_undoes_what_is_none_of_their_business(rep: User, route: Territory, shop: Client) -> None:
    said = save(rep, shop, "channel", channel="", initial_channel=shop.channel_id)
    [reference] = re.findall(r'name="undo" value="([^"]+)"', said)
    other = make.signed_in(make.user(Role.REP, route))
    for wrong in (reference, "event:1", "request:x", "bulk:none", ""):
        answer = other.post(f"/clients/{shop.code}/cell/channel/", {"undo": wrong})
        assert answer.status_code == 404, wrong
    assert ChangeRequest.objects.open().count() == 1


def test_the_reason_of_a_loss_is_asked_of_lost_clients_only(rep: User, route: Territory, shop: Client) -> None:
    lost = make.client(route, status="lost")
    browser = make.signed_in(rep)
    assert browser.get(f"/clients/{shop.code}/cell/reason/").status_code == 404
    assert browser.get(f"/clients/{shop.code}/cell/status/").status_code == 404
    save(rep, lost, "reason", lost_reason="debt", initial_lost_reason="")
    assert lost.lost_reason == "debt"
