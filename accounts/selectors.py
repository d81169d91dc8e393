"""What is known of a person's sign-ins: sessions, tries, the lock against guessing, the second factor."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import sessions
from accounts.models import Outcome, Session, SignInTry, User
from config.limits import place

FREE_TRIES = 5  # wrong ones before the first wait
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
REMEMBERED = timedelta(days=1)  # how long a wrong try counts


def wait(username: str, ip: str | None) -> timedelta:
    """How long this name must wait before its next try; nothing, mostly.

    Five wrong passwords from an address make that name wait there a minute, each further one twice as long, up to an
    hour. Wrong codes of the second factor count from all addresses together: who gets that far knows the password.
    """
    now = timezone.now()
    tries = SignInTry.objects.filter(username=username, counts=True, at__gt=now - REMEMBERED)
    password, code = Q(outcome=Outcome.PASSWORD, place=place(ip)), Q(outcome=Outcome.CODE)
    found = tries.aggregate(
        passwords=Count("pk", password), password_at=Max("at", filter=password),
        codes=Count("pk", code), code_at=Max("at", filter=code),
    )  # fmt: skip
    return max(_left(found["passwords"], found["password_at"], now), _left(found["codes"], found["code_at"], now))


def _left(wrong: int, last: datetime | None, now: datetime) -> timedelta:
    if wrong < FREE_TRIES or last is None:
        return timedelta(0)
    doubled: int = 2 ** min(wrong - FREE_TRIES, 10)
    return max(timedelta(0), last + min(FIRST_WAIT * doubled, LONGEST_WAIT) - now)


def wrong_tries(username: str) -> int:
    """How many wrong tries count against this name, wherever they came from."""
    return SignInTry.objects.filter(username=username, counts=True, at__gt=timezone.now() - REMEMBERED).count()


def tries(user: User) -> QuerySet[SignInTry]:
    """The latest tries to sign in under a person's name, the last one first."""
    return SignInTry.objects.filter(username=user.username).order_by("-at")[:10]


def second_factor(user: User) -> TOTPDevice | None:
    """The app that makes this person's codes, if there is one."""
    return TOTPDevice.objects.filter(user=user, confirmed=True).first()


def needs_second_factor(user: User) -> bool:
    """Whether this person must have one (SECOND_FACTOR_ROLES)."""
    return user.role in settings.SECOND_FACTOR_ROLES


class SignedIn(NamedTuple):
    """A session as its person sees it; `handle` names it without giving it away."""

    handle: str
    device: str
    ip: str
    started: datetime | None
    seen: datetime | None
    own: bool  # the one that asks


def handle(session_key: str) -> str:
    return hashlib.sha256(session_key.encode()).hexdigest()[:32]


def signed_in(user: User, session_key: str | None) -> list[SignedIn]:
    """Where a person is signed in: the session that asks first, then the ones used last."""
    found = []
    for session in Session.objects.filter(user=user, expire_date__gt=timezone.now()):
        data = session.get_decoded()
        found.append(
            SignedIn(
                handle(session.session_key), data.get(sessions.DEVICE, ""), data.get(sessions.IP) or "",
                _moment(data.get(sessions.STARTED)), _moment(data.get(sessions.SEEN)),
                session.session_key == session_key,
            )
        )  # fmt: skip
    oldest = datetime.min.replace(tzinfo=UTC)
    return sorted(found, key=lambda one: (one.own, one.seen or oldest), reverse=True)


def _moment(seconds: float | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None
