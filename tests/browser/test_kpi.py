import re
import threading
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from kpi.metrics import BY_KEY, Unit
from tests.browser.conftest import Open
from tests.browser.site import Site

pytestmark = pytest.mark.browser
COUNTS_OF_CLIENTS = ("okb", "pakb", "akb", "stable_akb", "system_outlets", "category_akb")
COUNTS_OF_EVENTS = ("visit_plan", "orders", "effective_orders")
# Of every cell: the key of its metric, what it shows, and the address behind it
CELLS = """row => [...row.querySelectorAll('td a')].map(
  a => [a.pathname.split('/')[2], a.innerText, a.getAttribute('href')])"""
# The rows of the lists behind numbers, through all their pages: for each the list of its figures by column
ROWS_BEHIND = """async addresses => Object.fromEntries(await Promise.all(addresses.map(async first => {
  const rows = [];
  for (let next = first; next;) {
    const page = new DOMParser().parseFromString(await (await fetch(next)).text(), 'text/html');
    page.querySelectorAll('.behind tbody tr').forEach(row => rows.push(Object.fromEntries(
      [...row.querySelectorAll('.cell-figure')].map(cell => [cell.dataset.label, cell.textContent]))));
    const link = [...page.querySelectorAll('.pager a')].find(a => a.textContent.includes('Дальше'));
    next = link && new URL(link.getAttribute('href'), new URL(next, location)).href;
  }
  return [first, rows];
})))"""


def number(text: str) -> float | None:
    """A number as the page writes it; None for a dash."""
    found = re.sub(r"[^\d,−]", "", text)
    return float(found.replace(",", ".").replace("−", "-")) if found else None


def shown(row: Locator) -> dict[str, float | None]:
    """The metrics of a row of the matrix as they can be read; where there is a dash, nothing is to be opened."""
    read = {key: number(text) for key, text, _address in row.evaluate(CELLS)}
    return dict.fromkeys(BY_KEY) | read


def assert_same(row: Locator, metrics: dict[str, float | None]) -> None:
    read = shown(row)
    for key, value in metrics.items():
        unit = BY_KEY[key].unit
        expected = None if value is None else value * 100 if unit is Unit.SHARE else value
        half = {Unit.COUNT: 0, Unit.SHARE: 0.05, Unit.MONEY: 0.5}[unit]
        if expected is None:
            assert read[key] is None, key
        else:
            assert read[key] == pytest.approx(expected, abs=half + 1e-9), key


def asked(page: Page) -> dict[str, str]:
    """Node and period of the page, as the API takes them."""
    query = parse_qs(urlsplit(page.locator(".headline a").first.get_attribute("href") or "").query)
    return {"territory": query["territory"][0], "from_": query["from"][0], "to": query["to"][0]}


def total(page: Page) -> Locator:
    return page.locator(".matrix-total")


def rows(page: Page) -> Locator:
    return page.locator(".matrix tbody tr:not(.matrix-total)")


def by(page: Page, name: str) -> None:
    way = page.get_by_role("group", name="Строки").get_by_role("link", name=name)
    way.click()
    expect(way).to_have_attribute("aria-current", "true")


def test_the_first_row_and_the_tiles_say_what_the_api_says(open_as: Open, site: Site) -> None:
    page = open_as("head", "/kpi/")
    metrics = site.api("kpi/", **asked(page))["metrics"]
    assert len(metrics) == 24
    assert_same(total(page), metrics)
    expect(page.locator(".headline a").first.locator("b")).to_have_text(str(metrics["okb"]))


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("Территории", "children"),
        ("Каналы продаж", "channel"),
        ("Категории", "category"),
        ("Маршруты", "route"),
        ("Менеджеры", "manager"),
    ],
)
def test_rows_are_the_parts_that_one_chooses(open_as: Open, site: Site, name: str, way: str) -> None:
    page = open_as("head", "/kpi/?by=channel" if way == "children" else "/kpi/")
    by(page, name)
    groups = site.api("kpi/", **asked(page), by=way)["groups"]
    assert len(groups) == rows(page).count() > 0
    for index, group in enumerate(groups):
        expect(rows(page).nth(index).locator("th")).to_have_text(group["name"])
        assert_same(rows(page).nth(index), group["metrics"])


def test_one_goes_down_to_a_child_and_back_by_the_path(open_as: Open, site: Site) -> None:
    page = open_as("head", "/kpi/")
    top = total(page).get_by_role("rowheader").inner_text()
    child = rows(page).first.get_by_role("rowheader").get_by_role("link")
    name = child.inner_text()
    child.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    assert_same(total(page), site.api("kpi/", **asked(page))["metrics"])
    page.get_by_role("navigation", name="Территория").get_by_role("link", name=top, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(top)


def test_arrows_go_to_the_periods_before_and_after(open_as: Open, site: Site) -> None:
    page = open_as("head", "/kpi/")
    here = page.locator(".period-menu summary").inner_text()
    first = asked(page)
    page.get_by_role("link", name=re.compile("^Предыдущий период")).click()
    expect(page.locator(".period-menu summary")).not_to_have_text(here)
    before = asked(page)
    assert before["to"] < first["from_"]
    assert_same(total(page), site.api("kpi/", **before)["metrics"])
    page.get_by_role("link", name=re.compile("^Следующий период")).click()
    expect(page.locator(".period-menu summary")).to_have_text(here)
    page.get_by_role("group", name="Длина периода").get_by_role("link", name="Месяц").click()
    expect(page.locator(".period-menu summary")).not_to_have_text(here)
    assert asked(page)["from_"] == asked(page)["to"] == first["to"]


def test_a_column_sorts_the_rows_when_its_head_is_clicked(open_as: Open) -> None:
    page = open_as("head", "/kpi/?by=channel")
    page.locator(".matrix thead").get_by_role("link", name="АКБ", exact=True).click()
    expect(page.locator(".matrix [aria-sort]")).to_have_attribute("aria-sort", "descending")
    values = [shown(row)["akb"] for row in rows(page).all()]
    assert values == sorted(values, key=lambda value: -(value or 0))


def test_a_number_opens_the_list_of_as_many_clients(open_as: Open) -> None:
    page = open_as("head", "/kpi/")
    cell = total(page).locator("td a[href*='/akb/']")
    expected = number(cell.inner_text())
    cell.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f": {expected:.0f}")
    found = 0
    while True:
        found += page.locator(".behind tbody tr").count()
        onward = page.get_by_role("link", name="Дальше")
        if not onward.count():
            break
        onward.click()
        page.wait_for_load_state()
    assert found == expected
    page.get_by_role("link", name="Матрица").click()
    expect(page.locator(".matrix")).to_be_visible()


@pytest.mark.parametrize("way", ["children", "channel", "category", "route"])
def test_behind_every_count_are_clients_that_add_up_to_it(open_as: Open, way: str) -> None:
    page = open_as("head", f"/kpi/?by={way}")
    cells = [cell for row in rows(page).all() for cell in row.evaluate(CELLS)]
    wanted = COUNTS_OF_CLIENTS + COUNTS_OF_EVENTS
    assert set(wanted) == {key for key, metric in BY_KEY.items() if metric.unit is Unit.COUNT}
    cells = [(key, number(text), address) for key, text, address in cells if key in wanted]
    behind = page.evaluate(ROWS_BEHIND, [address for _key, _number, address in cells])
    labels = {"visit_plan": "План посещений", "orders": "Заказы", "effective_orders": "Результативные заказы"}
    for key, expected, address in cells:
        found = behind[address]
        if key in COUNTS_OF_CLIENTS:
            assert len(found) == expected, address
        else:
            assert sum(number(row[labels[key]]) or 0 for row in found) == expected, address


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("/kpi/?from=2026-13&to=2026-13", "2026-13"),
        ("/kpi/?from=2026-05&to=2026-01", "Период кончается раньше, чем начинается"),
        ("/kpi/akb/clients/?from=1900-01&to=2026-01", "период"),
    ],
)
def test_a_period_that_cannot_be_shown_says_why(open_as: Open, address: str, why: str) -> None:
    page = open_as("head", address)
    expect(page.get_by_role("heading", name="Этот период показать нельзя")).to_be_visible()
    expect(page.locator(".empty")).to_contain_text(re.compile(why, re.I))
    page.get_by_role("link", name="Показать последний квартал").click()
    expect(page.locator(".matrix")).to_be_visible()


def test_the_matrix_shows_that_it_goes_on_to_the_right_until_its_end(open_as: Open) -> None:
    page = open_as("head", "/kpi/")
    edge = page.locator(".wide")
    expect(edge).to_have_class(re.compile("is-more"))
    page.locator(".matrix-panel").evaluate("panel => { panel.scrollLeft = panel.scrollWidth }")
    expect(edge).not_to_have_class(re.compile("is-more"))
    expect(edge).to_have_class(re.compile("is-moved"))


def test_an_open_page_shows_the_numbers_of_a_load_by_itself(open_as: Open, site: Site, tmp_path: Path) -> None:
    page = open_as("head", "/kpi/?by=channel")
    period = asked(page)
    before = shown(total(page))
    okb, akb = (site.api_pages(f"kpi/{key}/clients/", **period) for key in ("okb", "akb"))
    client = min({row["code"] for row in okb} - {row["code"] for row in akb})
    (tmp_path / "products.csv").write_text(
        "sku,name,category,in_focus\n" + "".join(f"NEW-{n},Новинка {n},Новинки {n},0\n" for n in range(6))
    )
    (tmp_path / "invoices.csv").write_text(
        "invoice,date,client_code,sku,quantity,amount,cost,payment_terms_days\n"
        + "".join(f"NEW-1,{period['to']}-15,{client},NEW-{n},10,5000,3000,0\n" for n in range(6))
    )
    page.evaluate("() => { window.sameDocument = true }")
    page.locator(".matrix-panel").evaluate("panel => { panel.scrollLeft = 300 }")
    threading.Thread(target=site.manage, args=("load", tmp_path)).start()

    orders = page.locator(".matrix-total td a[href*='/orders/']")
    expect(orders).to_have_text(f"{before['orders'] + 1:.0f}", timeout=40_000)  # type: ignore[operator]
    assert page.evaluate("() => window.sameDocument")
    assert page.locator(".matrix-panel").evaluate("panel => panel.scrollLeft") == 300
    after = shown(total(page))
    assert (after["akb"], after["okb"]) == (before["akb"] + 1, before["okb"])  # type: ignore[operator]
    expect(page.locator("#freshness .status")).to_have_count(0)
