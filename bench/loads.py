"""Loading: a million invoice lines beside bare COPY, 100,000 clients beside django-import-export, memory."""

import io
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection, transaction
from import_export import resources

from accounts.models import Way
from accounts.services import acting
from clients.models import Client
from config import embedded
from config.exchange import loading
from kpi.exchange import FILES
from territories.models import Territory

SAMPLE = 2000  # rows that django-import-export gets; its time grows in step with them


def _load(*names: str, folder: Path) -> float:
    """Load some files of a folder and return the seconds that the report gives."""
    found, wrong = loading.find([folder / f"{name}.csv" for name in names], FILES)
    assert not wrong
    session = lambda reference: acting(actor=None, way=Way.LOAD, reference=reference)  # noqa: E731
    reports = list(loading.load(found, session=session, rejected=io.StringIO()))
    assert not any(report.error or report.rejected for report in reports), reports
    return sum(report.seconds for report in reports)


def measure(report: Callable[..., None], timed: Callable[[Callable[[], Any]], float], home: Path) -> None:
    _load("territories", "channels", "products", "mml", "rules", folder=home / "big")
    _clients(report, timed, home)
    _lines(report, timed, home)
    _memory(report, home)
    # The rest of what the KPIs need
    _load("visits", "invoices", "payments", "audits", "audit_items", "route_costs", folder=home / "big")


def _clients(report: Callable[..., None], timed: Callable[[Callable[[], Any]], float], home: Path) -> None:
    import tablib

    class Peer(resources.ModelResource):
        class Meta:
            model = Client
            import_id_fields = ("code",)
            fields = ("code", "name", "territory", "address", "phone", "lat", "lon", "potential_monthly")
            use_transactions = True

        def after_import(self, *args: Any, **kwargs: Any) -> None:
            """Its reset of the id sequence is for owners; ours is the application's role."""

    lines = (home / "big/clients.csv").read_text().splitlines()
    territory = dict(Territory.objects.values_list("code", "pk"))
    sample = tablib.Dataset(
        headers=["code", "name", "territory", "address", "phone", "lat", "lon", "potential_monthly"]
    )
    for line in lines[1 : SAMPLE + 1]:
        code, name, place, _channel, rest = line.split(",", 4)
        match = re.fullmatch(r'"(.*)",(.*),(.*),(.*),(.*)', rest)
        assert match is not None
        address, phone, lat, lon, potential = match.groups()
        sample.append([f"X{code}", name, territory[place], address, phone, lat, lon, potential])

    def import_export() -> None:
        result = Peer().import_data(sample, raise_errors=True)
        assert result.totals["new"] == SAMPLE

    with transaction.atomic():
        with acting(actor=None, way=Way.LOAD):
            peer = timed(import_export) * (len(lines) - 1) / SAMPLE
        transaction.set_rollback(True)
    ours = _load("clients", folder=home / "big")
    report(
        f"{len(lines) - 1:,} clients, new, with history",
        ours,
        f"django-import-export (×{(len(lines) - 1) // SAMPLE})",
        peer,
        "< 5 %",
    )


def _lines(report: Callable[..., None], timed: Callable[[Callable[[], Any]], float], home: Path) -> None:
    """Bare COPY: the same file into an unlogged table, then an index for each way in that ours keeps: by invoice,
    by client and date, by date, by block range of dates."""
    file = home / "million0/invoices.csv"
    peers, ours = [], []
    with psycopg.connect(settings.ENDS.database_url(embedded.OWNER_ROLE), autocommit=True) as db:

        def bare() -> None:
            db.execute(
                "CREATE UNLOGGED TABLE bare (invoice text, date date, client_code text, sku text, quantity numeric,"
                " amount numeric, cost numeric, payment_terms_days integer)"
            )
            with db.cursor().copy("COPY bare FROM STDIN (FORMAT csv, HEADER)") as copy, file.open("rb") as source:
                while block := source.read(1 << 20):
                    copy.write(block)
            for columns in ("btree (invoice)", "btree (client_code, date)", "btree (date)", "brin (date)"):
                db.execute(f"CREATE INDEX ON bare USING {columns}")

        for turn in range(3):  # in turn, so that a drift of the machine hits both
            peers.append(timed(bare))
            db.execute("DROP TABLE bare")
            ours.append(_load("invoices", folder=home / f"million{turn}"))
    peer = sorted(peers)[1]
    report("load of 1,000,000 invoice lines, new", sorted(ours)[1], "bare COPY + indexes", peer, "≤ 3×")
    again = _load("invoices", folder=home / "million0")
    report("the same again, nothing changes", again, "bare COPY + indexes", peer, "—")


def _memory(report: Callable[..., None], home: Path) -> None:
    def peak(lines: int) -> float:
        """MiB of a process that loads the first lines of the file."""
        small = home / f"head{lines}"
        small.mkdir()  # its lines are stored already: the most work, and nothing changes for the KPIs
        with (home / "million0/invoices.csv").open() as source, (small / "invoices.csv").open("w") as out:
            for _line in range(lines + 1):
                out.write(source.readline())
        program = (
            "import atexit, sys, manage; sys.argv[1:1] = ['load'];"
            "atexit.register(lambda: print(next(l for l in open('/proc/self/status') if 'VmHWM' in l)));"
            "manage.main()"
        )
        done = subprocess.run([sys.executable, "-c", program, str(small)], check=True, capture_output=True, text=True)
        return int(done.stdout.split("VmHWM:")[1].split()[0]) / 1024

    small, large = peak(10_000), peak(900_000)
    print(f"peak memory of load: {small:.0f} MiB for 10,000 lines, {large:.0f} MiB for 900,000")
    connection.close()
