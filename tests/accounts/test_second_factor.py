"""The second factor: an app's codes, recovery codes, and who must have one."""

import re
import time
from base64 import b32decode
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test import Client as Browser
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import HistoryEvent, RecoveryCode, Role, SignInTry, User, Way
from accounts.services import acting, password_set
from tests import make
from tests.accounts.conftest import PASSWORD, browser, inside, person, sign_in

pytestmark = pytest.mark.django_db


def code(user: User, later: int = 0) -> str:
    """What the app shows so many half minutes later; a code is taken once, and one step early is early enough."""
    return f"{totp(TOTPDevice.objects.get(user=user).bin_key, drift=later):06}"


def set_up(at: Browser, user: User) -> list[str]:
    """Set up the second factor as a person does; the recovery codes."""
    page = at.get("/security/second-factor/").content.decode()
    secret = re.search(r'class="secret num">([A-Z2-7 ]+)<', page)
    assert secret
    shown = f"{totp(b32decode(secret[1].replace(' ', ''))):06}"
    answer = at.post("/security/second-factor/", {"code": shown, "own_password": PASSWORD}).content.decode()
    return re.findall(r"<code>([a-z0-9-]+)</code>", answer)


@pytest.fixture
def codes(anna: User) -> list[str]:
    at = browser()
    sign_in(at, anna)
    return set_up(at, anna)


def halfway(user: User) -> Browser:
    at = browser()
    assert sign_in(at, user).url == "/login/code/"
    return at


def enter(at: Browser, text: str) -> Any:
    return at.post("/login/code/", {"code": text})


def test_signing_in_takes_password_and_code(anna: User, codes: list[str]) -> None:
    at = halfway(anna)
    assert not inside(at)
    assert enter(at, code(anna, 1)).url == "/"
    assert inside(at)


def test_where_one_wanted_to_go_is_kept_over_both_steps(anna: User, codes: list[str]) -> None:
    at = browser()
    sign_in(at, anna, next="/clients/?status=lost")
    assert enter(at, code(anna, 1)).url == "/clients/?status=lost"


def test_a_code_is_taken_once(anna: User, codes: list[str]) -> None:
    used = code(anna, 1)
    enter(halfway(anna), used)
    second = halfway(anna)
    assert enter(second, used).status_code == 200
    assert not inside(second)


def test_a_recovery_code_is_taken_once_however_it_is_typed(anna: User, codes: list[str]) -> None:
    assert len(set(codes)) == 10
    at = halfway(anna)
    assert enter(at, f" {codes[0].upper().replace('-', ' ')} ").url == "/"
    assert "9 recovery codes are left." in at.get("/security/").content.decode()
    again = halfway(anna)
    assert enter(again, codes[0]).status_code == 200
    assert not inside(again)


def test_recovery_codes_of_others_open_nothing(anna: User, codes: list[str]) -> None:
    boris, at = person(), browser()
    sign_in(at, boris)
    theirs = set_up(at, boris)
    assert enter(halfway(anna), theirs[0]).status_code == 200


def test_wrong_codes_make_wait_from_wherever_they_come(anna: User, codes: list[str]) -> None:
    for number in range(5):
        at = browser(f"198.51.100.{number}")
        sign_in(at, anna)
        answer = enter(at, "000000")
    assert answer.status_code == 429
    assert "Wait 1 minute and try again" in answer.content.decode()
    fresh = browser("203.0.113.99")
    assert sign_in(fresh, anna).status_code == 429


def test_the_code_alone_is_worth_nothing(anna: User, codes: list[str]) -> None:
    at = browser()
    assert enter(at, code(anna, 1)).url == "/login/"
    assert not inside(at)


def test_half_way_ends_after_ten_minutes_and_with_a_new_password(anna: User, codes: list[str]) -> None:
    late = halfway(anna)
    session = late.session
    session["halfway"] = session["halfway"] | {"at": time.time() - 601}
    session.save()
    assert enter(late, code(anna, 1)).url == "/login/"
    at = halfway(anna)
    with acting(actor=None, way=Way.COMMAND):
        password_set(user=User.objects.get(pk=anna.pk), password="другая берёза")
    assert enter(at, code(anna, 1)).url == "/login/"


def test_a_session_known_before_the_password_is_not_the_one_half_way(anna: User, codes: list[str]) -> None:
    at = browser()
    at.get("/login/")
    before = at.session
    before.save()
    at.cookies["sessionid"] = before.session_key
    sign_in(at, anna)
    assert at.cookies["sessionid"].value != before.session_key


def test_a_wrong_first_code_or_password_sets_up_nothing(anna: User) -> None:
    at = browser()
    sign_in(at, anna)
    page = at.get("/security/second-factor/").content.decode()
    assert "<svg" in page
    assert at.post("/security/second-factor/", {"code": "000000", "own_password": PASSWORD}).status_code == 400
    assert at.get("/security/second-factor/").content.decode().count("secret num") == 1
    assert not TOTPDevice.objects.exists()


def test_turning_it_off_takes_password_and_code(anna: User, codes: list[str]) -> None:
    at = halfway(anna)
    enter(at, codes[0])
    wrong = at.post("/security/second-factor/off/", {"own_password": "wrong", "code": codes[1]})
    assert wrong.status_code == 400
    assert RecoveryCode.objects.filter(used_at=None).count() == 9  # none is used up beside a wrong password
    assert at.post("/security/second-factor/off/", {"own_password": PASSWORD, "code": "000000"}).status_code == 400
    at.post("/security/second-factor/off/", {"own_password": PASSWORD, "code": code(anna, 1)})
    assert not TOTPDevice.objects.exists()
    assert not RecoveryCode.objects.exists()
    plain = browser()
    sign_in(plain, anna)
    assert inside(plain)


def test_new_recovery_codes_take_the_place_of_the_old_ones(anna: User, codes: list[str]) -> None:
    at = halfway(anna)
    enter(at, codes[0])
    page = at.post("/security/recovery-codes/", {"own_password": PASSWORD, "code": codes[1]}).content.decode()
    new = re.findall(r"<code>([a-z0-9-]+)</code>", page)
    assert len(new) == 10
    assert enter(halfway(anna), codes[2]).status_code == 200
    assert enter(halfway(anna), new[0]).url == "/"


def test_other_sessions_end_when_it_is_set_up(anna: User) -> None:
    before, at = browser(), browser()
    sign_in(before, anna)
    sign_in(at, anna)
    set_up(at, anna)
    assert inside(at)
    assert not inside(before)


def test_an_administrator_takes_it_away_and_the_history_keeps_that(anna: User, codes: list[str]) -> None:
    at = halfway(anna)
    enter(at, codes[0])
    call_command("reset_second_factor", anna.username)
    assert not inside(at)
    plain = browser()
    sign_in(plain, anna)
    assert inside(plain)
    made, taken = HistoryEvent.objects.filter(table="otp_totp_totpdevice").order_by("pk")
    assert (made.operation, made.actor, made.new["user_id"]) == ("I", anna, anna.pk)
    assert (taken.operation, taken.reference, taken.old["user_id"]) == ("D", "reset_second_factor", anna.pk)
    with pytest.raises(CommandError):
        call_command("reset_second_factor", anna.username)


def test_no_secret_is_in_the_history_nor_any_recovery_code_in_the_database(anna: User, codes: list[str]) -> None:
    key = TOTPDevice.objects.get(user=anna).key
    enter(halfway(anna), codes[0])
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(h::text, '') FROM history_event h")
        assert key not in cursor.fetchone()[0]
        cursor.execute("SELECT string_agg(c::text, '') FROM accounts_recoverycode c")
        kept = cursor.fetchone()[0]
    assert not [one for one in codes if one in kept or one.replace("-", "") in kept]
    assert SignInTry.objects.filter(outcome="recovery").count() == 1


@pytest.fixture
def compulsory(settings: Any) -> None:
    settings.SECOND_FACTOR_ROLES = ["admin"]


def test_an_administrator_who_must_have_one_gets_no_further_without(compulsory: None) -> None:
    boss, at = person(Role.ADMIN), browser()
    sign_in(at, boss)
    for page in ("/", "/clients/", "/security/", "/security/token/"):
        assert at.get(page).url == "/security/second-factor/"
    assert at.get("/api/v1/clients/").status_code == 403
    set_up(at, boss)
    assert inside(at)
    assert at.get("/api/v1/clients/").status_code == 200
    again = halfway(boss)
    enter(again, code(boss, 1))
    assert inside(again)


def test_who_need_not_have_one_may_go_without(compulsory: None, anna: User) -> None:
    at = browser()
    sign_in(at, anna)
    assert inside(at)


def test_a_manager_resets_it_on_the_page_of_the_person(anna: User, codes: list[str]) -> None:
    boss = make.user(Role.ADMIN)
    at, address = make.signed_in(boss), f"/staff/member/{anna.username}/"
    assert "Reset the second factor" in at.get(address).content.decode()
    at.post(f"{address}second-factor/")
    assert "Reset the second factor" not in at.get(address).content.decode()
    plain = browser()
    sign_in(plain, anna)
    assert inside(plain)
    taken = HistoryEvent.objects.filter(table="otp_totp_totpdevice").latest("pk")
    assert (taken.operation, taken.actor, taken.old["user_id"]) == ("D", boss, anna.pk)
