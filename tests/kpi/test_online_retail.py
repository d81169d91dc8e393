"""The published numbers of the online-retail data (spec/kpi.md)."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import transaction
from pytest_django import DjangoDbBlocker

from kpi import selectors
from kpi.selectors import By
from territories.models import Territory
from tests.conftest import ONLINE_RETAIL


@pytest.fixture(scope="module")
def online_retail(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    with django_db_blocker.unblock(), transaction.atomic():
        call_command("load", ONLINE_RETAIL, rejected=tmp_path_factory.mktemp("retail") / "rejected.csv")
        yield
        transaction.set_rollback(True)


@pytest.mark.slow
def test_online_retail_quarter(online_retail: None) -> None:
    found = selectors.matrix(
        territory=Territory.objects.get(code="ROOT"), d0=date(2011, 4, 1), d1=date(2011, 6, 30), by=By.CHILDREN
    )
    assert {
        "okb": 4372, "pakb": 0, "akb": 1988, "stable_akb": 221, "category_akb": 101, "visit_plan": 0,
        "orders": 3660, "effective_orders": 1593, "visit_rate": None,
    }.items() <= found.total.metrics.items()  # fmt: skip
    assert f"{Decimal(found.total.metrics['order_margin'] or 0):.6f}" == "459.648112"
    assert len(found.rows) == 37
    assert sum(row.metrics["akb"] or 0 for row in found.rows) == 1988


@pytest.mark.slow
def test_online_retail_split(online_retail: None) -> None:
    assert Counter(status for _code, status in selectors.split(date(2011, 6, 30))) == {
        "active": 1016,
        "lost": 1944,
        "potential": 1412,
    }


@pytest.mark.slow
def test_online_retail_categories(online_retail: None) -> None:
    categories = Counter(row[3] or "" for row in selectors.ranks(date(2011, 11, 30)))
    assert categories == {"A": 242, "B": 935, "C": 1448, "D": 1652, "E": 54, "": 41}
