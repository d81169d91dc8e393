"""A real worker loads a file though it is killed in the middle (jobs/services.py)."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.instance import Instance, eventually

pytestmark = pytest.mark.slow
ROWS = 500
BEGIN = """
import pathlib
from django.core.files.uploadedfile import SimpleUploadedFile
from accounts.models import Role, User, Way
from accounts.services import acting
from kpi.imports import services, tasks
from accounts.jobs.services import job_run
from accounts.jobs.tasks import run
with acting(actor=None, way=Way.COMMAND):
    admin = User.objects.create(username="admin", role=Role.ADMIN)
made = services.import_create(
    owner=admin, upload=SimpleUploadedFile("counterparties.csv", pathlib.Path("big.csv").read_bytes()))
made = services.import_settle(imported=made, user=admin, kind=made.kind, mapping=made.mapping, source="")
while job_run(made.check_job_id):
    pass
made.check_job.refresh_from_db()
made = services.import_load(imported=made, user=admin)
run.delay(made.load_job_id)  # what the sweep sends when the first message is lost with its worker
"""


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    with Instance(tmp_path_factory.mktemp("imports")) as instance:
        lines = "".join(f"P{number},ООО «{number}»\n" for number in range(ROWS))
        (instance.data_dir / "big.csv").write_text(f"code,name\n{lines}", encoding="utf-8")
        yield instance


def test_a_worker_killed_in_the_middle_of_a_load_leaves_nothing_half_done(instance: Instance) -> None:
    done = instance.manage("shell", "-c", BEGIN)
    assert done.returncode == 0, done.stderr

    def state() -> str:
        [(found,)] = instance.query("SELECT state FROM jobs_job WHERE kind = 'imports.load'")
        return str(found)

    def stored() -> int:
        [(found,)] = instance.query("SELECT count(*) FROM clients_counterparty")
        return int(found)

    def writing() -> bool:
        return bool(
            instance.query(
                "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'INSERT INTO %%'"
            )
        )

    with instance.connect() as db, db.transaction(), instance.worker() as worker:
        db.execute("LOCK TABLE clients_counterparty IN SHARE MODE")  # reading goes on, writing waits
        eventually(writing, "the load is about to write")
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
    assert (state(), stored()) == ("running", 0)
    with instance.worker():
        eventually(lambda: state() == "done", "the load is done by the next worker")
    assert stored() == ROWS
    [(attempts, new)] = instance.query("SELECT attempts, result->>'new' FROM jobs_job WHERE kind = 'imports.load'")
    assert (attempts, int(new)) == (0, ROWS)
    assert Path(instance.data_dir / "files").is_dir()
