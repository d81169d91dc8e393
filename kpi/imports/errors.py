"""The file of the rows that were turned away: as they came, with the reason, to be corrected and loaded again."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby
from pathlib import Path

from django.utils.translation import gettext as _
from rustpy_xlsxwriter import write_worksheet

from config.exchange import reading
from config.exchange.cells import guarded
from config.exchange.columns import Column
from kpi.imports.labels import REASON, is_reason, label

LONGEST_CELL = 32_767  # that a workbook takes


def write(source: Path, rejected: Path, target: Path, columns: Sequence[Column]) -> None:
    """Write to `target` (CSV or XLSX, by its suffix) the rows of `source` that `rejected` (config/exchange/loading.py)
    names by line. Memory doesn't grow with the file."""
    with rejected.open(encoding="utf-8", newline="") as lines, reading.table(source, columns) as table:
        kept = [at for at, title in enumerate(table.header) if not is_reason(title)]
        head = [*(table.header[at] for at in kept), _(REASON)]
        rows = (
            [*(cells[at] if at < len(cells) else "" for at in kept), reason]
            for cells, reason in _rows(table, _reasons(csv.reader(lines), columns))
        )
        if target.suffix == ".xlsx":
            keys = _unique(head)
            cut = ([cell[:LONGEST_CELL] for cell in row] for row in rows)
            write_worksheet((dict(zip(keys, row, strict=True)) for row in cut), str(target))
        else:
            with target.open("w", encoding="utf-8-sig", newline="") as out:
                csv.writer(out, delimiter=";").writerows(map(guarded, row) for row in chain([head], rows))


def _reasons(rejected: Iterable[list[str]], columns: Sequence[Column]) -> Iterator[tuple[int, str]]:
    """By line, in their order: what was wrong."""
    labels = {column.name: label(column) for column in columns}
    for line, some in groupby(rejected, key=lambda row: int(row[1])):
        yield (
            line,
            "; ".join(f"{labels[name]}: {why}" if name in labels else why for _path, _line, name, _v, why in some),
        )


def _rows(table: reading.Table, reasons: Iterator[tuple[int, str]]) -> Iterator[tuple[list[str], str]]:
    wanted, reason = next(reasons, (0, ""))
    for chunk in table.chunks:
        for line, cells in zip(chunk.lines, chunk.cells, strict=True):
            if line == wanted:
                yield cells, reason
                wanted, reason = next(reasons, (0, ""))


def _unique(head: Sequence[str]) -> list[str]:
    """Headings as a workbook's writer wants them: those that are there twice get spaces."""
    made: list[str] = []
    for title in head:
        while title in made:
            title += " "
        made.append(title)
    return made
