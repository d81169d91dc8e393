import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NARROW, Open
from tests.browser.test_accessibility import assert_accessible

pytestmark = pytest.mark.browser


def assert_fits(page: Page) -> None:
    """Nothing sticks out, so that the page does not scroll sideways."""
    assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0, page.url


def test_on_a_phone_the_list_leads_to_a_card_and_to_its_editing(open_as: Open) -> None:
    page = open_as("rep", "/clients/?status=lost", size=NARROW)
    assert_fits(page)
    row, name = page.locator("tbody tr").first, page.locator("tbody tr .cell-name").first
    box, inner = row.bounding_box(), name.bounding_box()
    assert box
    assert inner
    tick = page.locator("tbody tr .cell-pick").first.bounding_box()
    assert tick
    beside = box["width"] - tick["width"]
    assert inner["width"] > beside * 0.6  # a name is read as a line, not as a column of syllables
    row.locator(".cell-territory").click()  # the whole row is to be tapped
    expect(page.locator(".card-head")).to_be_visible()
    expect(page.locator("#visits .panel").first).to_be_visible()
    assert_fits(page)
    page.get_by_role("link", name="Изменить").click()
    expect(page.get_by_role("button", name="Сохранить")).to_be_in_viewport()
    assert_fits(page)
    page.get_by_role("navigation", name="Разделы").get_by_role("link", name="KPI").click()
    expect(page).to_have_title(re.compile("^KPI"))


def test_on_a_phone_every_metric_opens_into_its_parts_and_its_clients(open_as: Open) -> None:
    page = open_as("head", "/kpi/?by=route", size=NARROW)
    assert_fits(page)
    expect(page.locator(".matrix")).to_be_hidden()
    metric = page.locator("details.metric", has_text="(АКБ)")
    metric.locator("summary").click()
    parts = metric.locator("li a.num")
    expect(parts.first).to_be_visible()
    assert sum(int(text) for text in parts.all_inner_texts()) == int(metric.locator("summary b").inner_text())
    assert_fits(page)
    first = parts.first.inner_text()
    parts.first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f": {first}")
    expect(page.locator(".behind tbody tr").first).to_be_visible()
    assert_fits(page)


def test_on_a_phone_the_bottom_of_a_page_is_not_under_the_menu(open_as: Open) -> None:
    page = open_as("rep", "/clients/", size=NARROW)
    page.evaluate("() => scrollTo(0, document.body.scrollHeight)")
    pager, menu = page.locator(".pager").bounding_box(), page.locator(".rail-nav").bounding_box()
    assert pager
    assert menu
    assert pager["y"] + pager["height"] <= menu["y"]


@pytest.mark.parametrize("role", ["rep", "supervisor", "head", "admin", "analyst"])
def test_on_a_phone_five_entries_lead_to_every_section(open_as: Open, role: str) -> None:
    wide = open_as(role, "/clients/").get_by_role("navigation", name="Разделы")
    sections = wide.get_by_role("link").evaluate_all("(links) => links.map((link) => link.pathname)")
    page = open_as(role, "/clients/", size=NARROW)
    bar = page.get_by_role("navigation", name="Разделы")
    at_once = bar.get_by_role("link").count()
    assert at_once + bar.get_by_role("button").count() <= 5
    more = bar.get_by_role("button", name="Ещё")
    more.focus()
    page.keyboard.press("Enter")
    links = bar.get_by_role("link")
    assert links.evaluate_all("(links) => links.map((link) => link.pathname)") == sections
    assert_accessible(page)
    page.keyboard.press("Tab")
    expect(links.nth(at_once)).to_be_focused()
    page.keyboard.press("Escape")
    expect(more).to_be_focused()
    expect(links).to_have_count(at_once)
