"""The page of charts: every mark leads to its clients, by mouse and by keyboard; axe finds nothing at either width."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import NARROW, Open
from tests.browser.site import Site
from tests.browser.test_accessibility import assert_accessible_at_both_widths
from tests.browser.test_kpi import number
from tests.browser.test_narrow import assert_fits

pytestmark = pytest.mark.browser
CHARTS = ("base", "flow", "abcde", "ranks", "rfm", "pareto")


def chart(page: Page, key: str) -> Locator:
    return page.locator(f"section[aria-labelledby=chart-{key}]")


def heading_number(page: Page) -> float | None:
    return number(page.locator("h1 .num").inner_text())


def rows_listed(page: Page) -> int:
    found = page.locator(".behind tbody tr").count()
    while (onward := page.get_by_role("link", name="Дальше")).count():
        onward.click()
        page.wait_for_load_state()
        found += page.locator(".behind tbody tr").count()
    return found


def test_from_the_matrix_one_comes_to_the_charts_of_the_same_node_and_period(open_as: Open, site: Site) -> None:
    page = open_as("head", "/kpi/?by=channel")
    period = page.locator(".period-menu summary").inner_text()
    page.get_by_role("navigation", name="KPI").get_by_role("link", name="Графики").click()
    expect(page.locator(".period-menu summary")).to_have_text(period)
    expect(page.get_by_role("link", name="Графики")).to_have_attribute("aria-current", "page")
    for key in CHARTS:
        expect(chart(page, key)).to_be_visible()


def test_a_segment_of_the_flow_opens_its_clients(open_as: Open) -> None:
    page = open_as("head", "/kpi/charts/")
    mark = chart(page, "flow").locator("svg.plot a").last
    wanted = number((mark.locator("title").text_content() or "").rsplit(",", 1)[1])
    mark.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("→")
    assert heading_number(page) == wanted == rows_listed(page)
    page.get_by_role("link", name="Графики").click()
    expect(chart(page, "flow")).to_be_visible()


def test_a_cell_of_the_ranks_opens_as_many_clients_as_it_says(open_as: Open, site: Site) -> None:
    page = open_as("head", "/kpi/charts/")
    cell = chart(page, "ranks").locator("td a").first
    wanted = number(cell.locator("b").inner_text())
    cell.click()
    expect(page.locator(".behind tbody tr").first).to_be_visible()
    assert heading_number(page) == wanted == rows_listed(page)


def test_what_is_drawn_is_reached_by_keyboard_through_the_table(open_as: Open) -> None:
    page = open_as("head", "/kpi/charts/")
    panel = chart(page, "pareto")
    expect(panel.locator("svg.plot")).to_have_attribute("aria-hidden", "true")
    panel.get_by_text("То же таблицей").focus()
    page.keyboard.press("Enter")
    expect(panel.get_by_role("table")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    focused = page.locator(":focus")
    wanted = number(focused.inner_text())
    page.keyboard.press("Enter")
    expect(page.locator(".behind tbody tr").first).to_be_visible()
    assert heading_number(page) == wanted


def test_the_flow_of_another_part_is_chosen_and_survives_another_period(open_as: Open) -> None:
    page = open_as("head", "/kpi/charts/")
    parts = page.get_by_role("group", name="Часть базы")
    parts.get_by_role("link", name="Потерянные").click()
    expect(parts.get_by_role("link", name="Потерянные")).to_have_attribute("aria-current", "true")
    page.get_by_role("group", name="Длина периода").get_by_role("link", name="Месяц").click()
    expect(page.get_by_role("group", name="Длина периода").get_by_role("link", name="Месяц")).to_have_attribute(
        "aria-current", "true"
    )
    expect(parts.get_by_role("link", name="Потерянные")).to_have_attribute("aria-current", "true")


def test_another_node_shows_its_own_charts(open_as: Open, site: Site) -> None:
    page = open_as("head", "/kpi/charts/")
    select = page.get_by_label("Территория", exact=True)
    code = select.locator("option").nth(1).get_attribute("value")
    name = select.locator("option").nth(1).inner_text().strip()
    select.select_option(code)
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    query = dict(re.findall(r"(territory|from|to)=([^&]+)", page.url))
    found = site.api("kpi/charts/ranks/", territory=query["territory"], from_=query["from"], to=query["to"])
    total = sum(cell["clients"] for cell in found["cells"])
    shown = chart(page, "ranks").locator("tbody .cells-sum").all_inner_texts()
    assert sum(number(one) or 0 for one in shown) == total


@pytest.mark.parametrize("language", ["ru", "en"])
def test_axe_finds_nothing_on_charts_and_their_lists(open_as: Open, language: str) -> None:
    page = open_as("head", "/kpi/charts/", language=language)
    assert_accessible_at_both_widths(page)
    for summary in page.locator(".chart-table summary").all():
        summary.click()
    assert_accessible_at_both_widths(page)
    page.locator(".cells a").first.click()
    page.locator(".behind").first.wait_for()
    assert_accessible_at_both_widths(page)


def test_on_a_phone_the_charts_fit(open_as: Open) -> None:
    page = open_as("head", "/kpi/charts/", size=NARROW)
    assert_fits(page)
    for key in CHARTS:
        box = chart(page, key).bounding_box()
        assert box
        assert box["x"] + box["width"] <= NARROW[0]
        assert chart(page, key).evaluate("panel => panel.scrollWidth <= panel.clientWidth"), key
