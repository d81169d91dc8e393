"""A real worker changes many clients though it is killed in the middle (clients/bulk/services.py)."""

import os
import signal
from collections.abc import Iterator

import pytest

from clients.bulk.services import STEP
from tests.instance import Instance, eventually

pytestmark = pytest.mark.slow
ROWS = STEP * 2 + 500  # three steps
BEGIN = """
from accounts.jobs.tasks import run
from accounts.models import Role, User, Way
from accounts.services import acting
from clients.bulk import services
from clients.models import Client
with acting(actor=None, way=Way.COMMAND):
    admin = User.objects.create(username="admin", role=Role.ADMIN)
chosen = services.selection_create(user=admin, found=Client.objects.all())
edit = services.edit_begin(edit=services.edit_create(selection=chosen, changes={"phone": "new"}), ip=None)
run.delay(edit.job_id)  # what the sweep sends when the first message is lost with its worker
"""


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    with Instance(tmp_path_factory.mktemp("bulk")) as instance:
        files = instance.data_dir / "in"
        files.mkdir()
        (files / "territories.csv").write_text("code,name\nT,Team\n")
        lines = "".join(f"C{number:05d},Shop {number},T\n" for number in range(ROWS))
        (files / "clients.csv").write_text(f"code,name,territory_code\n{lines}")
        instance.load(files)
        yield instance


def test_a_worker_killed_in_the_middle_of_a_bulk_edit_changes_every_client_once(instance: Instance) -> None:
    def job() -> tuple[str, int]:
        [(state, done)] = instance.query("SELECT state, done FROM jobs_job")
        return str(state), int(done)

    def changed() -> int:
        [(found,)] = instance.query("SELECT count(*) FROM clients_client WHERE phone = 'new'")
        return int(found)

    def waiting() -> bool:
        return bool(
            instance.query(
                "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                " AND query LIKE 'SELECT FROM clients_client WHERE id = ANY%%'"
            )
        )

    with instance.connect() as db, db.transaction():
        [(one,)] = db.execute("SELECT id FROM clients_client ORDER BY id OFFSET 3000 LIMIT 1").fetchall()
        db.execute("SELECT FROM clients_client WHERE id = %s FOR UPDATE", [one])  # it comes in the second step
        with instance.worker() as worker:
            done = instance.manage("shell", "-c", BEGIN)
            assert done.returncode == 0, done.stderr
            eventually(waiting, "the second step waits for the row")
            assert (job(), changed()) == (("running", STEP), STEP)
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
    assert (job(), changed()) == (("running", STEP), STEP)
    with instance.worker():
        eventually(lambda: job()[0] == "done", "the next worker goes on")
    assert (job(), changed()) == (("done", ROWS), ROWS)
    events = instance.query(
        "SELECT count(*), count(DISTINCT row_id), count(DISTINCT reference) FROM history_event"
        " WHERE reference LIKE 'bulk:%%' AND \"table\" = 'clients_client'"
    )
    assert events == [(ROWS, ROWS, 1)]
    assert instance.query("SELECT count(*) FROM history_changeset WHERE reference LIKE 'bulk:%%'") == [(1,)]
    assert instance.query("SELECT (result ->> 'written')::int FROM jobs_job") == [(ROWS,)]
