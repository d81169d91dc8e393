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
    expect(page.get_by_role("heading", level=1)).to_have_text("Мой день")


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


def menu(page: Page, name: str) -> Locator:
    """The menu of a filter; it says what is chosen in it."""
    return page.locator(".filter", has=page.locator("summary", has_text=re.compile(f"^{name}")))


def choose(page: Page, name: str, *choices: str) -> None:
    menu(page, name).locator("summary").click()
    for choice in choices:
        menu(page, name).get_by_label(choice, exact=False).first.check()
    menu(page, name).get_by_role("button", name="Показать").click()
    expect(menu(page, name).locator("summary")).to_contain_text(choices[-1])


def test_filters_narrow_the_list_and_back_widens_it_again(open_as: Open, register: list[Row]) -> None:
    page = open_as("head", "/clients/?status=all")
    some = {client["code"] for client in register if client["channel"]}
    fewer = {client["code"] for client in register if client["category"] == "C"}
    assert 0 < len(fewer) < len(some) < len(register)

    choose(page, "Категория", "C")
    expect(tab(page, "Все")).to_contain_text(str(len(fewer)))
    assert set(codes_listed(page)) == fewer
    page.goto("/clients/?status=all")
    choose(page, "Категория", "A", "B")
    both = [client for client in register if client["category"] in ("A", "B")]
    expect(tab(page, "Все")).to_contain_text(str(len(both)))
    page.locator("tbody .cell-name a").first.click()
    expect(page.locator(".card-head")).to_be_visible()
    page.go_back()
    expect(menu(page, "Категория").locator("summary")).to_contain_text("A, B")
    page.go_back()
    expect(tab(page, "Все")).to_contain_text(str(len(register)))
    expect(menu(page, "Категория").locator("summary")).not_to_contain_text("A, B")


def test_a_link_shows_a_colleague_the_same_list(open_as: Open, register: list[Row]) -> None:
    page = open_as("head", "/clients/?status=all")
    choose(page, "Категория", "Без категории")
    page.get_by_role("link", name="Последний заказ").click()
    expect(page.get_by_role("columnheader", name="Последний заказ")).to_have_attribute("aria-sort", "descending")
    codes = codes_listed(page)
    assert set(codes) == {client["code"] for client in register if not client["category"]}
    colleague = open_as("analyst", page.url.split("?")[0] + "?status=all&category=-&sort=-last_order")
    expect(menu(colleague, "Категория").locator("summary")).to_contain_text("Без категории")
    assert codes_listed(colleague) == codes


def test_a_territory_filters_with_all_below_it(open_as: Open, site: Site, register: list[Row]) -> None:
    page = open_as("head", "/clients/?status=all")
    menu(page, "Территория").locator("summary").click()
    counted = menu(page, "Территория").get_by_role("link")
    expect(counted.first).to_contain_text(str(len(register)))
    leaf = counted.last
    number = count_of(leaf)
    leaf.click()
    expect(tab(page, "Все")).to_contain_text(str(number))
    assert len(codes_listed(page)) == number < len(register)


def test_counts_beside_the_choices_are_those_of_the_list(open_as: Open, register: list[Row]) -> None:
    page = open_as("head", "/clients/?status=all")
    menu(page, "Категория").locator("summary").click()
    for option in menu(page, "Категория").locator("label").all():
        name = option.locator("span").first.inner_text()
        value = "" if name.startswith("Без") else name
        assert count_of(option) == sum(client["category"] == value for client in register)


def test_pages_go_to_the_last_and_back_to_the_first(open_as: Open, register: list[Row]) -> None:
    page = open_as("head", "/clients/?status=all&sort=code")
    expected = sorted(client["code"] for client in register)
    page.get_by_role("link", name="Последняя страница").click()
    expect(page.locator(f'tbody a[href="/clients/{expected[-1]}/"]')).to_be_visible()
    page.get_by_role("link", name="Назад").click()
    expect(page.locator(f'tbody a[href="/clients/{expected[-1]}/"]')).to_have_count(0)
    page.get_by_role("link", name="Первая страница").click()
    expect(page.locator(f'tbody a[href="/clients/{expected[0]}/"]')).to_be_visible()


def columns_shown(page: Page) -> list[str]:
    return page.locator("thead th:not(.cell-pick)").all_inner_texts()


def test_columns_are_chosen_by_keyboard_and_outlive_a_new_sign_in(open_as: Open) -> None:
    page = open_as("supervisor", "/clients/")
    usual = columns_shown(page)
    page.get_by_role("button", name="Столбцы").press("Enter")
    page.get_by_label("Код", exact=True).press("Space")
    for _step in range(6):
        page.get_by_role("button", name="Код: ближе к началу").press("Enter")
    page.get_by_role("button", name="Сохранить").press("Enter")
    expect(page.get_by_role("columnheader", name="Код")).to_be_visible()
    assert columns_shown(page)[:2] == [usual[0], "Код"]

    again = open_as("supervisor", "/clients/?status=lost")
    assert columns_shown(again)[:2] == [usual[0], "Код"]
    again.get_by_role("button", name="Столбцы").click()
    again.get_by_role("button", name="Как обычно").click()
    expect(again.get_by_role("columnheader", name="Код")).to_have_count(0)


def test_a_segment_is_saved_shared_renamed_and_deleted(open_as: Open, register: list[Row]) -> None:
    page = open_as("head", "/clients/?status=all")
    choose(page, "Категория", "D")
    expected = set(codes_listed(page))
    page.get_by_role("button", name="Сохранить как сегмент").click()
    page.get_by_label("Название").fill("Слабые")
    page.get_by_label("Кто его видит").select_option("analyst")
    page.get_by_role("button", name="Сохранить", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Слабые")

    other = open_as("analyst", "/clients/")
    other.locator("summary", has_text="Сегменты").click()
    other.get_by_role("link", name=re.compile("^Слабые")).click()
    expect(other.get_by_role("heading", level=1)).to_have_text("Слабые")
    assert set(codes_listed(other)) == expected

    page.locator("summary", has_text="Сегменты").click()
    page.get_by_role("button", name="Изменить сегмент «Слабые»").click()
    page.get_by_label("Название").fill("Совсем слабые")
    page.get_by_role("button", name="Сохранить", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Совсем слабые")
    page.locator("summary", has_text="Сегменты").click()
    page.get_by_role("button", name="Изменить сегмент «Совсем слабые»").click()
    page.get_by_role("button", name="Удалить").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Клиенты")
    page.locator("summary", has_text="Сегменты").click()
    expect(page.get_by_role("link", name=re.compile("Без координат"))).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("слабые"))).to_have_count(0)


def test_the_palette_opens_a_card_by_keyboard_alone(open_as: Open, register: list[Row]) -> None:
    wanted = next(client for client in register if client["phone"] and "," not in client["phone"])
    digits = re.sub(r"\D", "", wanted["phone"])[-10:]
    page = open_as("head", "/kpi/")
    palette = page.locator("#palette").get_by_role("option")
    page.keyboard.press("Control+k")
    page.keyboard.type(f"8 {digits}")
    expect(palette.first).to_contain_text(wanted["code"])
    expect(palette.first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    expect(palette.first).to_have_attribute("aria-selected", "false")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(wanted["name"])

    page.keyboard.press("Control+k")
    page.keyboard.type(wanted["name"][:6])
    expect(palette.last).to_be_visible()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.get_by_role("searchbox")).to_have_value(wanted["name"][:6])
    page.keyboard.press("Control+k")
    page.keyboard.press("Escape")
    expect(page.get_by_role("combobox")).to_be_hidden()
