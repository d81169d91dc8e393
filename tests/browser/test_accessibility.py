"""axe finds nothing on any page, at both widths, in both languages; nothing sticks out on a phone."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import NARROW, WIDE, Open

pytestmark = pytest.mark.browser
AXE = Axe()
PAGES = {
    "sign-in": "/login/",
    "list": "/clients/?status=lost&category=A",
    "card": "/clients/{code}/",
    "edit": "/clients/{code}/edit/",
    "day": "/day/",
    "kpi": "/kpi/?by=channel",
    "drill-down": "/kpi/overdue_share/clients/?channel=chain",
    "not found": "/clients/none/",
}


def assert_accessible(page: Page) -> None:
    found = AXE.run(page, options={"resultTypes": ["violations"]}).response["violations"]
    assert [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found] == [], page.url


def assert_accessible_at_both_widths(page: Page) -> None:
    for width, height in (WIDE, NARROW):
        page.set_viewport_size({"width": width, "height": height})
        assert_accessible(page)
    assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_on(open_as: Open, register: list[dict[str, Any]], name: str, language: str) -> None:
    # Whether a lost client's last invoices are still among the demo's months depends on the day.
    lost = max((one for one in register if one["status"] == "lost"), key=lambda one: one["last_order_on"] or "")
    page = open_as("" if name == "sign-in" else "head", PAGES[name].format(code=lost["code"]), language=language)
    if name == "card":
        page.locator(".fold").first.click()
        page.locator(".inner").wait_for()
        page.locator("#history-title").scroll_into_view_if_needed()
        page.locator(".event").first.wait_for()
    if name == "kpi":
        page.locator(".period-menu summary").click()
    assert_accessible_at_both_widths(page)


def test_axe_finds_nothing_on_a_form_with_errors_and_a_conflict(open_as: Open, own: list[dict[str, Any]]) -> None:
    page = open_as("rep", f"/clients/{own[4]['code']}/edit/")
    page.get_by_label("Эл. почта").fill("nobody")
    page.get_by_role("button", name="Сохранить").click()
    page.locator(".form-error").wait_for()
    assert_accessible_at_both_widths(page)
    page.goto(page.url)
    page.get_by_label("Телефон").fill("1")
    page.evaluate("""() => { document.querySelector('[name=version]').value = 0;
        document.querySelector('[name=initial-phone]').value = 'changed since' }""")
    page.get_by_role("button", name="Сохранить").click()
    page.locator(".dispute").wait_for()
    assert_accessible_at_both_widths(page)


def test_axe_finds_nothing_on_staff_and_territories(open_as: Open) -> None:
    page = open_as("head", "/staff/")
    assert_accessible_at_both_widths(page)
    page.locator("tbody tr", has_text="маршрут").first.locator("a").click()
    page.get_by_role("link", name="Передать дела").wait_for()
    assert_accessible_at_both_widths(page)
    page.get_by_role("link", name="Передать дела").click()
    page.get_by_label("Кто принимает").wait_for()
    assert_accessible_at_both_widths(page)
    page.goto("/staff/new/")
    page.get_by_label("Территория").press_sequentially("маршрут")
    page.locator("#territories option").first.wait_for(state="attached")
    page.get_by_role("button", name="Добавить").click()
    page.locator(".form-error").first.wait_for()
    assert_accessible_at_both_widths(page)
    page.goto("/territories/?territory=KZN")
    assert_accessible_at_both_widths(page)
