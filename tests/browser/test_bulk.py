"""Editing where a field stands, choosing clients and changing many at once, by keyboard alone."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NARROW, Open
from tests.browser.site import Site
from tests.browser.test_accessibility import assert_accessible, assert_accessible_at_both_widths

pytestmark = pytest.mark.browser
Row = dict[str, Any]


def cell(page: Page, code: str, name: str) -> Any:
    return page.locator(f'[data-cells*="/{code}/"] [data-cell={name}]')


def edit(page: Page, code: str, name: str) -> Any:
    """Opens a cell by its button and Enter; returns its field, which has the focus."""
    cell(page, code, name).locator(".cell-edit").focus()
    page.keyboard.press("Enter")
    field = cell(page, code, name).locator(".cell-form").locator("input:not([type=hidden]), select").first
    expect(field).to_be_focused()
    return field


def stored(site: Site, code: str) -> Row:
    return next(one for one in site.api_pages("clients/", search=code) if one["code"] == code)


@pytest.fixture
def two(open_as: Open, site: Site) -> tuple[Page, str, str]:
    """The list of the representative, and the codes of its first two clients."""
    page = open_as("rep", "/clients/")
    rows = page.locator("tbody tr[data-cells]")
    codes = [str(rows.nth(number).get_attribute("data-cells")).split("/")[2] for number in (0, 1)]
    return page, codes[0], codes[1]


def test_enter_saves_esc_leaves_tab_goes_on_and_ctrl_z_undoes(two: tuple[Page, str, str], site: Site) -> None:
    page, code, _other = two
    page.goto(f"/clients/?status=all&search={code}")
    former = stored(site, code)["name"]
    edit(page, code, "name")
    page.keyboard.type("Другое имя")
    page.keyboard.press("Escape")
    expect(cell(page, code, "name")).to_contain_text(former)
    expect(cell(page, code, "name").locator(".cell-edit")).to_be_focused()
    assert stored(site, code)["name"] == former

    edit(page, code, "name")
    page.keyboard.type("Лавка на углу")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Сохранено.")).to_be_visible()
    expect(cell(page, code, "name").get_by_role("link")).to_have_text("Лавка на углу")
    expect(cell(page, code, "name").locator(".cell-edit")).to_be_focused()
    assert stored(site, code)["name"] == "Лавка на углу"
    assert_accessible(page)

    page.keyboard.press("Control+z")
    expect(page.get_by_role("status").filter(has_text="Отменено.")).to_be_visible()
    expect(cell(page, code, "name").get_by_role("link")).to_have_text(former)
    assert stored(site, code)["name"] == former

    edit(page, code, "name")
    page.keyboard.type("Лавка за углом")
    page.keyboard.press("Tab")  # saves, and opens the next one
    expect(cell(page, code, "counterparty").locator("input[name=counterparty]")).to_be_focused()
    assert stored(site, code)["name"] == "Лавка за углом"
    assert_accessible(page)
    page.keyboard.press("Shift+Tab")
    expect(cell(page, code, "name").locator("input[name=name]")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowRight")
    expect(cell(page, code, "counterparty").locator(".cell-edit")).to_be_focused()


def test_a_representative_asks_for_what_needs_approval(two: tuple[Page, str, str], site: Site) -> None:
    page, _code, code = two
    former = stored(site, code)["channel"]
    field = edit(page, code, "channel")
    expect(cell(page, code, "channel")).to_contain_text("требует согласования")
    field.select_option(index=1 if field.locator("option").nth(1).get_attribute("selected") is None else 2)
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Отправлено на согласование: канал продаж.")).to_be_visible()
    assert stored(site, code)["channel"] == former
    page.keyboard.press("Control+z")
    expect(page.get_by_role("status").filter(has_text="Отменено.")).to_be_visible()


def test_who_comes_second_sees_all_three_values(two: tuple[Page, str, str], open_as: Open, site: Site) -> None:
    page, code, _other = two
    former = stored(site, code)["phone"]
    other = open_as("supervisor", f"/clients/{code}/")
    edit(page, code, "phone")
    edit(other, code, "phone")
    other.keyboard.type("+7 900 000-00-01")
    other.keyboard.press("Enter")
    expect(other.get_by_role("status").filter(has_text="Сохранено.")).to_be_visible()
    page.keyboard.type("+7 900 000-00-02")
    page.keyboard.press("Enter")
    dispute = cell(page, code, "phone").get_by_role("group")
    expect(dispute).to_contain_text(f"Было: {former or '—'}")
    expect(dispute.get_by_role("radio", name="Сохранено сейчас")).to_be_focused()
    assert_accessible_at_both_widths(page)
    page.keyboard.press("ArrowDown")
    expect(dispute.get_by_role("radio", name="Ваше")).to_be_checked()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Сохранено.")).to_be_visible()
    expect(dispute).to_have_count(0)  # which had shown the same number
    expect(cell(page, code, "phone")).to_contain_text("+7 900 000-00-02")
    assert stored(site, code)["phone"] == "+7 900 000-00-02"


def test_a_field_of_the_card_is_edited_on_a_phone(two: tuple[Page, str, str], open_as: Open, site: Site) -> None:
    _page, _other, code = two
    page = open_as("rep", f"/clients/{code}/", size=NARROW)
    edit(page, code, "email")
    page.keyboard.type("nobody")
    page.keyboard.press("Enter")
    expect(cell(page, code, "email").get_by_role("alert")).to_be_visible()
    expect(cell(page, code, "email").locator("input[name=email]")).to_be_focused()
    assert_accessible_at_both_widths(page)
    cell(page, code, "email").locator("input[name=email]").fill("shop@pochta.example")
    cell(page, code, "email").get_by_role("button", name="Сохранить").click()
    expect(cell(page, code, "email").get_by_role("link")).to_have_text("shop@pochta.example")
    page.get_by_role("button", name="Отменить").click()
    expect(cell(page, code, "email").get_by_role("link", name="shop@pochta.example")).to_have_count(0)


def ticks(page: Page) -> Any:
    return page.locator(".cell-pick [name=id]")


def test_a_range_a_page_and_what_is_on_another_page_are_chosen(open_as: Open) -> None:
    page = open_as("head", "/clients/?status=all")
    chosen = page.locator("[data-chosen]")
    ticks(page).nth(1).focus()
    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    expect(chosen).to_have_text("3")
    ticks(page).nth(9).click(modifiers=["Shift"])
    expect(chosen).to_have_text("9")
    expect(page.locator("tr.is-chosen")).to_have_count(9)
    page.get_by_role("link", name="Дальше").click()
    expect(page.locator("tr.is-chosen")).to_have_count(0)
    expect(chosen).to_have_text("9")
    page.get_by_role("checkbox", name="Выбрать всю страницу").check()
    expect(chosen).to_have_text("59")
    assert_accessible_at_both_widths(page)
    page.get_by_role("link", name="Потерянные").click()  # other clients: what was chosen is not among them
    expect(page.locator("#choosing")).to_be_hidden()


def test_many_are_changed_looked_at_first_and_taken_back_by_keyboard_alone(open_as: Open, site: Site) -> None:
    page = open_as("supervisor", "/clients/?status=all")
    for number in (0, 2):
        ticks(page).nth(number).focus()
        page.keyboard.press("Space")
    codes = [
        str(page.locator("tr.is-chosen").nth(number).get_attribute("data-cells")).split("/")[2] for number in (0, 1)
    ]
    former = [stored(site, code)["potential_monthly"] for code in codes]
    page.get_by_role("button", name="Изменить выбранных").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Изменить 2 выбранных клиентов")
    page.get_by_role("button", name="Показать, что изменится").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Отметьте, что нужно изменить.")
    assert_accessible_at_both_widths(page)
    page.get_by_label("Новое значение: потенциал").focus()
    page.keyboard.type("7 777")
    expect(page.get_by_role("checkbox", name="Потенциал")).to_be_checked()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Что произойдёт")).to_be_visible()
    expect(page.locator(".becomes li")).to_have_count(2)
    assert_accessible_at_both_widths(page)
    assert [stored(site, code)["potential_monthly"] for code in codes] == former
    page.get_by_role("button", name="Изменить 2 клиентов").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Что получилось")).to_be_visible(timeout=30_000)
    expect(page.locator(".tiles dd").first).to_have_text("2")
    assert_accessible_at_both_widths(page)
    assert [float(stored(site, code)["potential_monthly"]) for code in codes] == [7777, 7777]
    page.get_by_role("link", name="Посмотреть в истории или отменить").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Отменить").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Отменено")
    assert [stored(site, code)["potential_monthly"] for code in codes] == former


def test_all_that_match_are_chosen_with_the_filters_of_the_list(open_as: Open, site: Site) -> None:
    page = open_as("head", "/clients/?status=lost")
    number = len(site.api_pages("clients/", status="lost"))
    page.get_by_role("checkbox", name="Выбрать всю страницу").check()
    page.get_by_role("button", name="Изменить всех найденных").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(str(number))
