import pytest

from accounts.models import Role
from clients.models import Client
from clients.querysets import WITHOUT, search_words
from tests import make

pytestmark = pytest.mark.django_db


def found(text: str) -> set[str]:
    return set(Client.objects.searched(text).values_list("code", flat=True))


def test_every_word_must_occur_somewhere() -> None:
    route = make.territory()
    make.client(route, code="K1", name="Магазин «Ёлочка»", address="Псков, ул. Зелёная, 5")
    make.client(route, code="K2", name="Магазин «Ромашка»", address="Псков, ул. Ленина, 7")
    assert found("елочка псков") == {"K1"}
    assert found("МАГАЗИН") == {"K1", "K2"}
    assert found("елочка ленина") == set()


@pytest.mark.parametrize(
    "text", ["8 (912) 345-67-89", "+79123456789", "79123456789", "912 345 67 89", "345-67-89", "6789"]
)
def test_a_phone_is_found_however_it_is_written(text: str) -> None:
    make.client(make.territory(), code="K1", phone="+7 912 345-67-89")
    make.client(make.territory(), code="K2", phone="8 (912) 000-00-00")
    assert found(text) == {"K1"}


def test_an_inn_is_found_by_its_beginning_through_the_counterparty() -> None:
    owner = make.counterparty(inn="7707083893")
    make.client(make.territory(), code="K1", counterparty=owner)
    make.client(make.territory(), code="K2", counterparty=make.counterparty(inn="5024002119"))
    assert found("7707083893") == {"K1"}
    assert found("77070") == {"K1"}


def test_signs_of_like_are_letters() -> None:
    make.client(make.territory(), code="K1", name="Скидка 100%")
    make.client(make.territory(), code="K2", name="Скидка 1000")
    assert found("100%") == {"K1"}
    assert found("_") == set()


def test_a_number_in_an_address_is_no_phone() -> None:
    assert search_words("ул. Ленина 12-45") == ["ул.", "ленина", "12-45"]


def test_a_territory_takes_in_all_below_it() -> None:
    region = make.territory()
    route = make.territory(make.territory(region))
    inside, _outside = make.client(route), make.client(make.territory())
    assert list(Client.objects.filtered(territory=region)) == [inside]


def test_a_manager_is_who_holds_the_territory_directly() -> None:
    region = make.territory()
    route = make.territory(region)
    make.user(Role.HEAD, region, username="head")
    make.user(Role.REP, route, username="rep")
    one = make.client(route)
    assert list(Client.objects.filtered(manager="rep")) == [one]
    assert list(Client.objects.filtered(manager="head")) == []


def test_clients_without_channel_or_category_can_be_asked_for() -> None:
    route = make.territory()
    bare = make.client(route)
    make.client(route, channel=make.channel(), category="A")
    assert list(Client.objects.filtered(channel=WITHOUT)) == [bare]
    assert list(Client.objects.filtered(category=WITHOUT)) == [bare]
