import pytest

from accounts.models import Role
from clients import search
from clients.models import Client
from tests import make

pytestmark = pytest.mark.django_db


def found(text: str) -> set[str]:
    return set(search.searched(Client.objects.all(), text).found.values_list("code", flat=True))


@pytest.fixture
def shops() -> None:
    route = make.territory()
    owner = make.counterparty(inn="7707083893")
    make.client(route, code="K-001", name="Магазин «Ёлочка»", address="Псков, ул. Зелёная, 5", counterparty=owner)
    make.client(
        route,
        code="K-002",
        name='ООО "Ромашка-Плюс"',
        address="г. Казань, пр-т Победы, 12-45",
        phone="8 (912) 345-67-89",
    )
    make.client(
        route, code="K-003", name="Магазин Продукты", address="Псков, Ленина, 7", phone="+7 911 222-33-44, 55-66"
    )
    make.client(route, code="K-004", name="ИП Звездопадов", address="Елец", phone="")


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        # words, in any order, small or large, Ё or Е
        ("елочка псков", "1"), ("ПСКОВ ЁЛОЧКА", "1"), ("магазин", "13"), ("елочка ленина", ""),
        # legal forms and quotes say nothing
        ("ООО Ёлочка", "1"), ("«елочка»", "1"), ('ИП "Ромашка', "2"), ("ООО", "2"),
        # code and INN
        ("k-003", "3"), ("K-00", "1234"), ("7707083893", "1"), ("77070", "1"), ("770", ""),
        # a phone, however it is written
        ("8 (912) 345-67-89", "2"), ("+79123456789", "2"), ("79123456789", "2"), ("912 345 67 89", "2"),
        ("345-67-89", "2"), ("6789", "2"), ("8-911-222-33-44", "3"),
        # address
        ("победы 12-45", "2"), ("ул. зеленая", "1"),
        # short words begin a word
        ("пр", "23"), ("зе", "1"), ("чка", "1"), ("оч", ""), ("ё", "14"),
        # mistyped
        ("елачка", "1"), ("рамашка", "2"), ("ромашкп", "2"), ("звиздопадов", "4"), ("звездападов елец", "4"),
        ("прадукты псков", "3"), ("козань", "2"), ("щщщщ", ""),
        # the other keyboard layout
        ("hjvfirf", "2"), ("gcrjd", "13"), ("л-003", "3"), ("hfvfirf", "2"),
        # what LIKE and the shell would take for signs
        ("%", ""), ("_", ""), ("100%", ""), ("\\", ""), ("'", "1234"), ("  ", "1234"),
    ],
)  # fmt: skip
def test_search_finds(shops: None, text: str, codes: str) -> None:
    assert found(text) == {f"K-00{number}" for number in codes}


def test_a_number_in_an_address_is_no_phone() -> None:
    assert search.words_of("ул. Ленина 12-45") == ["ул.", "ленина", "12-45"]


def test_hits_beyond_what_is_known_one_by_one_are_the_same(shops: None, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ("магазин", "псков", "пр", "7707083893", "рамашка", "345-67-89")
    few = [found(text) for text in texts]
    monkeypatch.setattr(search, "MANY", 0)
    assert [found(text) for text in texts] == few


def test_a_new_or_changed_name_can_be_mistyped_at_once() -> None:
    client = make.client(make.territory(), code="K1", name="Парус")
    assert found("парусс") == {"K1"}
    with make.acting(actor=None, way=make.Way.COMMAND):
        Client.objects.filter(pk=client.pk).update(name="Якорь")
    assert found("якарь") == {"K1"}


def best(text: str) -> list[str]:
    return [row.code for row in search.best(make.user(Role.ADMIN), text)]


def test_the_best_match_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    route = make.territory()
    make.client(route, code="B1", name="Лавка у Ромашки")
    make.client(route, code="B2", name="Большая ромашка")
    make.client(route, code="B3", name="ООО «Ромашка-2»")
    make.client(route, code="B4", name="ИП Ромашка")
    make.client(route, code="B5", name="Ромашка", status="closed")
    make.client(route, code="B6", name="Киоск", address="ул. Ромашковая")
    make.client(route, code="РОМАШКА", name="Ёлка")
    assert best("ромашка") == ["РОМАШКА", "B4", "B5", "B3", "B2"]
    assert best("ромашко") == ["B6"]


def test_the_very_phone_or_inn_comes_before_parts_of_others() -> None:
    route = make.territory()
    make.client(route, code="P1", name="Альфа", phone="+7 912 345-67-89", address="дом 9123456789")
    make.client(route, code="P0", name="9123456789 магазин")
    make.client(route, code="I1", name="Бета", counterparty=make.counterparty(inn="5024002119"))
    make.client(route, code="I0", name="Аз 5024002119")
    assert best("8 912 345 67 89")[0] == "P1"
    assert best("5024002119")[0] == "I1"


def test_similar_ones_follow_where_few_fit() -> None:
    route = make.territory()
    make.client(route, code="S1", name="Лотос")
    make.client(route, code="S2", name="Лотоз")
    assert best("лотоз") == ["S2"]
    assert best("латос")[:1] == ["S1"]


def test_search_shows_only_what_the_tree_lets_one_see() -> None:
    own = make.territory()
    make.client(own, code="M1", name="Ромашка")
    make.client(make.territory(), code="M2", name="Ромашка")
    assert [row.code for row in search.best(make.user(Role.REP, own), "ромашка")] == ["M1"]
    assert [row.code for row in search.best(make.user(Role.REP, own), "M2")] == []
