import random
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Role
from clients import keyset
from clients.keyset import Key, Order
from clients.models import Client, Status
from clients.querysets import ClientQuerySet
from tests import make

pytestmark = pytest.mark.django_db

NAMES = ("Ёлка", "елка", "ООО «Ель»", "Жук", "арбуз", "ИП")
VALUES = {
    "name": lambda client: client.name_sort,
    "code": lambda client: client.code,
    "category": lambda client: client.category,
    "last_order": lambda client: client.last_order_on or date.min,
    "opened": lambda client: client.opened_on or date.min,
    "potential": lambda client: Decimal(-1) if client.potential_monthly is None else client.potential_monthly,
}


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> ClientQuerySet:
    """Clients full of ties and of nothing, in three routes of a region; one more elsewhere."""
    monkeypatch.setattr(keyset, "PAGE", 4)
    dice = random.Random(4)
    region = make.territory()
    routes = [make.territory(region) for _number in range(3)]
    for _number in range(30):
        make.client(
            dice.choice(routes), name=dice.choice(NAMES), category=dice.choice("AB") if dice.random() < 0.6 else "",
            last_order_on=dice.choice([None, None, date(2026, 1, 1), date(2026, 1, 2)]),
            opened_on=dice.choice([None, date(2020, 1, 1)]), status=dice.choice(Status.values),
            potential_monthly=dice.choice([None, 0, Decimal("10.5"), Decimal("9")]),
        )  # fmt: skip
    make.client(make.territory(), name="Жук")
    return Client.objects.visible_to(make.user(Role.REP, region))


def walk(found: ClientQuerySet, order: Order) -> list[list[int]]:
    """All pages forth from the first one; the way back from the last one must be over the same clients."""
    pages = [keyset.page(found, order)]
    while pages[-1].after:
        pages.append(keyset.page(found, order, after=Key.of(str(pages[-1].after), order)))
    back = [keyset.page(found, order, last=True)]
    while back[-1].before:
        back.append(keyset.page(found, order, before=Key.of(str(back[-1].before), order)))
    there = [pk for page in pages for pk in page.ids]
    assert [pk for page in reversed(back) for pk in page.ids] == there
    return [page.ids for page in pages]


@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize("name", keyset.SORTS)
def test_pages_visit_every_client_once_in_order_with_ties_and_without_values(
    register: ClientQuerySet, monkeypatch: pytest.MonkeyPatch, name: str, down: bool
) -> None:
    order = Order(name, down)
    every = list(register)
    for found in (register, register.in_status("lost"), register.among([client.pk for client in every[::2]])):
        expected = sorted(found, key=lambda client: (VALUES[name](client), client.pk), reverse=down)
        monkeypatch.setattr(keyset, "FEW", 64)
        one_by_one = walk(found, order)
        assert [pk for page in one_by_one for pk in page] == [client.pk for client in expected]
        monkeypatch.setattr(keyset, "FEW", 0)  # territories together, each status by itself
        assert walk(found, order) == one_by_one


def test_somebody_without_territories_has_an_empty_page(register: ClientQuerySet) -> None:
    assert keyset.page(Client.objects.visible_to(make.user(Role.REP))) == ([], None, None)


def test_ё_is_sorted_as_е_and_quotes_and_legal_forms_not_at_all() -> None:
    route = make.territory()
    for name in ("Жук", "ООО «Ель»", "«Ёлка»", "ИП арбуз"):
        make.client(route, name=name)
    page = keyset.page(Client.objects.all())
    assert [client.name for client in keyset.clients(page)] == ["ИП арбуз", "«Ёлка»", "ООО «Ель»", "Жук"]


@pytest.mark.parametrize(
    "text", ["", "7", "x~2026-01-01", "7~not a day", "-1~2026-01-01", "99999999999999999999~2026-01-01"]
)
def test_a_key_that_makes_no_sense_is_none(text: str) -> None:
    assert Key.of(text, Order("last_order")) is None


@pytest.mark.parametrize("value", ["Лавка ~ 5", "", "а~б"])
def test_a_key_is_read_as_it_is_written(value: Any) -> None:
    assert Key.of(str(Key(value, 7)), keyset.BY_NAME) == Key(value, 7)
