"""Cells of CSV files that people open in a spreadsheet: none may become a formula there.

A text that begins like one gets an apostrophe in front (OWASP, CSV injection); loads take it away again, so that what
was written out comes back as it was. Numbers and phones, which begin with a sign too, stay as they are.
"""

import re

DANGEROUS = r"^'*[=+\-@\t\r]"
HARMLESS = r"^[-+]?[0-9 ().,\-]*$"
# The same in PostgreSQL, {cell} being an expression of text
GUARDED_SQL = (
    f"CASE WHEN {{cell}} ~ '{DANGEROUS.replace(chr(39), chr(39) * 2)}' AND {{cell}} !~ '{HARMLESS}'"
    " THEN '''' || {cell} ELSE {cell} END"
)
_DANGEROUS, _HARMLESS = re.compile(DANGEROUS), re.compile(HARMLESS)


def guarded(cell: str) -> str:
    """The cell as it may stand in a CSV file for people."""
    return f"'{cell}" if _DANGEROUS.match(cell) and not _HARMLESS.match(cell) else cell


def unguarded(cell: str) -> str:
    """What the cell was before `guarded`."""
    return cell[1:].strip() if cell.startswith("'") and _DANGEROUS.match(cell) else cell
