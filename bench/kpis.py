"""The 24 metrics of the third quarter for every node of the tree, beside DuckDB on native tables of the same files."""

import csv
import io
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import quantiles
from typing import Any

import duckdb
from django.conf import settings
from django.db import connection, transaction
from django.test import Client as Browser
from django.urls import reverse

from accounts.models import Role, User, Way
from accounts.services import acting
from bench import growth, register
from config.exchange import loading
from kpi import selectors, services
from kpi.exchange import FILES
from kpi.models import Mark, Period
from territories.models import Territory

D0, D1 = date(2025, 7, 1), date(2025, 9, 30)
TOUCHED = 1000
ASKED = "?territory=T0&from=2025-07&to=2025-09"


def measure(report: Callable[..., None], median: Callable[..., dict[str, float]], home: Path) -> None:
    peer = _duckdb(home / "big")
    peer.execute(f"INSERT INTO invoices BY NAME FROM read_csv('{home}/million*/invoices.csv')")  # loads.py left them
    query = (Path(__file__).parent / "quarter.sql").read_text()
    Mark.objects.all().delete()
    period, _made = Period.objects.get_or_create(d0=D0, d1=D1)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    nodes = list(Territory.objects.all())

    def duck() -> list[Any]:
        return peer.execute(query).fetchall()

    def from_raw() -> None:
        Period.objects.filter(pk=period.pk).update(stale=True)
        services.period_stored(D0, D1)

    def from_stored() -> list[Any]:
        return selectors.nodes_rows(nodes, services.period_stored(D0, D1))

    from_raw()
    _same(duck(), from_stored())
    taken = median({"duck": duck, "raw": from_raw, "stored": from_stored})
    report(f"24 metrics × {len(nodes)} nodes, quarter, from raw lines", taken["raw"], "DuckDB", taken["duck"], "≤ 3×")
    report("the same from what is stored", taken["stored"], "DuckDB", taken["duck"], "≤ 0.15×")

    def after_load() -> None:
        with transaction.atomic():
            services.work_off_marks()

    times = []
    for turn in range(3):
        _touch(home / f"touch{turn}", turn)
        times.append(median({"marks": after_load}, times=1)["marks"])
    ours = sorted(times)[1]
    report(
        f"kept current after a load that touches {TOUCHED:,} clients",
        ours,
        "ours from raw lines",
        taken["raw"],
        "< 1 %",
    )
    Period.objects.filter(pk=period.pk).update(stale=True)
    kept = selectors.nodes_rows(nodes, period)
    services.period_stored(D0, D1)
    assert kept == selectors.nodes_rows(nodes, period), "kept current differs from reckoned anew"
    measure_pages(report)
    growth.measure(report)


def measure_pages(report: Callable[..., None]) -> None:
    """p95 of the matrix of the root and of the first clients behind three of its numbers, beside the trivial view under
    the same gunicorn, each in turn with it."""
    browser = Browser()
    with acting(actor=None, way=Way.COMMAND):
        person, _new = User.objects.get_or_create(username="bench", role=Role.ANALYST, is_superuser=True)
        browser.force_login(person)
    name = settings.SESSION_COOKIE_NAME
    headers = {"Cookie": f"{name}={browser.cookies[name].value}"}
    pages = {"matrix of the root": (f"{reverse('kpi-matrix')}{ASKED}", "< 100×")}
    # Whom a flag counts is found by walking an index; by a sum all are looked at to find the largest.
    for key in ("okb", "akb", "order_margin"):
        pages[f"clients behind {key}, first page"] = (f"{reverse('kpi-behind', args=[key])}{ASKED}", "≤ 25×")
    with register.served() as port:
        ask = register.asker(port, headers)
        for name, (address, promise) in pages.items():
            turns = [(ask(address), ask(register.TRIVIAL)) for _turn in range(register.TIMES + 5)][5:]
            ours, peer = (quantiles([turn[side] for turn in turns], n=20) for side in (0, 1))
            report(f"{name}, p50", ours[9], "trivial view", peer[9], "—")
            report(f"{name}, p95", ours[18], "trivial view", peer[18], promise)


def _duckdb(folder: Path) -> duckdb.DuckDBPyConnection:
    db = duckdb.connect()
    db.execute("SET threads = 2")
    for path in folder.glob("*.csv"):
        db.execute(f"CREATE TABLE {path.stem} AS FROM read_csv('{path}')")
    db.execute(
        """CREATE TABLE paths AS WITH RECURSIVE down AS (
               SELECT code AS above, code AS below FROM territories
               UNION ALL SELECT down.above, t.code FROM down JOIN territories t ON t.parent_code = down.below)
           SELECT * FROM down"""
    )
    return db


def _same(peer: list[Any], ours: list[selectors.Row]) -> None:
    """Both must have reckoned the same: counts of every node, money to the kopeck."""
    mine = {row.code: row.metrics for row in ours}
    for (
        above,
        okb,
        pakb,
        akb,
        stable,
        system,
        category,
        _audited,
        visits,
        orders,
        effective,
        margin,
        debt,
        overdue,
        *_rest,
    ) in peer:
        want = {
            "okb": okb, "pakb": pakb, "akb": akb, "stable_akb": stable, "system_outlets": system, "category_akb": category,
            "visit_plan": visits, "orders": orders, "effective_orders": effective,
        }  # fmt: skip
        got = mine[above]
        different = {key: (got[key], value) for key, value in want.items() if got[key] != (value or 0)}
        assert not different, (above, different)
        for key, value in (("order_margin", margin / orders), ("overdue_share", overdue / debt)):
            assert abs(float(got[key] or 0) - float(value)) < 1e-6, (above, key)


def _touch(folder: Path, turn: int) -> None:
    """A day's invoices of 1,000 clients, without terms, as a load brings them."""
    folder.mkdir()
    with (folder / "invoices.csv").open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["invoice", "date", "client_code", "sku", "quantity", "amount", "cost"])
        for number in range(TOUCHED):
            for sku in range(9):
                writer.writerow(
                    [f"T{turn}-{number}", "2025-09-15", f"C{number * 7 + turn}", f"SKU{sku * 11}", 2, 500, 400]
                )
    found, _wrong = loading.find([folder], FILES)
    session = lambda reference: acting(actor=None, way=Way.LOAD, reference=reference)  # noqa: E731
    (done,) = loading.load(found, session=session, rejected=io.StringIO())
    assert done.taken == TOUCHED * 9
