"""What the columns of exchange files are called for people."""

from django.utils.translation import get_language
from django.utils.translation import gettext_noop as N_

from config.exchange.columns import Column
from config.exchange.reading import fold

REASON = N_("Reason it was turned away")  # the heading of our own column in files of errors
REASONS = {fold(REASON), fold("Причина отказа")}


def label(column: Column) -> str:
    """The Russian name of the interface, else the English one."""
    return column.russian[0] if (get_language() or "").startswith("ru") else column.name


def is_reason(heading: str) -> bool:
    """Whether it heads the reasons of a file of errors, which comes back corrected."""
    return fold(heading) in REASONS
