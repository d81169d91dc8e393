"""The notices of the clean-up."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.notices import says


@says("campaign_returned")
def returned(*, client: str, who: str, word: str) -> str:
    return _("%(who)s returned your answers about “%(client)s”: %(word)s") % {
        "who": who, "client": client, "word": word
    }  # fmt: skip


@says("campaign_started")
def started(*, campaign: str, last_day: str) -> str:
    return _("The clean-up “%(campaign)s” has begun; it ends on %(day)s.") % {"campaign": campaign, "day": last_day}


@says("campaign_reminder")
def reminder(*, campaign: str, left: int, last_day: str) -> str:
    return ngettext(
        "“%(campaign)s”: %(n)d client waits for your answer until %(day)s.",
        "“%(campaign)s”: %(n)d clients wait for your answer until %(day)s.", left,
    ) % {"campaign": campaign, "n": left, "day": last_day}  # fmt: skip


@says("campaign_proposed")
def proposed(*, campaign: str) -> str:
    return _("It is time for the yearly clean-up: “%(campaign)s” is drafted. Check it and start it.") % {
        "campaign": campaign
    }
