"""A whole installation of its own: data directory, servers, `manage.py` and workers as processes, as in production."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import psycopg
from django.conf import settings

from config import embedded

ROOT = Path(__file__).resolve().parent.parent
_HOLD = """
import sys, pathlib
from config import embedded
embedded.attach(pathlib.Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.read()
"""


def environment(data_dir: Path, **more: str) -> dict[str, str]:
    return os.environ | {"CRM_DATA_DIR": str(data_dir), "PYTHONPATH": str(ROOT)} | more


def eventually(holds: Callable[[], Any], what: str, seconds: float = 60) -> Any:
    """The first true answer of `holds`, asked again and again; fails with `what` when time is over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := holds():
            return answer
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {what}")


class User:
    """A process that uses the embedded servers of a data directory until it is let go, or killed."""

    def __init__(self, data_dir: Path, **more: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _HOLD, str(data_dir)], env=environment(data_dir, **more), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def ready(self) -> Self:
        assert self.process.stdout is not None
        if self.process.stdout.readline() != "ready\n":
            raise AssertionError(self.process.communicate()[1])
        return self

    def leave(self) -> None:
        """End in good order: returns when the servers have stopped, if this was the last user."""
        self.process.communicate("", timeout=60)

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


class Instance:
    """The servers run from `__enter__` to `__exit__`; the schema is there."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.ends = embedded.endpoints(data_dir)

    def __enter__(self) -> Self:
        self.user = User(self.data_dir).ready()
        assert self.manage("migrate", "-v", "0").returncode == 0
        return self

    def __exit__(self, *_: object) -> None:
        self.user.leave()

    def manage(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """`manage.py …` in a process of its own."""
        return subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *map(str, arguments)],
            env=environment(self.data_dir), cwd=self.data_dir, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def load(self, *paths: Path) -> None:
        done = self.manage("load", *paths)
        assert done.returncode == 0, done.stdout + done.stderr

    def connect(self, role: str = embedded.APP_ROLE) -> psycopg.Connection[Any]:
        """As the application connects: in the distributor's time zone, which is another day than UTC's for hours."""
        zone = f"-c timezone={settings.TIME_ZONE}"
        return psycopg.connect(self.ends.database_url(role), autocommit=True, options=zone)

    def query(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self.connect() as db:
            return db.execute(statement.encode(), parameters).fetchall()

    @contextmanager
    def worker(self) -> Iterator[subprocess.Popen[bytes]]:
        """A Celery worker in a process group of its own."""
        process = subprocess.Popen(
            [
                ROOT / ".venv/bin/celery", "-A", "config", "worker", "-c", "1", "-l", "WARNING",
                "--without-gossip", "--without-mingle",
            ],
            env=environment(self.data_dir), cwd=ROOT, start_new_session=True,
        )  # fmt: skip
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(30)
