"""No page takes more than fifteen SQL statements, whoever asks for it and however the list is filtered (issue 4)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client as Browser

from accounts.models import Role, Way
from accounts.services import acting
from clients import counting, search
from clients.filters import FLAGS
from clients.keyset import SORTS
from clients.listing import TABS
from clients.models import Segment
from kpi.filters import Show
from kpi.selectors import By
from tests import make
from tests import test_rights_matrix as matrix
from tests.test_rights_matrix import DECLARED, ROLES, World, ask

ENOUGH = 15
world, _plain_static_files = matrix.world, matrix._plain_static_files  # its fixtures
PAGES = sorted({name for name, method in DECLARED if method == "GET"})
# In a test's transaction Django makes a savepoint where it would begin a transaction.
NOT_COUNTED = ("SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT")


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that run meanwhile."""
    seen: list[str] = []

    def note(run: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if not sql.startswith(NOT_COUNTED):
            seen.append(sql)
        return run(sql, *rest)

    with connection.execute_wrapper(note):
        yield seen


def _too_many(asked: dict[str, Callable[[], HttpResponse]]) -> dict[str, int]:
    """By what was asked, how many statements those took that took more than ENOUGH; which ones is printed."""
    found = {}
    for name, question in asked.items():
        question()  # what is read once a process
        with counted() as statements:
            question()
        if len(statements) > ENOUGH:
            found[name] = len(statements)
            print(name, *statements, sep="\n    ")
    return found


@pytest.fixture(autouse=True)
def _sessions_noted(world: World) -> None:
    """Where a session is used is written down every five minutes: not a page's own."""
    for session in world.sessions.values():
        _browser(session).get("/clients/")


def _browser(session: str) -> Browser:
    browser = Browser()
    browser.cookies[settings.SESSION_COOKIE_NAME] = session
    return browser


@pytest.mark.parametrize("name", PAGES)
def test_a_page_takes_few_statements(world: World, name: str) -> None:
    asked = {
        who: lambda who=who: ask(world, name, "GET", who, world.inside)
        for who in ROLES
        if DECLARED[name, "GET"][who][0] == 200
    }  # fmt: skip
    assert _too_many(asked) == {}


@pytest.mark.parametrize("who", ROLES)
@pytest.mark.parametrize("many", [1, 1_000])
def test_the_list_takes_few_statements_in_any_state(
    world: World,
    who: str,
    many: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`many`: as in a large register, where hits and counts are too many to be known one by one."""
    monkeypatch.setattr(search, "MANY", many)
    if many == 1:
        monkeypatch.setattr(counting, "CHEAP", 0)
    with transaction.atomic():
        with acting(actor=None, way=Way.COMMAND):
            segment = Segment.objects.create(owner=world.people[who], name="All", query="status=all", columns=["name"])
        for number in range(3):
            make.client(world.inside.client.territory, name=f"Магазин {number}", phone="+7 912 345-67-89")
        browser = _browser(world.sessions[who])
        states = {
            address: lambda address=address: _shown(browser.get(address)) for address in _states(world, segment)
        }  # fmt: skip
        found = _too_many(states)
        transaction.set_rollback(True)
    assert found == {}


@pytest.mark.parametrize("who", ROLES)
def test_the_matrix_takes_few_statements_whatever_its_rows_and_whatever_stands_beside_them(
    world: World, who: str
) -> None:
    browser, shows = _browser(world.sessions[who]), "".join(f"&show={show.value}" for show in Show)
    addresses = [f"/kpi/?from=2026-01&to=2026-03&chosen=1{shows}&by={by.value}" for by in By]
    assert _too_many({one: lambda one=one: _shown(browser.get(one)) for one in addresses}) == {}


def _shown(answer: HttpResponse) -> HttpResponse:
    assert answer.status_code == 200
    return answer


def _states(world: World, segment: Segment) -> Iterator[str]:
    """Addresses of the list, its counts and filters, the search as one types, and the card."""
    client, person = world.inside.client, world.people[Role.REP]
    filtered = {
        "territory": world.inside.team.code, "channel": client.channel.code if client.channel else "-",
        "category": "-", "manager": person.username, "reason": "-", "flag": "no-phone",
    }  # fmt: skip
    searches = ["магазин", "магозин 1", "vfufpby", "8 (912) 345-67-89", "345-67", client.code, "7700000000", "ничего"]
    states: list[dict[str, Any]] = [{}, filtered | {"segment": segment.pk, "flag": list(FLAGS)}]
    states += [{"status": "all", "sort": f"-{sort}"} for sort in SORTS]
    states += [{"status": tab, "last": 1} for tab in TABS]
    states += [{"status": tab, "after": "1~a"} for tab in ("active", "all")]
    states += [{"status": "active", "search": text} for text in searches]
    states += [
        {"status": tab, "search": text, "segment": segment.pk} | filtered
        for tab in ("lost", "all")
        for text in searches
    ]
    for state in states:
        query = urlencode(state, doseq=True)
        yield f"/clients/?{query}"
        yield f"/client-list/counts/?{query}"
    for text in searches:
        yield f"/search/?{urlencode({'search': text})}"
