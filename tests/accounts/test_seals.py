"""The history is sealed completely, whoever writes meanwhile, and nobody bends it unseen (accounts/sql/seals.sql)."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import translation

from accounts import audit, tasks
from config import embedded, sql
from tests.instance import eventually

Db = psycopg.Connection[tuple[Any, ...]]
Connect = Callable[..., Db]
WRITE = (
    "SELECT set_config('app.way', 'job', true);"
    "INSERT INTO clients_channel (code, name) SELECT gen_random_uuid()::text, 'x' FROM generate_series(1, {rows})"
)
CLEAR = """
    SET session_replication_role = replica;
    DELETE FROM history_event; DELETE FROM history_changeset; DELETE FROM history_seal; DELETE FROM clients_channel;
    UPDATE history_horizon SET last_id = 0, before = '0', noted_at = '-infinity', seals = 0;
    SET session_replication_role = origin
"""


@pytest.fixture
def connect(django_db_setup: None, servers: embedded.Endpoints) -> Iterator[Connect]:
    """Connections that really commit; what they leave is taken away."""
    made: list[Db] = []

    def run(role: str = embedded.APP_ROLE, autocommit: bool = True) -> Db:
        made.append(psycopg.connect(servers.database_url(role), autocommit=autocommit))
        return made[-1]

    run("postgres").execute(CLEAR)
    yield run
    for db in made[1:]:
        db.close()
    made[0].execute(CLEAR)


@pytest.fixture
def app(connect: Connect) -> Db:
    return connect()


@pytest.fixture
def superuser(connect: Connect) -> Db:
    return connect("postgres", autocommit=False)


def write(db: Db, rows: int = 1) -> None:
    with db.transaction():
        db.execute(WRITE.format(rows=rows).encode())


def one(db: Db, query: str) -> Any:
    return db.execute(query.encode()).fetchone()[0]  # type: ignore[index]


def sealed(db: Db) -> int:
    return int(one(db, "SELECT coalesce(sum(events), 0) FROM history_seal"))


def seal_all(db: Db) -> None:
    """Until everything is sealed: a job of the server's own may hold it up for a moment."""
    waiting = "SELECT count(*) FROM history_event WHERE id > (SELECT coalesce(max(last_id), 0) FROM history_seal)"
    for _turn in range(10_000):
        if one(db, "SELECT seal_history()") == 0 and one(db, waiting) == 0:
            return
        time.sleep(0.001)
    raise AssertionError("not sealed")


def broken(db: Db) -> list[tuple[int, str]]:
    return [row[:2] for row in db.execute(sql.read("accounts", "verify").encode()).fetchall()]


@pytest.fixture
def three(app: Db) -> None:
    """Three sealed batches of three events; before the third one two ids were given out and taken back."""
    for _batch in range(2):
        write(app, 3)
        seal_all(app)
    with app.transaction():
        write(app, 2)
        raise psycopg.Rollback
    write(app, 3)
    seal_all(app)


IN_SECOND = "id = (SELECT last_id FROM history_seal WHERE id = 2)"
COLUMNS = 'at, "table", row_id, operation, way, reference, database_user, new'
RESEAL = """UPDATE history_seal s SET events_hash = (
    SELECT sha256(string_agg(history_event_hash(e), '' ORDER BY e.id)) FROM history_event e
    WHERE e.id <= s.last_id AND e.id > (SELECT last_id FROM history_seal p WHERE p.id = s.id - 1)) WHERE id = 2;
    UPDATE history_seal s SET hash = history_seal_hash(s, (SELECT hash FROM history_seal p WHERE p.id = s.id - 1))
    WHERE id = 2"""
RESEAL_NEXT = """; UPDATE history_seal s SET hash = history_seal_hash(s, (SELECT hash FROM history_seal WHERE id = 2))
    WHERE id = 3"""
EDIT = f"""UPDATE history_event SET new = '{{"name": "y"}}' WHERE {IN_SECOND};"""
CUT = """DELETE FROM history_event WHERE id > (SELECT last_id FROM history_seal WHERE id = 2);
    DELETE FROM history_seal WHERE id = 3; UPDATE history_horizon SET seals = 2"""


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        *((f"UPDATE history_event SET {column} = {value} WHERE {IN_SECOND}", [(2, "changed")]) for column, value in (
            ("at", "at + interval '1 microsecond'"), ('"table"', "'clients_client'"), ("row_id", "row_id + 1"),
            ("operation", "'U'"), ("actor_id", "7"), ("way", "'load'"), ("reference", "'load:1'"), ("ip", "'::1'"),
            ("database_user", "'me'"), ("old", "'{}'"), ("new", "NULL"))),
        (f"DELETE FROM history_event WHERE {IN_SECOND}", [(2, "missing")]),
        (f"INSERT INTO history_event (id, {COLUMNS}) SELECT id + 1, {COLUMNS} FROM history_event WHERE {IN_SECOND}",
         [(3, "added")]),
        (f"INSERT INTO history_event (id, {COLUMNS}) SELECT -5, {COLUMNS} FROM history_event WHERE {IN_SECOND}",
         [(1, "added")]),
        (f"UPDATE history_event SET id = id + 1 WHERE {IN_SECOND}", [(2, "missing"), (3, "added")]),
        *((f"UPDATE history_seal SET {column} = {value} WHERE id = 2", found) for column, value, found in (
            ("closed_at", "closed_at - interval '1 s'", [(2, "seal")]), ("events", "events + 1", [(2, "seal")]),
            ("last_id", "last_id + 1", [(2, "seal")]), ("events_hash", "'x'", [(2, "seal")]),
            ("hash", "'x'", [(2, "seal"), (3, "seal")]))),
        ("DELETE FROM history_seal WHERE id = 1", [(1, "missing_seal")]),
        ("DELETE FROM history_seal WHERE id = 2", [(2, "missing_seal")]),
        ("DELETE FROM history_seal WHERE id = 3", [(3, "missing_seal")]),
        ("DELETE FROM history_seal", [(1, "missing_seal"), (2, "missing_seal"), (3, "missing_seal")]),
        (EDIT + RESEAL, [(3, "seal")]),
    ],
)  # fmt: skip
def test_what_a_superuser_does_to_the_history_is_found_in_the_right_batch(
    three: None, superuser: Db, statement: str, found: list[tuple[int, str]]
) -> None:
    assert broken(superuser) == []
    superuser.execute(statement.encode())
    assert broken(superuser) == found


@pytest.mark.parametrize("statement", [EDIT + RESEAL + RESEAL_NEXT, CUT])
def test_a_chain_written_anew_or_cut_off_is_found_by_a_head_kept_elsewhere(
    three: None, superuser: Db, capsys: pytest.CaptureFixture[str], db: None, statement: str
) -> None:
    call_command("audit", "head")
    head = capsys.readouterr().out.strip()
    call_command("audit", "verify", "--head", head)
    superuser.execute(statement.encode())
    assert broken(superuser) == []
    superuser.commit()
    with pytest.raises(SystemExit, match="1"):
        call_command("audit", "verify", "--head", head)
    assert head in capsys.readouterr().err


def test_an_event_with_a_date_of_the_past_is_found(three: None, app: Db, superuser: Db) -> None:
    superuser.execute(
        f"INSERT INTO history_event ({COLUMNS}) SELECT {COLUMNS.replace('at,', 'at - interval $$1 day$$,', 1)}"
        f" FROM history_event WHERE {IN_SECOND}".encode()
    )
    superuser.commit()
    seal_all(app)
    assert broken(app) == [(4, "backdated")]


def test_verify_says_how_much_is_sealed_and_names_the_first_broken_batch(
    three: None, app: Db, superuser: Db, capsys: pytest.CaptureFixture[str], db: None
) -> None:
    write(app, 2)
    with translation.override("en"):  # the texts of the code itself, compiled translations or not
        call_command("audit", "verify")
        assert "Events sealed: 9, in batches: 3. Not sealed yet: 2." in capsys.readouterr().out
        superuser.execute(EDIT.encode())
        superuser.commit()
        with pytest.raises(SystemExit, match="1"):
            call_command("audit", "verify")
    assert "The first broken batch: 2: events were changed" in capsys.readouterr().err


@pytest.mark.parametrize("overtaking", [0, 1])
def test_a_writer_who_took_an_id_and_has_not_ended_is_waited_for(connect: Connect, app: Db, overtaking: int) -> None:
    slow = connect(autocommit=False)
    slow.execute(WRITE.format(rows=1).encode())
    for _other in range(overtaking):
        write(app)  # a later id, committed earlier
    for _turn in range(4):
        one(app, "SELECT seal_history()")
    assert sealed(app) == 0
    slow.commit()
    seal_all(app)
    assert sealed(app) == 1 + overtaking
    assert broken(app) == []


def test_under_concurrent_writers_nothing_is_missed_nor_sealed_twice(connect: Connect, app: Db) -> None:
    done = threading.Event()

    def writer(seed: int) -> None:
        chance = random.Random(seed)
        db = connect()
        for _turn in range(12):
            with db.transaction():
                db.execute(WRITE.format(rows=chance.randrange(1, 4)).encode())
                done.wait(chance.random() / 50)
                if chance.random() < 0.2:
                    raise psycopg.Rollback
                with db.transaction():  # a part of it, taken back or not
                    db.execute(WRITE.format(rows=1).encode())
                    if chance.random() < 0.3:
                        raise psycopg.Rollback

    def sealer() -> None:
        db = connect()
        while not done.is_set():
            one(db, "SELECT seal_history()")

    writers = [threading.Thread(target=writer, args=(seed,)) for seed in range(6)]
    sealers = [threading.Thread(target=sealer) for _ in range(2)]
    for thread in writers + sealers:
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in sealers:
        thread.join()
    seal_all(app)
    assert sealed(app) == one(app, "SELECT count(*) FROM history_event") > 0
    assert one(app, "SELECT count(*) FROM history_seal") > 2
    assert broken(app) == []


def test_many_events_become_several_seals(app: Db) -> None:
    write(app, 20_001)
    seal_all(app)
    assert [row[0] for row in app.execute("SELECT events FROM history_seal ORDER BY id")] == [10_000, 10_000, 1]
    assert broken(app) == []


def test_a_sealing_killed_in_the_middle_leaves_no_trace_and_is_done_again(
    connect: Connect, app: Db, superuser: Db
) -> None:
    write(app, 3)
    eventually(
        lambda: one(app, "SELECT seal_history()") == 0 and one(app, "SELECT last_id FROM history_horizon"), "noted"
    )
    superuser.execute("LOCK TABLE history_seal IN SHARE MODE")
    victim = connect()
    pid = victim.info.backend_pid
    ended: list[BaseException] = []

    def seal() -> None:
        try:
            victim.execute("SELECT seal_history()")
        except psycopg.OperationalError as error:
            ended.append(error)

    thread = threading.Thread(target=seal)
    thread.start()
    blocked = f"SELECT count(*) FROM pg_locks WHERE pid = {pid} AND NOT granted"
    eventually(lambda: one(superuser, blocked), "at its first seal")
    assert one(app, "SELECT seal_history()") == 0  # meanwhile nobody else seals
    superuser.execute("SELECT pg_terminate_backend(%s)", [pid])
    thread.join()
    superuser.commit()
    assert ended
    assert sealed(app) == 0
    seal_all(app)
    assert sealed(app) == 3


def test_a_transaction_that_sees_an_old_state_or_has_written_may_not_seal(connect: Connect) -> None:
    db = connect(autocommit=False)
    db.execute(WRITE.format(rows=1).encode())
    with pytest.raises(psycopg.errors.RaiseException, match="of its own"):
        db.execute("SELECT seal_history()")
    db.rollback()
    db.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    with pytest.raises(psycopg.errors.RaiseException, match="read committed"):
        db.execute("SELECT seal_history()")


def test_on_another_server_with_younger_transactions_sealing_goes_on(three: None, app: Db, superuser: Db) -> None:
    """A dump brings the number of a transaction that the new server will only reach in years."""
    superuser.execute("UPDATE history_horizon SET before = '9000000000000'")
    superuser.commit()
    write(app)
    seal_all(app)
    assert (sealed(app), broken(app)) == (10, [])


def test_the_job_seals_and_logs_the_head(app: Db, django_db_blocker: Any, caplog: pytest.LogCaptureFixture) -> None:
    write(app, 3)
    with django_db_blocker.unblock():
        eventually(lambda: tasks.seal() or audit.sealed().events == 3, "sealed")
        assert audit.sealed().head in caplog.text
        connection.close()
