"""Fifty people save the same client at once, through the real web server: no change is lost unsaid (issue 3)."""

import json
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pytest

from tests.instance import ROOT, Instance, environment, eventually

EDITORS = 50
ADDRESS = "/api/v1/clients/C1/"
# Every other editor has the phone; the rest share these, so that some fields are contended and some hardly.
OTHERS = ("address", "name", "email", "potential_monthly", "lat")


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    folder = Path(tmp_path_factory.mktemp("editors"))
    files = folder / "files"
    files.mkdir()
    (files / "territories.csv").write_text("code,name\nT,Team\n")
    people = [f"rep{number},Person {number},rep,T" for number in range(EDITORS)]
    (files / "staff.csv").write_text("username,full_name,role,territory_code\n" + "\n".join(people) + "\n")
    (files / "clients.csv").write_text("code,name,territory_code\nC1,Shop,T\n")
    with Instance(folder / "data") as made:
        made.load(files)
        made.query(
            "INSERT INTO authtoken_token (key, created, user_id)"
            " SELECT username, now(), id FROM accounts_user RETURNING key"
        )
        yield made


@pytest.fixture(scope="module")
def url(instance: Instance) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "8",
               "--worker-class", "gthread", "--no-control-socket", "--log-level", "error"]  # fmt: skip
    web = subprocess.Popen([sys.executable, "-m", *command], env=environment(instance.data_dir), cwd=ROOT)
    try:
        eventually(lambda: _answers(f"http://127.0.0.1:{port}/health/"), "the web server answers")
        yield f"http://127.0.0.1:{port}"
    finally:
        web.terminate()
        web.wait(30)


def _answers(address: str) -> bool:
    try:
        with urlopen(address, timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def ask(url: str, editor: int, **more: Any) -> tuple[int, str, dict[str, Any]]:
    """Status, ETag and body of one request of an editor."""
    headers = {"Authorization": f"Token rep{editor}", "Content-Type": "application/json"} | more.pop("headers", {})
    try:
        address = url + more.pop("address", ADDRESS)
        with urlopen(Request(address, headers=headers, **more), timeout=60) as answer:
            return answer.status, answer.headers["ETag"], json.load(answer)
    except HTTPError as error:
        return error.code, error.headers["ETag"], json.load(error)


def test_of_fifty_editors_at_once_every_change_is_kept_or_refused(instance: Instance, url: str) -> None:
    answers: Counter[int] = Counter()
    opened = [ask(url, editor)[1] for editor in range(EDITORS)]  # all have the same version before them

    def edit(editor: int) -> tuple[str, Any]:
        """Saves one field, again from the current state after each conflict, as a person would."""
        field = "phone" if editor % 2 == 0 else OTHERS[editor // 2 % len(OTHERS)]
        value: Any = {
            "lat": editor / 2,
            "email": f"rep{editor}@pochta.example",
            "potential_monthly": float(editor),
        }.get(field, f"{field} of {editor}")
        tag = opened[editor]
        while True:
            body = json.dumps({field: value}).encode()
            status, tag, _state = ask(url, editor, data=body, method="PATCH", headers={"If-Match": tag})
            answers[status] += 1
            if status != 412:
                return field, value

    with ThreadPoolExecutor(EDITORS) as threads:
        wanted = list(threads.map(edit, range(EDITORS)))

    assert set(answers) == {200, 412}
    assert answers[200] == EDITORS
    events = instance.query(
        "SELECT e.old, e.new, u.username FROM history_event e JOIN accounts_user u ON u.id = e.actor_id"
        " WHERE e.\"table\" = 'clients_client' AND e.operation = 'U' AND e.way = 'api' ORDER BY e.id"
    )
    assert len(events) == EDITORS
    assert {who for _old, _new, who in events} == {f"rep{editor}" for editor in range(EDITORS)}
    written = [(field, value) for _old, new, _who in events for field, value in new.items()]
    assert sorted(map(str, written)) == sorted(map(str, wanted))
    # Field by field every change begins where the one before it ended, and the last is what is stored.
    state = ask(url, 0)[2]
    assert state["version"] == 1 + EDITORS
    for field in {field for field, _value in wanted}:
        steps = [(old[field], new[field]) for old, new, _who in events if field in new]
        assert [old for old, _new in steps[1:]] == [new for _old, new in steps[:-1]]
        assert state[field] == steps[-1][1]


def test_of_ten_new_clients_with_one_code_one_is_made_and_the_others_are_told(url: str) -> None:
    def add(editor: int) -> int:
        body = json.dumps({"code": "SAME", "name": f"Shop {editor}", "territory": "T"}).encode()
        status, _tag, said = ask(url, editor, data=body, method="POST", address="/api/v1/clients/")
        assert status == 201 or set(said) == {"code"}
        return status

    with ThreadPoolExecutor(10) as threads:
        assert Counter(threads.map(add, range(10))) == {201: 1, 400: 9}
