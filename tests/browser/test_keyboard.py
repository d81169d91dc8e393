import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open

pytestmark = pytest.mark.browser


def press_until(page: Page, selector: str, key: str = "Tab", most: int = 30) -> int:
    """How many times `key` is pressed until the focus is there; the focus can be seen all the way."""
    for times in range(1, most + 1):
        page.keyboard.press(key)
        assert page.evaluate("() => document.activeElement.matches(':focus-visible')"), "the focus is not to be seen"
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return times
    raise AssertionError(f"{most} times {key} do not lead to {selector}")


def test_a_slash_goes_to_the_search_and_is_not_typed_into_it(open_as: Open) -> None:
    page = open_as("rep", "/clients/")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("a/b")
    expect(page.get_by_role("searchbox")).to_have_value("a/b")


def test_the_first_tab_offers_to_skip_the_menu(open_as: Open) -> None:
    page = open_as("rep", "/clients/")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Перейти к содержанию")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    assert press_until(page, "#search") == 1


def test_tab_goes_from_the_search_to_the_tabs_the_filters_and_the_list(open_as: Open) -> None:
    page = open_as("head", "/clients/")
    page.keyboard.press("/")
    assert press_until(page, "a.tab.is-active") == 6  # after the actions of the list
    assert press_until(page, "a.tab.is-lost") == 2
    page.keyboard.press("Enter")
    expect(page.locator("a.tab.is-lost")).to_have_attribute("aria-current", "page")
    page.keyboard.press("/")
    order = [press_until(page, selector) for selector in ("a.tab.is-all", ".filters summary", "tbody .cell-name a")]
    assert order[0] == 11
    page.keyboard.press("Enter")
    expect(page.locator(".card-head")).to_be_visible()


def test_escape_closes_a_menu_and_gives_the_focus_back(open_as: Open) -> None:
    page = open_as("head", "/kpi/")
    summary = page.locator(".period-menu summary")
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("С месяца")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(page.get_by_label("С месяца")).to_be_hidden()
    expect(summary).to_be_focused()
