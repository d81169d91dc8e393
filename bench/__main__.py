"""`make bench`: what the issues promise about speed, measured beside its peer in one run → docs/benchmarks.md.

`python -m bench register rights` measures these parts only; each writes its own section. BENCH_LINES (10,000,000) and
BENCH_CLIENTS (100,000) set the size of what is loaded, BENCH_REGISTER (1,000,000) that of the register that pages are
measured on; all is made in BENCH_HOME (var/bench), anew by `make bench`, and kept for the next part by a part alone.
"""

import os
import platform
import re
import shutil
import statistics
import subprocess
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
TABLE = ROOT / "docs/benchmarks.md"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

rows: list[tuple[str, ...]] = []
remarks: list[str] = []


def report(what: str, ours: float, peer_name: str, peer: float, promise: str) -> None:
    ratio = f"{ours / peer:.2f}×" if ours / peer >= 0.1 else f"{100 * ours / peer:.2g} %"
    rows.append((what, f"{ours:.3g} s", f"{peer_name}: {peer:.3g} s", ratio, promise))
    print(" | ".join(rows[-1]), flush=True)


def score(what: str, ours: float, promise: str) -> None:
    """A quality between 0 and 1, which has no peer."""
    rows.append((what, f"{ours:.3f}", "—", "—", promise))
    print(" | ".join(rows[-1]), flush=True)


def say(text: str) -> None:
    """A number that is no time, below the table."""
    remarks.append(text)
    print(text, flush=True)


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


def _enter_loaded() -> None:
    """Work on the register that files are loaded into, made by the part `loads`."""
    os.environ["CRM_DATA_DIR"] = str(HOME / "data")
    from config import embedded

    embedded.attach(HOME / "data")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def _loads() -> None:
    from bench import data

    shutil.rmtree(HOME / "data", ignore_errors=True)
    HOME.mkdir(parents=True, exist_ok=True)
    data.write(HOME / "big", clients=CLIENTS, lines=LINES)
    for turn in range(3):
        data.write(HOME / f"million{turn}", clients=CLIENTS, lines=1_000_000, prefix=f"M{turn}-")
    _enter_loaded()
    from bench import loads

    loads.measure(report, timed, HOME)


def _kpis() -> None:
    if not (HOME / "data").exists():
        subprocess.run([sys.executable, "-m", "bench", "loads"], check=True)
    _enter_loaded()
    from bench import kpis

    kpis.measure(report, median, HOME)


def _history() -> None:
    from bench import base

    base.enter(base.CLIENTS)
    from bench import history

    history.measure(report, median)


def _register() -> None:
    from bench import register

    register.measure(report, say)


def _rights() -> None:
    from bench import base

    base.enter(base.CLIENTS)
    from bench import rights

    rights.measure(report, median)


def _export() -> None:
    from bench import export

    export.measure(report, say)


def _bulk() -> None:
    from bench import base

    base.enter(base.CLIENTS)
    from bench import bulk

    bulk.measure(report)


def _lighthouse() -> None:
    from bench import lighthouse

    lighthouse.measure(score, HOME / "lighthouse")


def _duplicates() -> None:
    from bench import base

    base.enter(base.TENTH)
    from bench import duplicates

    duplicates.measure(score)
    duplicates.measure_search(report, timed)


PARTS = {
    "loads": _loads, "kpis": _kpis, "register": _register, "rights": _rights, "export": _export,
    "history": _history, "bulk": _bulk, "lighthouse": _lighthouse, "duplicates": _duplicates,
}  # fmt: skip


def main(names: list[str]) -> None:
    """One part is measured in this process, several in one each: a process works on one data directory."""
    if not names:
        shutil.rmtree(HOME, ignore_errors=True)
    if len(names) == 1:
        PARTS[names[0]]()
        write_section(names[0])
        return
    for name in names or PARTS:
        subprocess.run([sys.executable, "-m", "bench", name], check=True)


def write_section(name: str) -> None:
    """Put what was measured into its section of docs/benchmarks.md; the others stay."""
    with open("/proc/cpuinfo") as info:
        cpu = next(line.split(":")[1].strip() for line in info if line.startswith("model name"))
    busy = os.getloadavg()[2]
    lines = [
        f"## {name}", "",
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores ({cpu}), load {busy:.1f}, CPython"
        f" {platform.python_version()}. What is compared: `bench/{name}.py`.",
        "", "| what | ours | peer | ratio | promised |", "|---|---|---|---|---|",
        *(f"| {' | '.join(row)} |" for row in rows), *(line for remark in remarks for line in ("", remark)),
    ]  # fmt: skip
    head, *sections = re.split(r"^(?=## )", TABLE.read_text(), flags=re.MULTILINE)
    known = {section.split("\n", 1)[0][3:]: section.rstrip() for section in sections} | {name: "\n".join(lines)}
    TABLE.write_text("\n\n".join([head.rstrip(), *(known[part] for part in PARTS if part in known)]) + "\n")
    print(f"written: {TABLE}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
