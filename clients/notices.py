"""The notices about change requests."""

from typing import Any

from django.utils.translation import gettext as _

from accounts.notices import says
from clients.fields import label


def _what(field: str, client: str) -> dict[str, str]:
    return {"field": label(field), "client": client}


@says("request_approved")
def request_approved(*, field: str, client: str, who: str, reason: str = "") -> str:
    said = _("Approved: %(field)s of “%(client)s” (%(who)s).") % {**_what(field, client), "who": who}
    return _with(said, reason)


@says("request_declined")
def request_declined(*, field: str, client: str, who: str, reason: str = "") -> str:
    said = _("Turned down: %(field)s of “%(client)s” (%(who)s).") % {**_what(field, client), "who": who}
    return _with(said, reason)


@says("request_outdated")
def request_outdated(*, field: str, client: str, **_others: Any) -> str:
    return _("Nothing left to approve: %(field)s of “%(client)s” is already what you asked for.") % _what(field, client)


@says("request_replaced")
def request_replaced(*, field: str, client: str, who: str, **_others: Any) -> str:
    return _("%(who)s asked for another value of %(field)s of “%(client)s”: that request replaces yours.") % {
        **_what(field, client), "who": who
    }  # fmt: skip


def _with(said: str, reason: str) -> str:
    return f"{said} {_('Reason')}: {reason}" if reason else said
