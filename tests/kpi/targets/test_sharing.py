import itertools
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi.metrics import BY_KEY
from kpi.targets.forms import NO_NUMBER, read, written
from kpi.targets.sharing import shared

WEIGHTS = st.lists(st.integers(0, 10**6), min_size=1, max_size=30).filter(any)


@given(st.integers(0, 10**9), WEIGHTS)
def test_the_parts_come_to_the_whole_and_none_is_a_whole_one_off_its_share(value: int, weights: list[int]) -> None:
    parts = shared(Decimal(value), weights)
    assert sum(parts) == value
    assert all(part == int(part) for part in parts)
    assert all(
        abs(part * sum(weights) - value * weight) < sum(weights) for part, weight in zip(parts, weights, strict=False)
    )


@given(st.integers(0, 10**6), WEIGHTS)
def test_who_weighs_more_never_gets_less_and_who_weighs_nothing_gets_nothing(value: int, weights: list[int]) -> None:
    pairs = sorted(zip(weights, shared(Decimal(value), weights), strict=False))
    for (light, less), (heavy, more) in itertools.pairwise(pairs):
        assert light == heavy or less <= more
    assert all(part == 0 for weight, part in pairs if weight == 0)


def test_of_equal_remainders_the_first_gets_what_is_left() -> None:
    assert shared(Decimal(5), [1, 1, 1]) == [2, 2, 1]


def test_where_nothing_weighs_there_is_nothing_to_share_by() -> None:
    with pytest.raises(ZeroDivisionError):
        shared(Decimal(5), [0, 0])
    assert shared(Decimal(0), [0, 0]) == [0, 0]


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("akb", "1 234", Decimal(1234)), ("akb", "1\u202f234", Decimal(1234)), ("akb", "", None),
        ("stability", "62,5 %", Decimal("0.625")), ("stability", "62.5", Decimal("0.625")),
        ("order_cost", "1 200,50 ₽", Decimal("1200.50")),
    ],
)  # fmt: skip
def test_a_number_is_read_as_people_type_it(key: str, text: str, value: Decimal | None) -> None:
    assert read(BY_KEY[key], text) == value


@pytest.mark.parametrize("text", ["many", "1,2,3", "NaN", "1e400", "Infinity", "--1", "1/2"])
def test_what_is_no_number_is_not_read_as_one(text: str) -> None:
    assert read(BY_KEY["akb"], text) is NO_NUMBER


@given(st.decimals(0, 1000, places=4))
def test_what_is_written_is_read_back(value: Decimal) -> None:
    assert read(BY_KEY["stability"], written(BY_KEY["stability"], value)) == value
