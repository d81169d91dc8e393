"""The page of targets, and targets in the matrix and its workbook."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.test import Client as Browser
from python_calamine import CalamineWorkbook

from accounts.models import Role
from kpi.targets.models import Target
from territories.models import Territory
from tests import make
from tests.kpi.targets.test_services import FILES, node, put, stands
from tests.make import signed_in

pytestmark = pytest.mark.django_db
ADDRESS = "/kpi/targets/?territory=RU&from=2026-04&to=2026-06&group=base"
MATRIX = "territory=RU&from=2026-04&to=2026-06&by=children"
IN_Q2 = FILES["invoices"] + "N6,2026-05-10,K1,S1,1,100\nN7,2026-05-10,K4,S1,1,100\n"


@pytest.fixture(autouse=True)
def _plain_static_files(settings: Any) -> None:
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }


@pytest.fixture
def browser(load: Callable[..., int]) -> Browser:
    load(**FILES | {"invoices": IN_Q2})
    return signed_in(make.user(Role.HEAD, node("RU")))


def field(code: str, key: str = "akb") -> str:
    return f"t-{Territory.objects.get(code=code).pk}-{key}"


def test_what_is_typed_is_saved_and_the_sum_is_checked(browser: Browser) -> None:
    first = browser.post(ADDRESS, {"what": "save", field("RU"): "1 000", f"was-{field('RU')}": ""}, follow=True)
    assert "1 target saved" in first.content.decode()
    assert "not split yet" in first.content.decode()
    sent = {field(code): number for code, number in (("R1", "600"), ("R2", "300"), ("R3", "50"))}
    text = browser.post(ADDRESS, sent | {"what": "save"}, follow=True).content.decode()
    assert "below: 950, 50 left" in text
    sent = {field("R3"): "100", f"was-{field('R3')}": "50", "what": "save"}
    assert "the parts add up" in browser.post(ADDRESS, sent, follow=True).content.decode()
    sent = {field("R3"): "120", f"was-{field('R3')}": "100", "what": "save"}
    assert (
        "below: 1 020, too much (−20)".replace("1 020", "1\u202f020")
        in browser.post(ADDRESS, sent, follow=True).content.decode()
    )


def test_nonsense_is_shown_where_it_was_typed_and_nothing_is_saved(browser: Browser) -> None:
    answer = browser.post(ADDRESS, {"what": "save", field("R1"): "5", field("R2"): "lots"})
    assert answer.status_code == 400
    text = answer.content.decode()
    assert "Not a number" in text
    assert 'value="lots"' in text
    assert 'value="5"' in text
    assert not Target.objects.exists()


def test_one_metric_is_split_down_the_tree_by_one_button(browser: Browser) -> None:
    address = "/kpi/targets/?territory=RU&from=2026-04&to=2026-06&metric=akb"
    browser.post(address, {"what": "save", field("RU"): "10"})
    text = browser.post(address, {"what": "split", "how": "previous", "deep": "on"}, follow=True).content.decode()
    assert "5 targets made by splitting" in text
    assert "Улица" in text
    assert stands() == {"RU": 10, "R1": 8, "R2": 2, "R3": 0, "R11": 5, "R12": 3}
    again = browser.post(address, {"what": "split", "how": "year", "keep": "on"}, follow=True).content.decode()
    assert stands()["R3"] == 10
    assert "3 targets made by splitting" in again


def test_a_change_by_somebody_else_meanwhile_is_told(browser: Browser) -> None:
    put(make.user(Role.ADMIN), {("R1", "akb"): 7})
    sent = {"what": "save", field("R1"): "8", f"was-{field('R1')}": ""}
    assert "somebody else has just set 7" in browser.post(ADDRESS, sent, follow=True).content.decode()
    assert stands() == {"R1": 7}


def test_a_supervisor_sees_the_target_of_their_node_without_a_field_for_it(browser: Browser) -> None:
    put(make.user(Role.ADMIN), {("R1", "akb"): 7})
    supervisor = signed_in(make.user(Role.SUPERVISOR, node("R1")))
    address = "/kpi/targets/?territory=R1&from=2026-04&to=2026-06&group=base"
    text = supervisor.get(address).content.decode()
    assert field("R11") in text
    assert field("R1") not in text
    assert supervisor.post(address, {"what": "save", field("R1"): "8"}).status_code == 403
    assert stands() == {"R1": 7}


def test_beside_a_number_of_the_matrix_stands_its_target_and_how_much_of_it_is_reached(browser: Browser) -> None:
    put(make.user(Role.ADMIN), {("RU", "akb"): 4, ("R1", "akb"): 1, ("R2", "okb_coverage"): "0.5"})
    text = browser.get(f"/kpi/?{MATRIX}").content.decode()
    assert "of 4 · 50,0".replace(",", ".") in text.replace("\u202f", "")
    assert "of 1 · 100.0%" in text.replace("\u202f", "")
    assert "of 50.0% · 200.0%" in text.replace("\u202f", "")
    plain = browser.get(f"/kpi/?{MATRIX}&chosen=1&group=base").content.decode()
    assert "of 4" not in plain


def test_the_workbook_has_the_targets_of_the_page(browser: Browser) -> None:
    put(make.user(Role.ADMIN), {("RU", "akb"): 4, ("R1", "akb"): 1})
    made = browser.get(f"/kpi/matrix.xlsx?{MATRIX}").content
    rows = CalamineWorkbook.from_filelike(BytesIO(made)).get_sheet_by_index(0).to_python()
    at = rows[3].index("Active client base")
    assert rows[3][at + 1 : at + 3] == ["Target", "% of the target"]
    assert rows[4][at : at + 3] == [2, 4, 0.5]
    assert rows[5][at : at + 3] == [1, 1, 1]
    assert rows[6][at : at + 3] == [1, "—", "—"]
    assert rows[3].count("Target") == 1  # only where there is any
    assert rows[2][rows[3].index("Coverage of the planned base")] == "Coverage"


def test_a_manager_s_target_is_that_of_the_node_or_the_sum_of_several(browser: Browser) -> None:
    make.user(Role.REP, node("R11"), full_name="One")
    make.user(Role.REP, node("R11"), node("R12"), full_name="Two")
    put(make.user(Role.ADMIN), {("R11", "akb"): 3, ("R12", "akb"): 4, ("R11", "stability"): "0.5"})
    made = browser.get(f"/kpi/matrix.xlsx?{MATRIX.replace('children', 'manager')}").content
    rows = CalamineWorkbook.from_filelike(BytesIO(made)).get_sheet_by_index(0).to_python()
    akb, stable = rows[3].index("Active client base"), rows[3].index("Stability of the active base")
    found = {row[0]: (row[akb + 1], row[stable + 1]) for row in rows[5:]}
    assert found == {"One": (3, 0.5), "Two": (7, "—")}


def test_the_api_says_of_targets_nothing(browser: Browser) -> None:
    put(make.user(Role.ADMIN), {("RU", "akb"): 4})
    answer = browser.get("/api/v1/kpi/?territory=RU&from=2026-04&to=2026-06&by=children").json()
    assert set(answer) == {"territory", "from", "to", "metrics", "groups"}
    assert all(set(group) == {"code", "name", "metrics"} for group in answer["groups"])
