"""The product's numbers held against the second reckoning (tests/reckoning.py), and incremental against whole."""

from calendar import monthrange
from collections.abc import Callable, Iterator
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from kpi import metrics, selectors, services
from kpi.selectors import By
from territories.models import Territory
from tests import datasets
from tests.reckoning import KEYS, Base, Metrics

Load = Callable[..., int]
PERIODS = [
    (date(2025, 4, 1), date(2025, 6, 30)),  # a quarter
    (date(2025, 2, 1), date(2025, 2, 28)),  # a month
    (date(2024, 1, 1), date(2024, 12, 31)),  # a year
    (date(2024, 11, 1), date(2025, 3, 31)),  # a run over New Year
    (date(2030, 1, 1), date(2030, 1, 31)),  # nothing in it
]
DAYS = [date(2025, 6, 30), date(2025, 2, 28), date(2025, 5, 31), date(2024, 12, 31), date(2023, 1, 1), date(2031, 3, 1)]


def differences(found: dict[str, metrics.Number | None], wanted: Metrics) -> dict[str, Any]:
    """The metrics that are not the same; ratios may differ in the last digits of 28."""

    def same(one: metrics.Number | None, other: int | Fraction | None) -> bool:
        if one is None or other is None:
            return one is None and other is None
        return abs(Fraction(one) - other) <= abs(Fraction(other)) / 10**24

    assert set(found) == set(wanted)
    return {key: (found[key], wanted[key]) for key in found if not same(found[key], wanted[key])}


def check(base: Base, node: str, d0: date, d1: date, by: By | None) -> None:
    found = selectors.matrix(territory=Territory.objects.get(code=node), d0=d0, d1=d1, by=by)
    total, groups = base.metrics(node, d0, d1, by.value if by else None)
    assert differences(found.total.metrics, total) == {}
    assert {row.code for row in found.rows} == set(groups)
    for row in found.rows:
        assert differences(row.metrics, groups[row.code]) == {}, row.code


def test_the_keys_are_those_of_the_specification_in_its_order() -> None:
    assert tuple(metrics.BY_KEY) == KEYS
    assert [metric.number for metric in metrics.METRICS] == list(range(1, 25))


# Loaded once a module, in a transaction that is rolled back; the reckoning is asked of the same files.


@pytest.fixture(scope="module", params=[1, 2, 3])
def base(
    request: pytest.FixtureRequest,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Base]:
    folder = datasets.write(tmp_path_factory.mktemp("set"), request.param)
    with django_db_blocker.unblock(), transaction.atomic():
        call_command("load", folder, rejected=folder / "rejected.csv")
        yield Base.read(folder, timezone.localdate())
        transaction.set_rollback(True)


@pytest.mark.parametrize("by", [None, *By], ids=lambda by: by.value if by else "total")
@pytest.mark.parametrize("period", PERIODS, ids=lambda period: f"{period[0]:%Y-%m}..{period[1]:%Y-%m}")
@pytest.mark.parametrize("node", ["ROOT", "R1", "R2-T1", "R1-B2-M2", "M0"])
def test_the_24_metrics_are_those_of_the_second_reckoning(
    base: Base, node: str, period: tuple[date, date], by: By | None
) -> None:
    check(base, node, *period, by)


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_the_split_is_that_of_the_second_reckoning(base: Base, day: date) -> None:
    assert dict(selectors.split(day)) == base.split(day)


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_the_ranks_are_those_of_the_second_reckoning(base: Base, day: date) -> None:
    found = {
        str(code): tuple("" if cell is None else str(cell) for cell in cells) for code, *cells in selectors.ranks(day)
    }
    assert found == base.ranks(day)


@pytest.mark.parametrize("key", ["okb", "pakb", "akb", "stable_akb", "system_outlets", "category_akb", "orders"])
def test_behind_a_number_are_just_the_clients_it_counts(base: Base, key: str) -> None:
    d0, d1 = PERIODS[0]
    found = selectors.behind(key=key, territory=Territory.objects.get(code="R2"), d0=d0, d1=d1, limit=10_000)
    assert {client.code for client in found} == base.behind(key, "R2", d0, d1)


def test_the_register_holds_the_split_and_the_categories_of_today(base: Base) -> None:
    from clients.models import Client

    services.refresh()
    today = timezone.localdate()
    ranks = base.ranks(today)
    stored = Client.objects.values_list("code", "status", "category")
    assert {code: status for code, status, _category in stored} == base.split(today)
    assert {code: category for code, _status, category in stored} == {
        code: ranks[code][2] if code in ranks else "" for code in base.clients
    }


def test_a_period_is_whole_months(load: Load) -> None:
    assert services.period_days("2024-02", "2024-02") == (date(2024, 2, 1), date(2024, 2, monthrange(2024, 2)[1]))
    for first, last in (
        ("2024-03", "2024-02"),
        ("2024-13", "2024-13"),
        ("24-01", "24-02"),
        ("1900-01", "2024-01"),
        ("", ""),
    ):
        with pytest.raises(services.PeriodError):
            services.period_days(first, last)
