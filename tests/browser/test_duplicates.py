"""Possible duplicates by browser: the demo enters some outlets twice."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NARROW, WIDE, Open
from tests.browser.site import Site
from tests.browser.test_accessibility import assert_accessible_at_both_widths
from tests.browser.test_narrow import assert_fits

pytestmark = pytest.mark.browser
CHECK = "from clients.duplicates import services\nwhile services.check_some(): pass"


@pytest.fixture
def pairs(site: Site, open_as: Open) -> Page:
    """The list, with everything compared that there is."""
    site.manage("shell", "-v0", "-c", CHECK)
    return open_as("head", "/duplicates/")


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_two_cards_are_compared_merged_and_taken_apart_again(pairs: Page, size: tuple[int, int]) -> None:
    page = pairs
    assert_accessible_at_both_widths(page)
    page.set_viewport_size({"width": size[0], "height": size[1]})
    assert_fits(page)
    page.get_by_role("link", name="Сравнить и объединить").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Объединение двух клиентов")
    assert_accessible_at_both_widths(page)
    page.set_viewport_size({"width": size[0], "height": size[1]})
    loser = page.locator(".dispute > div").nth(1).locator("p.muted").last.inner_text()
    page.get_by_role("button", name="Объединить").click()
    merged = page.get_by_role("region", name="Объединены с этим клиентом")
    expect(merged).to_contain_text(loser)
    assert_fits(page)
    merged.get_by_role("button", name="Отменить объединение").click()
    expect(page.locator(".card-facts")).to_contain_text(loser)


def test_not_a_duplicate_goes_off_the_list_and_can_be_taken_back_by_keyboard(pairs: Page) -> None:
    page = pairs
    count = page.locator("article.twins").count()
    page.get_by_role("button", name="Не дубль").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("article.twins")).to_have_count(count - 1)
    expect(page.get_by_role("button", name="Отменить", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="сравнят заново")).to_be_visible()


def test_while_a_client_is_entered_the_one_that_is_there_already_is_named(open_as: Open, site: Site) -> None:
    there = site.api_pages("clients/", "rep")[0]
    page = open_as("rep", "/new-client/")
    page.get_by_label("Наименование").fill(there["name"])
    page.get_by_label("Адрес").fill(there["address"])
    page.get_by_label("Телефон").fill(there["phone"])
    found = page.locator(".look-alikes")
    expect(found).to_contain_text(there["code"])
    assert_accessible_at_both_widths(page)
    page.get_by_label("Наименование").fill("Совсем другое имя 4711")
    page.get_by_label("Адрес").fill("")
    page.get_by_label("Телефон").fill("")
    expect(found).not_to_contain_text(there["code"])
