"""The normal form and the score, by property and by example; and on a made set that nobody tuned them on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.duplicates import quality
from bench.outlets import make
from clients.duplicates.matching import CANDIDATE, Facts, address, keys, name_words, outlet, phones, score

TEXTS = st.text(alphabet="абвгдеёжзикщья АБВЁ«»\"'-.,/№1234567890()", max_size=60)
FACTS = st.builds(Facts, TEXTS, TEXTS, TEXTS, TEXTS, st.just(""), st.none(), st.none())


@given(TEXTS)
def test_a_normal_name_is_its_own_normal_form_whatever_the_case_and_the_yo(text: str) -> None:
    words = name_words(text)
    assert name_words(" ".join(words)) == words
    assert name_words(text.upper()) == name_words(text.replace("ё", "е")) == words


@given(st.lists(st.text(alphabet="абвгде", min_size=2, max_size=8), max_size=5), st.randoms())
def test_the_order_of_words_does_not_matter(words: list[str], dice: object) -> None:
    assert name_words(" ".join(words)) == name_words(" ".join(reversed(words)))


@given(FACTS, FACTS)
def test_a_score_is_the_same_both_ways_and_within_its_bounds(one: Facts, other: Facts) -> None:
    there, back = score(outlet(one), outlet(other)), score(outlet(other), outlet(one))
    assert there == back
    assert 0 <= there.value <= 100


@given(FACTS)
def test_keys_are_32_bit_integers_and_depend_on_nothing_else(facts: Facts) -> None:
    found = keys(outlet(facts))
    assert found == keys(outlet(facts))
    assert all(-(2**31) <= key < 2**31 for key in found.values())


@pytest.mark.parametrize(
    "written",
    [
        "г. Казань, ул. Баумана, д. 34 корп. 1", "Казань, улица Баумана, 34/1", "420111, Казань, Баумана дом 34к1",
        "Респ. Татарстан, г.Казань, ул Баумана, д.34, корпус 1, оф. 5",
    ],
)  # fmt: skip
def test_an_address_is_one_however_it_is_written(written: str) -> None:
    found = address(written)
    assert (found.words[-1], found.house) == ("баумана", "34к1")


@pytest.mark.parametrize(
    "written", ["+7 (912) 345-67-89", "8 912 345 67 89", "89123456789", "9123456789", "т. 7-912-345-6789"]
)
def test_a_phone_is_one_however_it_is_written(written: str) -> None:
    assert phones(written) == {"9123456789"}


SHOP = Facts("ООО «Ромашка»", "г. Казань, ул. Баумана, д. 10", "+7 912 345-67-89", "", "1655000001")


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (Facts("Ромашка, магазин", "Казань, Баумана, 10"), True),
        (Facts("ИП Ромашка", "улица Баумана 10"), True),
        (Facts("Рамашка", "Казань, ул. Баумана, д. 10"), True),
        (Facts("Ромашка", "г. Казань, ул. Гагарина, д. 5", "89123456789", "", "1655000001"), True),  # has moved
        (Facts("Василёк", "г. Казань, ул. Баумана, д. 10"), False),  # a neighbour
        (Facts("Ромашка", "г. Казань, ул. Баумана, д. 12"), False),
        (Facts("Ромашка", "г. Челны, ул. Баумана, д. 10"), False),  # of another town
        (Facts("Ромашка", "г. Казань, ул. Гагарина, д. 5", "", "", "1655000001"), False),  # of a chain
    ],
)
def test_what_is_one_outlet_and_what_only_looks_like_it(other: Facts, same: bool) -> None:
    assert (score(outlet(SHOP), outlet(other)).value >= CANDIDATE) == same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("ИП Иванов Алексей Сергеевич", "Иванов А.С.", True), ("ИП Иванов Алексей Сергеевич", "Иванов Б.С.", False),
        ("ИП Иванов Алексей Сергеевич", "ИП Иванов Борис Сергеевич", False), ("Магазин № 12", "Магазин № 14", False),
        ("Гасторном № 25", "25 Гастроном", True),
    ],
)  # fmt: skip
def test_initials_and_numbers_tell_outlets_in_one_house_apart(one: str, other: str, same: bool) -> None:
    place = "г. Казань, ул. Баумана, д. 10"
    assert (score(outlet(Facts(one, place)), outlet(Facts(other, place))).value >= CANDIDATE) == same


def test_a_phone_that_many_have_says_nothing() -> None:
    one, other = (
        outlet(Facts("Магнум", f"г. Казань, ул. {street}, д. 1", "89123456789")) for street in ("Зорге", "Чуйкова")
    )
    assert score(one, other).value >= CANDIDATE > score(one, other, one.phones).value


def test_on_a_made_set_nine_in_ten_proposed_are_right_and_of_twenty_one_at_most_is_missed() -> None:
    measured = quality(make(seed=201, shops=900, copies=300))
    assert measured.precision >= 0.9
    assert measured.recall >= 0.95
