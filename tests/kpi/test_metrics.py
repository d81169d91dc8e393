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

from accounts.models import Role
from kpi import metrics, selectors, services
from kpi.almost import Need
from kpi.models import MEASURES
from kpi.selectors import By, Coordinates
from territories.models import Territory
from tests import datasets, make
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


def everybody(number: Coordinates, *, outside: bool, limit: int = 40) -> list[selectors.Behind]:
    """All pages of the list behind a number."""
    found: list[selectors.Behind] = []
    admin = make.user(Role.ADMIN)
    while page := selectors.behind(
        user=admin, number=number, outside=outside, limit=limit,
        after=(found[-1].value, found[-1].code) if found else None,
    ):  # fmt: skip
        found += page
    assert len({client.code for client in found}) == len(found)
    return found


@pytest.mark.parametrize("key", KEYS)
def test_the_clients_behind_a_number_add_up_to_it(base: Base, key: str) -> None:
    for node, (d0, d1) in (("ROOT", PERIODS[0]), ("R2", PERIODS[2]), ("R2", PERIODS[4])):
        found = everybody(Coordinates(key, Territory.objects.get(code=node), d0, d1), outside=False)
        assert {client.code for client in found} == base.behind(key, node, d0, d1)
        sums: dict[str, metrics.Number | None] = {
            name: sum(client.measures[name] for client in found) for name in MEASURES
        }
        sums["cost"] = base.route_cost(base.subtree(node), d0, d1)
        total, _groups = base.metrics(node, d0, d1)
        assert differences({key: metrics.BY_KEY[key].reckon(sums)}, {key: total[key]}) == {}


@pytest.mark.parametrize("by", By, ids=lambda by: by.value)
def test_the_clients_behind_each_cell_of_each_row_add_up_to_it(base: Base, by: By) -> None:
    """All 24 metrics; the cells are those of the second reckoning."""
    root, (d0, d1) = Territory.objects.get(code="ROOT"), PERIODS[0]
    rows = selectors.matrix(territory=root, d0=d0, d1=d1, by=by).rows
    _total, wanted = base.metrics("ROOT", d0, d1, by.value)
    assert {row.code for row in rows} == set(wanted)
    counted = 0
    for row in rows:
        on_node = by in (By.CHILDREN, By.ROUTE)
        node = Territory.objects.get(code=row.code) if on_node else root
        place = {} if on_node else {by.value: row.code}
        for key in KEYS:
            found = everybody(Coordinates(key, node, d0, d1, **place), outside=False, limit=1000)
            sums: dict[str, metrics.Number | None] = {
                name: sum(client.measures[name] for client in found) for name in MEASURES
            }
            sums["cost"] = row.sums["cost"]
            reckoned = {key: metrics.BY_KEY[key].reckon(sums)}
            assert differences(reckoned, {key: wanted[row.code][key]}) == {}, row.code
            counted += len(found)
    assert counted


@pytest.mark.parametrize("key", KEYS)
def test_who_is_outside_a_number_is_told_what_it_lacks(base: Base, key: str) -> None:
    for d0, d1 in (PERIODS[0], PERIODS[2], PERIODS[4]):
        found = everybody(Coordinates(key, Territory.objects.get(code="R2"), d0, d1), outside=True)
        wanted = base.almost(key, "R2", d0, d1)
        assert {client.code for client in found} == set(wanted)
        for client in found:
            assert lacking(client) == {(what, round(much, 9), which) for what, much, which in wanted[client.code]}


def lacking(client: selectors.Behind) -> set[tuple[str, Fraction, str]]:
    return {
        (lack.need.value, round(Fraction(lack.amount), 9), " ".join(map(str, lack.detail))) for lack in client.lacks
    }


def test_nearest_come_first(base: Base) -> None:
    """A step that is smaller, or a visit that was made already, before what is further away."""
    territory = Territory.objects.get(code="ROOT")
    for key in ("overdue_share", "system_payments", "order_margin", "visit_rate", "distribution", "okb"):
        found = everybody(Coordinates(key, territory, *PERIODS[0]), outside=True)
        steps = [sum(lack.amount for lack in client.lacks if lack.need is not Need.TARGET) for client in found]
        far = [any(lack.need is Need.TARGET for lack in client.lacks) for client in found]
        assert [*zip(far, steps, strict=True)] == sorted(zip(far, steps, strict=True)), key
    order = [Need.AMOUNT, Need.SKUS, Need.ORDER_AFTER_VISIT, Need.ORDER_AT_VISIT, Need.ORDER]
    found = everybody(Coordinates("akb", territory, *PERIODS[0]), outside=True)
    ranks = [max(order.index(lack.need), 1) for client in found for lack in client.lacks[:1]]
    assert ranks == sorted(ranks)


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
