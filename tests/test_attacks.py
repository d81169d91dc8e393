"""Attacks that were tried by hand on a running instance, and what is to hold against them."""

import csv
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.test import Client as Browser
from django.urls import reverse
from django.urls.converters import IntConverter, UUIDConverter

from accounts.models import Role, Way
from accounts.services import acting
from clients.models import Client, Contact
from kpi import services
from tests import make
from tests.accounts.conftest import PASSWORD, browser, person, sign_in
from tests.test_rights_matrix import ADDRESSES, DECLARED

pytestmark = pytest.mark.django_db
ANY = {IntConverter: 1, UUIDConverter: uuid4()}  # of a part of an address; of any other "x"
SCRIPT = """"><script>alert('1')</script><img src=x onerror=alert(1)>"""
ELSEWHERE = [
    "https://evil.example/",
    "//evil.example",
    "/\\evil.example",
    "javascript:alert(1)",
    "http:///evil.example",
]


@pytest.fixture(autouse=True)
def _fresh(servers: object, settings: Any) -> None:
    cache.clear()
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def test_no_form_is_taken_without_its_token() -> None:
    taken = []
    for name, pattern, _route in ADDRESSES:
        if (name, "POST") in DECLARED and not name.startswith("api-"):
            kinds = pattern.pattern.converters.items()
            address = reverse(name, kwargs={part: ANY.get(type(kind), "x") for part, kind in kinds})
            if Browser(enforce_csrf_checks=True).post(address).status_code != 403:
                taken.append(name)
    assert taken == ["digest-unsubscribe"]  # sent by mail programs (RFC 8058); what is in the address is its proof


def test_the_api_takes_no_change_from_a_browser_without_the_token_of_its_forms() -> None:
    shop = make.client(make.territory())
    at = Browser(enforce_csrf_checks=True)
    with acting(actor=None, way=Way.BROWSER):
        at.force_login(make.user(Role.REP, shop.territory))
    answer = at.patch(f"/api/v1/clients/{shop.code}/", {"phone": "1"}, "application/json", headers={"If-Match": '"1"'})
    assert answer.status_code == 403
    assert Client.objects.get(pk=shop.pk).phone == ""


@pytest.mark.parametrize("address", ELSEWHERE)
def test_nobody_is_sent_elsewhere(address: str) -> None:
    anna, at = person(), browser()
    assert sign_in(at, anna, next=address).url == "/"
    assert at.post("/language/", {"language": "en", "next": address}, headers={"Referer": address}).url == "/"


def test_no_header_is_written_through_an_address() -> None:
    answer = sign_in(browser(), person(), next="/clients/\r\nSet-Cookie: a=b")
    assert "\n" not in answer["Location"]
    assert "a" not in answer.cookies


def test_texts_of_the_register_run_nowhere() -> None:
    place = make.territory(name=SCRIPT)
    owner, channel = make.counterparty(name=SCRIPT), make.channel(name=SCRIPT)
    shop = make.client(
        place, name=SCRIPT, address=SCRIPT, phone="javascript:alert(1)", counterparty=owner, channel=channel
    )
    boss = make.user(Role.SUPERVISOR, place, full_name=SCRIPT)
    with acting(actor=boss, way=Way.BROWSER):
        Contact.objects.create(client=shop, full_name=SCRIPT, position=SCRIPT, phone=SCRIPT, email=SCRIPT, notes=SCRIPT)
        Client.objects.filter(pk=shop.pk).update(address=SCRIPT + SCRIPT)
    at = make.signed_in(boss)
    at.post("/login/", {"username": SCRIPT, "password": "x"})
    card = f"/clients/{shop.code}/"
    own = [card, f"{card}edit/", f"{card}history/"]
    for page in (*own, "/clients/?status=all", "/kpi/", "/security/", "/counterparties/?counterparty=script"):
        answer = at.get(page)
        text = answer.content.decode()
        assert answer.status_code == 200, page
        assert "<script>alert" not in text, page
        assert "<img src=x" not in text, page
        assert 'href="javascript:' not in text, page


SQL = ["\n; SELECT 1 --", "\r\n) OR true --", "' OR true --", "\\' OR true --", "%(period)s", "{measures}", "$1", "/*"]


@pytest.mark.parametrize("text", SQL)
def test_no_text_becomes_sql(text: str) -> None:
    """A line break once ended the comment above the statement of a number's clients, where the parameters are named."""
    place = make.territory(code="place")
    make.client(place)
    services.period_current(date(2026, 1, 1), date(2026, 1, 31))
    at = make.signed_in(make.user(Role.HEAD, place))
    month = {"territory": "place", "from": "2026-01", "to": "2026-01"}
    for path, name, others in (
        ("/clients/", "search", {}), ("/clients/", "channel", {}), ("/clients/", "manager", {}),
        ("/kpi/", "sort", month), ("/kpi/", "by", month),
        ("/kpi/okb/clients/", "channel", month), ("/kpi/okb/clients/", "category", month),
        ("/kpi/okb/clients/", "after_code", {**month, "after": "9"}),
        ("/api/v1/clients/", "search", {}), ("/api/v1/clients/", "channel", {}),
        ("/api/v1/kpi/okb/clients/", "channel", month), ("/api/v1/kpi/okb/clients/", "category", month),
    ):  # fmt: skip
        assert at.get(path, {**others, name: text}).status_code == 200, (path, name)
    assert at.get("/api/v1/kpi/okb/clients/", {**month, "cursor": f"9:{text}"}).status_code == 200


def test_a_cell_turned_away_does_not_run_from_the_list_of_reasons(load: Callable[..., int], tmp_path: Path) -> None:
    assert load(clients="code,name,territory_code\nC1,x,=1+1\nC2,x,-5\n") == 1
    values = [row["value"] for row in csv.DictReader((tmp_path / "rejected.csv").open())]
    assert values == ["'=1+1", "-5"]


def test_the_password_is_not_in_any_page_that_says_it_is_wrong() -> None:
    answer = sign_in(browser(), person(), PASSWORD + "x")
    assert PASSWORD not in answer.content.decode()


@pytest.mark.parametrize("path", ["../manage.py", "%2e%2e/manage.py", "..%2fmanage.py", "/etc/passwd"])
def test_no_file_but_static_ones_is_given_out(path: str) -> None:
    answer = Browser().get(f"/static/{path}")
    assert answer.status_code in (302, 404)
    assert b"DJANGO_SETTINGS_MODULE" not in answer.content
