"""Every page of the product, by the URL configuration: axe finds nothing at both widths, nothing sticks out of a
phone's screen, the first load is small, and (open_as) no console error and no violation of the content security policy.

A GET address needs its entry here: in PAGES, or where it is asked for as part of a page, or why it is none.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.site import Site
from tests.browser.test_accessibility import assert_accessible_at_both_widths
from tests.test_rights_matrix import DECLARED

pytestmark = pytest.mark.browser
LARGEST = 300_000  # bytes that come over the wire at the first load, heads and compressed bodies
QUIET = 20_000  # ms

# By the address's name: who opens it, and where; {…} is filled in from the demo by the fixture `values`.
PAGES = {
    "login": ("", "/login/"),
    "security": ("rep", "/security/"),
    "security-password": ("rep", "/security/password/"),
    "second-factor": ("rep", "/security/second-factor/"),
    "token-make": ("rep", "/security/token/"),
    "client-list": ("head", "/clients/?status=all"),
    "client-map": ("head", "/client-list/map/?status=all"),
    "client-card": ("head", "/clients/{code}/"),
    "client-edit": ("supervisor", "/clients/{own}/edit/"),
    "client-past": ("head", "/clients/{code}/past/?day={day}"),
    "client-new": ("rep", "/new-client/"),
    "change-list": ("admin", "/changes/"),
    "change": ("admin", "/changes/{reference}/"),
    "request-queue": ("supervisor", "/requests/"),
    "request-mine": ("rep", "/requests/mine/"),
    "request-decided": ("supervisor", "/requests/decided/"),
    "field-rules": ("admin", "/settings/fields/"),
    "notice-list": ("rep", "/notices/"),
    "my-day": ("rep", "/day/"),
    "duplicates": ("supervisor", "/duplicates/"),
    "duplicates-merge": ("supervisor", "/duplicates/merge/?one={own}&other={other}"),
    "job-list": ("admin", "/jobs/"),
    "job": ("admin", "/jobs/{job}/"),
    "staff-list": ("head", "/staff/"),
    "staff-new": ("head", "/staff/new/"),
    "staff-member": ("head", "/staff/member/{rep}/"),
    "staff-hand-over": ("head", "/staff/member/{rep}/hand-over/"),
    "territory-list": ("head", "/territories/"),
    "territory-new": ("head", "/territories/new/"),
    "export-list": ("admin", "/exports/"),
    "import-list": ("admin", "/imports/"),
    "import": ("admin", "/imports/{import}/"),
    "import-columns": ("admin", "/imports/{import}/columns/"),
    "kpi-matrix": ("head", "/kpi/"),
    "kpi-behind": ("head", "/kpi/akb/clients/"),
    "kpi-almost": ("head", "/kpi/akb/almost/"),
    "targets": ("head", "/kpi/targets/"),
    "plans": ("supervisor", "/plans/"),
    "client-category": ("supervisor", "/clients/{own}/category/"),
    "kpi-moves": ("head", "/kpi/moves/"),
    "kpi-efforts": ("head", "/kpi/efforts/"),
    "kpi-effort-rules": ("admin", "/kpi/efforts/norms/"),
    "kpi-digest": ("head", "/kpi/digest/"),
    "digest-unsubscribe": ("", "/digest/unsubscribe/{token}/"),
    "campaign-list": ("admin", "/campaigns/"),
    "campaign-new": ("admin", "/campaigns/new/"),
    "campaign": ("admin", "/campaigns/{campaign}/"),
    "campaign-edit": ("admin", "/campaigns/{campaign}/edit/"),
    "campaign-answer": ("rep", "/campaigns/{campaign}/answer/"),
    "campaign-approve": ("supervisor", "/campaigns/{campaign}/approve/"),
    "campaign-progress": ("head", "/campaigns/{campaign}/progress/"),
    "campaign-result": ("head", "/campaigns/{campaign}/result/"),
    "questionnaire-list": ("admin", "/questionnaires/"),
    "questionnaire": ("admin", "/questionnaires/{version}/"),
    "question-new": ("admin", "/questionnaires/{version}/questions/new/"),
    "question-edit": ("admin", "/questionnaires/{version}/questions/{question}/"),
    "kpi-charts": ("head", "/kpi/charts/"),
    "kpi-chart-clients": ("head", "/kpi/charts/flow/clients/?row=potential"),
    "kpi-reopenings": ("head", "/kpi/reopenings/"),
    "selection": ("supervisor", "/selections/{selection}/"),
    "bulk-edit": ("supervisor", "/bulk/{bulk}/"),
}
# Parts of a page that htmx fetches; they are seen in it (the list's, the card's and the map's own tests open them).
PARTS = {
    "client-counts", "client-filter", "client-columns", "segment-menu", "segment-new", "segment-edit", "palette",
    "client-history", "counterparty-options", "client-orders", "client-invoices", "invoice-lines", "client-visits",
    "client-contacts", "contact-new", "contact", "client-interactions", "interaction-new", "duplicates-check",
    "client-merged", "territory-options", "client-kpi", "client-map-view", "plans-add", "client-plans",
    "client-category-note", "client-efforts", "client-cell", "client-territories",
}  # fmt: skip
# No HTML, or an answer that leads elsewhere.
NONE = {
    "home", "health", "notice-open", "job-file", "import-errors", "kpi-workbook", "answer-worker", "answer-pack",
    "campaign-photo", "campaign-result-xlsx",
}  # fmt: skip
# Pages in the middle of a way that tests/browser/test_security.py goes, and looks at as this file does.
ON_THE_WAY = {"login-code", "second-factor-off", "recovery-codes"}

Values = dict[str, str]


def test_every_address_that_is_read_has_its_entry() -> None:
    read = {name for name, method in DECLARED if method == "GET" and not name.startswith("api-")}
    assert sorted(read) == sorted([*PAGES, *PARTS, *NONE, *ON_THE_WAY])


@pytest.fixture(scope="module")
def values(site: Site, browser: Any, sessions: Callable[[str], Any], tmp_path_factory: Any) -> Values:
    """What the demo has for the parts of the addresses; an import that was checked, and so a job, is made."""
    context = browser.new_context(base_url=site.url, storage_state=sessions("admin"), locale="ru-RU")
    page = context.new_page()
    clients = site.api_pages("clients/", "supervisor", status="active")
    made = Path(tmp_path_factory.mktemp("every")) / "channels.csv"
    made.write_text("code,name\nnone,Нигде\n")
    page.goto("/imports/")
    page.get_by_label("Файл из учётной системы").set_input_files(made)
    page.get_by_role("button", name="Дальше").click()
    page.get_by_role("button", name="Проверить").click()
    expect(page.locator(".tiles")).to_be_visible(timeout=30_000)
    found = {
        "own": clients[0]["code"], "other": clients[1]["code"], "rep": site.logins["rep"],
        "import": _first(page.url, r"/imports/(\d+)/"),
    }  # fmt: skip
    found["job"], found["token"] = site.manage(
        "shell", "--verbosity", "0", "-c",
        "from accounts.jobs.models import Job\nfrom accounts.models import User\n"
        "from kpi.digests.services import token\n"
        f"print(Job.objects.filter(owner__username='{site.logins['admin']}').latest('pk').pk,"
        f" token(User.objects.get(username='{site.logins['head']}')))",
    ).split()  # fmt: skip
    found["campaign"], found["version"], found["question"] = site.manage(
        "shell", "--verbosity", "0", "-c",
        "from accounts.models import User\nfrom cleanup.models import Campaign\n"
        "from cleanup import questionnaire_services\n"
        f"admin = User.objects.get(username='{site.logins['admin']}')\n"
        "version = questionnaire_services.questionnaire_create(user=admin, name='Черновик')\n"
        "print(Campaign.objects.exclude(state='draft').latest('pk').pk, version.pk, version.questions.first().pk)",
    ).split()  # fmt: skip
    page.goto("/changes/")
    found["reference"] = _first(page.content(), r'href="/changes/([^"/]+)/"')
    lost = max(site.api_pages("clients/", status="lost"), key=lambda one: one["last_order_on"] or "")
    found |= {"code": lost["code"], "day": "2026-01-15"}
    context.close()
    return found | _chosen(site, browser, sessions)


def _chosen(site: Site, browser: Any, sessions: Callable[[str], Any]) -> Values:
    """Clients that the supervisor chose, and an edit of them that was looked at and not made."""
    context = browser.new_context(base_url=site.url, storage_state=sessions("supervisor"), locale="ru-RU")
    page = context.new_page()
    page.goto("/clients/")
    page.locator(".cell-pick [name=id]").first.check()
    page.get_by_role("button", name="Изменить выбранных").click()
    selection = _first(page.url, r"/selections/([^/]+)/")
    page.get_by_label("Новое значение: потенциал").fill("7777")
    page.get_by_role("button", name="Показать, что изменится").click()
    bulk = _first(page.url, r"/bulk/([^/]+)/")
    context.close()
    return {"selection": selection, "bulk": bulk}


def _first(text: str, pattern: str) -> str:
    match = re.search(pattern, text)
    assert match, pattern
    return match[1]


def wire(page: Page, address: str) -> int:
    """Open an address as if for the first time, until nothing more is asked for; how many bytes came."""
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    network.send("Network.clearBrowserCache")
    loaded: list[int] = []
    network.on("Network.loadingFinished", lambda event: loaded.append(int(event["encodedDataLength"])))
    answer = page.goto(address, wait_until="networkidle", timeout=QUIET)
    assert answer is not None
    assert (answer.status, page.url.split("?")[0]) == (200, answer.request.url.split("?")[0])
    assert answer.header_value("content-type") == "text/html; charset=utf-8"
    network.detach()
    return sum(loaded)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_small_accessible_and_fits_a_phone(open_as: Open, values: Values, name: str) -> None:
    role, address = PAGES[name]
    page = open_as(role, "about:blank")
    taken = wire(page, address.format(**values))
    print(f"{name}: {taken:,} bytes")
    assert taken <= LARGEST
    assert page.locator("main h1").count() == 1
    assert_accessible_at_both_widths(page)
