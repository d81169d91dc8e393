"""What a load of a file would do, without doing it: counts, and examples of what is new and of what changes from what.

The file is staged and checked by the same functions as in a load. Most kinds go through `merge`, which then only looks
and locks nothing; the few that write on their own are taken back.
"""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from config.exchange import loading, merging, staging
from config.exchange.columns import MONTH, Column
from config.exchange.files import File

EXAMPLES = 20  # of each
LOOKED_AT = 2_000  # lines compared in search of them, where `take` doesn't say which ones it wrote


class Example(NamedTuple):
    """A row that would be written. `values`: column → what is stored and what the file says; of a change only what
    changes."""

    line: int
    key: str
    values: dict[str, tuple[str, str]]


class Preview(NamedTuple):
    report: loading.Report
    new: list[Example]
    changed: list[Example]


def preview(
    file: File, path: Path, *, session: loading.Session, reference: str, writer: Any, progress: staging.Progress
) -> Preview:
    """What loading `path` would do; parameters as of `loading.load_file`. Raises Unreadable. Nothing is changed."""
    with session(reference), transaction.atomic(), connection.cursor() as cursor:
        loading.prepare(cursor)
        ignored = staging.stage(cursor, path, file.columns, progress)
        with transaction.atomic():
            with merging.dry_run():
                counts = file.take(cursor, file.columns)
            rejected = loading.write_rejected(cursor, path, writer)
            rows = _rows(cursor, file)
            transaction.set_rollback(True)
        new, changed = _examples(cursor, file, rows)
        transaction.set_rollback(True)
    report = loading.Report(path, counts.taken, counts.changed, rejected, ignored=ignored, new=counts.new)
    return Preview(report, new, changed)


def _rows(cursor: CursorWrapper, file: File) -> dict[int, dict[str, Any]]:
    """By line: what the file says of rows that are new or change, or may do so."""
    cursor.execute(
        f"""
        WITH picked (line, is_new) AS ({file.picked}), shown AS (
            SELECT line FROM (
                SELECT line, row_number() OVER (PARTITION BY is_new ORDER BY line)
                       <= CASE WHEN is_new IS NULL THEN {LOOKED_AT} ELSE {EXAMPLES} END AS first FROM picked
            ) p WHERE first
        )
        SELECT s.line, to_jsonb(s)::text FROM ({file.staged}) s JOIN shown USING (line) ORDER BY s.line
        """
    )
    return {line: _plain(row) for line, row in cursor.fetchall()}


def _examples(
    cursor: CursorWrapper, file: File, rows: dict[int, dict[str, Any]]
) -> tuple[list[Example], list[Example]]:
    """Examples of new and of changed rows."""
    query = file.stored or file.dump.rpartition("ORDER BY")[0]  # without an order the planner looks single rows up
    by_name = {column.name: column for column in file.columns}
    same_key = " AND ".join(f"d.{name} = {_key_of_stage(by_name[name])}" for name in file.key)
    cursor.execute(
        f"SELECT s.line, to_jsonb(d)::text FROM ({file.staged}) s JOIN ({query}) d ON {same_key}"
        " WHERE s.line = ANY(%s)",
        [list(rows)],
    )
    stored = {line: _plain(row) for line, row in cursor.fetchall()}
    new, changed = [], []
    for line, row in rows.items():
        before = stored.get(line)
        cleared = str(row["cleared"] or "").split()
        said = {name: _text(row[name]) for name in by_name if row.get(name) is not None}
        said |= dict.fromkeys(cleared, "")
        key = " · ".join(_text(row[name]) for name in file.key)
        if before is None:
            new.append(Example(line, key, {name: ("", value) for name, value in said.items()}))
        elif values := {
            name: (_text(before.get(name)), value)
            for name, value in said.items()
            if name not in file.key and _text(before.get(name)) != value
        }:
            changed.append(Example(line, key, values))
    return new[:EXAMPLES], changed[:EXAMPLES]


def _key_of_stage(column: Column) -> str:
    """A column of the key as the dump writes it."""
    if column.kind is MONTH:
        return f"to_char(s.{column.name}, 'YYYY-MM')"
    return f"coalesce(s.{column.name}, {column.default})" if column.default else f"s.{column.name}"


def _plain(row: str) -> dict[str, Any]:
    return dict(json.loads(row, parse_float=Decimal))


def _text(value: Any) -> str:
    """A value of JSON as people read it; the same for numbers that are the same."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, Decimal | float):
        return format(Decimal(str(value)).normalize(), "f")
    return str(value)
