from collections.abc import Callable
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from python_calamine import CalamineWorkbook

from accounts.models import Role
from clients.models import Interaction
from config import ui
from kpi import compared, pages, periods, services
from kpi.metrics import BY_KEY, METRICS
from kpi.models import MEASURES
from territories.models import Territory
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


def test_beside_a_cell_is_who_is_almost_in_it_and_what_each_lacks(load: Callable[..., int]) -> None:
    load(
        **FILES,
        rules="name,value\nakb_min_skus,2\n",
        visits="client_code,planned_on,done_at\nK2,2026-02-01,2026-02-01 10:00:00\n",
    )
    browser = signed_in(make.user(Role.ADMIN))
    text = browser.get("/kpi/akb/almost/?territory=RU&from=2026-01&to=2026-03").content.decode()
    assert text.index("1 SKU short") < text.index("Visit made, no order")
    assert (
        "Nobody is left outside"
        in browser.get("/kpi/okb/almost/?territory=RU&from=2026-01&to=2026-03").content.decode()
    )


def test_from_almost_tasks_are_made_for_who_looks_after_the_clients(load: Callable[..., int]) -> None:
    load(**FILES)
    supervisor = make.user(Role.SUPERVISOR, Territory.objects.get(code="R1"))
    address = "/kpi/akb/almost/?territory=R1&from=2026-02&to=2026-02"
    browser, asked = signed_in(supervisor), {"next_step": "Take an order", "next_on": "2026-03-02"}
    assert "Choose the clients first." in browser.post(address, asked).content.decode()
    for _twice in range(2):  # the second time there is such a step already
        assert browser.post(address, {**asked, "client": ["K1", "K2"]}).status_code == 302
    steps = Interaction.objects.order_by("client__code")
    assert [(step.client.code, step.next_step, step.next_on, step.author) for step in steps] == [
        (code, "Take an order", date(2026, 3, 2), supervisor) for code in ("K1", "K2")
    ]
    assert "neither visit nor order" in steps[0].said
    assert browser.post(address, {**asked, "client": ["K3"]}).status_code == 200  # not in this list: nothing is made
    assert len(steps.all()) == 2


def test_the_clients_behind_a_ratio_end_with_the_sums_it_is_made_of(load: Callable[..., int]) -> None:
    load(**FILES)
    text = signed_in(make.user(Role.ADMIN)).get("/kpi/okb_coverage/clients/?from=2026-01&to=2026-03").content.decode()
    foot = text[text.index("<tfoot>") :]
    assert [cell.split("<")[0] for cell in foot.split('data-label="')[1:3]] == ['AKB">2', 'OKB">3']


def test_a_client_moved_out_of_sight_is_said_to_be_in_the_number_but_not_shown(load: Callable[..., int]) -> None:
    load(**FILES)
    browser = signed_in(make.user(Role.SUPERVISOR, Territory.objects.get(code="R1")))
    address = "/kpi/okb/clients/?territory=R1&from=2026-01&to=2026-03"
    assert "in this number" not in browser.get(address).content.decode()
    load(clients="code,name,territory_code\nK2,Второй,R2\n")
    text = browser.get(address).content.decode()
    assert "1 more client counts in this number" in text
    assert "Первый" in text
    assert "Второй" not in text


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
    assert all(pages.figures(metric, dict.fromkeys(MEASURES, 0)) for metric in METRICS)


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


MARCH = "/kpi/?territory=RU&from=2026-03&to=2026-03&chosen=1&group=visits"


def test_the_matrix_shows_the_groups_and_comparisons_that_are_chosen(load: Callable[..., int]) -> None:
    load(**FILES)
    browser = signed_in(make.user(Role.ADMIN))
    for month in ("2026-02", "2026-03", "2025-03"):
        browser.get(f"/kpi/?territory=RU&from={month}&to={month}")
    text = browser.get(MARCH + "&show=previous&show=year").content.decode()
    assert ">Visits and orders</th>" in text
    assert ">Economics</th>" not in text
    assert 'title="February 2026: 1"' in text
    assert 'title="March 2025: 0"' in text
    assert '<svg class="spark"' not in text
    assert '<svg class="spark"' in browser.get(MARCH + "&show=spark").content.decode()


def test_every_row_has_its_line_of_periods_and_heat_its_legend(load: Callable[..., int]) -> None:
    orders = "N4,2026-02-10,K2,S1,1,30,10\nN5,2026-03-01,K2,S1,1,30,10\nN6,2026-03-02,K2,S1,1,30,10\n"
    load(**FILES | {"invoices": FILES["invoices"] + orders})
    services.refresh()
    browser = signed_in(make.user(Role.ADMIN))
    address = "/kpi/?territory=RU&from=2026-03&to=2026-03&chosen=1&group=visits&show=spark&show=heat&by="
    for by, lines in (("children", 2), ("channel", 2), ("category", 0)):
        text = browser.get(address + by).content.decode()
        assert text.count('<svg class="spark"') > 0
        rows = text[text.index('class="matrix-total"') :].split("<tr>")[1:]
        assert sum('<svg class="spark"' in row for row in rows) == lines, by
    assert "Fifths of a column" not in text
    load(
        territories="code,name,parent_code\nR3,Запад,RU\n",
        clients="code,name,territory_code,opened_on\nK4,Четвёртый,R3,2025-01-01\n",
        invoices="invoice,date,client_code,sku,quantity,amount,cost\nN7,2026-03-05,K3,S1,1,9,1\n",
    )
    services.refresh()
    assert "Fifths of a column" in browser.get(address + "children").content.decode()


def test_a_comparison_that_is_not_stored_is_said_to_be_counted_and_then_is(load: Callable[..., int]) -> None:
    load(**FILES)
    browser = signed_in(make.user(Role.ADMIN))
    assert "February 2026 is being counted" in browser.get(MARCH + "&show=previous").content.decode()
    services.refresh()
    assert "the difference to February 2026" in browser.get(MARCH + "&show=previous").content.decode()


def test_rows_can_be_managers_and_open_their_clients(load: Callable[..., int]) -> None:
    load(**FILES, staff="username,full_name,role,territory_code\nann,Анна Северная,rep,R1\nboss,Начальник,head,RU\n")
    browser = signed_in(make.user(Role.ADMIN))
    text = browser.get("/kpi/?territory=RU&by=manager&from=2026-01&to=2026-03").content.decode()
    assert "Анна Северная" in text
    assert "Начальник" not in text
    behind = browser.get("/kpi/okb/clients/?territory=RU&manager=ann&from=2026-01&to=2026-03").content.decode()
    assert "Первый" in behind
    assert "Третий" not in behind


def test_the_workbook_has_the_numbers_of_the_page_and_no_formulas(load: Callable[..., int]) -> None:
    load(**FILES | {"territories": "code,name,parent_code\nRU,Россия,\nR1,=1+1,RU\nR2,Юг,RU\n"})
    answer = signed_in(make.user(Role.ADMIN)).get(MARCH.replace("/kpi/", "/kpi/matrix.xlsx"))
    rows = CalamineWorkbook.from_filelike(BytesIO(answer.content)).get_sheet_by_index(0).to_python()
    assert rows[3][:4] == ["Territories", "Planned visits", "Orders", "Effective orders"]
    assert [row[:3] for row in rows[4:]] == [["Россия", 0, 1], ["'=1+1", 0, 1], ["Юг", 0, 0]]


def test_the_workbook_has_what_stands_beside_the_numbers_of_the_page(load: Callable[..., int]) -> None:
    load(**FILES)
    services.refresh()
    answer = signed_in(make.user(Role.ADMIN)).get(
        MARCH.replace("/kpi/", "/kpi/matrix.xlsx") + "&show=previous&show=spark"
    )
    book = CalamineWorkbook.from_filelike(BytesIO(answer.content))
    rows = book.get_sheet_by_index(0).to_python()
    assert rows[3][5:9] == ["Orders", "February 2026", "Difference to February 2026", "Line of 12 periods"]
    assert [row[5:8] for row in rows[4:]] == [[1, 1, 0], [1, 0, "—"], [0, 1, -100]]
    past = book.get_sheet_by_index(1).to_python()
    assert past[0][2:] == [
        periods.name(*periods.shifted(date(2026, 3, 1), date(2026, 3, 31), n)) for n in range(-11, 1)
    ]
    assert next(row for row in past if row[:2] == ["Север", "Orders"])[-3:] == [1, 0, 1]
    with ZipFile(BytesIO(answer.content)) as parts:
        assert "sparkline" in parts.read("xl/worksheets/sheet1.xml").decode()


@pytest.mark.parametrize(
    ("key", "values", "fifths"),
    [
        ("akb", [5, 1, 4, 2, 3, None], [5, 1, 4, 2, 3, 0]),
        ("overdue_share", [5, 1, 4, 2, 3, None], [1, 5, 2, 4, 3, 0]),
        ("akb", [7, 7, 7, 1], [0, 0, 0, 0]),
        ("akb", [30, 10, 20], [5, 1, 3]),
        ("order_cost", [10, 30, 10, 20], [4, 1, 4, 2]),
        ("akb", list(range(10)), [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]),
    ],
)
def test_heat_is_the_fifth_of_its_column_that_a_value_lies_in(
    key: str, values: list[int | None], fifths: list[int]
) -> None:
    assert compared.heat(BY_KEY[key], list(values)) == fifths


def test_a_line_of_twelve_goes_from_the_lowest_to_the_highest() -> None:
    assert compared.points([1, 3, None, 2]) == "0.0,15.0 5.8,1.0 17.5,8.0"
    assert compared.points([None, 5]) == ""


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
