"""What a browser is told, how large and how often requests may be, and how refusals look."""

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client as Browser
from rest_framework.authtoken.models import Token

from accounts.models import Role
from config import env, limits
from tests import make

pytestmark = pytest.mark.django_db
SAFE = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(self), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


POLICY = {
    "default-src 'self'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'", "img-src 'self' data:",
    "object-src 'none'",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _fresh(servers: object) -> None:
    cache.clear()


def api(**headers: str) -> dict[str, Any]:
    token = Token.objects.create(user=make.user(Role.REP, make.territory())).key
    return {"headers": {"Authorization": f"Token {token}", "Accept-Language": "en"} | headers}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/login/", 200), ("/", 302), ("/health/", 200), ("/static/app.css", 200), ("/static/none.css", 404),
        ("/login/?next=%00", 400), ("/api/v1/clients/", 401), ("/api/v1/none/", 404),
    ],
)  # fmt: skip
def test_every_answer_says_what_a_browser_may_not_do(path: str, status: int) -> None:
    answer = Browser().get(path)
    assert answer.status_code == status
    assert {name: answer[name] for name in SAFE} == SAFE
    assert set(answer["Content-Security-Policy"].split("; ")) == POLICY


def test_even_an_unknown_host_gets_the_headers() -> None:
    answer = Browser().get("/login/", headers={"Host": "elsewhere.example"})
    assert answer.status_code == 400
    assert "Content-Security-Policy" in answer


@pytest.mark.parametrize(
    ("language", "words"), [("ru", "Слишком много за один раз"), ("en", "That is too much at once")]
)
def test_a_body_that_is_too_large_is_refused_in_words(language: str, words: str) -> None:
    browser = Browser()
    browser.cookies["django_language"] = language
    answer = browser.post("/login/", {"username": "x" * 3 * 2**20}, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 413
    assert words in answer.content.decode()


def test_files_may_be_larger_than_forms_but_not_without_end(settings: Any) -> None:
    def send(size: int) -> int:
        return int(Browser().post("/login/", {"username": "x" * size}).status_code)  # multipart, as files come

    settings.LARGEST_UPLOAD = 4 * 2**20
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 3 * 2**20
    assert send(5 * 2**20) == 413
    assert send(3 * 2**20 + 1000) == 413  # no file among it: a form's limit
    assert send(1000) == 200


def test_too_many_fields_are_a_bad_request() -> None:
    answer = Browser().post("/login/", {f"field{number}": "1" for number in range(1001)})
    assert answer.status_code == 400


def test_the_api_refuses_a_large_body_in_json() -> None:
    answer = Browser().patch("/api/v1/clients/x/", b" " * (3 * 2**20), content_type="application/json", **api())
    assert (answer.status_code, answer.json()) == (413, {"detail": "That is too much at once"})


def test_what_is_not_there_below_the_api_is_said_in_json() -> None:
    answer = Browser().get("/api/v1/none/", **api())
    assert (answer.status_code, answer.json()) == (404, {"detail": "There is no such page"})


def test_who_calls_the_api_too_often_is_told_when_to_come_again(settings: Any) -> None:
    settings.API_RATE = env.Rate(3, 60)
    ask, other = api(), api()
    answers = [Browser().get("/api/v1/clients/", **ask) for _number in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert 0 < int(answers[-1]["Retry-After"]) <= 61
    assert Browser().get("/api/v1/clients/", **other).status_code == 200


def test_guessing_tokens_ends_for_the_address(settings: Any) -> None:
    settings.BAD_TOKEN_RATE = env.Rate(3, 60)
    wrong = {"headers": {"Authorization": "Token 0123"}}
    answers = [Browser(REMOTE_ADDR="203.0.113.1").get("/api/v1/clients/", **wrong) for _number in range(4)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert int(answers[-1]["Retry-After"]) > 0
    right = api()
    assert Browser(REMOTE_ADDR="203.0.113.1").get("/api/v1/clients/", **right).status_code == 429
    assert Browser(REMOTE_ADDR="203.0.113.2").get("/api/v1/clients/", **right).status_code == 200


def test_tries_to_sign_in_from_an_address_are_bounded(settings: Any) -> None:
    settings.SIGN_IN_RATE = env.Rate(3, 60)
    browser = Browser()
    browser.cookies["django_language"] = "en"
    for number in range(4):
        answer = browser.post("/login/", {"username": f"nobody{number}", "password": "wrong"})
    assert answer.status_code == 429
    assert "Wait 1 minute and try again" in answer.content.decode()
    assert int(answer["Retry-After"]) > 0


def test_without_the_counters_the_service_goes_on(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}}
    assert limits.spend(env.Rate(1, 60), "somebody") == limits.spend(env.Rate(1, 60), "somebody") == 0
    assert "Rates are not limited" in caplog.text


@pytest.mark.parametrize(
    ("ip", "place"),
    [
        ("203.0.113.7", "203.0.113.7"), ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"), (None, ""),
    ],
)  # fmt: skip
def test_a_place_is_what_one_subscriber_has(ip: str | None, place: str) -> None:
    assert limits.place(ip) == place


def test_a_form_without_its_token_is_refused_in_our_words() -> None:
    browser = Browser(enforce_csrf_checks=True)
    answer = browser.post("/login/", {"username": "x", "password": "y"})
    assert answer.status_code == 403
    assert "Страница устарела" in answer.content.decode()
