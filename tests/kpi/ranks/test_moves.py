"""Moves between categories are those of the second reckoning of the ranks, for any data."""

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.models import Role, Way
from clients.fields import Override
from clients.services import category_override
from kpi.models import RankDay
from kpi.ranks import selectors, tasks
from kpi.ranks.services import months_ranked
from territories.models import Territory
from tests import datasets, make
from tests.reckoning import Base, minus_months
from tests.test_statements import ENOUGH, counted

pytestmark = pytest.mark.django_db
Load = Callable[..., int]
MONTH = date(2025, 3, 1)


def reckoned(base: Base, node: str, days: selectors.Days) -> dict[str, tuple[str, str]]:
    """By client of the subtree whose category differs between the days: the two letters."""
    inside = base.subtree(node)
    before, now = base.ranks(days.before), base.ranks(days.now)
    found = {}
    for code, client in base.clients.items():
        pair = tuple(ranks[code][2] if code in ranks else "" for ranks in (before, now))
        if client.territory in inside and pair[0] != pair[1]:
            found[code] = (pair[0], pair[1])
    return found


@pytest.mark.parametrize("seed", [1, 7])
@pytest.mark.parametrize("node", ["ROOT", "R1"])
def test_who_moved_from_where_to_where_and_the_figures_why(load: Load, tmp_path: Path, seed: int, node: str) -> None:
    datasets.write(tmp_path / "data", seed, clients=60)
    assert load(tmp_path / "data") == 0
    base, days = Base.read(tmp_path / "data", timezone.localdate()), selectors.month_days(MONTH)
    ids = selectors.places(make.user(Role.ADMIN), Territory.objects.get(code=node))
    expected = reckoned(base, node, days)
    assert expected, "a month in which nobody moves proves nothing"
    assert selectors.moves_counted(days, ids) == Counter(expected.values())
    found = selectors.moves(days, ids, limit=1000)
    assert {move.code: (move.was, move.becomes) for move in found} == expected
    before, now = base.ranks(days.before), base.ranks(days.now)
    for move in found:
        nothing = ("",) * 6
        was, becomes = before.get(move.code, nothing), now.get(move.code, nothing)
        assert (move.was_profit, move.profit) == (was[0], becomes[0])
        assert (move.was_potential, move.potential) == (was[1], becomes[1])
        for margin, day in ((move.was_margin, days.before), (move.margin, days.now)):
            lines = base.clients[move.code].lines_in(minus_months(day, 12) + timedelta(days=1), day)
            sums = sum((line.amount - line.cost for line in lines), Decimal(0)) if lines else None
            assert margin == sums


def test_each_direction_has_its_own_moves_and_the_pages_of_a_list_add_up(load: Load, tmp_path: Path) -> None:
    datasets.write(tmp_path / "data", 3, clients=60)
    load(tmp_path / "data")
    days = selectors.month_days(MONTH)
    ids = selectors.places(make.user(Role.ADMIN), Territory.objects.get(code="ROOT"))
    whole = selectors.moves(days, ids, limit=1000)
    by_direction = {way: selectors.moves(days, ids, direction=way, limit=1000) for way in selectors.DIRECTIONS}
    assert sorted(move.code for found in by_direction.values() for move in found) == sorted(move.code for move in whole)
    assert all(move.direction == way for way, found in by_direction.items() for move in found)
    paged = [move for offset in range(0, len(whole), 3) for move in selectors.moves(days, ids, limit=3, offset=offset)]
    assert paged == whole
    one = whole[0]
    same = selectors.moves(days, ids, was=one.was, becomes=one.becomes, limit=1000)
    assert same == [move for move in whole if (move.was, move.becomes) == (one.was, one.becomes)]


def test_a_category_set_by_hand_is_named_but_moves_nobody(load: Load, tmp_path: Path) -> None:
    datasets.write(tmp_path / "data", 1, clients=60)
    load(tmp_path / "data")
    admin, days = make.user(Role.ADMIN), selectors.month_days(MONTH)
    ids = selectors.places(admin, Territory.objects.get(code="ROOT"))
    before = selectors.moves(days, ids, limit=1000)
    wanted = Override("C", timezone.localdate(), "a test")
    category_override(user=admin, code=before[0].code, wanted=wanted, way=Way.BROWSER)
    assert selectors.moves(days, ids, limit=1000) == [before[0]._replace(override="C"), *before[1:]]


def test_the_nightly_task_stores_the_ranks_of_every_month_and_again_those_that_late_documents_touch(load: Load) -> None:
    files = {
        "territories": "code,name\nT,T\n",
        "products": "sku,name,category\nS1,Сок,Соки\n",
        "clients": "code,name,territory_code\nK1,Первый,T\n",
    }
    head = "invoice,date,client_code,sku,quantity,amount,cost\n"
    load(**files, invoices=f"{head}N1,2026-03-10,K1,S1,1,100,60\n")
    months_ranked()
    ends = {date(2025, 2, 28), date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)}
    assert ends <= set(RankDay.objects.values_list("as_of", flat=True))
    load(invoices=f"{head}N2,2026-03-05,K1,S1,1,100,60\n")
    months_ranked()
    assert ends <= set(RankDay.objects.values_list("as_of", flat=True))


def test_the_page_shows_a_month_of_ones_own_subtree_only(load: Load, tmp_path: Path) -> None:
    datasets.write(tmp_path / "data", 1, clients=60)
    load(tmp_path / "data")
    own = Territory.objects.get(code="R1")
    days = selectors.month_days(MONTH)
    theirs = selectors.moves(days, selectors.places(make.user(Role.ADMIN), Territory.objects.get(code="R2")), limit=9)
    ours = selectors.moves(days, selectors.places(make.user(Role.ADMIN), own), limit=9)
    assert theirs
    assert ours
    text = make.signed_in(make.user(Role.SUPERVISOR, own)).get("/kpi/moves/?month=2025-03").content.decode()
    assert f"/clients/{ours[0].code}/" in text
    assert not any(f"/clients/{move.code}/" in text for move in theirs)


def test_the_page_of_days_without_ranks_says_so_until_the_worker_has_reckoned_them_and_takes_few_statements(
    load: Load, tmp_path: Path
) -> None:
    datasets.write(tmp_path / "data", 1, clients=60)
    load(tmp_path / "data")
    browser = make.signed_in(make.user(Role.SUPERVISOR, Territory.objects.get(code="ROOT")))
    address = "/kpi/moves/?month=2025-03"
    assert "being-reckoned" in browser.get(address).content.decode()
    assert not RankDay.objects.filter(as_of=selectors.month_days(MONTH).before).exists()
    tasks.month_ranked(MONTH.isoformat())
    with counted() as statements:
        text = browser.get(address).content.decode()
    assert "being-reckoned" not in text
    assert "moves-grid" in text
    assert len(statements) <= ENOUGH
