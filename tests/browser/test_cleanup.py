"""The clean-up played through: a representative with a phone and no connection, a supervisor, an administrator."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import NARROW, PATIENCE, Open
from tests.browser.site import Site
from tests.browser.test_accessibility import assert_accessible, assert_accessible_at_both_widths
from tests.browser.test_narrow import assert_fits

pytestmark = pytest.mark.browser
ANSWERS = """
import json
from collections import Counter
from accounts.models import User
from cleanup.models import Answer, Campaign
rep = User.objects.get(username="{rep}")
campaign = Campaign.objects.get(state="running")
said = Answer.objects.filter(author=rep, sheet__campaign=campaign)
print(json.dumps(Counter(said.values_list("sheet__client__name", flat=True))))
"""


@pytest.fixture
def phone(site: Site, browser: Browser, sessions: Callable[[str], Any]) -> Iterator[Page]:
    """The representative's, with a context of its own: fetching without a connection writes to the console."""
    context = browser.new_context(
        base_url=site.url, viewport={"width": NARROW[0], "height": NARROW[1]}, locale="ru-RU",
        storage_state=sessions("rep"), reduced_motion="reduce",
    )  # fmt: skip
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


def answers(site: Site) -> dict[str, int]:
    """How many answers the representative has given in the running campaign, by the client's name."""
    found: dict[str, int] = json.loads(
        site.manage("shell", "--verbosity", "0", "-c", ANSWERS.format(rep=site.logins["rep"]))
    )
    return found


def name(page: Page) -> str:
    return page.locator("#answer-name").inner_text()


def all_right(page: Page) -> str:
    """Say that all of the client on the screen is right; its name."""
    before = name(page)
    page.get_by_role("button", name="Всё верно").click()
    if before == name(page):
        expect(page.locator("#answer-name")).not_to_have_text(before)
    return before


def test_a_rep_answers_without_a_connection_and_each_answer_arrives_once(site: Site, phone: Page) -> None:
    page, before = phone, answers(site)
    page.goto("/campaigns/")
    page.get_by_role("link", name=re.compile(r"Чистка базы \d+")).first.click()
    page.get_by_role("link", name="Отвечать").click()
    expect(page.locator("#answer-name")).to_be_visible()
    assert_accessible(page)
    assert_fits(page)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.reload()  # now the worker keeps the page
    expect(page.locator("#answer-name")).to_be_visible()
    given = [all_right(page)]
    expect(page.locator("#answer-unsent")).to_have_text("Всё отправлено")

    page.context.set_offline(True)
    given.append(all_right(page))
    page.locator('[data-question="phone"] input[value="changed"]').click()
    page.locator('[data-question="phone"] input[type=tel]').fill("+7 927 555-44-33")
    given.append(all_right(page))
    expect(page.locator("#answer-unsent")).to_contain_text("2")
    expect(page.get_by_text("Нет связи")).to_be_visible()
    page.reload()
    expect(page.locator("#answer-name")).to_be_visible()
    assert name(page) not in given
    expect(page.locator("#answer-unsent")).to_contain_text("2")
    given.append(all_right(page))
    expect(page.locator("#answer-unsent")).to_contain_text("3")
    assert_fits(page)
    assert set(answers(site).values()) <= {1, *before.values()}

    page.context.set_offline(False)
    expect(page.locator("#answer-unsent")).to_have_text("Всё отправлено", timeout=30_000)
    page.reload()
    expect(page.locator("#answer-unsent")).to_have_text("Всё отправлено")
    assert name(page) not in given
    now = answers(site)
    new = {client: number - before.get(client, 0) for client, number in now.items()}
    assert {client: number for client, number in new.items() if number} == dict.fromkeys(given, 1)


def test_the_answering_page_goes_by_keyboard_too(open_as: Open) -> None:
    page = open_as("rep", "/campaigns/")
    page.get_by_role("link", name=re.compile(r"Чистка базы \d+")).first.click()
    page.get_by_role("link", name="Отвечать").click()
    expect(page.locator("#answer-name")).to_be_focused()
    first = name(page)
    page.keyboard.press("PageDown")
    expect(page.locator("#answer-name")).not_to_have_text(first)
    page.keyboard.press("PageUp")
    expect(page.locator("#answer-name")).to_have_text(first)
    page.keyboard.press("a")
    expect(page.locator("#answer-name")).not_to_have_text(first)
    expect(page.locator("#answer-unsent")).to_have_text("Всё отправлено")
    assert_accessible_at_both_widths(page)


def test_a_supervisor_looks_returns_approves_and_sees_the_progress(open_as: Open) -> None:
    page = open_as("supervisor", "/campaigns/")
    page.get_by_role("link", name=re.compile(r"Чистка базы \d+")).first.click()
    page.get_by_role("link", name="Проверка ответов").click()
    page.locator(".tabs .tab").first.click()
    expect(page.locator(".answer").first).to_be_visible()
    assert_accessible_at_both_widths(page)
    page.locator('.answer input[name="sheet"]').first.check()
    page.locator("#word").fill("Уточните телефон")
    page.get_by_role("button", name="Вернуть").click()
    expect(page.get_by_text("Возвращён 1 ответ")).to_be_visible()
    rest = page.locator('button[value="all"]')
    number = int("".join(re.findall(r"\d", rest.inner_text())))
    assert number > 0
    rest.click()
    expect(page.get_by_text(re.compile("добрен[оы]? \\d+ ответ"))).to_be_visible()
    expect(page.locator('button[value="all"]')).to_have_count(0)
    page.locator(".crumbs a").last.click()
    page.get_by_role("link", name="Ход", exact=True).click()
    expect(page.get_by_role("heading", name="Ход чистки")).to_be_visible()
    expect(page.get_by_role("heading", name="По людям: сначала отстающие")).to_be_visible()
    assert_accessible_at_both_widths(page)
    page.get_by_role("link", name="Результат").click()
    expect(page.get_by_role("heading", name="Результат чистки")).to_be_visible()


def test_the_head_of_sales_goes_down_the_tree_and_compares_the_years(open_as: Open) -> None:
    page = open_as("head", "/campaigns/")
    page.get_by_role("link", name=re.compile(r"Чистка базы \d+")).first.click()
    page.get_by_role("link", name="Ход", exact=True).click()
    table = page.locator(".progress-table").first
    total = table.locator("tbody tr").count()
    assert total > 0
    table.locator("tbody a").first.click()
    expect(page.locator(".crumbs a")).to_have_count(3)
    page.locator(".tabs .tab").nth(1).click()
    expect(page.get_by_role("heading", name="База до и после")).to_be_visible()
    assert page.locator(".outcome-table").first.locator("thead th").count() == 3  # this year and the last one
    assert_accessible_at_both_widths(page)
    with page.expect_download() as got:
        page.get_by_role("link", name="XLSX").click()
    assert got.value.suggested_filename.endswith(".xlsx")


def test_an_administrator_pauses_prolongs_closes_and_begins_the_next_one(open_as: Open) -> None:
    page = open_as("admin", "/campaigns/")
    page.get_by_role("link", name=re.compile(r"Чистка базы \d+")).first.click()
    running = page.url
    page.get_by_role("button", name="Приостановить").click()
    expect(page.locator(".status.is-campaign-paused")).to_be_visible()
    page.get_by_role("link", name="Ход", exact=True).click()
    expect(page.get_by_text("Приостановлена: сейчас никого не спрашивают")).to_be_visible()
    page.goto(running)
    page.locator('button[value="resume"]').click()
    expect(page.locator(".status.is-campaign-running")).to_be_visible()
    page.locator('input[name="last_day"]').fill("2099-01-31")
    page.locator('button[value="prolong"]').click()
    expect(page.locator(".card-facts")).to_contain_text("31.01.2099")

    page.get_by_role("button", name=re.compile("Скопировать|Копи")).click()
    expect(page.locator('input[name="year"]')).to_be_visible()
    page.locator('input[name="first_day"]').fill("2099-02-01")
    page.locator('input[name="last_day"]').fill("2099-03-31")
    page.locator("main form button[type=submit]").first.click()
    expect(page.locator(".status.is-campaign-draft")).to_be_visible()
    following = page.url
    expect(page.locator('button[value="start"]')).to_have_count(0)  # the other one is not closed yet

    page.goto(running)
    page.locator(".campaign-close summary").click()
    page.locator('button[value="close"]').click()
    expect(page.locator(".status.is-campaign-closed")).to_be_visible()
    page.get_by_role("link", name="Ход", exact=True).click()
    expect(page.get_by_text("закрыта досрочно")).to_be_visible()

    page.goto(following)
    page.locator('button[value="start"]').click()
    expect(page.locator(".status.is-campaign-running")).to_be_visible()
    for _n in range(40):  # the job prepares its clients
        page.goto(following)
        if page.locator(".tiles dd").first.inner_text() != "0" and not page.locator(".job").count():
            break
        page.wait_for_timeout(1000)
    assert int("".join(re.findall(r"\d", page.locator(".tiles dd").first.inner_text()))) > 100
