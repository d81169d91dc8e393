"""The import wizard in a browser, with the worker of the demo."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.site import Site
from tests.browser.test_accessibility import assert_accessible_at_both_widths

pytestmark = pytest.mark.browser
HEAD = "Код ТТ;Торговая точка;Код маршрута;Канал сбыта;Менеджер\n"


@pytest.fixture
def page(open_as: Open) -> Page:
    return open_as("admin", "/imports/")


def upload(page: Page, path: Path, content: bytes) -> None:
    path.write_bytes(content)
    page.get_by_label("Файл из учётной системы").set_input_files(path)
    page.get_by_role("button", name="Дальше").click()


def check(page: Page) -> None:
    page.get_by_role("button", name="Проверить").click()
    expect(page.locator(".tiles")).to_be_visible(timeout=30_000)


def counts(page: Page) -> list[str]:
    return page.locator(".tiles dd").all_inner_texts()


def test_a_file_with_errors_is_checked_loaded_corrected_and_loaded(page: Page, site: Site, tmp_path: Path) -> None:
    territory = site.api_pages("clients/", "admin")[0]["territory"]
    route = territory["code"] if isinstance(territory, dict) else territory
    rows = f"И-1;Павильон «Ёлочка»;{route};;Иванов\nИ-2;Киоск;М-999;;Иванов\n"
    upload(page, tmp_path / "Точки из 1С.csv", (HEAD + rows).encode("cp1251"))
    expect(page.get_by_label("Код маршрута")).to_have_value("territory_code")
    expect(page.get_by_label("Менеджер")).to_have_value("")
    assert_accessible_at_both_widths(page)
    page.get_by_label("Источник").fill("1С, точки")
    check(page)
    assert counts(page) == ["1", "0", "0", "1"]
    assert_accessible_at_both_widths(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Строки с причинами").click()
    errors = download.value.path().read_text(encoding="utf-8-sig")
    assert errors.splitlines()[1] == "И-2;Киоск;М-999;;Иванов;Код территории: неизвестно: территория"

    page.get_by_role("button", name="Загрузить").click()
    expect(page.get_by_role("heading", name="Что загружено")).to_be_visible(timeout=30_000)
    assert [one["name"] for one in site.api_pages("clients/", "admin", search="И-1")] == ["Павильон «Ёлочка»"]

    page.get_by_role("navigation", name="Где вы").get_by_role("link").click()
    upload(page, tmp_path / "errors.csv", errors.replace("М-999", route).encode())
    expect(page.get_by_text("Заголовки знакомы")).to_be_visible()
    check(page)
    assert counts(page) == ["1", "0", "0", "0"]
    page.goto("/imports/")
    assert_accessible_at_both_widths(page)
    page.goto("/jobs/")
    assert_accessible_at_both_widths(page)


def test_a_wrong_file_is_refused_beside_the_field(page: Page, tmp_path: Path) -> None:
    upload(page, tmp_path / "clients.xlsx", b"no workbook")
    expect(page.get_by_role("alert")).to_contain_text("Это не книга XLSX")
    assert_accessible_at_both_widths(page)
