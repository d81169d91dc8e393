"""A demo distributor that runs as it does for a user: `manage.py demo` in a process of its own, stopped by Ctrl-C."""

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any, Self
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from config import embedded
from tests.instance import ROOT, environment, eventually

CLIENTS, MONTHS = 300, 6
START_SECONDS, STOP_SECONDS = 400, 60
PR_SET_PDEATHSIG = 1


class Site:
    """The instance, who may sign in to it, and what its API answers."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.log = data_dir / "demo.log"
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.api = cache(self._api)
        self.token = cache(self._token)

    def start(self) -> Self:
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / "manage.py"), "demo",
                 "--clients", str(CLIENTS), "--months", str(MONTHS), "--port", str(self.port)],
                env=environment(self.data_dir), cwd=ROOT, stdout=log, stderr=log, start_new_session=True,
                preexec_fn=_as_from_a_terminal,
            )  # fmt: skip
        eventually(self._answers, "the demo answers /health/", START_SECONDS)
        demo = json.loads((self.data_dir / "demo.json").read_text())
        self.logins: dict[str, str] = demo["logins"]
        self.password: str = demo["password"]
        return self

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            with urlopen(f"{self.url}/health/", timeout=5) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def stop(self) -> None:
        """Ctrl-C; fails if anything outlives it, or if anything broke meanwhile."""
        self.process.send_signal(signal.SIGINT)
        try:
            code = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"Ctrl-C did not stop the demo within {STOP_SECONDS} s") from None
        left = self.left_running()
        log = self.log.read_text()
        assert (code, left) == (0, []), log
        assert "Internal Server Error" not in log, log

    def left_running(self) -> list[str]:
        """The processes that work on the data directory: by what they were started with, and where."""
        marks = (f"CRM_DATA_DIR={self.data_dir}", str(self.data_dir))
        runtime = str(embedded.endpoints(self.data_dir).runtime)
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                environ, command = (process / "environ").read_bytes(), (process / "cmdline").read_bytes()
                place = os.readlink(process / "cwd")
            except OSError:
                continue  # ended meanwhile
            words = [*environ.decode(errors="replace").split("\0"), *command.decode(errors="replace").split("\0")]
            if place.startswith(runtime) or any(word in marks for word in words):
                found.append(f"{process.name} {command.decode(errors='replace').replace(chr(0), ' ')}")
        return found

    def manage(self, *arguments: object) -> str:
        """What `manage.py …` prints, run in a second process beside the servers."""
        done = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *map(str, arguments)],
            env=environment(self.data_dir), cwd=self.data_dir, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def _token(self, role: str) -> str:
        return self.manage("create_token", self.logins[role]).strip()

    def _api(self, path: str, role: str = "head", **query: str) -> Any:
        """The JSON of /api/v1/`path`; `from_` stands for the word that Python keeps for itself."""
        asked = urlencode({name.rstrip("_"): value for name, value in query.items()})
        request = Request(f"{self.url}/api/v1/{path}?{asked}", headers={"Authorization": f"Token {self.token(role)}"})
        with urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def api_pages(self, path: str, role: str = "head", **query: str) -> list[dict[str, Any]]:
        """All results of a list of the API."""
        found: list[dict[str, Any]] = []
        cursor = {}
        while True:
            page = self._api(path, role, **query, **cursor)
            found += page["results"]
            if not page["next"]:
                return found
            cursor = {"cursor": page["next"]}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _as_from_a_terminal() -> None:
    """Ctrl-C works even where the tests themselves were started with it switched off; no test run, no demo."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
