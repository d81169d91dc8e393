"""Whatever the data: the numbers are those of the second reckoning, and kept current they are those reckoned whole."""

import csv
from collections.abc import Callable
from datetime import date
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from accounts.models import HistoryEvent
from clients.models import Client
from kpi import selectors, services
from kpi.models import Period
from kpi.selectors import By
from territories.models import Territory
from tests import datasets
from tests.kpi import snapshots
from tests.kpi.test_metrics import PERIODS, check
from tests.reckoning import Base

Load = Callable[..., int]
FEW = settings(
    max_examples=5, phases=[Phase.generate], deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip


@given(
    st.integers(0, 10**6),
    st.sampled_from(datasets.TERRITORIES),
    st.sampled_from(list(By)),
    st.integers(0, 17),
    st.integers(0, 17),
)
@FEW
def test_any_data_set_gives_the_numbers_of_the_second_reckoning(
    load: Load, seed: int, node: tuple[str, ...], by: By, one: int, other: int
) -> None:
    first, last = sorted((one, other))
    months = [date(2024 + index // 12, index % 12 + 1, 1) for index in (first, last)]
    with TemporaryDirectory() as folder, transaction.atomic():
        datasets.write(folder, seed, clients=30)
        assert load(Path(folder)) == 0
        base = Base.read(folder, timezone.localdate())
        check(base, node[0], months[0], services.month_end(months[1]), by)
        day = date(2024, 1 + seed % 12, 1 + seed % 28)
        assert dict(selectors.split(day)) == base.split(day)
        transaction.set_rollback(True)


# --- incremental = whole -----------------------------------------------------------------------------------------

CHANGING = ("clients", "visits", "invoices", "payments", "audits", "audit_items", "contracts")


def excerpt(source: Path, target: Path, random: Random, known: list[str]) -> None:
    """Rows of another data set about a client or two: changed, moved, opened, closed, sold to, visited, audited.

    An invoice may have been somebody else's: it moves.
    """
    chosen = set(random.sample(known, random.randint(1, 2)))
    of_chosen = {
        row["invoice"] for row in csv.DictReader((source / "invoices.csv").open()) if row["client_code"] in chosen
    }
    invoices = set(random.sample(sorted(of_chosen), min(len(of_chosen), 2)))
    for name in random.sample(CHANGING, random.randint(1, len(CHANGING))):
        rows = list(csv.DictReader((source / f"{name}.csv").open()))
        kept = [
            row for row in rows
            if (row["invoice"] in invoices if "invoice" in row
                else random.random() < 0.1 if name == "contracts"
                else row["code" if name == "clients" else "client_code"] in chosen)
        ]  # fmt: skip
        if name == "clients":
            for row in kept:
                row |= {
                    column: "-"
                    for column in ("opened_on", "closed_on", "channel_code")
                    if not row[column] and random.random() < 0.5
                }
        with (target / f"{name}.csv").open("w", newline="") as out:
            writer = csv.DictWriter(out, datasets.COLUMNS[name].split(","))
            writer.writeheader()
            writer.writerows(kept)


@given(st.integers(0, 10**6))
@FEW
def test_kept_current_is_the_same_as_reckoned_whole(load: Load, seed: int) -> None:
    random = Random(seed)
    today = timezone.localdate()
    with TemporaryDirectory() as folder, transaction.atomic():
        datasets.write(Path(folder) / "first", seed, clients=60)
        datasets.write(Path(folder) / "second", seed + 1, clients=60)
        assert load(Path(folder) / "first") == 0
        services.refresh()
        for d0, d1 in [*PERIODS, (today.replace(day=1), services.month_end(today))]:
            services.period_stored(d0, d1)
        known = [row["code"] for row in csv.DictReader((Path(folder) / "second/clients.csv").open())]
        for step in range(3):
            part = Path(folder) / f"step{step}"
            part.mkdir()
            excerpt(Path(folder) / "second", part, random, known)
            assert load(part) in (0, 1)  # payments of invoices that are not there are turned away
            computed = dict(Period.objects.values_list("pk", "computed_at"))
            services.work_off_marks()
            whole = Period.objects.filter(stale=True).count()
            assert whole < len(computed), "a change of a few clients is reckoned client by client"
            services.refresh()
        kept = snapshots.clients(), snapshots.cells(), snapshots.sums_of_clients()
        assert kept[1] == kept[2]
        snapshots.reckon_from_nothing()
        assert kept[0] == snapshots.clients()
        assert kept[1] == snapshots.cells()
        transaction.set_rollback(True)


def test_a_period_is_reckoned_whole_only_when_many_are_touched(load: Load, tmp_path: Path) -> None:
    load(datasets.write(tmp_path / "set", 4))
    services.refresh()
    one = "invoice,date,client_code,sku,quantity,amount\nNEW,2025-06-30,EXACT,0001,1,10\n"
    load(invoices=one)
    services.work_off_marks()
    assert not Period.objects.filter(stale=True).exists()
    load(invoices=(tmp_path / "set/invoices.csv").read_text().replace("2025-06-", "2025-05-"))
    services.work_off_marks()
    assert Period.objects.filter(d0=date(2025, 6, 1), stale=True).exists()


def test_what_changes_no_number_of_a_month_leaves_the_month_alone(load: Load, tmp_path: Path) -> None:
    load(datasets.write(tmp_path / "set", 4))
    services.refresh()
    before = {(d0, d1): at for d0, d1, at in Period.objects.values_list("d0", "d1", "computed_at")}
    load(visits="client_code,planned_on\nEXACT,2025-05-05\n")
    services.refresh()
    again = {(d0, d1) for d0, d1, at in Period.objects.values_list("d0", "d1", "computed_at") if at != before[d0, d1]}
    may, quarter, year = (
        services.period_days(*months) for months in (("2025-05",) * 2, ("2025-04", "2025-06"), ("2025-01", "2025-12"))
    )
    assert again == {may, quarter, year}


def test_asking_for_categories_of_today_does_not_keep_the_split_of_the_register_back(
    load: Load, tmp_path: Path
) -> None:
    today = timezone.localdate()
    assert load(datasets.write(tmp_path / "set", 4)) == 0
    selectors.matrix(
        territory=Territory.objects.get(code="ROOT"),
        d0=today.replace(day=1),
        d1=services.month_end(today),
        by=By.CATEGORY,
    )
    services.refresh()
    assert dict(Client.objects.values_list("code", "status")) == dict(selectors.split(today))


def test_refreshed_twice_nothing_changes(load: Load, tmp_path: Path) -> None:
    assert load(datasets.write(tmp_path / "set", 4)) == 0
    services.refresh()
    before = snapshots.clients(), snapshots.cells(), list(Period.objects.values_list()), HistoryEvent.objects.count()
    services.refresh()
    assert (
        snapshots.clients(),
        snapshots.cells(),
        list(Period.objects.values_list()),
        HistoryEvent.objects.count(),
    ) == before


def test_moves_between_the_parts_of_the_base_are_in_the_history_with_their_cause(load: Load, tmp_path: Path) -> None:
    assert load(datasets.write(tmp_path / "set", 4)) == 0
    services.refresh()
    load(invoices=f"invoice,date,client_code,sku,quantity,amount\nNEW,{timezone.localdate()},EXACT,0001,1,10\n")
    services.refresh()
    event = HistoryEvent.objects.filter(table="clients_client", way="job").latest("pk")
    assert event.row_id == Client.objects.get(code="EXACT").pk
    assert event.old == {"status": "lost", "status_cause": "no_order"} | {
        key: event.old[key] for key in event.old if key == "category"
    }
    assert {"status": "active", "status_cause": "order"}.items() <= event.new.items()


def test_an_order_of_long_ago_moves_a_client_that_had_none(load: Load, tmp_path: Path) -> None:
    assert load(datasets.write(tmp_path / "set", 4)) == 0
    load(clients="code,name,territory_code\nNEVER,Never,R1\n")
    services.refresh()
    load(invoices="invoice,date,client_code,sku,quantity,amount\nOLD,2020-01-15,NEVER,0001,1,10\n")
    services.refresh()
    never = Client.objects.get(code="NEVER")
    assert (never.status, never.last_order_on) == ("lost", date(2020, 1, 15))
