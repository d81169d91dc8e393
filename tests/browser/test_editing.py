import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.site import Site

pytestmark = pytest.mark.browser
Row = dict[str, Any]


def save(page: Page) -> None:
    page.get_by_role("button", name="Сохранить").click()


def test_an_error_stands_beside_its_field_and_what_was_typed_stays(open_as: Open, site: Site, own: list[Row]) -> None:
    code = own[1]["code"]
    page = open_as("rep", f"/clients/{code}/edit/")
    page.get_by_label("Эл. почта").fill("nobody")
    page.get_by_label("Адрес").fill("г. Казань, ул. Новая, д. 7")
    save(page)
    expect(page.get_by_role("alert")).to_contain_text("Ничего не сохранено")
    error = page.locator(".form-row", has=page.get_by_label("Эл. почта")).locator(".form-error")
    expect(error).to_be_visible()
    expect(page.locator(".form-error")).to_have_count(1)
    expect(page.get_by_label("Эл. почта")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Эл. почта")).to_have_accessible_description(error.inner_text())
    expect(page.get_by_label("Адрес")).to_have_value("г. Казань, ул. Новая, д. 7")
    assert site.api_pages("clients/", search=code)[0]["address"] == own[1]["address"]

    page.get_by_label("Эл. почта").fill("shop@pochta.example")
    save(page)
    expect(page.get_by_role("status")).to_contain_text("Сохранено.")
    stored = site.api_pages("clients/", search=code)[0]
    assert (stored["email"], stored["address"]) == ("shop@pochta.example", "г. Казань, ул. Новая, д. 7")


def test_of_two_people_who_edit_at_once_neither_loses_anything(open_as: Open, site: Site, own: list[Row]) -> None:
    code = own[2]["code"]
    quick, slow = (open_as(role, f"/clients/{code}/edit/") for role in ("supervisor", "rep"))
    quick.get_by_label("Телефон").fill("+7 (900) 000-00-01")
    quick.get_by_label("Адрес").fill("Адрес супервайзера, 1")
    save(quick)
    expect(quick.get_by_role("status")).to_contain_text("Сохранено.")

    slow.get_by_label("Телефон").fill("+7 (900) 000-00-02")
    slow.get_by_label("Эл. почта").fill("rep@pochta.example")
    save(slow)
    expect(slow.get_by_role("heading", level=1)).to_have_text("Пока вы правили, клиента сохранил кто-то ещё")
    phone = slow.get_by_role("group", name="Телефон")
    expect(phone).to_contain_text(f"Было: {own[2]['phone']}")
    expect(phone.get_by_role("radio", name="Сохранено сейчас")).to_have_value("+7 (900) 000-00-01")
    expect(phone.get_by_role("radio", name="Ваше")).to_have_value("+7 (900) 000-00-02")
    # Changed by one side only, so proposed
    expect(slow.get_by_role("group", name="Адрес").get_by_role("radio", name="Сохранено сейчас")).to_be_checked()
    expect(slow.get_by_role("group", name="Эл. почта").get_by_role("radio", name="Ваше")).to_be_checked()
    assert site.api_pages("clients/", search=code)[0]["phone"] == "+7 (900) 000-00-01"

    phone.get_by_role("radio", name="Ваше").check()
    slow.get_by_role("button", name="Сохранить выбранное").click()
    expect(slow.get_by_role("status")).to_contain_text("Сохранено.")
    stored = site.api_pages("clients/", search=code)[0]
    assert (stored["phone"], stored["address"], stored["email"]) == (
        "+7 (900) 000-00-02", "Адрес супервайзера, 1", "rep@pochta.example",
    )  # fmt: skip
    slow.get_by_role("heading", name="История", exact=True).scroll_into_view_if_needed()
    expect(slow.locator(".event", has_text="+7 (900) 000-00-01")).to_have_count(2)  # theirs came, and was replaced


def test_a_lost_client_asks_for_the_reason_and_takes_it(open_as: Open, own: list[Row]) -> None:
    page = open_as("rep", "/clients/?status=lost")
    page.locator(".filter summary", has_text="Причина потери").click()
    page.get_by_label("Причина не указана").check()
    page.get_by_role("button", name="Показать").click()
    expect(page).to_have_url(re.compile("reason=-"))
    page.locator("tbody .cell-name a").first.click()
    name = page.get_by_role("heading", level=1).inner_text()
    page.get_by_label("Почему клиент потерян?").select_option("debt")
    reason = page.get_by_label("Почему клиент потерян?").locator("option:checked").inner_text()
    save(page)
    expect(page.get_by_role("status")).to_contain_text("Сохранено.")
    expect(page.get_by_label("Почему клиент потерян?")).to_have_count(0)
    expect(page.get_by_role("complementary", name="Сведения")).to_contain_text(reason)
    page.goto(f"/clients/?status=lost&search={name}")
    expect(page.locator("tbody tr", has_text=name).first).to_contain_text(reason)


def test_leaving_a_form_with_changes_in_it_asks_first(open_as: Open, own: list[Row]) -> None:
    page = open_as("rep", f"/clients/{own[3]['code']}/edit/")
    asked: list[str] = []

    def stay(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.get_by_label("Телефон").press("End")
    page.get_by_label("Телефон").press_sequentially("1")
    page.get_by_role("link", name="Отмена").click(no_wait_after=True)
    expect(page.get_by_label("Телефон")).to_have_value(f"{own[3]['phone']}1")
    assert asked == ["beforeunload"]
