import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open

pytestmark = pytest.mark.browser
CYRILLIC = re.compile(r"[А-Яа-яЁё]")
# What a person of the trade wrote, or what says of itself that it is Russian
DATA = """.cell-name, .cell-owner, .cell-channel, .cell-territory, .crumbs, h1, caption, .menu-who b,
 .menu-text, tbody .cell-pick, .avatar, .place,
 .matrix-name, .metric li > :first-child, .metrics > a.metric, #node, [lang=ru],
 #id_territory option[value]:not([value='']), #id_manager option[value]:not([value='']),
 #id_channel option[value]:not([value='']):not([value='-'])"""
WORDS = """data => {
  const copy = document.body.cloneNode(true);
  copy.querySelectorAll(data).forEach(part => part.remove());
  const named = [...copy.querySelectorAll('*')].flatMap(e =>
    ['aria-label', 'title', 'placeholder', 'data-label'].map(name => e.getAttribute(name)).filter(Boolean));
  return [...copy.textContent.split('\\n'), ...named, ...Object.values(document.body.dataset)]
    .map(text => text.trim()).filter(Boolean);
}"""


def words(page: Page) -> list[str]:
    """The words of the interface on this page: what is read and what is read out."""
    found: list[str] = page.evaluate(WORDS, DATA)
    own_name = page.locator(".menu-who b").text_content() or ""
    return [text.replace(own_name, "") for text in found]


def test_the_language_is_switched_on_the_page_one_is_on_and_back(open_as: Open) -> None:
    page = open_as("rep", "/clients/?status=lost")
    address = page.url
    page.get_by_role("button", name="English language").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Clients")
    expect(page).to_have_url(address)
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.goto("/kpi/")
    expect(page.get_by_role("group", name="Rows")).to_be_visible()
    page.goto(address)
    page.get_by_role("button", name="Русский язык").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Клиенты")
    expect(page).to_have_url(address)


@pytest.mark.parametrize(
    "address", ["/clients/", "/clients/?status=lost", "/clients/?search=none-such", "/kpi/", "/kpi/?by=category",
                "/kpi/akb/clients/", "/kpi/?from=2026-02&to=2026-01"],
)  # fmt: skip
def test_in_english_no_word_of_the_interface_is_russian(open_as: Open, address: str) -> None:
    page = open_as("head", address, language="en")
    assert len(words(page)) > 10
    assert [text for text in words(page) if CYRILLIC.search(text)] == []
