"""The quality score by hand-made clients; the preparation holds it against plain Python (test_prefill.py)."""

import pytest
from django.db import connection

from tests import make

pytestmark = pytest.mark.django_db


def score(*ids: int) -> list[tuple[int, int, int, int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT score, filled, valid, verified, single FROM cleanup_quality(%s, '2026-11-25') ORDER BY client_id",
            [list(ids)],
        )
        return cursor.fetchall()


def test_an_empty_client_scores_only_for_being_single_and_not_wrong() -> None:
    client = make.client(make.territory())
    assert score(client.pk) == [(0 + 6 + 0 + 15, 0, 6, 0, 15)]


def test_a_full_and_valid_client_lacks_only_the_confirmation() -> None:
    client = make.client(
        make.territory(), address="Москва, Тверская, 1", phone="+7 495 123-45-67", channel=make.channel(), lat=55.7,
        lon=37.6, counterparty=make.counterparty(inn="7707083893"), potential_monthly=10,
    )  # fmt: skip
    make.contact(client, is_decision_maker=True)
    assert score(client.pk) == [(80, 40, 25, 0, 15)]


@pytest.mark.parametrize(
    ("inn", "valid"),
    [("7707083893", True), ("7707083892", False), ("500100732259", True), ("500100732258", False), ("", False)],
)
def test_check_digits_of_an_inn(inn: str, valid: bool) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT cleanup_inn_valid(%s)", [inn])
        assert cursor.fetchone() == (valid,)
