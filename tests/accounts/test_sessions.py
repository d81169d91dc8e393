"""Where a person is signed in, and how that ends."""

import re
import time
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import HistoryEvent, Session, User
from accounts.services import tidy
from tests.accounts.conftest import PASSWORD, browser, inside, person, sign_in

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"


def two(user: User) -> tuple[Any, Any]:
    here, there = browser(), browser("198.51.100.4", FIREFOX)
    for one in (here, there):
        sign_in(one, user)
        assert inside(one)
    return here, there


def test_the_page_lists_where_one_is_signed_in(anna: User) -> None:
    here, there = two(anna)
    page = here.get("/security/").content.decode()
    for words in ("Chrome, Windows", "203.0.113.7", "Firefox, Linux", "198.51.100.4", "this one"):
        assert words in page
    assert there.session.session_key not in page


def test_one_session_is_ended_and_this_one_stays(anna: User) -> None:
    here, there = two(anna)
    address = re.search(r"/security/sessions/[0-9a-f]{32}/end/", here.get("/security/").content.decode())
    assert address
    here.post(address[0])
    assert (inside(here), inside(there)) == (True, False)


def test_nobody_ends_a_session_of_somebody_else(anna: User) -> None:
    here, there = two(anna)
    address = re.search(r"/security/sessions/[0-9a-f]{32}/end/", here.get("/security/").content.decode())
    stranger = browser()
    sign_in(stranger, person())
    stranger.post(address[0])  # type: ignore[index]
    stranger.post("/security/sessions/end/")
    assert inside(there)


def test_the_others_are_ended(anna: User) -> None:
    here, there = two(anna)
    assert "1 session ended." in here.post("/security/sessions/end/", follow=True).content.decode()
    assert (inside(here), inside(there)) == (True, False)


def test_a_session_ends_when_unused(anna: User) -> None:
    at = browser()
    sign_in(at, anna)
    Session.objects.update(expire_date=timezone.now())
    assert not inside(at)


def test_use_prolongs_a_session_but_not_beyond_its_longest_life(anna: User, settings: Any) -> None:
    at = browser()
    sign_in(at, anna)
    at.get("/security/")

    def left(seen: int, started: int) -> float:
        session = at.session
        session["seen"], session["started"] = time.time() - seen, time.time() - started
        session.save()
        at.get("/security/")
        return (Session.objects.get().expire_date - timezone.now()).total_seconds()

    assert left(3600, 3600) == pytest.approx(settings.SESSION_COOKIE_AGE, abs=60)
    assert left(3600, settings.SESSION_LONGEST - 1800) == pytest.approx(1800, abs=60)


def test_signing_in_gives_a_session_of_another_key(anna: User) -> None:
    at = browser()
    known = at.session
    known.save()
    at.cookies["sessionid"] = known.session_key
    sign_in(at, anna)
    assert inside(at)
    assert at.cookies["sessionid"].value != known.session_key
    assert not Session.objects.filter(session_key=known.session_key).exists()


def test_changing_the_password_ends_the_other_sessions_and_is_in_the_history(anna: User) -> None:
    here, there = two(anna)
    new = "новая берёза у реки"
    answer = here.post("/security/password/", {"own_password": PASSWORD, "new_password": new, "again": new})
    assert answer.url == "/security/"
    assert (inside(here), inside(there)) == (True, False)
    event = HistoryEvent.objects.filter(table="accounts_user", row_id=anna.pk).latest("pk")
    assert (event.actor, list(event.new)) == (anna, ["password", "password_changed_at"])
    fresh = browser()
    sign_in(fresh, anna, new)
    assert inside(fresh)


@pytest.mark.parametrize(
    ("own", "new", "again", "complaint"),
    [
        ("wrong", "новая берёза у реки", "новая берёза у реки", "This is not your password."),
        (PASSWORD, "новая берёза у реки", "новая берёза", "The two new passwords differ."),
        (PASSWORD, "короткий", "короткий", "too short"),
        (PASSWORD, "1234567890123", "1234567890123", "entirely numeric"),
        (PASSWORD, "qwertyuiop", "qwertyuiop", "too common"),
        (PASSWORD, "йцукенгшщз", "йцукенгшщз", "common password in the other keyboard layout"),
        (PASSWORD, "Иванова Анна", "Иванова Анна", "too similar to the full name"),
        (PASSWORD, PASSWORD, PASSWORD, "This is the password you have."),
    ],
)
def test_a_new_password_that_will_not_do_is_said_why(own: str, new: str, again: str, complaint: str, db: None) -> None:
    anna, at = person(full_name="Иванова Анна Сергеевна"), browser()
    sign_in(at, anna)
    answer = at.post("/security/password/", {"own_password": own, "new_password": new, "again": again})
    assert answer.status_code == 400
    assert complaint in answer.content.decode()
    assert User.objects.get(pk=anna.pk).check_password(PASSWORD)


def test_guessing_the_own_password_of_an_open_session_makes_wait(anna: User) -> None:
    at = browser()
    sign_in(at, anna)
    for _number in range(5):
        answer = at.post("/security/password/", {"own_password": "wrong", "new_password": "x", "again": "x"})
    assert answer.status_code == 429


def test_the_token_is_shown_once_and_can_be_taken_away(anna: User) -> None:
    at = browser()
    sign_in(at, anna)
    assert at.post("/security/token/", {"own_password": "wrong"}).status_code == 400
    page = at.post("/security/token/", {"own_password": PASSWORD}).content.decode()
    token = re.search(r"<code>([0-9a-f]{40})</code>", page)
    assert token
    ask = {"headers": {"Authorization": f"Token {token[1]}"}}
    program = browser()
    assert program.get("/api/v1/clients/", **ask).status_code == 200
    assert token[1] not in at.get("/security/").content.decode()
    at.post("/security/token/end/")
    assert program.get("/api/v1/clients/", **ask).status_code == 401


def test_ended_sessions_are_forgotten(anna: User) -> None:
    two(anna)
    Session.objects.filter(pk=Session.objects.first().pk).update(expire_date=timezone.now())  # type: ignore[union-attr]
    tidy()
    assert Session.objects.count() == 1
