from datetime import date, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NARROW, WIDE, Open
from tests.browser.test_accessibility import assert_accessible, assert_accessible_at_both_widths
from tests.browser.test_narrow import assert_fits

pytestmark = pytest.mark.browser


def test_people_are_added_changed_removed_and_put_back_by_keyboard_alone(
    open_as: Open, own: list[dict[str, Any]]
) -> None:
    page = open_as("rep", f"/clients/{own[6]['code']}/")
    people = page.locator("#contacts")
    page.get_by_role("button", name="Добавить").focus()
    page.keyboard.press("Enter")
    expect(people.get_by_label("ФИО")).to_be_focused()
    page.keyboard.press("Escape")
    expect(people.get_by_label("ФИО")).to_have_count(0)
    expect(page.get_by_role("button", name="Добавить")).to_be_focused()
    page.keyboard.press("Enter")
    expect(people.get_by_label("ФИО")).to_be_focused()
    page.keyboard.type("Пробная Анна")
    people.get_by_label("ЛПР").focus()
    page.keyboard.press("Space")
    assert_accessible(page)
    page.keyboard.press("Enter")
    person = people.locator(".person", has_text="Пробная Анна")
    expect(person).to_contain_text("ЛПР")
    edit = person.get_by_role("button", name="Изменить: Пробная Анна")
    expect(edit).to_be_focused()
    page.keyboard.press("Enter")
    people.get_by_label("Телефон").fill("+7 900 123-45-67")
    page.keyboard.press("Enter")
    expect(person.get_by_role("link")).to_have_attribute("href", "tel:+79001234567")
    edit.click()
    people.get_by_role("button", name="Удалить").click()
    expect(person).to_have_count(0)
    people.get_by_role("button", name="Вернуть").click()
    expect(person.get_by_role("link")).to_have_attribute("href", "tel:+79001234567")


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_what_was_agreed_on_stands_in_my_day_until_it_is_done(
    open_as: Open, own: list[dict[str, Any]], size: tuple[int, int]
) -> None:
    client, what = own[7], f"Отправить прайс {size[0]}"
    page = open_as("rep", f"/clients/{client['code']}/", size=size)
    page.get_by_role("button", name="Записать").click()
    _say(page, "Просит скидку", what, date.today() - timedelta(days=2))  # noqa: DTZ011
    expect(page.locator("#talks .talk").first).to_contain_text("Просит скидку")
    page.goto("/day/")
    task = page.locator(".task", has_text=what)
    expect(task.locator(".status.is-lost")).to_be_visible()
    assert_accessible_at_both_widths(page)
    page.set_viewport_size({"width": size[0], "height": size[1]})
    assert_fits(page)
    task.get_by_role("button", name="Результат").click()
    _say(page, "Прайс отправлен", "", None)
    done = page.get_by_role("region", name="Сделано сегодня").locator(".task", has_text=what)
    expect(done).to_be_visible()
    done.get_by_role("button", name="Вернуть в работу").click()
    page.get_by_role("region", name="Просрочено").locator(".task", has_text=what).locator("summary").click()
    day = date.today() + timedelta(days=9)  # noqa: DTZ011
    page.locator(".menu[open] input[type=date]").fill(day.isoformat())
    page.locator(".menu[open] button").click()
    expect(page.locator(".task", has_text=what)).to_have_count(0)


def _say(page: Page, said: str, step: str, on: date | None) -> None:
    page.get_by_label("О чём говорили").fill(said)
    page.get_by_label("Следующий шаг").fill(step)
    if on:
        page.get_by_label("Когда", exact=True).fill(on.isoformat())
    page.locator(".talk-form").get_by_role("button", name="Сохранить").click()
