from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Role
from config import ui
from kpi import pages, periods
from kpi.metrics import BY_KEY, METRICS
from tests import make
from tests.make import signed_in

pytestmark = pytest.mark.django_db

FILES = {
    "territories": "code,name,parent_code\nRU,Россия,\nR1,Север,RU\nR2,Юг,RU\n",
    "channels": "code,name\nRET,Розница\n",
    "products": "sku,name,category\nS1,Сок,Соки\n",
    "clients": "code,name,territory_code,channel_code,opened_on\n"
    "K1,Первый,R1,RET,2025-01-01\nK2,Второй,R1,,2025-01-01\nK3,Третий,R2,RET,2025-01-01\n",
    "invoices": "invoice,date,client_code,sku,quantity,amount,cost\n"
    "N1,2026-01-10,K1,S1,1,100,60\nN2,2026-02-10,K3,S1,1,300,200\nN3,2026-03-10,K1,S1,1,100,60\n",
}


@pytest.fixture(autouse=True)
def _plain_static_files(settings: Any) -> None:
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }


def test_the_matrix_opens_with_the_latest_complete_quarter(load: Callable[..., int]) -> None:
    load(**FILES)
    text = signed_in(make.user(Role.ADMIN)).get("/kpi/").content.decode()
    assert "Quarter I 2026" in text
    assert "Россия" in text
    assert "Север" in text


def test_behind_a_cell_are_its_clients(load: Callable[..., int]) -> None:
    load(**FILES)
    browser = signed_in(make.user(Role.ADMIN))
    text = browser.get("/kpi/akb/clients/?territory=RU&from=2026-01&to=2026-03").content.decode()
    assert "Первый" in text
    assert "Третий" in text
    assert "Второй" not in text
    only = browser.get("/kpi/okb/clients/?territory=RU&from=2026-01&to=2026-03&channel=").content.decode()
    assert "Второй" in only
    assert "Первый" not in only


def test_a_node_one_may_not_see_is_a_404(load: Callable[..., int]) -> None:
    load(**FILES)
    own = make.territory()
    browser = signed_in(make.user(Role.SUPERVISOR, own))
    assert browser.get("/kpi/", {"territory": own.code}).status_code == 200
    assert browser.get("/kpi/?territory=R1").status_code == 404
    assert browser.get("/kpi/akb/clients/?territory=R1").status_code == 404


def test_a_period_that_makes_no_sense_is_said_so(load: Callable[..., int]) -> None:
    load(**FILES)
    browser = signed_in(make.user(Role.ADMIN))
    for query in ("from=2026-13", "from=2026-03&to=2026-01", "from=x"):
        assert browser.get(f"/kpi/?{query}").status_code == 400
    assert browser.get("/kpi/nonsense/clients/").status_code == 404


def test_the_calendar_has_an_end(load: Callable[..., int]) -> None:
    load(**FILES)
    browser = signed_in(make.user(Role.ADMIN))
    for month in ("9999-12", "0001-01"):
        assert browser.get("/kpi/", {"from": month}).status_code == 200


def test_what_no_database_can_hold_is_refused_or_left_out(load: Callable[..., int]) -> None:
    load(**FILES)
    browser = signed_in(make.user(Role.ADMIN))
    assert browser.get("/kpi/akb/clients/?after=1e99999&after_code=x").status_code == 200
    for address in ("/kpi/?territory=%00", "/clients/%00/", "/clients/?search=%00"):
        assert browser.get(address).status_code == 400


def test_who_has_no_territory_yet_is_told_so() -> None:
    assert "No territory yet" in signed_in(make.user(Role.REP)).get("/kpi/").content.decode()


def test_every_metric_has_a_column_and_a_list_behind_it() -> None:
    assert {metric.key for metric in pages.COLUMNS} == {metric.key for metric in METRICS}
    assert all(pages.figures(metric.key) for metric in METRICS)


@pytest.mark.parametrize(
    ("key", "value", "total", "tone"),
    [
        ("okb_coverage", "0.8", "0.7", "good"),
        ("okb_coverage", "0.6", "0.7", "bad"),
        ("okb_coverage", "0.72", "0.7", ""),
        ("overdue_share", "0.8", "0.5", "bad"),
        ("order_cost", "50", "100", "good"),
        ("okb", "1", "100", ""),
    ],
)
def test_a_ratio_is_toned_by_what_is_better_for_it(key: str, value: str, total: str, tone: str) -> None:
    assert pages._tone(BY_KEY[key], Decimal(value), Decimal(total)) == tone


def test_neighbours_of_a_period_are_as_long() -> None:
    after = periods.neighbour(date(2026, 1, 1), date(2026, 3, 31), 1)
    before = periods.neighbour(date(2026, 1, 1), date(2026, 2, 28), -1)
    assert after
    assert before
    assert (after.first, after.last) == ("2026-04", "2026-06")
    assert (before.first, before.last) == ("2025-11", "2025-12")


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (ui.count(1234567), "1\u202f234\u202f567"),
        (ui.share(Decimal("0.25125")), "25.1\u202f%"),
        (ui.share(None), "—"),
        (ui.money(Decimal("-1234.5")), "−1\u202f235\u202f₽"),
        (ui.quantity(Decimal("2.500000")), "2.5"),
    ],
)
def test_numbers_are_shown_by_their_unit(shown: str, text: str) -> None:
    assert shown.replace(",", ".") == text
