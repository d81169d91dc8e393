"""Named lists: the ready-made ones and those that people save."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.utils.translation import gettext_lazy as _

from clients import filters
from clients.models import Segment


class Ready(NamedTuple):
    """A segment that everybody has; shown where its conditions are known (clients/filters.py)."""

    label: Any
    query: Sequence[tuple[str, str]]

    @property
    def address(self) -> str:
        return urlencode(self.query)

    @property
    def known(self) -> bool:
        return all(name != "flag" or value in filters.FLAGS for name, value in self.query)


READY = (
    Ready(_("Debtors"), [("status", "all"), ("flag", "debtor")]),
    Ready(_("Lost, no reason stated"), [("status", "lost"), ("reason", filters.WITHOUT)]),
    Ready(
        _("A and B without a visit this month"),
        [("status", "all"), ("category", "A"), ("category", "B"), ("flag", "no-visit")],
    ),
    Ready(_("No coordinates"), [("status", "all"), ("flag", "no-coordinates")]),
    Ready(_("Birthdays this week"), [("status", "all"), ("flag", "birthday")]),
)


def address(segment: Segment) -> str:
    """The query of the list's address that shows a segment."""
    return f"{segment.query}&{urlencode({'segment': segment.pk})}".lstrip("&")
