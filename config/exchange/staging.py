"""From a file into the temporary table `stage`, cell by cell checked; what cannot be taken into `reject`.

`stage` has a column for each known one, typed, NULL where the file lacks it or the cell is empty; `line`, the line
in the file; and `cleared`, the names of columns whose cell is a single "-".
"""

import csv
import io
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, TextIO

import psycopg
from django.db import transaction
from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext as _

from config.exchange import reading
from config.exchange.cells import unguarded
from config.exchange.columns import Bad, Column
from config.exchange.reading import Chunk, Unreadable, fold, names

BLOCK = reading.BLOCK
MEMO = 100_000  # distinct cells remembered per column
CLEAR = "-"
Progress = Callable[[float], None]  # told how much of the file has been read, 0..1


class _NeedsCare(Exception):
    """A block of the file is not plain: it goes cell by cell."""


def stage(cursor: CursorWrapper, path: Path, known: Sequence[Column], progress: Progress) -> list[str]:
    """Fill `stage` and `reject` in the current transaction and return the headers that mean nothing here.

    Raises Unreadable, with nothing changed.
    """
    if path.name.lower().endswith(".xlsx"):
        return _carefully(cursor, path, known, progress)
    try:
        with transaction.atomic():
            return _fast(cursor, path, known, progress)
    except (_NeedsCare, UnicodeDecodeError, psycopg.DataError):  # psycopg's own: COPY goes past Django
        pass  # the careful way says what is wrong, and where
    return _carefully(cursor, path, known, progress)


# --- the fast lane: a block that matches the pattern of a plain line throughout goes to PostgreSQL as it is ------


def _fast(cursor: CursorWrapper, path: Path, known: Sequence[Column], progress: Progress) -> list[str]:
    with reading.opened(path) as (stream, done):
        separator, header = reading.split_header(stream.readline().decode("utf-8-sig"), known)
        picked, ignored = _match(header, known)
        by_position = {position: column for column, position in picked}
        pattern = _plain_lines(separator, [by_position.get(position) for position in range(len(header))])
        extra = [f"extra{position}" for position in range(len(header)) if position not in by_position]
        _create(cursor, known, extra)
        fields = [by_position[at].name if at in by_position else f"extra{at}" for at in range(len(header))]
        delimiter = "E'\\t'" if separator == "\t" else f"'{separator}'"
        with cursor.copy(f"COPY stage ({', '.join(fields)}) FROM STDIN (FORMAT csv, DELIMITER {delimiter})") as copy:
            rest = b""
            while block := stream.read(BLOCK):
                block = rest + block
                end = block.rfind(b"\n") + 1
                _send(copy, block[:end], pattern)
                rest = block[end:]
                progress(done())
            if rest:
                _send(copy, rest + b"\n", pattern)
    cursor.execute("ANALYZE stage")
    return ignored


def _send(copy: Any, block: bytes, pattern: re.Pattern[bytes]) -> None:
    if not pattern.fullmatch(block):
        raise _NeedsCare
    copy.write(block)


def _plain_lines(separator: str, columns: Sequence[Column | None]) -> re.Pattern[bytes]:
    """Matches lines whose every cell is plain, none quoted. Possessive, so that it takes linear time."""
    cells = []
    for column in columns:
        if column is None:
            cells.append(rb'[^SEP"\r\n\0]*+')
        elif column.kind.plain:
            cells.append(column.kind.plain if column.required else b"(?:%s)?+" % column.kind.plain)
        else:
            raise _NeedsCare
    line = b"SEP".join(cells) + rb"\r?\n"
    return re.compile(b"(?:%s)*+" % line.replace(b"SEP", re.escape(separator.encode())))


# --- the careful way: cell by cell -------------------------------------------------------------------------------


class _Memo(dict[str, str | Bad | None]):
    """Remembers what each distinct cell of a column becomes: files repeat themselves, checks are slow."""

    def __init__(self, column: Column) -> None:
        super().__init__()
        self.column = column
        self.plain = True  # no cell so far that is bad or clears

    def __missing__(self, raw: str) -> str | Bad | None:
        if len(self) >= MEMO:
            self.clear()
        cell = unguarded(raw.strip())
        result: str | Bad | None
        try:
            if cell == CLEAR or not cell:
                if self.column.required:
                    raise Bad(_("must not be empty"))
                result = cell or None
                self.plain = self.plain and not cell
            elif reading.BROKEN in cell:
                raise Bad(_("has a byte that is no letter: check how the file was saved"))
            else:
                result = self.column.kind.normalise(cell)
        except Bad as bad:
            result = bad
            self.plain = False
        self[raw] = result
        return result


def _carefully(cursor: CursorWrapper, path: Path, known: Sequence[Column], progress: Progress) -> list[str]:
    with reading.table(path, known) as table, TemporaryFile("w+", encoding="utf-8", newline="") as rejected:
        picked, ignored = _match(table.header, known)
        _create(cursor, known)
        memos = [_Memo(column) for column, _position in picked]
        positions = [position for _column, position in picked]
        fields = ", ".join(column.name for column, _position in picked)
        with cursor.copy(f"COPY stage (line, cleared, {fields}) FROM STDIN (FORMAT csv)") as copy:
            for chunk in table.chunks:
                good = _whole_rows(chunk, len(table.header), rejected)
                if good.cells:
                    copy.write(_checked(good, memos, positions, rejected))
                progress(table.done())
        rejected.seek(0)
        with cursor.copy('COPY reject (line, "column", value, reason) FROM STDIN (FORMAT csv)') as copy:
            while text := rejected.read(BLOCK):
                copy.write(text)
    cursor.execute("ANALYZE stage")
    return ignored


def _create(cursor: CursorWrapper, known: Sequence[Column], extra: Sequence[str] = ()) -> None:
    typed = "".join(f", {column.name} {column.kind.pg}" for column in known) + "".join(
        f", {name} text" for name in extra
    )
    cursor.execute(
        "DROP TABLE IF EXISTS stage, reject;"
        f"CREATE TEMP TABLE stage (line integer GENERATED BY DEFAULT AS IDENTITY (START 2 CACHE 1000),"
        f" cleared text{typed}) ON COMMIT DROP;"
        'CREATE TEMP TABLE reject (line integer, "column" text, value text, reason text) ON COMMIT DROP'
    )


def _match(header: Sequence[str], known: Sequence[Column]) -> tuple[list[tuple[Column, int]], list[str]]:
    by_name = {name: column for column in known for name in names(column)}
    picked: dict[str, tuple[Column, int]] = {}
    ignored = []
    for position, title in enumerate(header):
        column = by_name.get(fold(title))
        if column is None:
            if title.strip():
                ignored.append(title.strip())
        elif column.name in picked:
            raise Unreadable(_("the column “%(name)s” is there twice") % {"name": title.strip()})
        else:
            picked[column.name] = (column, position)
    missing = [column.name for column in known if column.required and column.name not in picked]
    if missing:
        raise Unreadable(_("there is no column “%(names)s” in the header") % {"names": "”, “".join(missing)})
    return list(picked.values()), ignored


def _whole_rows(chunk: Chunk, width: int, rejected: TextIO) -> Chunk:
    """The rows that can be read and are as wide as the header."""
    if set(map(len, chunk.cells)) == {width} and not chunk.broken:
        return chunk
    writer = csv.writer(rejected)
    good: list[tuple[int, list[str]]] = []
    for line, cells in zip(chunk.lines, chunk.cells, strict=True):
        if line in chunk.broken:
            writer.writerow([line, "", "", chunk.broken[line]])
        elif len(cells) < width or any(cell.strip() for cell in cells[width:]):
            writer.writerow(
                [line, "", "", _("%(cells)d cells instead of %(width)d") % {"cells": len(cells), "width": width}]
            )
        else:
            good.append((line, cells))
    return Chunk([line for line, _cells in good], [cells for _line, cells in good])


def _checked(chunk: Chunk, memos: list[_Memo], positions: list[int], rejected: TextIO) -> str:
    """The chunk as CSV for COPY; rows with a bad cell go to `rejected`."""
    cells = list(zip(*chunk.cells, strict=False))
    # map() over the memo's own lookup keeps the loop over a million rows out of Python.
    taken: list[list[Any]] = [list(map(memo.__getitem__, cells[at])) for memo, at in zip(memos, positions, strict=True)]
    lines = list(chunk.lines)
    cleared: list[str] = [""] * len(lines)
    if not all(memo.plain for memo in memos):
        lines, cleared, taken = _sort_out(lines, taken, cells, memos, positions, rejected)
    out = io.StringIO()
    csv.writer(out).writerows(zip(lines, cleared, *taken, strict=True))  # ends lines by \r\n, and so quotes both
    return out.getvalue()


def _sort_out(
    lines: list[int], taken: list[list[Any]], cells: list[tuple[str, ...]],
    memos: list[_Memo], positions: list[int], rejected: TextIO,
) -> tuple[list[int], list[str], list[list[Any]]]:  # fmt: skip
    writer = csv.writer(rejected)
    kept: list[int] = []
    cleared: list[str] = []
    for index, line in enumerate(lines):
        bad = next((at for at, column in enumerate(taken) if isinstance(column[index], Bad)), None)
        if bad is not None:
            value = cells[positions[bad]][index].replace("\0", "")
            writer.writerow([line, memos[bad].column.name, value, taken[bad][index]])
            continue
        empties = [memo.column.name for memo, column in zip(memos, taken, strict=True) if column[index] == CLEAR]
        for column in taken:
            if column[index] == CLEAR:
                column[index] = None
        kept.append(index)
        cleared.append(" ".join(empties))
    return [lines[i] for i in kept], cleared, [[column[i] for i in kept] for column in taken]
