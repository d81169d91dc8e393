"""The list as a file: 100,000 rows as CSV and XLSX, beside what EspoCRM took for its CSV of as many on such a machine
(10.9 s, spec/stack.md §12), each in a process of its own, whose memory is compared with that of 10,000 rows."""

from collections.abc import Callable
from typing import Any

from bench import base

ESPO = 10.9
ROWS = base.TENTH


def made(format: str, rows: int) -> dict[str, Any]:
    """In a process of the register's own: seconds, rows and by how many MiB its peak grew."""
    import resource
    import tempfile
    import time
    from pathlib import Path

    from django.http import QueryDict

    from accounts.models import Role, User
    from clients import exports

    user, state = User.objects.get(username=f"{Role.ADMIN}0"), QueryDict("status=all")
    found, fields = exports.asked(state, user)[:rows], exports.fields(state, user, "list")
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    if format == "csv":
        counted = [0]
        with open("/dev/null", "wb") as out:
            out.writelines(exports.csv_blocks(found, fields, counted))
        written = counted[0]
    else:
        with tempfile.TemporaryDirectory() as folder:
            written = exports.xlsx(found, fields, Path(folder) / "clients.xlsx")
    took = time.perf_counter() - start
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return {"seconds": took, "rows": written, "grown": grown}


def measure(report: Callable[..., None], say: Callable[[str], None]) -> None:
    for format in ("csv", "xlsx"):
        runs = [_apart(format, ROWS) for _turn in range(3)]
        assert {run["rows"] for run in runs} == {ROWS}, runs
        took = sorted(run["seconds"] for run in runs)[1]
        report(f"export of {ROWS:,} rows, {format.upper()}", took, "EspoCRM", ESPO, "≤ 0.2×")
        small, large = _apart(format, ROWS // 10)["grown"], runs[0]["grown"]
        say(f"Memory for {format.upper()}: {small:.0f} MiB for {ROWS // 10:,} rows, {large:.0f} MiB for {ROWS:,}.")


def _apart(format: str, rows: int) -> dict[str, Any]:
    program = f"import json; from bench import export; print(json.dumps(export.made({format!r}, {rows})))"
    return base.apart(base.TENTH, program)
