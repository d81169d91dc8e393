"""A change that needs approval, from the representative's form to the supervisor's decision and back."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.site import Site
from tests.browser.test_accessibility import assert_accessible_at_both_widths

pytestmark = pytest.mark.browser
Row = dict[str, Any]


def stored(site: Site, code: str) -> Row:
    return next(row for row in site.api_pages("clients/", search=code) if row["code"] == code)


def ask(page: Page, code: str, **fields: str) -> None:
    page.goto(f"/clients/{code}/edit/")
    for label, value in fields.items():
        field = page.get_by_label(label.replace("_", " "))
        field.select_option(value) if field.evaluate("one => one.tagName") == "SELECT" else field.fill(value)
    page.get_by_role("button", name="Сохранить").click()
    expect(page.locator(".card-head")).to_be_visible()


def another(page: Page, code: str) -> str:
    """A channel that the client doesn't have."""
    page.goto(f"/clients/{code}/edit/")
    options = page.get_by_label("Канал продаж").locator("option:not(:checked):not([value=''])")
    return options.first.inner_text()


def test_what_a_rep_asks_for_the_supervisor_approves_or_turns_down_and_the_rep_is_told(
    open_as: Open, site: Site, own: list[Row]
) -> None:
    code, name = own[5]["code"], own[5]["name"]
    rep = open_as("rep", f"/clients/{code}/edit/")
    channel = another(rep, code)
    ask(rep, code, Канал_продаж=channel, Дата_закрытия="2030-01-31", Телефон="+7 900 000-00-05")
    expect(rep.get_by_role("status")).to_contain_text("Сохранено.")
    expect(rep.get_by_role("status")).to_contain_text("Отправлено на согласование: канал продаж, дата закрытия.")
    expect(rep.locator(".note.is-wide")).to_contain_text("Ждёт согласования")
    assert_accessible_at_both_widths(rep)
    unread = int(re.sub(r"\D", "", rep.get_by_role("link", name="Уведомления").inner_text()) or "0")
    before = stored(site, code)
    assert (before["phone"], before["closed_on"], before["channel"]) == (
        "+7 900 000-00-05", own[5]["closed_on"], own[5]["channel"],
    )  # fmt: skip

    boss = open_as("supervisor", "/requests/")
    client = boss.get_by_role("region", name=name)
    row = client.locator(".asked-row", has_text="Канал продаж")
    expect(row.locator("ins")).to_have_text(channel)
    assert_accessible_at_both_widths(boss)
    # By keyboard alone: the tick, then the button it leads to.
    row.get_by_role("checkbox").focus()
    boss.keyboard.press("Space")
    boss.get_by_role("button", name="Согласовать", exact=True).focus()
    boss.keyboard.press("Enter")
    expect(boss.get_by_role("status")).to_contain_text("Согласован 1 запрос.")
    assert stored(site, code)["channel"] != own[5]["channel"]

    client.get_by_label("Дата закрытия").check()
    boss.get_by_role("button", name="Отклонить").click()
    expect(boss.get_by_role("status")).to_contain_text("Укажите причину отказа.")
    client.get_by_label("Дата закрытия").check()
    boss.get_by_label("Причина").fill("Точка работает")
    boss.get_by_role("button", name="Отклонить").click()
    expect(boss.get_by_role("status")).to_contain_text("Отклонён 1 запрос.")
    expect(client).to_have_count(0)
    boss.get_by_role("link", name="Решённые").click()
    assert_accessible_at_both_widths(boss)

    rep.set_viewport_size({"width": 1440, "height": 900})
    rep.goto("/clients/")
    expect(rep.get_by_role("link", name="Уведомления")).to_contain_text(str(unread + 2))
    rep.get_by_role("link", name="Уведомления").click()
    assert_accessible_at_both_widths(rep)
    rep.get_by_role("link", name="Отклонено: дата закрытия").click()
    told = rep.locator(".asked-row:target")
    expect(told).to_contain_text("Причина: Точка работает")
    assert_accessible_at_both_widths(rep)


def test_what_has_changed_since_is_said_and_approved_only_when_seen(open_as: Open, site: Site, own: list[Row]) -> None:
    code, name = own[6]["code"], own[6]["name"]
    rep = open_as("rep", f"/clients/{code}/edit/")
    ask(rep, code, Дата_открытия="2020-01-01")
    boss = open_as("supervisor", "/requests/")
    ask(boss, code, Дата_открытия="2021-01-01")
    boss.goto("/requests/")
    client = boss.get_by_role("region", name=name)
    client.get_by_label("Дата открытия").check()
    boss.get_by_label("Причина").press("Enter")  # would press "Всё равно согласовать", the first button there is
    boss.get_by_role("button", name="Согласовать", exact=True).click()
    expect(boss.get_by_role("alert")).to_contain_text("После запроса значение изменилось. Сейчас: 01.01.2021")
    assert_accessible_at_both_widths(boss)
    client.get_by_role("button", name="Всё равно согласовать").click()
    expect(boss.get_by_role("status")).to_contain_text("Согласован 1 запрос.")
    assert stored(site, code)["opened_on"] == "2020-01-01"


def test_a_rep_withdraws_a_request(open_as: Open, site: Site, own: list[Row]) -> None:
    code = own[7]["code"]
    page = open_as("rep")
    ask(page, code, Дата_закрытия="2030-01-31")
    page.get_by_role("link", name="Запросы").click()
    page.locator(".asked-row").first.get_by_role("button", name="Отозвать").click()
    expect(page.get_by_role("status")).to_contain_text("Запрос отозван.")
    expect(page.locator(".asked-row").first).to_contain_text("отозвано")


def test_all_requests_of_a_page_are_chosen_by_one_tick(open_as: Open, own: list[Row]) -> None:
    page = open_as("rep")
    for row in own[8:10]:
        ask(page, row["code"], Дата_закрытия="2030-01-31")
    boss = open_as("supervisor", "/requests/")
    boss.get_by_label("Выбрать все на странице").check()
    ticks = boss.locator("[name=request]")
    assert ticks.count() == boss.locator("[name=request]:checked").count() > 1


def test_an_administrator_makes_a_field_free_and_a_client_is_added(open_as: Open, site: Site) -> None:
    admin = open_as("admin", "/settings/fields/")
    assert_accessible_at_both_widths(admin)
    rule = admin.get_by_label("Эл. почта")
    rule.select_option("approve")
    admin.get_by_role("button", name="Сохранить").click()
    expect(admin.get_by_role("status")).to_contain_text("Сохранено.")
    expect(rule).to_have_value("approve")
    rule.select_option("change")
    admin.get_by_role("button", name="Сохранить").click()

    rep = open_as("rep", "/clients/")
    rep.get_by_role("link", name="Новый клиент").click()
    assert_accessible_at_both_widths(rep)
    rep.get_by_label("Наименование").fill("Новая лавка")
    rep.get_by_role("button", name="Сохранить").click()
    expect(rep.get_by_role("heading", level=1)).to_have_text("Новая лавка")
    expect(rep.get_by_role("status")).to_contain_text("Клиент добавлен.")
