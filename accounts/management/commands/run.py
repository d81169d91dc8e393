import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

STOP_SECONDS = 30
PR_SET_PDEATHSIG = 1


class Command(BaseCommand):
    help = "Starts web, Celery worker and beat, and starts again what dies; Ctrl-C stops all of it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        _refuse_taken_port(host, port)
        processes = _Processes(
            {
                "web": ["gunicorn", "config.wsgi", "--bind", f"{host}:{port}", "--no-control-socket",
                        "--workers", "2", "--worker-class", "gthread", "--threads", "4",
                        "--max-requests", "10000", "--max-requests-jitter", "1000"],
                "worker": ["celery", "--quiet", "-A", "config", "worker", "--loglevel", "WARNING",
                           "--concurrency", "1"],
                "beat": ["celery", "--quiet", "-A", "config", "beat", "--loglevel", "WARNING",
                         "--schedule", str(settings.DATA_DIR / "beat-schedule")],
            }
        )  # fmt: skip
        for how in (signal.SIGINT, signal.SIGTERM):  # also where a shell started us with SIGINT ignored
            signal.signal(how, _interrupt)
        self.stdout.write(_("Open http://%(host)s:%(port)d/ — Ctrl-C stops everything.") % {"host": host, "port": port})
        self.stdout.flush()
        try:
            processes.watch(self.stderr.write)
        except KeyboardInterrupt:
            self.stdout.write(_("Stopping…"))
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            processes.stop()


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _refuse_taken_port(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(
                _("Port %(port)d can't be used (%(error)s). Stop what listens there, or take another: PORT=8001.")
                % {"port": port, "error": error.strerror}
            ) from None


class _Processes:
    """Child processes by name; they end with us, however we end."""

    def __init__(self, commands: dict[str, list[str]]) -> None:
        self.commands = commands
        self.running = {name: self._start(name) for name in commands}

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", *self.commands[name]],
            cwd=settings.BASE_DIR, start_new_session=True, preexec_fn=_die_with_parent,
            # The embedded set-up may run as root, and its worker says so at length at every start.
            env=os.environ | {"PYTHONWARNINGS": "ignore:You're running the worker with superuser"},
        )  # fmt: skip

    def watch(self, say: Any) -> None:
        while True:
            time.sleep(0.5)
            for name, process in self.running.items():
                if process.poll() is not None:
                    say(_("%(name)s ended (%(code)s); starting it again.") % {"name": name, "code": process.returncode})
                    time.sleep(1)
                    self.running[name] = self._start(name)

    def stop(self) -> None:
        for process in self.running.values():
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in self.running.values():
            try:
                process.wait(max(0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
