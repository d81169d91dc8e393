"""Who acts, the context that every write to the register needs; and all that is written about signing in."""

import hashlib
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_otp.plugins.otp_totp.models import TOTPDevice
from rest_framework.authtoken.models import Token

from accounts import selectors
from accounts.models import Notice, Outcome, RecoveryCode, Session, SignInTry, User, Way
from config.limits import place

RECOVERY_CODES = 10
CODE_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is taken for another
TRIES_KEPT = timedelta(days=90)


@contextmanager
def acting(
    *, actor: User | None, way: Way, reference: str = "", ip: str | None = None, reverts: str = ""
) -> Iterator[None]:
    """A transaction whose changes are written into the history as done by `actor` by `way`.

    `reference` names the load, request, bulk change or job as "<kind>:<id>" (`new_reference`), `reverts` the reference
    of what is taken back; `actor` is None for jobs and the command line.
    Without it the database refuses writes to the register (accounts/sql/history.sql).
    """
    with transaction.atomic():
        before = _set_context([str(actor.pk) if actor else "", way.value, reference, ip or "", reverts])
        yield
        # Set back for what follows in an outer transaction; a failed one forgets by itself.
        _set_context(before)


_CONTEXT = ["app.actor", "app.way", "app.reference", "app.ip", "app.reverts"]


def _set_context(values: list[str]) -> list[str]:
    """Set the values of _CONTEXT for this transaction; the former ones are returned."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT array(SELECT coalesce(current_setting(name, true), '') FROM unnest(%s::text[]) name)", [_CONTEXT]
        )
        (before,) = cursor.fetchone() or ([],)
        cursor.execute(
            "SELECT set_config(name, value, true) FROM unnest(%s::text[], %s::text[]) c(name, value)",
            [_CONTEXT, values],
        )
    return list(before)


def new_reference(kind: str) -> str:
    """A reference for changes that belong together: load, bulk, revert, campaign …"""
    return f"{kind}:{uuid.uuid4()}"


def history_sealed() -> int:
    """Seal the events that are final, and return how many. Killed, it leaves whole seals and goes on next time."""
    sealed = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT seal_history()")
            (events,) = cursor.fetchone() or (0,)
            if not events:
                return sealed
            sealed += events


# --- passwords and guessing --------------------------------------------------------------------------------------


class Wait(ValidationError):
    """Too many wrong tries: `left` is how long the next one must wait."""

    def __init__(self, left: timedelta) -> None:
        self.left = left
        minutes = -(-left.seconds // 60)
        words = ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}
        super().__init__(
            _("Too many wrong tries. Wait %(time)s and try again, or ask your administrator.") % {"time": words}
        )


def password_check(*, request: HttpRequest, username: str, password: str, ip: str | None, device: str) -> User | None:
    """Whose name and password these are, or None; raises Wait while the name must wait at this address.

    One try after another for a name and address: tries at the same moment would all be checked before any counts.
    """
    username = username[:150]
    _one_at_a_time(username, place(ip))
    _refuse_waiting(username, ip)
    user = authenticate(request, username=username, password=password)
    if user is None:
        _note(username, ip, device, Outcome.PASSWORD)
        _refuse_waiting(username, ip)
        return None
    assert isinstance(user, User)
    return user


def code_check(*, user: User, code: str, ip: str | None, device: str) -> Outcome | None:
    """Check a code of the app (Outcome.IN) or a recovery code, which is used up; None if it is neither.

    Raises Wait while this person must wait.
    """
    _one_at_a_time(user.username, "code")
    _refuse_waiting(user.username, ip)
    given = "".join(letter for letter in code.lower() if letter.isalnum())
    app = selectors.second_factor(user)
    if app and given.isascii() and len(given) == app.digits and app.verify_token(given):
        return Outcome.IN
    unused = RecoveryCode.objects.filter(user=user, digest=_digest(user, given), used_at=None)
    if app and unused.update(used_at=timezone.now()):
        return Outcome.RECOVERY
    _note(user.username, ip, device, Outcome.CODE)
    _refuse_waiting(user.username, ip)
    return None


def signed_in(*, user: User, ip: str | None, device: str, outcome: Outcome = Outcome.IN) -> None:
    """Note that a person got in: what was wrong before from there counts no more."""
    tries = SignInTry.objects.filter(username=user.username, counts=True)
    tries.filter(place=place(ip)).update(counts=False)
    tries.filter(outcome=Outcome.CODE).update(counts=False)
    _note(user.username, ip, device, outcome)


def unlock(*, username: str) -> int:
    """Let a name try again at once, from everywhere; how many wrong tries are forgiven."""
    wrong = SignInTry.objects.filter(username=username, counts=True)
    return wrong.filter(outcome__in=(Outcome.PASSWORD, Outcome.CODE)).update(counts=False)


def _one_at_a_time(*what: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", ["\n".join(("sign-in", *what))])


def _refuse_waiting(username: str, ip: str | None) -> None:
    if left := selectors.wait(username, ip):
        raise Wait(left)


def _note(username: str, ip: str | None, device: str, outcome: Outcome) -> None:
    SignInTry.objects.create(
        username=username, ip=ip, place=place(ip), device=device[:64], outcome=outcome,
        counts=outcome in (Outcome.PASSWORD, Outcome.CODE),
    )  # fmt: skip


def password_set(*, user: User, password: str, keep: str | None = None) -> None:
    """Give a member of staff a password. Their sessions end, but for the one with the key `keep`."""
    user.set_password(password)
    user.password_changed_at = timezone.now()
    user.save(update_fields=["password", "password_changed_at"])
    sessions_end(user=user, keep=keep)


# --- sessions and tokens -----------------------------------------------------------------------------------------


def sessions_end(*, user: User, keep: str | None = None) -> int:
    """Sign a person out everywhere, but for the session with the key `keep`; how many sessions ended."""
    ended, _by_table = Session.objects.filter(user=user).exclude(session_key=keep).delete()
    return ended


def session_end(*, user: User, handle: str) -> bool:
    """Sign a person out of one session, named by its handle; False if it is not there any more."""
    for key in Session.objects.filter(user=user).values_list("session_key", flat=True):
        if selectors.handle(key) == handle:
            return bool(Session.objects.filter(session_key=key).delete()[0])
    return False


def token_make(*, user: User) -> str:
    """A new API token for a person; the one before it stops working."""
    Token.objects.filter(user=user).delete()
    return str(Token.objects.create(user=user).key)


def token_end(*, user: User) -> None:
    """Take a person's API token away."""
    Token.objects.filter(user=user).delete()


def tidy() -> None:
    """Delete the sessions that have ended and the tries to sign in of more than 90 days ago."""
    Session.objects.filter(expire_date__lt=timezone.now()).delete()
    SignInTry.objects.filter(at__lt=timezone.now() - TRIES_KEPT).delete()


# --- the second factor -------------------------------------------------------------------------------------------


def second_factor_set(*, user: User, key: str, code: str, keep: str | None) -> list[str] | None:
    """Take the app with the secret `key` (hexadecimal) as a person's second factor, if `code` is what it shows.

    Returns the recovery codes, which nobody can see again; None if the code is another. Other sessions end.
    """
    app = TOTPDevice(user=user, key=key, confirmed=True)
    with transaction.atomic():
        app.save()
        if not app.verify_token(code.replace(" ", "")):
            transaction.set_rollback(True)
            return None
        TOTPDevice.objects.filter(user=user).exclude(pk=app.pk).delete()
        sessions_end(user=user, keep=keep)
        return recovery_codes_make(user=user)


def second_factor_drop(*, user: User) -> bool:
    """Take the second factor away, recovery codes included; False if there was none. Sessions are left."""
    RecoveryCode.objects.filter(user=user).delete()
    return bool(TOTPDevice.objects.filter(user=user).delete()[0])


def second_factor_reset(*, user: User) -> bool:
    """For a lost phone: take the second factor away and sign its person out everywhere; False if there was none."""
    sessions_end(user=user)
    return second_factor_drop(user=user)


def recovery_codes_make(*, user: User) -> list[str]:
    """Ten new recovery codes in place of all former ones; kept are only their digests."""
    codes = [get_random_string(16, CODE_LETTERS) for _number in range(RECOVERY_CODES)]
    RecoveryCode.objects.filter(user=user).delete()
    RecoveryCode.objects.bulk_create(RecoveryCode(user=user, digest=_digest(user, code)) for code in codes)
    return ["-".join(code[at : at + 4] for at in range(0, 16, 4)) for code in codes]


def _digest(user: User, code: str) -> str:
    return hashlib.sha256(f"{user.pk}:{code}".encode()).hexdigest()


# --- notices -----------------------------------------------------------------------------------------------------


def notify(*, recipients: Iterable[User], kind: str, params: dict[str, Any], link: str = "") -> None:
    """Leave a notice of a `kind` known to accounts/notices.py for each of these people; `params`: plain values."""
    Notice.objects.bulk_create(Notice(recipient=each, kind=kind, params=params, link=link) for each in recipients)


def notices_read(*, user: User, pk: int | None = None) -> None:
    """Mark one notice of this person, or all of them, as read."""
    found = Notice.objects.filter(recipient=user, read_at=None)
    (found.filter(pk=pk) if pk else found).update(read_at=timezone.now())
