"""Loading files, each whole or not at all: read, stage, merge in one transaction."""

import csv
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from django.db import connection
from django.utils.translation import gettext as _

from config.exchange import reading, staging
from config.exchange.cells import guarded
from config.exchange.files import File
from config.exchange.reading import Unreadable

Session = Callable[[str], AbstractContextManager[None]]  # opens the transaction of a load with this reference


class Report(NamedTuple):
    """What became of one file; `error` is set if it could not be read, and then nothing of it was taken."""

    path: Path
    taken: int = 0
    changed: int = 0
    rejected: int = 0
    seconds: float = 0.0
    ignored: Sequence[str] = ()  # headers that mean nothing here
    error: str = ""
    new: int = 0  # of those changed


def find(paths: Iterable[Path], files: Sequence[File]) -> tuple[list[tuple[File, Path]], list[Report]]:
    """The files to load, in the order of `files`, and a report for each path that cannot be one."""
    by_name = {file.name: file for file in files}
    found: list[tuple[File, Path]] = []
    wrong: list[Report] = []
    for path in paths:
        if not path.exists():
            wrong.append(Report(path, error=_("there is no such file or folder")))
        elif path.is_dir():
            inside = [(by_name[name], p) for p in sorted(path.iterdir()) if (name := reading.name_of(p)) in by_name]
            found += inside
            if not inside:
                wrong.append(
                    Report(path, error=_("there is no exchange file in the folder (clients.csv and the like)"))
                )
        elif (name := reading.name_of(path)) in by_name:
            found.append((by_name[name], path))
        else:
            expected = ", ".join(by_name)
            reason = _("the name says nothing; expected .csv, .csv.gz or .xlsx named: %(names)s") % {"names": expected}
            wrong.append(Report(path, error=reason))
    found.sort(key=lambda pair: list(by_name).index(pair[0].name))
    return found, wrong


def load(
    found: Iterable[tuple[File, Path]], *, session: Session, rejected: TextIO, progress: TextIO | None = None
) -> Iterator[Report]:
    """Load the files one after another, yielding a report for each; rejected rows are written to `rejected` as CSV."""
    writer = _ForPeople(rejected)
    writer.writerows([["file", "line", "column", "value", "reason"]])
    reference = f"load:{uuid.uuid4()}"
    for file, path in found:
        shown = _Bar(path.name, progress) if progress else lambda done: None
        yield load_file(file, path, session=session, reference=reference, writer=writer, progress=shown)
        if progress:
            progress.write("\r\033[K")


def load_file(
    file: File, path: Path, *, session: Session, reference: str, writer: Any, progress: staging.Progress
) -> Report:
    """Load one file in a transaction of its own; rows turned away go to the CSV `writer`: path, line, column, value,
    reason, by line."""
    start = time.monotonic()
    try:
        with session(reference), connection.cursor() as cursor:
            prepare(cursor)
            ignored = staging.stage(cursor, path, file.columns, progress)
            counts = file.take(cursor, file.columns)
            rejected = write_rejected(cursor, path, writer)
    except Unreadable as error:
        return Report(path, error=str(error), seconds=time.monotonic() - start)
    return Report(path, counts.taken, counts.changed, rejected, time.monotonic() - start, ignored, new=counts.new)


def prepare(cursor: Any) -> None:
    """What the transaction of a load begins with."""
    # One file at a time over all loads: two that bring the same new code would both insert it.
    cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('load', 0))")
    # A small sample will do to plan by, and for the tables until autovacuum takes a larger one.
    cursor.execute("SET LOCAL default_statistics_target = 10")


def write_rejected(cursor: Any, path: Path, writer: Any) -> int:
    """Write what the table `reject` holds, by line; return how many rows that are."""
    cursor.execute('SELECT %s, line, "column", value, reason FROM reject ORDER BY line', [str(path)])
    count = 0
    while rows := cursor.fetchmany(1000):
        writer.writerows(rows)
        count += len(rows)
    return count


class _ForPeople:
    """A writer of CSV that may be opened in a spreadsheet."""

    def __init__(self, out: TextIO) -> None:
        self._writer = csv.writer(out)

    def writerows(self, rows: Iterable[Sequence[Any]]) -> None:
        self._writer.writerows([guarded(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)


class _Bar:
    """A progress bar on a terminal."""

    def __init__(self, name: str, out: TextIO) -> None:
        self.name, self.out, self.percent = name, out, -1

    def __call__(self, done: float) -> None:
        if (percent := int(done * 100)) != self.percent:
            self.percent = percent
            self.out.write(f"\r\033[K{self.name} [{'#' * (percent // 4):<25}] {percent} %")
            self.out.flush()


def standard_progress() -> TextIO | None:
    """Where to draw a progress bar: standard error if it is a terminal."""
    return sys.stderr if sys.stderr.isatty() else None
