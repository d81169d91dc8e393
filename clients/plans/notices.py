"""The notices about plans and tasks."""

from datetime import date
from typing import Any

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.notices import says


def _day(text: str) -> str:
    return formats.date_format(date.fromisoformat(text), "SHORT_DATE_FORMAT")


@says("plans_added")
def plans_added(*, n: int, who: str, due: str, **_others: Any) -> str:
    said = ngettext(
        "%(who)s has planned %(n)s client for you to win by %(day)s.",
        "%(who)s has planned %(n)s clients for you to win by %(day)s.", n,
    )  # fmt: skip
    return said % {"n": n, "who": who, "day": _day(due)}


@says("plans_won")
def plans_won(*, n: int, name: str, **_others: Any) -> str:
    if n == 1:
        return _("Won: “%(name)s” has ordered.") % {"name": name}
    said = ngettext("Won: %(n)s client of the plan has ordered.", "Won: %(n)s clients of the plan have ordered.", n)
    return said % {"n": n}


@says("tasks_made")
def tasks_made(*, n: int, who: str, step: str, due: str, **_others: Any) -> str:
    said = ngettext(
        "%(who)s has set a task for %(n)s client: %(step)s, %(day)s.",
        "%(who)s has set a task for %(n)s clients: %(step)s, %(day)s.", n,
    )  # fmt: skip
    return said % {"n": n, "who": who, "step": step, "day": _day(due)}
