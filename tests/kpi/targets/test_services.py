from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, transaction

from accounts.models import HistoryEvent, Role, User, Way
from kpi.targets.models import Target
from kpi.targets.services import Change, Meanwhile, targets_set, targets_split
from kpi.targets.sharing import Share
from territories.models import Territory
from tests import make

pytestmark = pytest.mark.django_db

D0, D1 = date(2026, 4, 1), date(2026, 6, 30)
# In the first quarter: R1 3 clients that worked, R2 1, R3 none; a year before only R3's.
FILES = {
    "territories": "code,name,parent_code\nRU,Россия,\nR1,Север,RU\nR2,Юг,RU\nR3,Запад,RU\n"
    "R11,Улица,R1\nR12,Площадь,R1\n",
    "products": "sku,name,category\nS1,Сок,Соки\n",
    "clients": "code,name,territory_code,opened_on\n"
    "K1,Один,R11,2025-01-01\nK2,Два,R11,2025-01-01\nK3,Три,R12,2025-01-01\nK4,Четыре,R2,2025-01-01\nK5,Пять,R3,2025-01-01\n",
    "invoices": "invoice,date,client_code,sku,quantity,amount\n"
    "N1,2026-01-10,K1,S1,1,100\nN2,2026-02-10,K2,S1,1,100\nN3,2026-03-10,K3,S1,1,100\nN4,2026-03-10,K4,S1,1,100\n"
    "N5,2025-04-10,K5,S1,1,100\n",
}


def node(code: str) -> Territory:
    return Territory.objects.get(code=code)


def put(user: User, values: dict[tuple[str, str], int | str | None], was: int | str | None = None) -> int:
    changes = {
        (node(code).pk, key): Change(_number(was), _number(value)) for (code, key), value in values.items()
    }  # fmt: skip
    return targets_set(user=user, d0=D0, d1=D1, changes=changes, way=Way.BROWSER)


def _number(value: int | str | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def split(user: User, code: str, *keys: str, how: Share = Share.EQUAL, deep: bool = False, keep: bool = True) -> int:
    return targets_split(
        user=user, territory=node(code), d0=D0, d1=D1, keys=keys, how=how, deep=deep, keep_hand=keep, way=Way.BROWSER
    )


def stands(key: str = "akb") -> dict[str, Decimal]:
    return dict(Target.objects.filter(metric=key).values_list("territory__code", "value"))


@pytest.fixture
def head(load: Callable[..., int]) -> User:
    load(**FILES)
    return make.user(Role.HEAD, node("RU"))


def test_a_target_is_split_by_what_was_reached_in_the_period_before(head: User) -> None:
    put(head, {("RU", "akb"): 10})
    assert split(head, "RU", "akb", how=Share.PREVIOUS) == 3
    assert stands() == {"RU": 10, "R1": 8, "R2": 2, "R3": 0}  # 7.5 and 2.5: of equal remainders the first


def test_a_target_is_split_by_last_year_by_base_or_equally(head: User) -> None:
    put(head, {("RU", "akb"): 10})
    split(head, "RU", "akb", how=Share.YEAR)
    assert stands() == {"RU": 10, "R1": 0, "R2": 0, "R3": 10}
    split(head, "RU", "akb", how=Share.BASE)
    assert stands() == {"RU": 10, "R1": 6, "R2": 2, "R3": 2}
    split(head, "RU", "akb")
    assert stands() == {"RU": 10, "R1": 4, "R2": 3, "R3": 3}


def test_down_to_the_lowest_level_every_node_s_parts_come_to_its_own(head: User) -> None:
    put(head, {("RU", "akb"): 101})
    split(head, "RU", "akb", how=Share.PREVIOUS, deep=True)
    found = stands()
    assert found["R1"] + found["R2"] + found["R3"] == found["RU"] == 101
    assert found["R11"] + found["R12"] == found["R1"]


def test_a_ratio_is_copied_down_and_not_summed(head: User) -> None:
    put(head, {("RU", "okb_coverage"): "0.625"})
    split(head, "RU", "okb_coverage", how=Share.YEAR, deep=True)
    assert set(stands("okb_coverage").values()) == {Decimal("0.625")}
    assert len(stands("okb_coverage")) == 6


def test_what_was_corrected_by_hand_stays_and_the_others_share_the_rest(head: User) -> None:
    put(head, {("RU", "akb"): 10, ("R2", "akb"): 4})
    split(head, "RU", "akb")
    assert stands() == {"RU": 10, "R1": 3, "R2": 4, "R3": 3}
    split(head, "RU", "akb", keep=False)
    assert stands() == {"RU": 10, "R1": 4, "R2": 3, "R3": 3}
    assert not Target.objects.exclude(territory=node("RU")).filter(by_hand=True).exists()


def test_hand_set_parts_beyond_the_whole_are_refused_and_nothing_changes(head: User) -> None:
    put(head, {("RU", "akb"): 3, ("R2", "akb"): 4})
    with pytest.raises(ValidationError, match="more than its target by 1"):
        split(head, "RU", "akb")
    assert stands() == {"RU": 3, "R2": 4}


def test_without_numbers_to_split_by_or_a_target_to_split_nothing_changes(head: User) -> None:
    with pytest.raises(ValidationError, match="set it first"):
        split(head, "RU", "akb")
    put(head, {("RU", "category_akb"): 5})
    with pytest.raises(ValidationError, match="nothing to split by"):
        split(head, "RU", "category_akb", how=Share.PREVIOUS)
    with pytest.raises(ValidationError, match="nothing below"):
        split(head, "R2", "category_akb")
    assert stands("category_akb") == {"RU": 5}


def test_a_supervisor_corrects_below_their_node_but_not_its_own(head: User) -> None:
    put(head, {("RU", "akb"): 10, ("R1", "akb"): 6})
    supervisor = make.user(Role.SUPERVISOR, node("R1"))
    split(supervisor, "R1", "akb")
    assert put(supervisor, {("R11", "akb"): 5}, was=3) == 1
    for code in ("R1", "R2", "RU"):
        with pytest.raises(PermissionDenied):
            put(supervisor, {(code, "akb"): 1})
    with pytest.raises(PermissionDenied):
        split(supervisor, "RU", "akb")
    assert stands() == {"RU": 10, "R1": 6, "R11": 5, "R12": 3}


@pytest.mark.parametrize("role", [Role.REP, Role.ANALYST])
def test_a_representative_and_an_analyst_set_nothing(head: User, role: Role) -> None:
    person = make.user(role, node("RU"))
    with pytest.raises(PermissionDenied):
        put(person, {("R11", "akb"): 1})
    with pytest.raises(PermissionDenied):
        split(person, "RU", "akb")


def test_who_saves_over_somebody_else_s_target_is_told_and_changes_nothing(head: User) -> None:
    put(head, {("R1", "akb"): 6})
    with pytest.raises(Meanwhile) as told:
        put(head, {("R1", "akb"): 7, ("R2", "akb"): 7})
    assert told.value.cells == {(node("R1").pk, "akb"): 6}
    assert stands() == {"R1": 6}


def test_a_target_taken_away_is_gone_and_the_history_knows_who_did_it(head: User) -> None:
    put(head, {("R1", "akb"): 6})
    put(head, {("R1", "akb"): 7}, was=6)
    put(head, {("R1", "akb"): None}, was=7)
    assert stands() == {}
    events = HistoryEvent.objects.filter(table="targets_target").order_by("pk")
    assert [(event.operation, event.actor_id) for event in events] == [(letter, head.pk) for letter in "IUD"]
    assert events[1].old["value"] == 6


@pytest.mark.parametrize(("key", "value"), [("akb", "1.5"), ("akb", "-1"), ("stability", "101"), ("orders", "1e12")])
def test_an_impossible_target_is_refused(head: User, key: str, value: str) -> None:
    with pytest.raises(ValidationError):
        put(head, {("R1", key): value})
    assert stands(key) == {}


def test_the_database_refuses_a_target_that_comes_round_the_service(head: User) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        Target.objects.create(territory=node("R1"), metric="akb", d0=D0, d1=D1, value=1)
