"""Categories by hand, their moves, the matrix of efforts and the weekly letter, in the browser."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NARROW, Open
from tests.browser.site import Site
from tests.browser.test_accessibility import assert_accessible_at_both_widths

pytestmark = pytest.mark.browser
Row = dict[str, Any]


def category(site: Site, code: str) -> str:
    return str(next(row for row in site.api_pages("clients/", search=code) if row["code"] == code)["category"])


def test_a_rep_asks_for_a_category_the_supervisor_approves_it_and_gives_the_reckoned_one_back(
    open_as: Open, site: Site, own: list[Row]
) -> None:
    client = next(row for row in own[8:] if row["category"] in "BCD" and row["category"])
    code, was = client["code"], client["category"]
    rep = open_as("rep", f"/clients/{code}/")
    rep.get_by_role("link", name="Задать категорию…").click()
    rep.get_by_role("button", name="Отправить на согласование").click()
    expect(rep.get_by_role("alert")).to_contain_text("Ничего не сохранено")
    rep.get_by_role("radio", name="A").check()
    rep.get_by_label("Действует по").fill("2099-12-31")
    rep.get_by_label("Причина").fill("Открывают второй зал")
    assert_accessible_at_both_widths(rep)
    rep.get_by_role("button", name="Отправить на согласование").click()
    expect(rep.get_by_role("status")).to_contain_text("Отправлено на согласование.")
    expect(rep.locator(".note").first).to_contain_text("Открывают второй зал")
    assert category(site, code) == was
    boss = open_as("supervisor", "/requests/?field=category")
    row = boss.locator(".asked-row", has_text="Открывают второй зал")
    row.get_by_role("checkbox").check()
    boss.get_by_role("button", name="Согласовать", exact=True).click()
    expect(boss.get_by_role("status")).to_contain_text("Согласован 1 запрос.")
    boss.goto(f"/clients/{code}/")
    expect(boss.locator(".by-hand")).to_contain_text(f"расчётная {was}")
    expect(boss.locator(".card-facts .grade")).to_have_text("A")
    boss.get_by_role("link", name="Категория…").click()
    boss.get_by_role("button", name="Вернуть расчётную").click()
    expect(boss.locator(".card-facts .grade")).to_have_text(was)


def test_the_grid_of_norms_is_filled_by_keyboard_and_says_who_is_how_far_from_it(open_as: Open) -> None:
    admin = open_as("admin", "/kpi/efforts/norms/")
    form = admin.locator("form.norms").first
    form.get_by_label("Визитов в месяц, A").click()
    admin.keyboard.press("Control+A")
    admin.keyboard.type("8")
    admin.keyboard.press("ArrowDown")
    admin.keyboard.type("3,5")
    admin.keyboard.press("ArrowUp")
    admin.keyboard.press("Tab")
    admin.keyboard.type("5")
    admin.keyboard.press("Enter")
    expect(admin.get_by_role("status")).to_contain_text("Сохранено.")
    stored = [form.get_by_label(label).input_value() for label in ("Визитов в месяц, A", "Звонков в месяц, A")]
    assert (stored, form.get_by_label("Визитов в месяц, B").input_value()) == (["8", "5"], "3.5")
    assert_accessible_at_both_widths(admin)
    boss = open_as("supervisor", "/kpi/efforts/norms/")
    expect(boss.locator("form.norms input[type=text]")).to_have_count(0)
    boss.get_by_role("navigation", name="KPI").get_by_role("link", name="Мероприятия", exact=True).click()
    expect(boss.locator("table.efforts tbody tr").first).to_be_visible()
    assert_accessible_at_both_widths(boss)
    missing = [number(text) for text in boss.locator("table.efforts tbody td:last-child").all_inner_texts()]
    assert missing == sorted(missing, reverse=True)
    boss.get_by_label("Категория", exact=True).select_option("A")
    expect(boss.locator("table.efforts tbody .grade:not(.is-A)")).to_have_count(0)
    boss.locator("table.efforts tbody a").first.click()
    expect(boss.locator(".is-efforts")).to_contain_text("не хватает")


def number(text: str) -> int:
    return int(re.sub(r"\D", "", text))


def test_a_cell_of_the_grid_of_moves_opens_the_clients_that_made_it(open_as: Open) -> None:
    page = open_as("head", "/kpi/")
    page.get_by_role("navigation", name="KPI").get_by_role("link", name="Переходы категорий").click()
    cell = page.locator(".moves-grid td a").first
    count = number(cell.inner_text())
    assert_accessible_at_both_widths(page)
    cell.click()
    expect(page.locator(".moves-grid a[aria-current]")).to_have_count(1)
    expect(page.locator("table.moves tbody tr")).to_have_count(min(count, 50))


def test_the_letter_is_previewed_and_set_and_its_links_lead_to_the_pages(open_as: Open) -> None:
    page: Page = open_as("supervisor", "/kpi/digest/")
    letter = page.get_by_role("article")
    expect(letter).to_contain_text("что изменилось к")
    assert_accessible_at_both_widths(page)
    page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
    page.get_by_label("Присылать мне это письмо по понедельникам").uncheck()
    page.get_by_role("button", name="Сохранить").click()
    expect(page.get_by_label("Присылать мне это письмо по понедельникам")).not_to_be_checked()
    page.get_by_label("Присылать мне это письмо по понедельникам").check()
    page.get_by_role("button", name="Сохранить").click()
    addresses = set(letter.get_by_role("link").evaluate_all("links => links.map(link => link.pathname + link.search)"))
    assert len(addresses) > 10
    for address in sorted(addresses)[:: max(1, len(addresses) // 8)]:
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 200, address
