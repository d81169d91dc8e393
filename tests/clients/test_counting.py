import pytest

from clients import counting
from clients.models import Client, Status
from config import ui
from tests import make

pytestmark = pytest.mark.django_db
COLUMN, VALUES = "status", Status.values


@pytest.fixture
def register() -> None:
    route = make.territory()
    for status in [Status.LOST] * 3 + [Status.ACTIVE] * 4:
        make.client(route, status=status)


@pytest.fixture
def large(register: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if seven clients were a million: counts are exact up to three."""
    monkeypatch.setattr(counting, "_cost", lambda groups: 1e9)
    monkeypatch.setattr(counting, "EXACT", 3)


def test_a_cheap_count_is_exact(register: None) -> None:
    counts = counting.tally(Client.objects.all(), COLUMN, VALUES)
    assert counts == {"active": (4, False), "lost": (3, False), "potential": (0, False), "closed": (0, False)}
    assert counting.count(Client.objects.all()) == (7, False)


def test_counts_are_exact_up_to_a_limit_and_beyond_it_say_that_they_are_not(large: None) -> None:
    counts = counting.tally(Client.objects.all(), COLUMN, VALUES, patient=True)
    assert counts is not None
    assert counts["lost"] == (3, False)
    assert counts["active"].about
    assert counts["active"].number >= 4
    assert ui.counted(counts["lost"]) == "3"
    assert ui.counted(counts["active"]).startswith("≈")


def test_what_costs_more_than_a_page_may_is_left_to_a_request_of_its_own(
    large: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "CHEAP", -1)
    assert counting.tally(Client.objects.all(), COLUMN, VALUES) is None
    found = Client.objects.all()
    found.costly = True
    assert counting.tally(found, COLUMN, VALUES) is None
    assert counting.tally(found, COLUMN, VALUES, patient=True) is not None


def test_an_estimate_has_two_digits() -> None:
    assert counting._about(123_456) == (120_000, True)
    assert counting._about(98_765.4) == (99_000, True)
