"""From `stage` into a table as a set: unknown codes and broken rules turned away, what differs written."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from django.db.backends.utils import CursorWrapper
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from config.exchange.columns import Column, Ref

ANALYZE_ABOVE = 5000  # rows written by a load, from which on the planner must hear of it at once


class Check(NamedTuple):
    """A rule over a merged row `m`: rows for which the SQL `broken` is true are turned away at `column`."""

    column: str
    broken: str
    reason: str | Promise


class Counts(NamedTuple):
    """Rows of a file: taken = changed (new ones too) + unchanged."""

    taken: int
    changed: int
    new: int = 0


_dry: ContextVar[bool] = ContextVar("dry", default=False)


@contextmanager
def dry_run() -> Iterator[None]:
    """Within it `merge` looks and counts but writes nothing; `final` holds the rows that it would have written."""
    token = _dry.set(True)
    try:
        yield
    finally:
        _dry.reset(token)


class Parent(NamedTuple):
    """The row that a line belongs to, found by several columns: `join` gives alias `parent`, `target` gets its id."""

    join: str
    target: str
    finds: Sequence[str]  # the columns that find it; they are not stored themselves
    column: str
    reason: str | Promise


def rename(cursor: CursorWrapper, column: str, ref: Ref) -> None:
    """Put today's code in the place of each that stands for another row now."""
    if ref.renamed:
        cursor.execute(f"UPDATE stage s SET {column} = r.now FROM ({ref.renamed}) r WHERE r.code = s.{column}")


def reject_unknown(cursor: CursorWrapper, column: Column) -> None:
    """Turn away the rows whose code in `column` names nothing."""
    assert column.ref is not None
    cursor.execute(
        f"""
        WITH unknown AS (
            SELECT code FROM (SELECT DISTINCT {column.name} AS code FROM stage) s
            WHERE code IS NOT NULL AND NOT EXISTS (SELECT FROM {column.ref.table} t WHERE t.{column.ref.code} = s.code)
        ), gone AS (
            DELETE FROM stage s USING unknown u WHERE s.{column.name} = u.code RETURNING s.line, u.code
        )
        INSERT INTO reject (line, "column", value, reason) SELECT line, %s, code, %s FROM gone
        """,
        [column.name, _("unknown: %(what)s") % {"what": column.ref.what}],
    )


def merge(
    cursor: CursorWrapper, *, table: str, columns: Sequence[Column], key: Sequence[str],
    checks: Sequence[Check] = (), parent: Parent | None = None, add_up: str = "",
) -> Counts:  # fmt: skip
    """Write what `stage` holds into `table`, which has an `id`, and return how much of it was new.

    `key`: the columns that identify a row; rows of the file with the same key come one after another, or, with
    `add_up`, as one with the sum of that column. An empty cell leaves what is stored, a cleared one resets it to
    the column's default. A row that already says the same is not written.
    """
    for column in columns:
        if column.ref:
            rename(cursor, column.name, column.ref)
            reject_unknown(cursor, column)
    if parent:
        cursor.execute(
            f"WITH gone AS (DELETE FROM stage s WHERE NOT EXISTS (SELECT FROM {_found(columns)} {parent.join}"
            f" WHERE me.line = s.line AND parent.id IS NOT NULL) RETURNING s.*)"
            f' INSERT INTO reject (line, "column", value, reason) SELECT line, %s, {parent.column}::text, %s FROM gone',
            [parent.column, str(parent.reason)],
        )
    if not add_up:
        _fold(cursor, columns, [*key, *(parent.finds if parent else ())])
    fields = [column for column in columns if not parent or column.name not in parent.finds]
    keys = [parent.target] if parent else []
    keys += [column.field for column in columns if column.name in key and column.field not in keys and column in fields]
    values = [parent.target] if parent else []
    values += [column.field for column in fields]
    plain = [name for name in values if name not in keys]
    matched = " AND ".join(f"t.{name} = k.{name}" for name in keys)
    own = ", ".join(f"{_staged(column, in_key=column.field in keys)} AS {column.field}" for column in fields)
    parents = f", parent.id AS {parent.target}" if parent else ""
    flags = ", ".join(f"me.cleared ~ '\\m{column.name}\\M' AS clear_{column.field}" for column in fields)
    merged = ", ".join(
        f"k.{column.field}" if column.field in keys
        else f"CASE WHEN k.clear_{column.field} THEN {column.default or 'NULL'}"
             f" WHEN k.{column.field} IS NULL AND t.id IS NOT NULL THEN t.{column.field}"
             f" ELSE coalesce(k.{column.field}, {column.default or 'NULL'}) END AS {column.field}"
        for column in fields
    )  # fmt: skip
    cursor.execute(
        f"""
        DROP TABLE IF EXISTS merged;
        CREATE TEMP TABLE merged ON COMMIT DROP AS
        SELECT k.line, t.id{", k." + parent.target if parent else ""}, {merged}
        FROM (SELECT me.line, {own}, {flags}{parents} FROM {_found(columns)} {parent.join if parent else ""}) k
        LEFT JOIN {table} t ON {matched}
        """
    )
    for check in checks:
        cursor.execute(
            f"""
            WITH gone AS (DELETE FROM merged m WHERE {check.broken} RETURNING m.line)
            INSERT INTO reject (line, "column", value, reason)
            SELECT line, %s, (SELECT s.{check.column}::text FROM stage s WHERE s.line = gone.line), %s FROM gone
            """,
            [check.column, str(check.reason)],
        )
    cursor.execute("SELECT count(*) FROM merged")
    taken = cursor.fetchone()[0]
    if add_up:
        grouped = ", ".join(f"sum({name}) AS {name}" if name == add_up else f"min({name}) AS {name}" for name in plain)
        last = (
            f"SELECT min(line) AS line, id, count(*) AS rows, {', '.join(keys)}, {grouped}"
            f" FROM merged GROUP BY id, {', '.join(keys)}"
        )
    else:
        last = f"SELECT DISTINCT ON ({', '.join(keys)}) *, 1 AS rows FROM merged ORDER BY {', '.join(keys)}, line DESC"
    cursor.execute(f"DROP TABLE IF EXISTS final; CREATE TEMP TABLE final ON COMMIT DROP AS {last}; ANALYZE final")
    if plain:
        cursor.execute(
            f"""
            DELETE FROM final m USING {table} t
            WHERE t.id = m.id AND ({", ".join(f"t.{name}" for name in plain)})
                  IS NOT DISTINCT FROM ({", ".join(f"m.{name}" for name in plain)})
            """
        )
    else:
        cursor.execute("DELETE FROM final WHERE id IS NOT NULL")
    cursor.execute(
        "SELECT coalesce(sum(rows) FILTER (WHERE id IS NOT NULL), 0), coalesce(sum(rows) FILTER (WHERE id IS NULL), 0)"
        " FROM final"
    )
    old, new = map(int, cursor.fetchone())
    if _dry.get():
        return Counts(taken, old + new, new)
    # Not written where there is nothing to write: triggers of a statement fire even for no row (kpi/sql/marks.sql).
    if old:
        assignments = ", ".join(f"{name} = m.{name}" for name in plain)
        cursor.execute(f"UPDATE {table} t SET {assignments} FROM final m WHERE t.id = m.id")
    if new:
        listed = ", ".join(values)
        cursor.execute(f"INSERT INTO {table} ({listed}) SELECT {listed} FROM final WHERE id IS NULL ORDER BY line")
    if old + new > ANALYZE_ABOVE:
        cursor.execute(f"ANALYZE {table}")
    return Counts(taken, old + new, new)


def _fold(cursor: CursorWrapper, columns: Sequence[Column], key: Sequence[str]) -> None:
    """Let the last of several rows with one key say what they say together: an empty cell leaves what came before."""
    listed = ", ".join(key)
    cursor.execute(f"SELECT EXISTS (SELECT FROM stage GROUP BY {listed} HAVING count(*) > 1)")
    if not cursor.fetchone()[0]:
        return
    others = [column.name for column in columns if column.name not in key]
    said = {name: f"FILTER (WHERE {name} IS NOT NULL OR cleared ~ '\\m{name}\\M')" for name in others}
    values = "".join(f", (array_agg({name} ORDER BY line DESC) {said[name]})[1] AS {name}" for name in others)
    cleared = ", ".join(
        f"CASE WHEN (array_agg({name} IS NULL ORDER BY line DESC) {said[name]})[1] THEN '{name}' END" for name in others
    )
    cursor.execute(
        f"""
        UPDATE stage s SET cleared = f.cleared{"".join(f", {name} = f.{name}" for name in others)}
        FROM (SELECT max(line) AS line, concat_ws(' ', {cleared or "NULL"}) AS cleared{values}
              FROM stage GROUP BY {listed} HAVING count(*) > 1) f
        WHERE s.line = f.line
        """
    )


def _found(columns: Sequence[Column]) -> str:
    """`stage` with the rows that its codes name."""
    joins = "".join(
        f" LEFT JOIN {ref.table} r_{ref.target} ON r_{ref.target}.{ref.code} = me.{column.name}"
        for column in columns
        if (ref := column.ref)
    )
    return f"stage me{joins}"


def _staged(column: Column, in_key: bool) -> str:
    value = f"r_{column.ref.target}.id" if column.ref else f"me.{column.name}"
    # A part of the key that may be empty is stored, and so looked for, as its default.
    return f"coalesce({value}, {column.default})" if in_key and column.default else value
