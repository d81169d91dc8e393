"""Who wants the weekly letter, and what was sent. Written by kpi/digests/services.py."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class DigestSetting(models.Model):
    """Whether a person wants the letter, and in which language; without a row as their role has it by default."""

    user = models.OneToOneField(User, models.CASCADE, related_name="digest_setting")
    wanted = models.BooleanField(_("send me the letter"))
    language = models.CharField(_("language"), max_length=8, default=settings.LANGUAGE_CODE)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(language__in=[code for code, _name in settings.LANGUAGES]), name="digest_language_known"
            )
        ]


class State(models.TextChoices):
    CLAIMED = "claimed", _("being sent, or broken off: not sent again")
    SENT = "sent", _("sent")
    REFUSED = "refused", _("refused by the mail server")


class Digest(models.Model):
    """A letter to a person in a week. The row comes before the letter goes out: whatever dies in between, there is
    no second one (docs/decisions/079-digest-once.md)."""

    user = models.ForeignKey(User, models.CASCADE, related_name="digests", db_index=False)
    week = models.DateField(_("week"))  # its Monday
    address = models.CharField(_("e-mail"), max_length=254)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.CLAIMED)
    error = models.TextField(blank=True, default="")
    at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "week"], name="digest_once_a_week"),
            models.CheckConstraint(condition=Q(week__week_day=2), name="digest_week_is_a_monday"),
            models.CheckConstraint(condition=Q(state__in=State.values), name="digest_state_known"),
        ]
