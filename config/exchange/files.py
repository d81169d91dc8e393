"""What an exchange file is: its columns, who takes its rows, and the query that writes it out."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from django.db.backends.utils import CursorWrapper

from config.exchange.columns import Column
from config.exchange.merging import Counts


class File(NamedTuple):
    """One line of the table in spec/exchange.md.

    `take` merges `stage` (config/exchange/staging.py), given `columns`, and may add to `reject`.
    `dump` is a query whose result is the file, with an ORDER BY at its end.
    `key`: the columns that identify a row. For examples of what a load would change (preview.py): `picked`, a query of
    the lines that `take` has written and whether they are new (NULL: not known, maybe unchanged); and where a key has
    several rows, what the file and the database say of it, summed up: `staged` and `stored`.
    """

    name: str
    columns: Sequence[Column]
    take: Callable[[CursorWrapper, Sequence[Column]], Counts]
    dump: str
    key: Sequence[str]
    picked: str = "SELECT line, id IS NULL FROM final"
    staged: str = "SELECT * FROM stage"
    stored: str = ""
    extra: bool = False  # not in spec/exchange.md: written out only if it has rows
