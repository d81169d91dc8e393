"""Killed in the middle of any step — worker, web process, database — nothing said is lost and nothing is applied twice.

A whole installation as a user runs it (`manage.py run`), people who answer from devices that send again what was not
acknowledged, as static/src/answer.js does, and SIGKILL. What holds a step in its middle is a lock of the test's.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import requests

from tests.browser.site import _free_port
from tests.config.test_embedded import one
from tests.instance import ROOT, Instance, environment, eventually

pytestmark = pytest.mark.slow
REPS, CLIENTS_EACH = 4, 25
PASSWORD = "Long-enough-for-anyone-7"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 2000
PEOPLE = """
from accounts.models import User, Way
from accounts.services import acting, password_set
with acting(actor=None, way=Way.COMMAND):
    for user in User.objects.all():
        password_set(user=user, password="{password}")
"""
START = """
from datetime import date
from accounts.models import User
from cleanup import questionnaire_services, services
from django.utils import timezone
admin = User.objects.get(username="admin")
day = timezone.localdate()
campaign = services.campaign_create(user=admin, values={
    "name": "Clean-up", "year": day.year, "first_day": day, "last_day": day,
    "version": questionnaire_services.questionnaire_create(user=admin, name="Usual")})
services.campaign_start(user=admin, pk=campaign.pk)
"""
APPROVE = """
from accounts.models import User
from cleanup import approval_services
from cleanup.models import Campaign, Sheet
admin = User.objects.get(username="admin")
ids = list(Sheet.objects.values_list("pk", flat=True))
print(approval_services.sheets_approve(user=admin, campaign=Campaign.objects.get(), ids=ids)[0])
"""


class Running(Instance):
    """An instance whose web process, worker and beat run too, and start again when they die."""

    def __enter__(self) -> "Running":
        super().__enter__()
        self.port = _free_port()
        self.log = self.data_dir / "run.log"
        return self

    def run(self) -> None:
        with self.log.open("w") as log:
            self.main = subprocess.Popen(
                [sys.executable, str(ROOT / "manage.py"), "run", "--port", str(self.port)],
                env=environment(self.data_dir, API_RATE="100000/minute"), cwd=ROOT, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        eventually(self.answers, "the web process answers")

    def __exit__(self, *error: object) -> None:
        if hasattr(self, "main"):
            self.main.send_signal(signal.SIGTERM)
            self.main.wait(60)
        super().__exit__(*error)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/health/", timeout=5).ok
        except requests.RequestException:
            return False

    def child(self, what: str) -> int | None:
        """The process of `run` that was started with this word: each leads a group of its own."""
        for path in Path("/proc").glob("[0-9]*"):
            try:
                parent = int((path / "stat").read_text().rsplit(")", 1)[1].split()[1])
                command = (path / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if parent == self.main.pid and what.encode() in command:
                return int(path.name)
        return None

    def kill(self, what: str) -> None:
        """Kill the web process ("gunicorn") or the worker ("worker") with all its children, or the database."""
        if what == "postgres":
            os.kill(one(self.data_dir, "/bin/postgres -D"), signal.SIGKILL)
            return
        pid = eventually(lambda: self.child(what), f"{what} runs")
        os.killpg(pid, signal.SIGKILL)

    def manage_again(self, script: str) -> str:
        """A script of `manage.py shell` that must succeed."""
        done = self.manage("shell", "--verbosity", "0", "-c", script)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def ask(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """As query, but while the database comes back again and again."""
        return list(eventually(lambda: self._asked(statement, parameters), "the database answers")[0])

    def _asked(self, statement: str, parameters: tuple[Any, ...]) -> tuple[list[tuple[Any, ...]]] | None:
        try:
            return (self.query(statement, parameters),)
        except psycopg.OperationalError:
            return None

    @contextmanager
    def held(self, table: str) -> Iterator[None]:
        """Whoever writes to a table waits in the middle of their transaction; within, somebody does."""
        db = self.connect()
        try:
            db.execute("BEGIN")
            db.execute(f"LOCK TABLE {table} IN SHARE MODE".encode())
            yield
        finally:
            db.close()  # also where the server has died

    def waits(self, table: str) -> bool:
        """Whether somebody waits for the lock that `held` has."""
        return bool(self.query("SELECT FROM pg_locks WHERE NOT granted AND relation = %s::regclass", [table]))

    def kill_in_the_middle(self, what: str, table: str, begin: Callable[[], Any] = lambda: None) -> None:
        with self.held(table):
            begin()
            eventually(lambda: self.waits(table), f"somebody waits to write to {table}")
            self.kill(what)
            time.sleep(0.5)
        eventually(self._alive, "the database is there")

    def _alive(self) -> bool:
        return self._asked("SELECT 1", ()) is not None

    def job(self, kind: str) -> str:
        """The state of the last job of a kind; one that has fallen silent is taken for silent at once."""
        with self.connect() as db:
            db.execute(
                "UPDATE jobs_job SET touched_at = now() - interval '2 minutes'"
                " WHERE state IN ('waiting', 'running') AND touched_at < now() - interval '3 seconds'"
            )
        [(state,)] = self.ask("SELECT state FROM jobs_job WHERE kind = %s ORDER BY id DESC LIMIT 1", kind)
        return str(state)

    def done(self, kind: str) -> None:
        def ended() -> bool:
            try:
                return self.job(kind) == "done"
            except psycopg.OperationalError:
                return False

        eventually(ended, f"the job {kind} is done", seconds=180)


class Device:
    """Somebody's phone: what is not acknowledged is sent again under the same key, from the start of the queue."""

    def __init__(self, at: Running, username: str, sheets: list[tuple[int, int]]) -> None:
        self.at, self.username = at, username
        self.queue = [(pk, number, str(uuid4()), str(uuid4())) for pk, number in sheets]
        self.sent = Counter[str]()
        self.wrong: list[str] = []
        self.web = requests.Session()
        self.thread = threading.Thread(target=self._send_all, daemon=True)

    def sign_in(self) -> None:
        page = f"{self.at.url}/login/"
        self.web.get(page, timeout=20)
        form = {"username": self.username, "password": PASSWORD, "csrfmiddlewaretoken": self.web.cookies["csrftoken"]}
        answer = self.web.post(page, form, headers={"Referer": page}, timeout=20)
        assert "sessionid" in self.web.cookies, answer.text

    def _send_all(self) -> None:
        for pk, number, key, photo in self.queue:
            if number % 5 == 0:
                form = {"key": photo, "question": "front"}
                self._until_kept(f"{pk}/photo/", key=photo, data=form, files={"photo": ("front.png", PNG)})
            values: dict[str, Any] = {"works": "yes", "phone": {"value": f"+7 927 100-{number:04d}"}}
            if number % 5 == 0:
                values["front"] = [photo]
            said = {"key": key, "values": values, "at": datetime.now(UTC).isoformat(), "seen_version": 1}
            self._until_kept(f"{pk}/answer/", key=key, json=said)

    def _until_kept(self, address: str, key: str, **body: Any) -> None:
        while not self.wrong:
            self.sent[key] += 1
            try:
                headers = {"X-CSRFToken": self.web.cookies["csrftoken"]}
                answer = self.web.post(
                    f"{self.at.url}/campaigns/sheets/{address}", **body, headers=headers, timeout=15,
                    allow_redirects=False,
                )  # fmt: skip
            except requests.RequestException:
                time.sleep(0.2)
                continue
            if answer.status_code == 200:
                return
            if answer.status_code < 500:
                self.wrong.append(f"{answer.status_code} {answer.text[:300]}")
            time.sleep(0.2)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A supervisor's team of some routes, and people; the servers keep their promises, as in production."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRM_EMBEDDED_UNSAFE", "0")
        with Running(tmp_path_factory.mktemp("killed")) as running:
            files = running.data_dir / "in"
            files.mkdir()
            routes = [f"R{number}" for number in range(REPS)]
            rows = {
                "territories": ["code,name,parent_code,kind", "C,Company,,company", "T,Team,C,team",
                                *(f"{code},Route {code},T,route" for code in routes)],
                "staff": ["username,full_name,role,territory_code,email", "admin,Admin,admin,C,",
                          *(f"rep-{code},Rep {code},rep,{code}," for code in routes)],
                "clients": ["code,name,territory_code,phone",
                            *(f"{code}-{n},Shop {code} {n},{code}," for code in routes for n in range(CLIENTS_EACH))],
            }  # fmt: skip
            for name, lines in rows.items():
                (files / f"{name}.csv").write_text("\n".join(lines) + "\n")
            running.load(files)
            running.manage_again(PEOPLE.format(password=PASSWORD))
            running.run()
            yield running


def test_whatever_is_killed_no_answer_is_lost_and_none_applied_twice(running: Running) -> None:
    everybody = REPS * CLIENTS_EACH

    # Preparation: the worker, then the database, dies while the sheets are being written.
    running.kill_in_the_middle("worker", "cleanup_sheet", lambda: running.manage_again(START))
    assert running.ask("SELECT count(*) FROM cleanup_sheet") == [(0,)]
    with running.held("cleanup_sheet"):
        eventually(lambda: running.job("cleanup.prefill"), "the job is sent again")
        eventually(
            lambda: running.job("cleanup.prefill") and running.waits("cleanup_sheet"), "the next worker is at it", 180
        )
        running.kill("postgres")
    running.done("cleanup.prefill")
    assert running.ask("SELECT count(*), count(DISTINCT client_id), count(rep_id) FROM cleanup_sheet") == [
        (everybody, everybody, everybody)
    ]
    assert running.ask("SELECT count(*) FROM accounts_notice WHERE kind = 'campaign_started'") == [(REPS,)]

    # Answering: the web process and the database die while answers and photos come in.
    devices = []
    for username, pks in running.ask(
        "SELECT u.username, array_agg(s.id ORDER BY s.id) FROM cleanup_sheet s JOIN accounts_user u ON u.id = s.rep_id"
        " GROUP BY 1 ORDER BY 1"
    ):
        first = len(devices) * CLIENTS_EACH
        device = Device(running, username, [(pk, first + at) for at, pk in enumerate(pks)])
        device.sign_in()
        devices.append(device)

    def go() -> None:
        for device in devices:
            device.thread.start()

    running.kill_in_the_middle("gunicorn", "cleanup_answer", go)
    for what in ("postgres", "gunicorn"):
        _some_more(running)
        running.kill_in_the_middle(what, "cleanup_answer")
    for device in devices:
        device.thread.join(240)
        assert (device.thread.is_alive(), device.wrong) == (False, [])
    keys = {key for device in devices for _pk, _number, key, _photo in device.queue}
    photos = {photo for device in devices for _pk, number, _key, photo in device.queue if number % 5 == 0}
    assert max(max(device.sent.values()) for device in devices) > 1, "something was sent again"
    stored = Counter(str(key) for (key,) in running.ask("SELECT key FROM cleanup_answer"))
    assert stored == Counter(keys)
    assert Counter(str(key) for (key,) in running.ask("SELECT key FROM cleanup_photo")) == Counter(photos)
    assert {path.stem for path in running.data_dir.glob("**/campaigns/*/*.png")} == photos
    assert running.ask("SELECT state, count(*) FROM cleanup_sheet GROUP BY 1") == [("answered", everybody)]

    # Applying what was approved: the worker and the database die in the middle of it.
    def approve() -> None:
        assert running.manage_again(APPROVE) == str(everybody)

    running.kill_in_the_middle("worker", "cleanup_applied", approve)
    assert running.ask("SELECT count(*) FROM cleanup_applied") == [(0,)]
    assert running.ask("SELECT count(*) FROM clients_client WHERE phone <> ''") == [(0,)]
    with running.held("cleanup_applied"):
        eventually(
            lambda: running.job("cleanup.apply") and running.waits("cleanup_applied"), "the next one is at it", 180
        )
        running.kill("postgres")
    running.done("cleanup.apply")

    # By count: every approved change once, with the campaign in the history.
    assert running.ask("SELECT state, count(*) FROM cleanup_sheet GROUP BY 1") == [("applied", everybody)]
    assert running.ask("SELECT count(*), count(DISTINCT sheet_id) FROM cleanup_applied WHERE field = 'phone'") == [
        (everybody, everybody)
    ]
    phones = {f"+7 927 100-{number:04d}" for number in range(everybody)}
    assert {phone for (phone,) in running.ask("SELECT phone FROM clients_client")} == phones
    events = running.ask(
        "SELECT count(*), count(DISTINCT row_id), count(DISTINCT reference) FROM history_event"
        " WHERE \"table\" = 'clients_client' AND operation = 'U' AND way = 'campaign' AND new ? 'phone'"
    )
    assert events == [(everybody, everybody, 1)]


def _some_more(running: Running, more: int = 10) -> None:
    """Until some more answers are there."""
    [(before,)] = running.ask("SELECT count(*) FROM cleanup_answer")
    eventually(
        lambda: running.ask("SELECT count(*) FROM cleanup_answer")[0][0] >= before + more, "answers come in again"
    )
