"""A real worker keeps the KPIs current, killed or not (kpi/tasks.py)."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config import embedded
from kpi.models import MEASURES
from tests import datasets
from tests.instance import ROOT, Instance, environment, eventually

pytestmark = pytest.mark.slow
NEW = "invoice,date,client_code,sku,quantity,amount\n{number},2025-06-15,{client},0001,1,{amount}\n"


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    with Instance(tmp_path_factory.mktemp("tasks")) as instance:
        instance.load(datasets.write(tmp_path_factory.mktemp("set"), 3))
        yield instance


def current(instance: Instance) -> bool:
    """Nothing is marked, outdated or without a split of today."""
    [row] = instance.query(
        "SELECT NOT EXISTS (SELECT FROM kpi_mark) AND EXISTS (SELECT FROM kpi_period)"
        " AND NOT EXISTS (SELECT FROM kpi_period WHERE stale)"
        " AND EXISTS (SELECT FROM kpi_rankday WHERE as_of = current_date)"
    )
    return bool(row[0])


def stored(instance: Instance) -> list[Any]:
    """What people see: periods by client and by cell, and the parts of the base."""
    sums = ", ".join(f"trim_scale({name}::numeric)" for name in MEASURES)
    of_period = "JOIN kpi_period p ON p.id = c.period_id ORDER BY 1, 2, 3, 4"
    return [
        instance.query(
            f"SELECT d0, d1, client_id, territory_id, channel_id, {sums} FROM kpi_periodclient c {of_period}"
        ),
        instance.query(f"SELECT d0, d1, territory_id, channel_id, {sums} FROM kpi_periodcell c {of_period}"),
        instance.query("SELECT code, status, status_cause, category, last_order_on FROM clients_client ORDER BY 1"),
    ]


def reckoned_from_nothing(instance: Instance) -> list[Any]:
    with instance.connect() as db:
        db.execute("DELETE FROM kpi_periodclient")
        db.execute("DELETE FROM kpi_periodcell")
        db.execute("UPDATE kpi_period SET stale = true")
        db.execute("DELETE FROM kpi_rankday")
    assert instance.manage("shell", "-c", "from kpi.services import refresh; refresh()").returncode == 0
    return stored(instance)


def load_invoice(instance: Instance, tmp_path: Path, number: str, client: str, amount: int) -> None:
    (tmp_path / "invoices.csv").write_text(NEW.format(number=number, client=client, amount=amount))
    instance.load(tmp_path / "invoices.csv")


def refresh_later(instance: Instance) -> None:
    """What the beat does every half minute."""
    subprocess.run(
        [ROOT / ".venv/bin/celery", "-A", "config", "call", "kpi.tasks.refresh"],
        env=environment(instance.data_dir), cwd=ROOT, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip


def orders_of(instance: Instance, client: str) -> int:
    [(orders,)] = instance.query(
        "SELECT c.orders FROM kpi_periodclient c JOIN kpi_period p ON p.id = c.period_id"
        " JOIN clients_client k ON k.id = c.client_id"
        " WHERE p.d0 = '2025-06-01' AND p.d1 = '2025-06-30' AND k.code = %s",
        [client],
    )
    return int(orders)


def test_a_load_is_in_the_kpis_without_being_asked_for(instance: Instance, tmp_path: Path) -> None:
    with instance.worker():
        eventually(lambda: current(instance), "the worker works off the first load")
        before = orders_of(instance, "EXACT")
        load_invoice(instance, tmp_path, "W-1", "EXACT", 700)
        eventually(lambda: orders_of(instance, "EXACT") == before + 1, "the worker works off the second load")
        eventually(lambda: current(instance), "ranks and split follow")
    found = stored(instance)
    assert found == reckoned_from_nothing(instance)


@pytest.mark.parametrize(
    "lock",
    [
        "SELECT FROM kpi_period FOR UPDATE",  # before it has begun
        "LOCK TABLE kpi_periodcell IN SHARE ROW EXCLUSIVE MODE",  # marks taken, clients written, cells not yet
        "LOCK TABLE kpi_rankday IN SHARE ROW EXCLUSIVE MODE",  # ranks and split
    ],
)
def test_a_worker_killed_in_the_middle_leaves_the_same_as_one_that_was_not(
    instance: Instance, tmp_path: Path, lock: str
) -> None:
    with instance.worker():
        refresh_later(instance)
        eventually(lambda: current(instance), "all is current before")
    load_invoice(instance, tmp_path, f"K-{len(lock)}", "ZERO", 50 + len(lock))
    with instance.connect(embedded.OWNER_ROLE) as holder:
        holder.autocommit = False
        holder.execute(lock.encode())
        with instance.worker() as worker:
            waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND usename = 'basis_app'"
            [(pid,)] = eventually(lambda: instance.query(waiting), "the worker waits for the lock")
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
        # The server notices within seconds that nobody is there (client_connection_check_interval).
        gone = "SELECT FROM pg_stat_activity WHERE pid = %s"
        eventually(lambda: not instance.query(gone, [pid]), "the killed worker's session ends")
        holder.rollback()
    assert instance.query("SELECT count(*) > 0 FROM kpi_mark") == [(True,)]  # nothing is lost
    with instance.worker():
        refresh_later(instance)
        eventually(lambda: current(instance), "another worker finishes it")
    found = stored(instance)
    assert found == reckoned_from_nothing(instance)


def test_refreshed_again_nothing_changes(instance: Instance) -> None:
    refresh = ("shell", "-c", "from kpi.services import refresh; refresh()")
    assert instance.manage(*refresh).returncode == 0
    events = "SELECT count(*), max(id) FROM history_event"
    versions = "SELECT xmin::text FROM kpi_periodclient UNION ALL SELECT xmin::text FROM clients_client ORDER BY 1"
    before = instance.query(events), instance.query(versions)
    assert instance.manage(*refresh).returncode == 0
    assert (instance.query(events), instance.query(versions)) == before


def test_two_loads_at_once_take_their_turns(tmp_path: Path) -> None:
    data = datasets.write(tmp_path / "set", 5)
    with Instance(tmp_path / "instance") as instance:
        command = [sys.executable, "manage.py", "load", data]
        both = [subprocess.Popen(command, cwd=ROOT, env=environment(instance.data_dir)) for _turn in range(2)]
        assert [process.wait(120) for process in both] == [0, 0]
