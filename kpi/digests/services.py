"""The weekly letter: who wants it, and that it goes out once."""

import logging
from datetime import date, datetime, timedelta
from smtplib import SMTPRecipientsRefused, SMTPResponseException

from django.conf import settings
from django.core import signing
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.mail import get_connection
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Role, User, Way
from accounts.services import acting
from kpi.digests import letters
from kpi.digests.models import Digest, DigestSetting, State

READERS = (Role.SUPERVISOR, Role.HEAD, Role.ADMIN, Role.ANALYST)  # who leads or looks at a subtree
BY_DEFAULT = (Role.SUPERVISOR, Role.HEAD)
MONDAY, TUESDAY = 0, 1
SALT = "digest"
log = logging.getLogger(__name__)


def setting_of(user: User) -> DigestSetting:
    """A person's setting; of who has none yet, what holds for their role (not saved)."""
    stored = DigestSetting.objects.filter(user=user).first()
    return stored or DigestSetting(user=user, wanted=user.role in BY_DEFAULT, language=settings.LANGUAGE_CODE)


def setting_set(*, user: User, wanted: bool, language: str, way: Way, ip: str | None = None) -> None:
    """Say whether one wants the letter, and in which language. Raises PermissionDenied for who gets none, and
    ValidationError for a language there is not."""
    if user.role not in READERS:
        raise PermissionDenied
    if language not in dict(settings.LANGUAGES):
        raise ValidationError({"language": _("There is no such language.")})
    with acting(actor=user, way=way, ip=ip):
        DigestSetting.objects.update_or_create(user=user, defaults={"wanted": wanted, "language": language})


def token(user: User) -> str:
    """What the letter's link for unsubscribing carries: it signs its reader off, and does nothing else."""
    return signing.dumps(user.pk, salt=SALT)


def person_of(text: str) -> User | None:
    """Whose letter a token came with."""
    try:
        return User.objects.filter(pk=signing.loads(text, salt=SALT), role__in=READERS).first()
    except signing.BadSignature:
        return None


def week_of(day: date) -> date:
    """The Monday of its week."""
    return day - timedelta(days=day.weekday())


def due(now: datetime) -> list[int]:
    """Ids of the people to whom this week's letter has still to go. On Mondays from DIGEST_HOUR on, and on Tuesdays
    for what Monday missed; at other times, and where no mail server is set, to nobody."""
    here = timezone.localtime(now)
    at_hand = here.weekday() == TUESDAY or (here.weekday() == MONDAY and here.hour >= settings.DIGEST_HOUR)
    if not at_hand or not settings.MAIL:
        return []
    people = User.objects.filter(is_active=True, role__in=READERS).exclude(email="")
    had = Digest.objects.filter(week=week_of(here.date())).values("user")
    return [each.pk for each in people.exclude(pk__in=had).order_by("pk") if setting_of(each).wanted]


def digest_send(*, user: User, day: date) -> bool:
    """Send a person the letter of the week of `day`, unless it was sent, begun or isn't wanted; whether it went out.

    If the mail server can't be reached nothing is written, and the next sweep tries again (OSError is raised). From
    the claim on there is no second try.
    """
    setting = setting_of(user)
    if not setting.wanted or not user.email or not user.is_active or user.role not in READERS:
        return False
    if Digest.objects.filter(user=user, week=week_of(day)).exists():
        return False
    letter = letters.letter(user, day - timedelta(days=1), setting.language, token(user))
    mail = get_connection()
    mail.open()
    try:
        digest, claimed = Digest.objects.get_or_create(user=user, week=week_of(day), defaults={"address": user.email})
        if not claimed:
            return False
        try:
            mail.send_messages([letter])
        except (SMTPResponseException, SMTPRecipientsRefused) as refusal:
            log.warning("The digest of %s was refused: %s", user.username, refusal)
            Digest.objects.filter(pk=digest.pk).update(state=State.REFUSED, error=str(refusal))
            return False
    finally:
        mail.close()
    Digest.objects.filter(pk=digest.pk).update(state=State.SENT, sent_at=timezone.now())
    return True
