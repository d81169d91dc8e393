"""The embedded servers: shared, surviving any death, leaving nothing behind (config/embedded.py)."""

import contextlib
import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from config import embedded
from tests.instance import Instance, User, environment, eventually

pytestmark = pytest.mark.slow


def durable(data_dir: Path) -> User:
    """A user who starts servers that keep their promises, as in production; the other tests are in a hurry."""
    return User(data_dir, CRM_EMBEDDED_UNSAFE="0")


def processes(data_dir: Path) -> dict[int, str]:
    """Command lines that name the data directory or its sockets, by process; not those of its users."""
    found = {}
    names = (str(data_dir), str(embedded.endpoints(data_dir).runtime))
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            command = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if any(name in command for name in names) and "sys.stdin.read()" not in command:
                found[int(path.parent.name)] = command
    return found


def one(data_dir: Path, what: str) -> int:
    [pid] = [pid for pid, command in processes(data_dir).items() if what in command]
    return pid


def all_gone(data_dir: Path) -> bool:
    runtime = embedded.endpoints(data_dir).runtime
    return not processes(data_dir) and not (runtime / "keeper.sock").exists() and not list(runtime.glob(".s.PGSQL*"))


def nothing_is_left(data_dir: Path) -> None:
    """The servers have stopped already; the keeper, who has just said so, may need a moment to end."""
    assert [command for command in processes(data_dir).values() if "embedded.py" not in command] == []
    eventually(lambda: all_gone(data_dir), "the keeper ends", seconds=5)


def connect(data_dir: Path) -> psycopg.Connection[Any]:
    return psycopg.connect(
        embedded.endpoints(data_dir).database_url(embedded.OWNER_ROLE), autocommit=True, connect_timeout=10
    )


def count(data_dir: Path) -> int:
    with connect(data_dir) as db:
        return len(db.execute("SELECT FROM kept").fetchall())


def answers(data_dir: Path) -> bool:
    try:
        return count(data_dir) == 1
    except psycopg.OperationalError:
        return False


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "data"
    for pid in processes(tmp_path / "data"):  # only if the test failed
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def user(data_dir: Path) -> Iterator[User]:
    """A user of servers that hold one row."""
    user = durable(data_dir).ready()
    with connect(data_dir) as db:
        db.execute("CREATE TABLE kept AS SELECT 1 AS row")
    yield user
    if user.process.poll() is None:
        user.leave()


def test_two_at_once_on_an_empty_directory_share_the_servers(data_dir: Path) -> None:
    users = [durable(data_dir) for _ in range(3)]
    for user in users:
        user.ready()
    assert len([command for command in processes(data_dir).values() if "/bin/postgres -D" in command]) == 1
    users[0].leave()
    with connect(data_dir) as db:
        assert db.execute("SELECT 1").fetchone() == (1,)
    users[1].kill()
    users[2].leave()
    nothing_is_left(data_dir)


def test_the_last_user_waits_for_the_end_of_the_servers_and_the_data_stay(data_dir: Path, user: User) -> None:
    user.leave()
    nothing_is_left(data_dir)
    again = durable(data_dir).ready()
    assert count(data_dir) == 1
    again.leave()


def test_a_killed_user_leaves_nothing_running(data_dir: Path, user: User) -> None:
    user.kill()
    eventually(lambda: all_gone(data_dir), "the servers of a killed user stop")


@pytest.mark.parametrize("server", ["/bin/postgres -D", "valkey-server"])
def test_a_killed_server_is_started_again(data_dir: Path, user: User, server: str) -> None:
    killed = one(data_dir, server)
    os.kill(killed, signal.SIGKILL)
    eventually(
        lambda: any(server in command for pid, command in processes(data_dir).items() if pid != killed),
        f"{server} is back",
    )
    eventually(lambda: answers(data_dir), "the data are there")
    user.leave()
    nothing_is_left(data_dir)


def test_with_a_killed_keeper_the_servers_end_and_the_next_user_starts_them(data_dir: Path, user: User) -> None:
    os.kill(one(data_dir, "embedded.py"), signal.SIGKILL)
    following = durable(data_dir).ready()
    assert count(data_dir) == 1
    assert len([command for command in processes(data_dir).values() if "/bin/postgres -D" in command]) == 1
    user.kill()
    following.leave()
    nothing_is_left(data_dir)


def test_everything_killed_at_once_the_next_user_finds_the_data(data_dir: Path, user: User) -> None:
    for pid in (user.process.pid, *processes(data_dir)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    following = durable(data_dir).ready()
    assert count(data_dir) == 1
    following.leave()
    nothing_is_left(data_dir)


def test_a_directory_of_another_version_is_refused_with_what_to_do(data_dir: Path) -> None:
    (data_dir / "pg").mkdir(parents=True)
    (data_dir / "pg/PG_VERSION").write_text("9\n")
    done = Instance(data_dir).manage("check")
    assert done.returncode == 1
    assert "PostgreSQL 9" in done.stderr
    assert "manage.py dump" in done.stderr
    assert "Traceback" not in done.stderr
    eventually(lambda: not processes(data_dir), "nothing is left running")


def test_a_directory_below_a_private_one_works_for_root_too(tmp_path: Path) -> None:
    """Root's PostgreSQL runs as another user, who may not pass the private folder; else it is the plain case."""
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    user = durable(private / "data").ready()
    with connect(private / "data") as db:
        assert db.execute("SELECT 1").fetchone() == (1,)
    owner = (private / "data/pg").stat().st_uid
    assert (owner != 0) if os.getuid() == 0 else (owner == os.getuid())
    assert stat.S_IMODE((private / "data/pg").stat().st_mode) == 0o700
    user.leave()
    nothing_is_left(private / "data")


def test_a_path_longer_than_a_sockets_name_works(tmp_path: Path) -> None:
    deep = tmp_path / ("long" * 20) / ("path" * 20)
    user = durable(deep).ready()
    with connect(deep) as db:
        assert db.execute("SELECT 1").fetchone() == (1,)
    user.leave()


def test_a_command_starts_the_servers_and_stops_what_it_started(data_dir: Path) -> None:
    data_dir.mkdir()
    done = Instance(data_dir).manage("check")
    assert done.returncode == 0, done.stderr
    assert (data_dir / "pg/PG_VERSION").exists()
    nothing_is_left(data_dir)
    assert "CRM_DATA_DIR" in environment(data_dir)
