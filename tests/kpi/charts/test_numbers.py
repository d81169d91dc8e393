"""The charts' numbers held against the second reckoning (tests/reckoning.py), and their parts against their clients."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from accounts.models import Role
from kpi import selectors as kpi
from kpi import services
from kpi.charts import selectors
from kpi.charts.selectors import Key, Part
from kpi.models import Flow, FlowCell, FlowMonth, RankCell
from territories.models import Territory
from tests import datasets, make
from tests.kpi.test_any_data import excerpt
from tests.reckoning import Base, Client, last_of, minus_months

Load = Callable[..., int]
NODES = ["ROOT", "R1", "R2-T1", "R1-B2-M2", "M0"]
MONTHS = [date(2025, 6, 1), date(2025, 1, 1), date(2024, 3, 1)]
DAYS = [date(2025, 6, 30), date(2025, 2, 28), date(2024, 12, 31)]
STATUSES = ("active", "potential", "lost", "closed")


@pytest.fixture(scope="module", params=[1, 2])
def base(
    request: pytest.FixtureRequest,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Base]:
    folder = datasets.write(tmp_path_factory.mktemp("set"), request.param)
    with django_db_blocker.unblock(), transaction.atomic():
        call_command("load", folder, rejected=folder / "rejected.csv")
        for month in MONTHS:
            services.period_at_hand(month, services.month_end(month))
        services.refresh()
        yield Base.read(folder, timezone.localdate())
        transaction.set_rollback(True)


def node(code: str) -> Territory:
    return Territory.objects.get(code=code)


def moves(base: Base, territory: str, month: date) -> dict[tuple[str, str], set[str]]:
    before, after = base.split(month - timedelta(days=1)), base.split(min(last_of(month), base.today))
    found = defaultdict(set)
    for client in base._scope(base.subtree(territory)):
        found[before[client.code], after[client.code]].add(client.code)
    return dict(found)


def window(base: Base, territory: str, day: date) -> Iterator[tuple[Client, Decimal | None, Decimal | None]]:
    """The clients of a node that a day's ranks know, with amount and margin of their 12 months, None without lines."""
    first = minus_months(day, 12) + timedelta(days=1)
    for client in base._scope(base.subtree(territory)):
        if not client.closed_by(day):
            lines = client.lines_in(first, day)
            amount, margin = sum(line.amount for line in lines), sum(line.amount - line.cost for line in lines)
            yield (client, Decimal(amount), Decimal(margin)) if lines else (client, None, None)


def codes(part: Part, user: Any = None) -> list[str]:
    found = [client.code for client in selectors.everybody(user=user or make.user(Role.ADMIN), part=part, page=7)]
    assert len(found) == len(set(found))
    return found


@pytest.mark.parametrize("territory", NODES)
def test_the_base_over_time_is_that_of_the_second_reckoning(base: Base, territory: str) -> None:
    selectors.base(territory=node(territory), d0=date(2025, 4, 1), d1=date(2025, 6, 30), first=selectors.first_order())
    services.refresh()  # stores those that were asked for
    points = selectors.base(
        territory=node(territory), d0=date(2025, 4, 1), d1=date(2025, 6, 30), first=selectors.first_order()
    )
    assert [point.d0 for point in points] == [
        date(2024, 4, 1), date(2024, 7, 1), date(2024, 10, 1), date(2025, 1, 1), date(2025, 4, 1),
    ]  # fmt: skip
    for point in points:
        total, _groups = base.metrics(territory, point.d0, point.d1)
        assert point[2:5] == tuple(total[key] for key in ("okb", "akb", "stable_akb"))


@pytest.mark.parametrize("territory", NODES)
def test_the_flow_is_who_was_where_before_a_month_and_at_its_end(base: Base, territory: str) -> None:
    for month in MONTHS:
        found = selectors.flow(territory=node(territory), d0=month, d1=last_of(month), first=selectors.first_order())[
            -1
        ]
        wanted = moves(base, territory, month)
        assert found.month == month
        assert found.moves == {pair: len(clients) for pair, clients in wanted.items()}
        for (before, after), clients in wanted.items():
            part = Part(Key.FLOW, node(territory), last_of(month), before, after)
            assert set(codes(part)) == clients


def test_the_flow_adds_up_to_the_split_of_both_days(base: Base) -> None:
    for month in selectors.flow(
        territory=node("ROOT"), d0=MONTHS[0], d1=last_of(MONTHS[0]), first=selectors.first_order()
    ):
        assert month.as_of == last_of(month.month)
        before = Counter(status for _code, status in kpi.split(month.month - timedelta(days=1)))
        after = Counter(status for _code, status in kpi.split(last_of(month.month)))
        for status in STATUSES:
            assert (month.at_start(status), month.at_end(status)) == (before[status], after[status])


def test_the_running_month_goes_to_today(base: Base) -> None:
    today = timezone.localdate()
    services.period_at_hand(today.replace(day=1), services.month_end(today))
    services.refresh()
    found = selectors.flow(
        territory=node("ROOT"), d0=today.replace(day=1), d1=services.month_end(today), first=selectors.first_order()
    )[-1]
    assert found.as_of == today
    assert found.moves == {pair: len(who) for pair, who in moves(base, "ROOT", today.replace(day=1)).items()}


@pytest.mark.parametrize("day", DAYS, ids=str)
@pytest.mark.parametrize("territory", NODES)
def test_charts_of_ranks_are_those_of_the_second_reckoning(base: Base, territory: str, day: date) -> None:
    ranks = base.ranks(day)
    for key in (Key.ABCDE, Key.RANKS, Key.RFM):
        wanted: dict[tuple[str, str], list[Any]] = defaultdict(lambda: [0, 0, 0, 0])
        clients = defaultdict(set)
        for client, amount, margin in window(base, territory, day):
            profit, potential, category, recency, frequency, _monetary = ranks[client.code]
            where = {
                Key.ABCDE: (category, client.channel), Key.RANKS: (profit, potential), Key.RFM: (frequency, recency),
            }[key]  # fmt: skip
            if key is Key.RFM and not recency:
                continue
            clients[where].add(client.code)
            figures = (1, amount or 0, margin or 0, client.potential or 0)
            wanted[where] = [one + other for one, other in zip(wanted[where], figures, strict=True)]
        found = selectors.ranked(selectors.ranks(territory=node(territory), d1=day), key)
        assert found.current
        assert {where: list(cell[2:]) for where, cell in found.cells.items()} == wanted
        shown = {(row.code, column.code) for row in found.rows for column in found.columns}
        assert set(found.cells) <= shown, "every client has its place on the chart"
        for where, who in clients.items():
            assert set(codes(Part(key, node(territory), day, *where))) == who


@pytest.mark.parametrize("territory", NODES)
def test_the_curve_is_that_of_the_second_reckoning(base: Base, territory: str) -> None:
    for day in DAYS:
        found = selectors.curve(selectors.ranks(territory=node(territory), d1=day))
        margins = {
            client.code: margin for client, _amount, margin in window(base, territory, day) if margin is not None
        }
        down = sorted((margin for margin in margins.values() if margin > 0), reverse=True)
        assert (found.clients, found.idle) == (len(margins), len(margins) - len(down))
        assert found.margin == sum(down)
        assert [step.margin for step in found.steps] == [sum(down[: step.clients]) for step in found.steps]
        for step in found.steps:
            who = codes(Part(Key.PARETO, node(territory), day, step.row))
            assert len(who) == step.clients
            assert sum(margins[code] for code in who) == step.margin
        idle = codes(Part(Key.PARETO, node(territory), day, "none"))
        assert set(idle) == {code for code, margin in margins.items() if margin <= 0}


# --- kept current ------------------------------------------------------------------------------------------------


def stored() -> tuple[set[Any], set[Any]]:
    flows = set(Flow.objects.values_list("month", "client_id", "territory_id", "before", "after"))
    cells = FlowCell.objects.exclude(clients=0).values_list("month", "territory_id", "before", "after", "clients")
    return flows, set(cells)


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_flows_kept_current_are_those_reckoned_whole(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(services, "WHOLE_ABOVE", 0.5)  # of sixty clients a few contracts are many
    random = Random(seed)
    datasets.write(tmp_path / "first", seed, clients=60)
    datasets.write(tmp_path / "second", seed + 1, clients=60)
    assert load(tmp_path / "first") == 0
    services.refresh()
    known = [line.split(",")[0] for line in (tmp_path / "second/clients.csv").read_text().splitlines()[1:]]
    for step in range(3):
        part = tmp_path / f"step{step}"
        part.mkdir()
        excerpt(tmp_path / "second", part, random, known)
        assert load(part) in (0, 1)
        services.work_off_marks()
        assert not FlowMonth.objects.filter(window_after=None).exists(), "a few clients are reckoned client by client"
    kept = stored()
    assert kept[1] == {(*key, number) for key, number in Counter((m, t, b, a) for m, _c, t, b, a in kept[0]).items()}
    Flow.objects.all().delete()
    FlowCell.objects.all().delete()
    FlowMonth.objects.update(window_after=None)
    services.refresh()
    assert kept == stored()


def test_a_change_of_the_window_or_a_new_day_reckons_the_months_again(load: Load, tmp_path: Path) -> None:
    assert load(datasets.write(tmp_path / "set", 4)) == 0
    services.refresh()
    load(rules="name,value\nreporting_months,6\n")
    services.refresh()
    month = FlowMonth.objects.latest("month").month
    active = Counter(Flow.objects.filter(month=month).values_list("after", flat=True))["active"]
    assert active == Counter(status for _code, status in kpi.split(services.month_end(month)))["active"]
    FlowMonth.objects.filter(month=month).update(as_of=month)  # as if reckoned before its last day
    Flow.objects.filter(month=month).update(after="closed")
    services.refresh()
    assert Counter(Flow.objects.filter(month=month).values_list("after", flat=True))["active"] == active


def test_many_changes_reckon_the_months_whole(load: Load, tmp_path: Path) -> None:
    folder = datasets.write(tmp_path / "set", 4)
    assert load(folder) == 0
    services.refresh()
    load(invoices=(folder / "invoices.csv").read_text().replace("2025-06-", "2025-05-"))
    services.work_off_marks()
    assert FlowMonth.objects.filter(window_after=None).count() == FlowMonth.objects.count()
    services.refresh()
    kept = stored()
    FlowMonth.objects.update(window_after=None)
    services.refresh()
    assert kept == stored()


def test_ranks_of_a_past_day_are_shown_as_stored_until_the_next_refresh(load: Load, tmp_path: Path) -> None:
    assert load(datasets.write(tmp_path / "set", 4)) == 0
    services.refresh()
    day, root = date(2025, 6, 30), node("ROOT")
    before = selectors.curve(selectors.ranks(territory=root, d1=day))
    assert before.current
    load(invoices="invoice,date,client_code,sku,quantity,amount\nNEW,2025-06-30,EXACT,0001,1,1000000\n")
    services.work_off_marks()
    stale = selectors.curve(selectors.ranks(territory=root, d1=day, catch_up=False))
    assert (stale.current, stale.margin) == (False, before.margin)
    services.refresh()
    again = selectors.curve(selectors.ranks(territory=root, d1=day, catch_up=False))
    assert again.current
    assert again.margin > before.margin + 900000
    assert selectors.curve(selectors.ranks(territory=root, d1=day)) == again


def test_cells_of_ranks_go_with_their_day(load: Load, tmp_path: Path) -> None:
    assert load(datasets.write(tmp_path / "set", 4)) == 0
    services.ranks_stored(date(2025, 6, 10))
    services.refresh()
    assert set(RankCell.objects.values_list("day", flat=True)) == {timezone.localdate()}


# --- who sees what -----------------------------------------------------------------------------------------------


def test_a_client_that_has_moved_out_of_sight_is_counted_and_not_shown(load: Load, tmp_path: Path) -> None:
    from accounts.models import Way
    from accounts.services import acting
    from clients.models import Client as Outlet

    assert load(datasets.write(tmp_path / "set", 4)) == 0
    services.refresh()
    day, north = date(2025, 6, 30), node("R1")
    user = make.user(Role.SUPERVISOR, north)
    found = selectors.ranked(selectors.ranks(territory=north, d1=day), Key.RANKS)
    where, cell = max(found.cells.items(), key=lambda item: item[1].clients)
    part = Part(Key.RANKS, north, day, *where)
    flow = Part(Key.FLOW, north, day, *max(moves_stored(north, day), key=lambda item: item[1])[0])
    in_flow = codes(flow, user)
    leaving = codes(part, user)[0]
    with acting(actor=None, way=Way.COMMAND):
        Outlet.objects.filter(code__in=[leaving, in_flow[0]]).update(territory=node("R2-M1"))
    gone = {leaving, in_flow[0]}
    for one, total in ((part, cell.clients), (flow, len(in_flow))):
        shown = codes(one, user)
        assert leaving not in shown
        assert in_flow[0] not in shown
        assert len(shown) + selectors.moved_away(user=user, part=one) == total
        assert selectors.moved_away(user=user, part=one) in (1, len(gone))
        assert selectors.moved_away(user=make.user(Role.ADMIN), part=one) == 0


def moves_stored(territory: Territory, day: date) -> list[tuple[tuple[str, str], int]]:
    return list(
        selectors.flow(territory=territory, d0=day.replace(day=1), d1=day, first=selectors.first_order())[
            -1
        ].moves.items()
    )
