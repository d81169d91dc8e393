"""What an exchange file is: its columns, who takes its rows, and the query that writes it out."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from django.db.backends.utils import CursorWrapper

from config.exchange.columns import Column
from config.exchange.merging import Counts


class File(NamedTuple):
    """One line of the table in spec/exchange.md.

    `take` merges `stage` (config/exchange/staging.py), given `columns`, and may add to `reject`.
    `dump` is a query whose result is the file.
    """

    name: str
    columns: Sequence[Column]
    take: Callable[[CursorWrapper, Sequence[Column]], Counts]
    dump: str
