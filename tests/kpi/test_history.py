"""A period is reckoned by the rules, territories and channels in force on its last day (spec/kpi.md)."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.models import Role, Way
from clients.models import Channel, Client, Placement
from clients.services import client_update
from kpi import rules, selectors, services
from kpi.models import FormerRule, RuleName
from kpi.selectors import By
from territories.models import Territory
from tests import make

Load = Callable[..., int]
SKUS = RuleName.AKB_MIN_SKUS


@pytest.fixture
def register(load: Load) -> None:
    """X orders one SKU in January and in April 2025, on route A, in channel K."""
    assert (
        load(
            territories="code,name,parent_code\nT,Company,\nA,A,T\nB,B,T\n",
            channels="code,name\nK,Shops\nL,Chains\n",
            products="sku,name,category\na,Tea,tea\n",
            clients="code,name,territory_code,channel_code\nX,Shop,A,K\n",
            invoices="invoice,date,client_code,sku,quantity,amount\nN,2025-01-15,X,a,1,10\nM,2025-04-15,X,a,1,10\n",
        )
        == 0
    )


def counted(key: str, node: str, first: str, last: str | None = None) -> object:
    d0, d1 = services.period_days(first, last or first)
    return selectors.matrix(territory=Territory.objects.get(code=node), d0=d0, d1=d1).total.metrics[key]


def channels(month: str) -> set[str]:
    d0, d1 = services.period_days(month, month)
    found = selectors.matrix(territory=Territory.objects.get(code="T"), d0=d0, d1=d1, by=By.CHANNEL)
    return {row.code for row in found.rows if row.metrics["okb"]}


def former_rules(*values: tuple[date, int]) -> None:
    FormerRule.objects.bulk_create(FormerRule(name=SKUS, until=until, value=value) for until, value in values)


@pytest.mark.parametrize(
    ("day", "value"),
    [
        (date(2020, 1, 1), 1),  # the oldest known
        (date(2025, 2, 28), 1),
        (date(2025, 3, 1), 2),  # the day of the change
        (date(2025, 5, 31), 2),
        (date(2025, 6, 1), 3),
        (date(2030, 1, 1), 3),
    ],
)
def test_a_rule_has_the_value_in_force_on_the_day(db: None, day: date, value: int) -> None:
    make.rule(SKUS, 3)
    former_rules((date(2025, 3, 1), 1), (date(2025, 6, 1), 2))
    assert rules.in_force(day)[SKUS] == value


def test_a_rule_without_a_row_has_its_default(db: None) -> None:
    assert rules.in_force(date(2025, 1, 1)) == rules.DEFAULTS
    assert rules.DEFAULTS["system_threshold"] == Decimal("0.75")


def test_a_period_is_reckoned_by_the_rules_of_its_last_day(load: Load, register: None) -> None:
    make.rule(SKUS, 2)
    former_rules((date(2025, 4, 30), 1))
    assert counted("akb", "T", "2025-01") == 1  # one SKU was enough
    assert counted("akb", "T", "2025-04") == 0  # from its last day on two are asked for
    assert counted("akb", "T", "2025-01", "2025-04") == 0


def test_a_rule_changed_today_leaves_past_periods_and_changes_the_current_one(load: Load, register: None) -> None:
    today = timezone.localdate()
    load(
        rules="name,value\nakb_min_skus,1\n",
        invoices=f"invoice,date,client_code,sku,quantity,amount\nO,{today},X,a,1,10\n",
    )
    assert [counted("akb", "T", month) for month in ("2025-01", f"{today:%Y-%m}")] == [1, 1]
    load(rules="name,value\nakb_min_skus,2\n")
    assert [counted("akb", "T", month) for month in ("2025-01", f"{today:%Y-%m}")] == [1, 0]
    load(rules="name,value\nakb_min_skus,3\n")  # a second change on the day keeps the value before the day
    assert counted("akb", "T", "2025-01") == 1


def test_the_split_of_a_day_has_the_window_of_that_day(load: Load, register: None) -> None:
    make.rule(RuleName.REPORTING_MONTHS, 6)
    FormerRule.objects.create(name=RuleName.REPORTING_MONTHS, until=date(2025, 4, 1), value=1)
    assert dict(selectors.split(date(2025, 3, 31))) == {"X": "lost"}
    assert dict(selectors.split(date(2025, 5, 31))) == {"X": "active"}


def placed(until: date, node: str, channel: str | None) -> None:
    Placement.objects.create(
        client=Client.objects.get(code="X"), until=until, territory=Territory.objects.get(code=node),
        channel=Channel.objects.get(code=channel) if channel else None,
    )  # fmt: skip


def test_a_client_counts_where_it_was_on_the_last_day_of_the_period(load: Load, register: None) -> None:
    placed(date(2025, 3, 31), "B", None)  # moved to A and into a channel on 31 March
    assert [counted("orders", node, "2025-01") for node in "ABT"] == [0, 1, 1]
    assert channels("2025-02") == {""}
    assert [counted("orders", node, "2025-04") for node in "ABT"] == [1, 0, 1]
    assert channels("2025-03") == {"K"}
    assert [counted("orders", node, "2025-01", "2025-03") for node in "ABT"] == [1, 0, 1]


def test_before_the_oldest_known_place_the_client_was_there_too(load: Load, register: None) -> None:
    placed(date(2025, 3, 31), "B", "L")
    placed(date(2025, 6, 1), "T", None)
    assert [counted("okb", node, "2020-01") for node in "ABT"] == [0, 1, 1]
    assert channels("2020-01") == {"L"}
    assert [counted("okb", node, "2025-05") for node in "ABT"] == [0, 0, 1]
    assert [counted("okb", node, "2025-06") for node in "ABT"] == [1, 0, 1]


def test_a_move_today_leaves_past_periods_and_changes_the_current_one(load: Load, register: None) -> None:
    today = timezone.localdate()
    months = ["2025-01", f"{today.replace(day=1) - timedelta(days=1):%Y-%m}", f"{today:%Y-%m}"]
    assert [counted("okb", "A", month) for month in months] == [1, 1, 1]
    head = make.user(Role.HEAD, Territory.objects.get(code="T"))
    changes = {"territory": Territory.objects.get(code="B"), "channel": Channel.objects.get(code="L")}
    client_update(user=head, code="X", version=1, changes=changes, way=Way.BROWSER)
    assert [counted("okb", "A", month) for month in months] == [1, 1, 0]
    assert [counted("okb", "B", month) for month in months] == [0, 0, 1]
    assert [channels(month) for month in months] == [{"K"}, {"K"}, {"L"}]
    services.Period.objects.update(stale=True)  # reckoned whole it is the same
    assert [counted("okb", "A", month) for month in months] == [1, 1, 0]


def test_a_period_that_has_not_ended_is_that_of_today(load: Load, register: None) -> None:
    next_year = timezone.localdate().year + 1
    load(clients="code,name,territory_code\nX,Shop,B\n")
    assert counted("okb", "B", f"{next_year}-01") == 1


def test_the_second_move_of_a_day_keeps_the_place_before_the_day(load: Load, register: None) -> None:
    load(clients="code,name,territory_code\nX,Shop,B\n")
    load(clients="code,name,territory_code\nX,Shop,T\n")
    assert list(Placement.objects.values_list("territory__code", "channel__code", "until")) == [
        ("A", "K", timezone.localdate())
    ]


def test_the_profit_rank_is_within_the_channel_of_the_day(load: Load, register: None) -> None:
    load(
        clients="code,name,territory_code,channel_code\nY,Other,A,L\n",
        invoices="invoice,date,client_code,sku,quantity,amount\nY1,2025-01-15,Y,a,1,1000\n",
    )
    day = date(2025, 1, 31)
    assert {row[0]: row[1] for row in selectors.ranks(day)} == {"X": "A", "Y": "A"}  # each first of its own channel
    placed(date(2025, 3, 1), "A", "L")
    assert {row[0]: row[1] for row in selectors.ranks(day)} == {"X": "D", "Y": "A"}
