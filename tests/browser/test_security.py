"""Signing in with a second factor, and the page of one's own security."""

from base64 import b32decode

import pytest
from django_otp.oath import totp
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open, sign_in
from tests.browser.site import Site
from tests.browser.test_accessibility import assert_accessible_at_both_widths

pytestmark = pytest.mark.browser


def enter(page: Page, code: str) -> None:
    page.get_by_role("textbox").fill(code)
    page.get_by_role("button", name="Войти").click()


def test_a_second_factor_is_set_up_used_replaced_by_a_recovery_code_and_turned_off(site: Site, open_as: Open) -> None:
    page = open_as("supervisor", "/security/")
    page.get_by_role("link", name="Настроить").click()
    assert_accessible_at_both_widths(page)
    key = b32decode(page.locator(".secret").inner_text().replace(" ", ""))
    page.get_by_label("Код из приложения").fill(f"{totp(key):06}")
    page.get_by_label("Ваш нынешний пароль").fill(site.password)
    page.get_by_role("button", name="Включить").click()
    codes = page.locator(".codes code").all_inner_texts()
    assert len(codes) == 10
    assert_accessible_at_both_widths(page)
    with page.expect_download() as saved:
        page.get_by_role("link", name="Скачать").click()
    assert saved.value.path().read_text().split() == codes

    other = open_as("")
    sign_in(other, site, site.logins["supervisor"], site.password)
    expect(other).to_have_title("Второй шаг · Basis")
    assert_accessible_at_both_widths(other)
    enter(other, "000000")
    expect(other.get_by_role("alert")).to_contain_text("Код не подошёл")
    enter(other, f"{totp(key, drift=1):06}")  # the one of now is used up
    expect(other).to_have_url(f"{site.url}/kpi/")

    third = open_as("")
    sign_in(third, site, site.logins["supervisor"], site.password)
    third.get_by_role("link", name="Нет телефона?").click()
    enter(third, codes[0])
    expect(third).to_have_url(f"{site.url}/kpi/")

    page.get_by_role("link", name="Коды сохранены").click()
    expect(page.locator("#factor-title + .panel-row")).to_contain_text("Осталось 9 резервных кодов.")
    assert_accessible_at_both_widths(page)
    page.get_by_role("button", name="Завершить остальные").click()
    expect(page.get_by_text("этот")).to_be_visible()
    for ended in (other, third):
        ended.goto(f"{site.url}/security/")
        expect(ended).to_have_title("Вход · Basis")

    page.get_by_role("link", name="Выключить").click()
    page.get_by_label("Ваш нынешний пароль").fill(site.password)
    page.get_by_label("Код", exact=True).fill(codes[1])
    page.get_by_role("button", name="Выключить").click()
    expect(page.get_by_role("link", name="Настроить")).to_be_visible()


def test_the_menu_leads_to_security_where_the_password_is_changed(site: Site, open_as: Open) -> None:
    page = open_as("analyst")
    page.locator(".menu-head").click()
    page.get_by_role("link", name="Безопасность").click()
    page.get_by_role("link", name="Сменить пароль").click()
    page.get_by_label("Ваш нынешний пароль").fill(site.password)
    page.get_by_label("Новый пароль", exact=True).fill("йцукенгшщз")
    page.get_by_label("Новый пароль ещё раз").fill("йцукенгшщз")
    page.get_by_role("button", name="Сменить").click()
    expect(page.locator(".form-error").first).to_contain_text("другой раскладке")
    assert_accessible_at_both_widths(page)
