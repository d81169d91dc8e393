"""How the reckoning of a quarter grows with the register: 20 lines a client and half a year, each size in a data directory and
a process of its own. BENCH_GROWTH: the numbers of clients, smallest first (10000,100000,1000000).

Alone: `python -m bench.growth`.
"""

import io
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

SIZES = [int(size) for size in os.environ.get("BENCH_GROWTH", "10000,100000,1000000").split(",")]
LINES_EACH, TOUCHED, TURNS = 20, 1000, 3


def measure(report: Callable[..., None]) -> None:
    """Report each size beside the one before: the whole at most in step with the clients, a thousand changed ones flat."""
    before: dict[str, float] = {}
    for number, size in enumerate(SIZES):
        done = subprocess.run(
            [sys.executable, "-m", "bench.growth", str(size)], check=True, stdout=subprocess.PIPE, text=True
        )
        taken = json.loads(done.stdout.splitlines()[-1])
        if before:
            times = size / SIZES[number - 1]
            smaller = f"with {SIZES[number - 1]:,}"
            report(f"a quarter whole, {size:,} clients", taken["whole"], smaller, before["whole"], f"≤ {times:.3g}×")
            report(f"{TOUCHED:,} changed of {size:,} clients", taken["touched"], smaller, before["touched"], "flat")
        before = taken


def reckon(clients: int) -> dict[str, float]:
    """Medians, in seconds, in a register of so many clients."""
    from bench import data
    from bench.__main__ import HOME

    home = HOME / f"growth{clients}"
    os.environ["CRM_DATA_DIR"] = str(home / "data")
    from config import embedded

    embedded.attach(home / "data")
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection, transaction

    from accounts.models import Way
    from accounts.services import acting
    from bench.kpis import D0, D1
    from config.exchange import loading
    from kpi import services
    from kpi.exchange import FILES
    from kpi.models import Mark, Period

    call_command("migrate", verbosity=0)
    if not Period.objects.exists():
        data.write(home / "files", clients=clients, lines=clients * LINES_EACH)
        found, _wrong = loading.find([home / "files"], FILES)
        session = lambda reference: acting(actor=None, way=Way.LOAD, reference=reference)  # noqa: E731
        reports = list(loading.load(found, session=session, rejected=io.StringIO()))
        assert not any(report.error or report.rejected for report in reports), reports
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    Mark.objects.all().delete()
    period, _new = Period.objects.get_or_create(d0=D0, d1=D1)
    Period.objects.exclude(pk=period.pk).delete()
    taken: dict[str, list[float]] = {"whole": [], "touched": []}
    for turn in range(TURNS):
        Period.objects.filter(pk=period.pk).update(stale=True)
        start = time.perf_counter()
        services.period_stored(D0, D1)
        taken["whole"].append(time.perf_counter() - start)
        with connection.cursor() as cursor:
            # As the trigger marks them after an invoice of a day, spread over the register
            cursor.execute(
                "INSERT INTO kpi_mark (client_id, since, until) SELECT id, %(day)s, %(day)s FROM clients_client"
                " WHERE id %% greatest(%(all)s / %(touched)s, 1) = %(turn)s LIMIT %(touched)s",
                {"day": D0.replace(day=15), "all": clients, "touched": TOUCHED, "turn": turn},
            )
        start = time.perf_counter()
        with transaction.atomic():
            services.work_off_marks()
        taken["touched"].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in taken.items()}


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(reckon(int(sys.argv[1]))))
    else:
        sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
        from bench.__main__ import report, rows

        measure(report)
        assert rows
