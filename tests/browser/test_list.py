import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Open
from tests.browser.site import CLIENTS, Site

pytestmark = pytest.mark.browser
Row = dict[str, Any]


def codes_listed(page: Page) -> list[str]:
    """The codes of the list, through all its pages."""
    found: list[str] = []
    while True:
        links = page.locator("tbody .cell-name a").evaluate_all("all => all.map(a => a.getAttribute('href'))")
        found += [unquote(link.removeprefix("/clients/").rstrip("/")) for link in links]
        onward = page.locator(".pager").get_by_role("link", name="Дальше")
        if not onward.count():
            return found
        onward.click()
        expect(page.locator(f'tbody a[href="{links[0]}"]')).to_have_count(0)


def tab(page: Page, name: str) -> Locator:
    return page.get_by_role("navigation", name="Части базы").get_by_role("link", name=re.compile(f"^{name} "))


def count_of(place: Locator) -> int:
    return int(re.sub(r"\D", "", place.locator(".tab-count").inner_text()))


def test_a_representative_sees_all_clients_of_the_own_route_and_no_others(
    open_as: Open, register: list[Row], own: list[Row]
) -> None:
    (route,) = {client["territory"] for client in own}
    expected = {client["code"] for client in register if client["territory"] == route}
    page = open_as("rep", "/clients/?status=all")
    assert count_of(tab(page, "Все")) == len(expected) < CLIENTS
    assert set(codes_listed(page)) == expected


def test_a_client_or_territory_of_somebody_else_does_not_exist(
    open_as: Open, register: list[Row], own: list[Row]
) -> None:
    route = own[0]["territory"]
    foreign = next(client for client in register if client["territory"] != route)
    page = open_as("rep")
    for address in (
        f"/clients/{foreign['code']}/",
        f"/clients/{foreign['code']}/edit/",
        f"/clients/?territory={foreign['territory']}",
        f"/kpi/?territory={foreign['territory']}",
        f"/kpi/okb/clients/?territory={foreign['territory']}",
    ):
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 404
        expect(page.get_by_role("heading", level=1)).to_have_text("Такой страницы нет")
        assert foreign["name"] not in page.content()
    page.get_by_role("link", name="На главную").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Клиенты")


def test_each_tab_counts_what_its_list_holds(open_as: Open, register: list[Row]) -> None:
    page = open_as("head", "/clients/")
    parts = {"Активные": "active", "Потенциальные": "potential", "Потерянные": "lost", "Закрытые": "closed"}
    for name, status in parts.items():
        tab(page, name).click()
        expect(tab(page, name)).to_have_attribute("aria-current", "page")
        codes = codes_listed(page)
        assert len(codes) == count_of(tab(page, name))
        assert set(codes) == {client["code"] for client in register if client["status"] == status}
    assert count_of(tab(page, "Все")) == sum(count_of(tab(page, name)) for name in parts) == len(register)


def by_name(client: Row, page: Page) -> str:
    return str(client["name"]).strip("«»").upper()


def by_code(client: Row, page: Page) -> str:
    return str(client["code"])


def by_phone_written_otherwise(client: Row, page: Page) -> str:
    digits = re.sub(r"\D", "", client["phone"])[-10:]
    return f"8 {digits[:3]} {digits[3:6]}.{digits[6:]}"


def by_the_end_of_the_phone(client: Row, page: Page) -> str:
    digits = re.sub(r"\D", "", client["phone"])[-7:]
    return f"{digits[:3]}-{digits[3:5]}-{digits[5:]}"


def by_part_of_the_address(client: Row, page: Page) -> str:
    street, house = re.split(r",\s*", client["address"])[-2:]
    return f"{street.split()[-1][1:]} {re.sub(r'^д. ', '', house)}".lower()


def by_inn(client: Row, page: Page) -> str:
    found = re.search(r"ИНН (\d{10,12})", page.request.get(f"/clients/{client['code']}/").text())
    assert found
    return found[1]


@pytest.mark.parametrize(
    "asked",
    [by_name, by_code, by_phone_written_otherwise, by_the_end_of_the_phone, by_part_of_the_address, by_inn],
)
def test_search_finds_a_client(open_as: Open, register: list[Row], asked: Callable[[Row, Page], str]) -> None:
    wanted = next(
        client
        for client in register
        if client["phone"] and client["counterparty"] and client["address"].count(",") > 1 and "«" in client["name"]
    )
    page = open_as("head", "/clients/?status=all")
    text = asked(wanted, page)
    page.get_by_role("searchbox").press_sequentially(text)
    expect(tab(page, "Все")).not_to_contain_text(str(len(register)))
    assert wanted["code"] in codes_listed(page)
    assert count_of(tab(page, "Все")) < len(register) / 4
    expect(page.get_by_role("searchbox")).to_be_focused()
    expect(page.get_by_role("searchbox")).to_have_value(text)
    page.reload()  # the address holds the search
    expect(page.get_by_role("searchbox")).to_have_value(text)
    assert wanted["code"] in codes_listed(page)


def test_a_search_that_finds_nothing_says_what_to_do(open_as: Open) -> None:
    page = open_as("head", "/clients/?search=щщщщ")
    expect(page.get_by_role("heading", name="Здесь клиентов нет")).to_be_visible()
    page.get_by_role("link", name="Сбросить поиск и фильтры").click()
    expect(page.locator("tbody tr").first).to_be_visible()


def test_filters_narrow_the_list_and_back_widens_it_again(open_as: Open, register: list[Row]) -> None:
    page = open_as("head", "/clients/?status=all")
    channel = next(client["channel"] for client in register if client["channel"])
    some = {client["code"] for client in register if client["channel"] == channel}
    fewer = {client["code"] for client in register if client["channel"] == channel and client["category"] == "C"}
    assert 0 < len(fewer) < len(some) < len(register)

    page.get_by_label("Канал продаж").select_option(channel)
    expect(tab(page, "Все")).to_contain_text(str(len(some)))
    page.get_by_label("Категория").select_option("C")
    expect(tab(page, "Все")).to_contain_text(str(len(fewer)))
    address = page.url
    assert set(codes_listed(page)) == fewer

    page.goto(address)
    page.locator("tbody .cell-name a").first.click()
    expect(page.locator(".card-head")).to_be_visible()
    page.go_back()
    expect(page.get_by_label("Категория")).to_have_value("C")
    assert set(codes_listed(page)) == fewer


def test_back_undoes_the_last_filter(open_as: Open, register: list[Row]) -> None:
    page = open_as("head", "/clients/?status=all")
    channel = next(client["channel"] for client in register if client["channel"])
    some = sum(client["channel"] == channel for client in register)
    page.get_by_label("Канал продаж").select_option(channel)
    expect(tab(page, "Все")).to_contain_text(str(some))
    page.get_by_label("Категория").select_option("-")
    expect(tab(page, "Все")).not_to_contain_text(str(some))
    page.go_back()
    expect(tab(page, "Все")).to_contain_text(str(some))
    expect(page.get_by_label("Категория")).to_have_value("")
    expect(page.get_by_label("Канал продаж")).to_have_value(channel)
    page.go_back()
    expect(tab(page, "Все")).to_contain_text(str(len(register)))
    expect(page.get_by_label("Канал продаж")).to_have_value("")


def test_a_territory_filters_with_all_below_it(open_as: Open, site: Site, register: list[Row]) -> None:
    page = open_as("head", "/clients/?status=all")
    route = register[0]["territory"]
    page.get_by_label("Территория").select_option(route)
    expect(tab(page, "Все")).to_contain_text(str(sum(client["territory"] == route for client in register)))
    top = page.get_by_label("Территория").locator("option").nth(1).get_attribute("value")
    page.get_by_label("Территория").select_option(top)
    expect(tab(page, "Все")).to_contain_text(str(len(register)))
