import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open, sign_in
from tests.browser.site import Site

pytestmark = pytest.mark.browser


def test_a_wrong_password_is_said_and_the_right_one_lets_in(site: Site, open_as: Open) -> None:
    page = open_as("", "/clients/?status=lost")
    expect(page).to_have_title("Вход · Basis")
    page.get_by_label("Имя пользователя").fill(site.logins["rep"])
    page.get_by_label("Пароль").fill("wrong")
    page.get_by_role("button", name="Войти").click()
    expect(page.get_by_role("alert")).to_contain_text("Такого имени и пароля нет")
    expect(page.get_by_label("Имя пользователя")).to_have_value(site.logins["rep"])

    page.get_by_label("Пароль").fill(site.password)
    page.get_by_role("button", name="Войти").click()
    expect(page).to_have_url(f"{site.url}/clients/?status=lost")


@pytest.mark.parametrize(("role", "start"), [("rep", "/day/"), ("supervisor", "/kpi/"), ("head", "/kpi/")])
def test_a_representative_begins_with_the_clients_and_a_supervisor_with_the_kpis(
    open_as: Open, site: Site, role: str, start: str
) -> None:
    expect(open_as(role)).to_have_url(site.url + start)


def test_who_has_signed_out_sees_nothing_any_more(site: Site, open_as: Open) -> None:
    page = open_as("")
    sign_in(page, site, site.logins["analyst"], site.password)
    page.locator(".menu-head").click()
    page.get_by_role("button", name="Выйти").click()
    expect(page).to_have_title("Вход · Basis")
    page.goto("/clients/")
    expect(page).to_have_title("Вход · Basis")
