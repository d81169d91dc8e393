import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.site import Site

pytestmark = pytest.mark.browser
Row = dict[str, Any]


@pytest.fixture(scope="module")
def debtor(site: Site) -> str:
    """The code of a client that has contacts and owes something today."""
    year, month = re.findall(r"\d+", max(client["last_order_on"] or "" for client in site.api_pages("clients/")))[:2]
    months = {"from_": f"{year}-{month}", "to": f"{year}-{month}"}
    top = site.api_pages("clients/")[0]["territory"]
    found = site.api_pages("kpi/overdue_share/clients/", territory=top, **months)
    return str(found[0]["code"])


def panel(page: Page, title: str) -> Any:
    return page.get_by_role("region", name=re.compile(f"^{title}"))


def test_the_card_shows_what_is_known_of_a_client(open_as: Open, site: Site, debtor: str) -> None:
    client = site.api(f"clients/{debtor}/")
    page = open_as("head", f"/clients/{debtor}/")
    expect(page.get_by_role("heading", level=1)).to_have_text(client["name"])
    details = page.get_by_role("complementary", name="Сведения")
    for fact in (client["address"], client["phone"], "ИНН"):
        expect(details).to_contain_text(fact)
    people = details.locator(".person")
    expect(people.first).to_be_visible()
    assert int(details.locator(".tab-count").inner_text()) == people.count()
    expect(page.locator("#kpi .tiles")).to_contain_text("Заказы")
    expect(panel(page, "Визиты").locator("li").first).to_be_visible()
    expect(page.get_by_role("region", name="Аудиты")).to_be_visible()


def test_an_invoice_unfolds_into_its_lines_that_add_up_to_its_total(open_as: Open, debtor: str) -> None:
    page = open_as("head", f"/clients/{debtor}/")
    invoice = page.locator("tbody.invoice").first
    fold = invoice.get_by_role("button")
    expect(fold).to_have_attribute("aria-expanded", "false")
    fold.click()
    expect(fold).to_have_attribute("aria-expanded", "true")
    lines = invoice.locator(".inner tbody tr")
    expect(lines.first).to_be_visible()
    amounts = [number(text) for text in lines.locator("td:nth-child(3)").all_inner_texts()]
    assert round(sum(amounts)) == number(invoice.locator("tr").first.locator("td").nth(1).inner_text())
    fold.click()
    expect(lines.first).to_be_hidden()


def number(text: str) -> float:
    return float(re.sub(r"[^\d,−]", "", text).replace(",", ".").replace("−", "-"))


def test_receivables_add_up_to_what_is_owed(open_as: Open, debtor: str) -> None:
    page = open_as("head", f"/clients/{debtor}/")
    debts = page.locator(".debts")
    expect(debts).to_be_visible()
    rests = [number(text) for text in debts.locator("tbody td:nth-child(4)").all_inner_texts()]
    total = number(debts.locator("tfoot td").last.inner_text())
    assert abs(sum(rests) - total) <= len(rests) / 2  # each is rounded to a rouble
    assert f"{total:.0f}" in re.sub(r"\D", "", panel(page, "Заказы").locator(".tiles").inner_text())


def test_an_edit_becomes_a_sentence_of_the_history(open_as: Open, site: Site, own: list[Row]) -> None:
    client = own[0]
    page = open_as("rep", f"/clients/{client['code']}/edit/")
    page.get_by_label("Телефон").fill("+7 (900) 111-22-33")
    page.get_by_role("button", name="Сохранить").click()
    expect(page.get_by_role("status")).to_contain_text("Сохранено.")
    page.get_by_role("heading", name="История", exact=True).scroll_into_view_if_needed()
    event = page.locator(".event").first
    expect(event).to_contain_text(re.compile(r"изменил(а|\(а\))?\s+телефон\s+с"))
    expect(event.locator("del")).to_have_text(client["phone"])
    expect(event.locator("ins")).to_have_text("+7 (900) 111-22-33")
    expect(event.locator(".event-way")).to_have_text("браузер")
    assert site.manage("shell", "-v0", "-c", WHO % site.logins["rep"]).strip() in event.inner_text()


WHO = "from accounts.models import User; print(User.objects.get(username='%s').full_name)"


def test_an_analyst_reads_but_is_offered_no_editing(open_as: Open, own: list[Row]) -> None:
    page = open_as("analyst", f"/clients/{own[0]['code']}/")
    expect(page.locator(".card-head")).to_be_visible()
    expect(page.get_by_role("link", name="Изменить")).to_have_count(0)
    answer = page.goto(f"/clients/{own[0]['code']}/edit/")
    assert answer is not None
    assert answer.status == 403
