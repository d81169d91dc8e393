"""A real instance and a real browser, one of each for the whole run; every test looks over its pages' shoulders."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, expect, sync_playwright

from tests.browser.site import Site

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run",
]  # fmt: skip
WIDE, NARROW = (1440, 900), (390, 844)
PATIENCE = 10_000  # ms
TELL_VIOLATIONS = """document.addEventListener("securitypolicyviolation",
    (event) => console.error(`CSP: ${event.violatedDirective} keeps out ${event.blockedURI} ${event.sample}`))"""

Open = Callable[..., Page]
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where Chromium is. Without it the browser tests are skipped, but fail where REQUIRE_BROWSER=1."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    message = "the browser tests need Chromium in PATH: apt-get install chromium"
    if os.environ.get("REQUIRE_BROWSER") == "1":
        pytest.fail(f"{message} (REQUIRE_BROWSER=1)")
    pytest.skip(message)


@pytest.fixture(scope="session")
def site(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The demo, and proof that it leaves nothing running."""
    started = Site(Path(tmp_path_factory.mktemp("site")))
    try:
        started.start()
        yield started
    finally:
        started.stop()


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def sessions(site: Site, browser: Browser) -> Callable[[str], Any]:
    """The cookies of a role that has signed in, once a run."""
    known: dict[str, Any] = {}

    def of(role: str) -> Any:
        if role not in known:
            context = browser.new_context(locale="ru-RU")
            page = context.new_page()
            sign_in(page, site, site.logins[role], site.password)
            expect(page.locator(".rail")).to_be_visible()
            known[role] = context.storage_state()
            context.close()
        return known[role]

    return of


@pytest.fixture
def open_as(site: Site, browser: Browser, sessions: Callable[[str], Any]) -> Iterator[Open]:
    """Opens an address as a role ("" for nobody), in a browser of its own: `open_as("rep", "/clients/")`.

    Afterwards: no page has written an error to its console, broken the content security policy or met a 5xx.
    """
    contexts: list[BrowserContext] = []
    troubles: list[str] = []

    def opened(role: str, address: str = "/", *, size: tuple[int, int] = WIDE, language: str = "ru") -> Page:
        context = browser.new_context(
            base_url=site.url, viewport={"width": size[0], "height": size[1]}, locale=f"{language}-RU",
            storage_state=sessions(role) if role else None, reduced_motion="reduce",
        )  # fmt: skip
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        context.add_init_script(TELL_VIOLATIONS)
        if language != "ru":
            context.add_cookies([{"name": "django_language", "value": language, "url": site.url}])
        page = context.new_page()
        _watch(page, troubles)
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not troubles, "\n".join(troubles)


def _watch(page: Page, troubles: list[str]) -> None:
    refused: set[str] = set()  # pages whose answer is a 4xx by intent; the console repeats it

    def answered(response: Response) -> None:
        if response.status >= 500:
            troubles.append(f"{response.status} {response.url}")
        elif response.status >= 400 and response.request.is_navigation_request():
            refused.add(response.url)

    def said(message: ConsoleMessage) -> None:
        expected = message.location["url"] in refused and message.text.startswith("Failed to load resource")
        if message.type in ("error", "warning") and not expected:
            troubles.append(f"{page.url}: {message.text}")

    page.on("response", answered)
    page.on("console", said)
    page.on("pageerror", lambda error: troubles.append(f"{page.url}: {error}"))


def sign_in(page: Page, site: Site, username: str, password: str) -> None:
    page.goto(f"{site.url}/login/")
    page.get_by_label("Имя пользователя").fill(username)
    page.get_by_label("Пароль").fill(password)
    page.get_by_role("button", name="Войти").click()


@pytest.fixture(scope="module")
def register(site: Site) -> list[dict[str, Any]]:
    """Every client as the API gives it before the tests of a module."""
    return site.api_pages("clients/")


@pytest.fixture(scope="module")
def own(site: Site) -> list[dict[str, Any]]:
    """The clients of the representative."""
    return site.api_pages("clients/", "rep")
