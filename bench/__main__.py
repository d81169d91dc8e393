"""`make bench`: what the issues promise about speed, measured beside its peer in one run → docs/benchmarks.md.

BENCH_LINES (10,000,000) and BENCH_CLIENTS (100,000) set the size; the data directory is var/bench, made anew.
"""

import os
import platform
import shutil
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
HOME = Path(os.environ.get("BENCH_HOME", str(ROOT / "var/bench")))
LINES = int(os.environ.get("BENCH_LINES", "10000000"))
CLIENTS = int(os.environ.get("BENCH_CLIENTS", "100000"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

Row = tuple[str, str, str, str, str]
rows: list[Row] = []


def report(what: str, ours: float, peer_name: str, peer: float, promise: str) -> None:
    ratio = f"{ours / peer:.2f}×" if ours / peer >= 0.1 else f"{100 * ours / peer:.2g} %"
    rows.append((what, f"{ours:.3g} s", f"{peer_name}: {peer:.3g} s", ratio, promise))
    print(" | ".join(rows[-1]), flush=True)


def score(what: str, ours: float, promise: str) -> None:
    """A quality between 0 and 1, which has no peer."""
    rows.append((what, f"{ours:.3f}", "—", "—", promise))
    print(" | ".join(rows[-1]), flush=True)


def timed(action: Callable[[], Any]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def median(actions: dict[str, Callable[[], Any]], times: int = 3) -> dict[str, float]:
    """Medians of actions run in turn, A B A B …, so that a drift of the machine hits both."""
    taken: dict[str, list[float]] = {name: [] for name in actions}
    for _turn in range(times):
        for name, action in actions.items():
            taken[name].append(timed(action))
    return {name: statistics.median(values) for name, values in taken.items()}


def main() -> None:
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True)
    from bench import data

    data.write(HOME / "big", clients=CLIENTS, lines=LINES)
    for turn in range(3):
        data.write(HOME / f"million{turn}", clients=CLIENTS, lines=1_000_000, prefix=f"M{turn}-")
    from config import embedded

    embedded.attach(HOME / "data")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from bench import bulk, duplicates, history, kpis, lighthouse, loads, register, rights

    loads.measure(report, timed, HOME)
    kpis.measure(report, median, HOME)
    history.measure(report, median)
    bulk.measure(report)
    smaller = register.measure(report)
    rights.measure(report, median)
    register.measure(report, smaller)
    lighthouse.measure(score, HOME / "lighthouse")
    duplicates.measure(score)
    duplicates.measure_search(report, timed)
    write_table()


def write_table() -> None:
    with open("/proc/cpuinfo") as info:
        cpu = next(line.split(":")[1].strip() for line in info if line.startswith("model name"))
    out = ROOT / "docs/benchmarks.md"
    text = f"""# Benchmarks

Written by `make bench` on {datetime.now(UTC):%Y-%m-%d}: {os.cpu_count()} cores ({cpu}), {platform.python_implementation()} {platform.python_version()},
{CLIENTS:,} clients, {LINES:,} invoice lines. Both sides of a row were measured in the same run; read the ratios. What is
compared with what is said in `bench/loads.py`, `bench/kpis.py`, `bench/bulk.py`, `bench/register.py`, `bench/rights.py` (which has 1,000,000 clients
more), `bench/lighthouse.py` and `bench/duplicates.py`.

| what | ours | peer | ratio | promised |
|---|---|---|---|---|
"""
    out.write_text(text + "".join(f"| {' | '.join(row)} |\n" for row in rows))
    print(f"written: {out}")


if __name__ == "__main__":
    sys.exit(main())
