"""The lock against guessing (accounts/selectors.py, wait)."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client as Browser

from accounts import selectors
from accounts.models import Role, SignInTry, User
from tests import make
from tests.accounts.conftest import PASSWORD, browser, inside, person, sign_in

pytestmark = pytest.mark.django_db


def fail(times: int, user: User | str, at: Browser) -> Any:
    for _number in range(times):
        answer = sign_in(at, user, "wrong")
    return answer


def later(minutes: float) -> None:
    """Let so much time have passed since all tries."""
    for one in SignInTry.objects.all():
        SignInTry.objects.filter(pk=one.pk).update(at=one.at - timedelta(minutes=minutes))


def test_the_fifth_wrong_password_makes_wait_and_says_how_long(anna: User) -> None:
    at = browser()
    assert fail(4, anna, at).status_code == 200
    fifth = fail(1, anna, at)
    assert fifth.status_code == 429
    assert "Wait 1 minute and try again" in fifth.content.decode()
    assert 0 < int(fifth["Retry-After"]) <= 61
    assert sign_in(at, anna).status_code == 429
    assert not inside(at)
    later(1.1)
    sign_in(at, anna)
    assert inside(at)


def test_each_further_wrong_password_doubles_the_wait_up_to_an_hour(anna: User) -> None:
    at, waits = browser(), []
    fail(4, anna, at)
    for _number in range(8):
        fail(1, anna, at)
        waits.append(round(selectors.wait(anna.username, "203.0.113.7") / timedelta(minutes=1)))
        later(waits[-1] + 0.1)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


def test_a_try_while_waiting_does_not_make_the_wait_longer(anna: User) -> None:
    at = browser()
    fail(9, anna, at)
    assert SignInTry.objects.count() == 5


def test_others_and_other_addresses_do_not_wait(anna: User) -> None:
    boris, at = person(), browser()
    fail(5, anna, at)
    sign_in(at, boris)
    assert inside(at)
    elsewhere = browser("198.51.100.4")
    sign_in(elsewhere, anna)
    assert inside(elsewhere)


def test_an_ipv6_subscriber_is_one_address(anna: User) -> None:
    fail(3, anna, browser("2001:db8::1"))
    assert fail(2, anna, browser("2001:db8::ffff:2")).status_code == 429
    assert fail(1, anna, browser("2001:db8:0:1::1")).status_code == 200


def test_getting_in_forgives_what_was_wrong(anna: User) -> None:
    at = browser()
    fail(4, anna, at)
    sign_in(at, anna)
    assert fail(4, anna, browser()).status_code == 200


def test_an_unknown_name_is_answered_like_a_known_one(anna: User) -> None:
    pages = [fail(5, name, browser()).content.decode() for name in (anna.username, "nobody")]
    ours, nobody = (re.sub(r'(?<=csrfmiddlewaretoken" value=")\w+', "", page) for page in pages)
    assert ours.replace(anna.username, "nobody") == nobody


def test_an_administrator_lets_try_again_at_once(anna: User, capsys: pytest.CaptureFixture[str]) -> None:
    at = browser()
    fail(5, anna, at)
    call_command("unlock", anna.username)
    sign_in(at, anna)
    assert inside(at)


def test_a_forwarded_address_that_the_browser_claims_does_not_help(anna: User) -> None:
    for number in range(5):
        claimed = Browser(REMOTE_ADDR="203.0.113.7", HTTP_X_FORWARDED_FOR=f"10.0.0.{number}")
        answer = sign_in(claimed, anna, "wrong")
    assert answer.status_code == 429
    assert {one.ip for one in SignInTry.objects.all()} == {"203.0.113.7"}


def test_behind_the_proxy_the_address_that_it_saw_counts(anna: User, settings: Any) -> None:
    settings.HTTPS = True
    for number in range(5):
        through = Browser(REMOTE_ADDR="10.0.0.2", HTTP_X_FORWARDED_FOR=f"198.51.100.{number}, 203.0.113.7")
        answer = sign_in(through, anna, "wrong")
    assert answer.status_code == 429
    assert {one.ip for one in SignInTry.objects.all()} == {"203.0.113.7"}


def test_no_password_is_kept(anna: User) -> None:
    at = browser()
    fail(1, anna, at)
    sign_in(at, anna)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT string_agg(t::text, '') FROM accounts_signintry t)"
            " || (SELECT string_agg(h::text, '') FROM history_event h)"
        )
        kept = cursor.fetchone()[0]
    assert anna.username in kept
    assert PASSWORD not in kept
    assert "wrong," not in kept


def test_tries_at_the_same_moment_are_no_more_than_one_after_another() -> None:
    name = f"nobody-{uuid4()}"  # what other connections write stays: it must be nobody's

    def attempt(_number: int) -> int:
        try:
            return int(sign_in(browser(), name, "wrong").status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as at_once:
        answers = sorted(at_once.map(attempt, range(16)))
    tries = SignInTry.objects.filter(username=name)
    assert tries.count() == 5
    assert answers == [200] * 4 + [429] * 12
    tries.delete()


def test_a_manager_sees_the_wrong_tries_and_lets_try_again(anna: User) -> None:
    fail(5, anna, browser())
    at, address = make.signed_in(make.user(Role.ADMIN)), f"/staff/member/{anna.username}/"
    assert "5 wrong tries to sign in" in at.get(address).content.decode()
    at.post(f"{address}unlock/")
    assert "wrong tries" not in at.get(address).content.decode()
    fresh = browser()
    sign_in(fresh, anna)
    assert inside(fresh)
