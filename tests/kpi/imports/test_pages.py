import io
import zipfile
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from accounts.models import Role, User
from kpi.imports.models import Import
from tests import make
from tests.kpi.imports.conftest import done, upload
from tests.make import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _plain_static_files(settings: Any) -> None:
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }


@pytest.fixture
def browser(admin: User) -> Browser:
    return signed_in(admin)


def send(browser: Browser, name: str, content: str | bytes) -> Any:
    return browser.post(reverse("import-list"), {"file": upload(name, content)})


def test_a_file_without_any_known_heading_says_so(browser: Browser) -> None:
    said = "None of the headings is known here."
    assert said in browser.get(send(browser, "some.csv", "foo;bar\n1;2\n").url).content.decode()
    assert said not in browser.get(send(browser, "clients.csv", "Код;bar\n1;2\n").url).content.decode()


def test_the_wizard_from_upload_to_load(browser: Browser, route: Any) -> None:
    columns = send(browser, "Клиенты.csv", "Код;Наименование;Маршрут;Менеджер\nA;Shop;R1;Ivanov\nB;;R1;\n").url
    page = browser.get(columns).content.decode()
    assert "Ivanov" in page
    chosen = {"kind": "clients", "column-0": "code", "column-1": "name", "column-2": "territory_code", "column-3": ""}
    answer = browser.post(columns, {**chosen, "column-1": "code"})
    assert answer.status_code == 400
    assert "Chosen twice: code" in answer.content.decode()
    place = browser.post(columns, chosen).url
    assert "every 1s" in browser.get(place).content.decode()
    made = Import.objects.get()
    done(made.check_job)
    page = browser.get(place).content.decode()
    assert "nothing has been changed yet" in page
    assert "must not be empty" in page
    assert b"must not be empty" in b"".join(browser.get(place + "errors/").streaming_content)  # type: ignore[attr-defined]
    browser.post(place + "load/")
    done(Import.objects.get().load_job)
    assert "What was loaded" in browser.get(place).content.decode()
    assert browser.post(columns, chosen).status_code == 400, "it has been loaded"
    assert "Клиенты.csv" in browser.get(reverse("import-list")).content.decode()


def test_another_kind_has_other_columns(browser: Browser) -> None:
    columns = send(browser, "Клиенты.csv", "Код;Наименование;Маршрут\nA;Shop;R1\n").url
    assert "potential_monthly" in browser.get(columns).content.decode()
    assert "potential_monthly" not in browser.get(columns, {"kind": "channels"}).content.decode()
    assert browser.get(columns, {"kind": "nonsense"}).status_code == 404


def _bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/worksheets/sheet1.xml", b" " * (13 << 20))
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("clients.xls", "x", "must be saved as .xlsx"),
        ("clients.xlsx", "no zip", "not an XLSX workbook"),
        ("clients.xlsx", _bomb(), "too large when unpacked"),
        ("clients.csv", "", "empty"),
        ("clients.csv.gz", "no gzip", "archive is broken"),
        ("clients.csv", "a,b\n".encode("utf-16"), "UTF-16"),
    ],
    ids=lambda value: "bytes" if isinstance(value, bytes) else None,  # an archive holds the time of day
)
def test_a_wrong_file_is_refused_with_what_to_do(
    browser: Browser, settings: Any, name: str, content: str | bytes, message: str
) -> None:
    settings.LARGEST_UPLOAD = 1 << 20
    answer = send(browser, name, content)
    assert answer.status_code == 400
    assert message in answer.content.decode()
    assert not Import.objects.exists()


@pytest.mark.parametrize("role", [Role.REP, Role.SUPERVISOR, Role.HEAD, Role.ANALYST])
def test_only_administrators_import(role: Role, route: Any) -> None:
    browser = signed_in(make.user(role, route))
    assert send(browser, "clients.csv", "code\nA\n").status_code == 403
    assert reverse("import-list") not in browser.get(reverse("client-list")).content.decode()
