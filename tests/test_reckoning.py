"""The reckoning held against the published numbers and, rule by rule, against numbers worked by hand."""

import csv
from collections import Counter
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from tests import datasets
from tests.reckoning import KEYS, Base, category_of, minus_months

ONLINE_RETAIL = Path(__file__).parents[2] / "shared" / "data" / "online-retail"

Q1 = date(2024, 1, 1), date(2024, 3, 31)
JANUARY = date(2024, 1, 1), date(2024, 1, 31)

# Rows are parted by spaces, cells by commas; cells left out are empty.
COLUMNS = datasets.COLUMNS | {"clients": "code,territory_code,channel_code,is_target,opened_on,closed_on"}
DEFAULTS = {
    "territories": "T,,,company R1,,T,region R2,,T,region M1,,R1,route M2,,R2,route",
    "channels": "K L",
    "products": "a,,tea b,,tea c,,coffee d,,coffee z,,bags,0",
    "clients": "X,T",
}
Make = Callable[..., Base]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A base of the given files; `today` is long after them unless told."""

    def build(today: date = date(2030, 1, 1), columns: dict[str, str] | None = None, **files: str) -> Base:
        headers = COLUMNS | (columns or {})
        for name, text in (DEFAULTS | files).items():
            body = "".join(f"{row}\n" for row in text.split())
            (tmp_path / f"{name}.csv").write_text(f"{headers[name]}\n{body}", encoding="utf-8")
        return Base.read(tmp_path, today)

    return build


def metric(base: Base, key: str, period: tuple[date, date] = Q1, territory: str = "T") -> int | Fraction | None:
    return base.metrics(territory, *period)[0][key]


# The published numbers


@pytest.fixture(scope="module")
def online_retail() -> Base:
    return Base.read(ONLINE_RETAIL, date(2030, 1, 1))


def test_online_retail_quarter(online_retail: Base) -> None:
    found, groups = online_retail.metrics("ROOT", date(2011, 4, 1), date(2011, 6, 30), "children")
    assert {
        "okb": 4372, "pakb": 0, "akb": 1988, "stable_akb": 221, "category_akb": 101, "visit_plan": 0,
        "orders": 3660, "effective_orders": 1593, "visit_rate": None,
    }.items() <= found.items()  # fmt: skip
    assert f"{float(found['order_margin'] or 0):.6f}" == "459.648112"
    assert tuple(found) == KEYS
    assert len(groups) == 37
    assert sum(group["akb"] or 0 for group in groups.values()) == 1988


def test_online_retail_split(online_retail: Base) -> None:
    split = online_retail.split(date(2011, 6, 30))
    assert Counter(split.values()) == {"active": 1016, "lost": 1944, "potential": 1412}


def test_online_retail_categories(online_retail: Base) -> None:
    ranks = online_retail.ranks(date(2011, 11, 30)).values()
    categories = Counter(category for _, _, category, *_ in ranks)
    assert categories == {"A": 242, "B": 935, "C": 1448, "D": 1652, "E": 54, "": 41}


# 1-2: the base and the plan


@pytest.mark.parametrize(
    ("client", "counted"),
    [
        ("X,T", True),
        ("X,T,,0", False),
        ("X,T,,1,2024-03-31", True),
        ("X,T,,1,2024-04-01", False),
        ("X,T,,1,,2024-01-01", True),
        ("X,T,,1,,2023-12-31", False),
        ("X,M1", True),
    ],
)
def test_okb_is_of_target_clients_open_within_the_period(make: Make, client: str, counted: bool) -> None:
    assert metric(make(clients=client), "okb") == int(counted)


def test_scope_is_the_territory_and_all_below(make: Make) -> None:
    base = make(clients="X,T Y,R1 Z,M1 W,M2")
    assert [metric(base, "okb", territory=code) for code in ("T", "R1", "M1", "R2")] == [4, 2, 1, 1]


def test_pakb_counts_clients_and_visit_plan_visits(make: Make) -> None:
    base = make(clients="X,T Y,T Z,T,,0", visits="X,2024-01-01 X,2024-03-31 Y,2024-04-01 Z,2024-02-01")
    assert (metric(base, "pakb"), metric(base, "visit_plan")) == (1, 2)


# 3-7: worked, stable


@pytest.mark.parametrize(
    ("rules", "lines", "worked"),
    [
        ("", "1,2024-01-31,X,a,1,10", True),
        ("", "1,2024-02-01,X,a,1,10", False),
        ("", "1,2023-12-31,X,a,1,10", False),
        ("", "1,2024-01-05,X,a,1,0", True),
        ("", "1,2024-01-05,X,a,-1,-10", False),
        ("", "1,2024-01-05,X,a,-1,0", False),  # a net of 0, but no order
        ("", "1,2024-01-05,X,a,1,10 2,2024-01-06,X,a,-1,-10", True),
        ("", "1,2024-01-05,X,a,1,10 2,2024-01-06,X,a,-1,-10.01", False),
        ("", "1,2024-01-05,X,a,1,10 2,2024-02-06,X,a,-1,-99", True),  # by date of line
        ("akb_min_amount,10", "1,2024-01-05,X,a,1,10", True),
        ("akb_min_amount,10.01", "1,2024-01-05,X,a,1,10", False),
        ("akb_min_amount,20", "1,2024-01-05,X,a,1,10 2,2024-01-09,X,a,1,10", True),
        ("akb_min_skus,2", "1,2024-01-05,X,a,1,10 2,2024-01-09,X,b,1,10", True),
        ("akb_min_skus,2", "1,2024-01-05,X,a,1,10 2,2024-01-09,X,a,1,10", False),
        ("akb_min_skus,2", "1,2024-01-05,X,a,1,10 2,2024-01-09,X,b,-1,-1", False),  # of sale lines
    ],
)
def test_worked(make: Make, rules: str, lines: str, worked: bool) -> None:
    assert metric(make(rules=rules, invoices=lines), "akb", JANUARY) == int(worked)


def test_akb_is_of_the_base_and_counts_sales_outside_the_dates_of_the_client(make: Make) -> None:
    base = make(clients="X,T,,0 Y,T,,,,2024-01-10", invoices="1,2024-01-20,X,a,1,1 2,2024-01-20,Y,a,1,1")
    assert base.behind("akb", "T", *JANUARY) == {"Y"}


def test_stable_worked_in_each_month(make: Make) -> None:
    base = make(
        clients="X,T Y,T Z,T",
        invoices="1,2024-01-31,X,a,1,1 2,2024-02-29,X,a,1,1 3,2024-03-01,X,a,1,1"
        " 4,2024-01-31,Y,a,1,1 5,2024-03-01,Y,a,1,1"
        # Each month has an order, but February is negative.
        " 6,2024-01-02,Z,a,1,9 7,2024-02-02,Z,a,1,1 8,2024-02-03,Z,a,-1,-2 9,2024-03-01,Z,a,1,1",
    )
    assert base.behind("akb", "T", *Q1) == {"X", "Y", "Z"}
    assert base.behind("stable_akb", "T", *Q1) == {"X"}
    assert metric(base, "stability") == Fraction(1, 3)


def test_stable_holds_the_rules_against_each_month(make: Make) -> None:
    lines = "1,2024-01-02,X,a,1,95 2,2024-02-02,X,a,1,5 3,2024-03-02,X,a,1,5"
    assert metric(make(rules="akb_min_amount,5", invoices=lines), "stable_akb") == 1
    base = make(rules="akb_min_amount,6", invoices=lines)
    assert (metric(base, "akb"), metric(base, "stable_akb")) == (1, 0)


def test_coverage_may_pass_one_and_is_none_without_plan(make: Make) -> None:
    base = make(
        clients="X,T Y,R1 Z,T",
        visits="X,2024-01-01",
        invoices="1,2024-01-02,X,a,1,1 2,2024-01-02,Y,a,1,1",
    )
    assert metric(base, "pakb_coverage") == 2
    assert metric(base, "okb_coverage") == Fraction(2, 3)
    assert metric(base, "pakb_coverage", territory="R1") is None
    assert metric(base, "stability", territory="R2") is None


# 8-11: system outlets, focus categories


@pytest.mark.parametrize(("orders", "system"), [(3, 0), (4, 1)])
def test_system_outlet_is_strictly_above_the_threshold(make: Make, orders: int, system: int) -> None:
    base = make(
        visits="X,2024-01-01 X,2024-01-02 X,2024-01-03 X,2024-01-04",
        invoices=" ".join(f"{n},2024-01-1{n},X,a,1,1" for n in range(orders)),
    )
    assert metric(base, "system_outlets") == system


def test_system_outlets_need_planned_visits_and_effective_orders(make: Make) -> None:
    base = make(
        clients="X,T Y,T Z,T",
        rules="order_min_amount,10",
        visits="Y,2024-01-01 Z,2024-01-01",
        invoices="1,2024-01-01,X,a,1,99 2,2024-01-01,Y,a,1,9 3,2024-02-01,Z,a,1,10",
    )
    assert base.behind("system_outlets", "T", *Q1) == {"Z"}
    assert metric(base, "system_share") == Fraction(1, 3)


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("1,2024-01-02,X,a,1,1 1,2024-01-02,X,b,1,1 2,2024-03-02,X,c,1,1 2,2024-03-02,X,d,1,1", 1),
        ("1,2024-01-02,X,a,1,1 1,2024-01-02,X,b,1,1 2,2024-03-02,X,c,1,1 2,2024-03-02,X,c,1,1", 0),
        ("1,2024-01-02,X,a,1,1 1,2024-01-02,X,b,1,1 2,2024-03-02,X,c,1,1 2,2024-03-02,X,d,-1,0", 0),
        ("1,2024-01-02,X,a,1,1 1,2024-01-02,X,b,1,1 2,2024-03-02,X,c,1,1 2,2024-03-02,X,z,1,1", 0),
        ("1,2024-01-02,X,a,1,1 1,2024-01-02,X,b,1,1 2,2024-03-02,X,c,1,1 3,2024-04-02,X,d,1,1", 0),
    ],
)
def test_category_akb_bought_enough_focus_skus_in_each_focus_category(make: Make, lines: str, found: int) -> None:
    assert metric(make(rules="category_min_skus,2", invoices=lines), "category_akb") == found


def test_category_share_and_a_sku_out_of_focus_within_a_focus_category(make: Make) -> None:
    base = make(
        products="a,,tea,1 b,,tea,0 z,,bags,0",
        rules="category_min_skus,1",
        clients="X,T Y,T",
        invoices="1,2024-01-02,X,a,1,1 2,2024-01-02,Y,b,1,1",
    )
    assert base.behind("category_akb", "T", *Q1) == {"X"}
    assert metric(base, "category_share") == Fraction(1, 2)


def test_category_min_skus_is_three_by_default(make: Make) -> None:
    products = "a,,tea b,,tea c,,tea"
    lines = "1,2024-01-02,X,a,1,1 1,2024-01-02,X,b,1,1"
    assert metric(make(products=products, invoices=lines), "category_akb") == 0
    assert metric(make(products=products, invoices=lines + " 1,2024-01-02,X,c,1,1"), "category_akb") == 1


# 13-16: orders


def test_two_invoices_of_a_day_are_one_order_and_a_day_of_returns_none(make: Make) -> None:
    base = make(
        visits="X,2024-01-01 X,2024-01-02 X,2024-01-03 X,2024-01-04",
        invoices="1,2024-01-05,X,a,1,1 2,2024-01-05,X,b,1,1 3,2024-01-06,X,a,-1,-1 4,2024-01-07,X,a,1,1",
    )
    assert metric(base, "orders") == 2
    assert metric(base, "visit_rate") == Fraction(1, 2)


@pytest.mark.parametrize(
    ("rules", "lines", "effective"),
    [
        ("", "1,2024-01-05,X,a,1,0", 1),
        ("order_min_amount,10", "1,2024-01-05,X,a,1,4 2,2024-01-05,X,a,1,6", 1),
        ("order_min_amount,10", "1,2024-01-05,X,a,1,4 2,2024-01-06,X,a,1,6", 0),
        ("order_min_amount,10", "1,2024-01-05,X,a,1,10 2,2024-01-05,X,b,-1,-9", 1),  # sale amount only
        ("order_min_skus,2", "1,2024-01-05,X,a,1,4 2,2024-01-05,X,b,1,6", 1),
        ("order_min_skus,2", "1,2024-01-05,X,a,1,4 2,2024-01-05,X,a,1,6", 0),
        ("order_min_skus,2", "1,2024-01-05,X,a,1,4 2,2024-01-05,X,b,-1,-6", 0),
        ("order_min_categories,2", "1,2024-01-05,X,a,1,4 1,2024-01-05,X,c,1,6", 1),
        ("order_min_categories,2", "1,2024-01-05,X,a,1,4 1,2024-01-05,X,b,1,6", 0),
        ("order_min_categories,2", "1,2024-01-05,X,a,1,4 1,2024-01-05,X,z,1,6", 1),  # out of focus counts too
    ],
)
def test_effective_orders(make: Make, rules: str, lines: str, effective: int) -> None:
    base = make(rules=rules, invoices=lines, visits="X,2024-01-01 X,2024-01-02")
    assert metric(base, "effective_orders") == effective
    assert metric(base, "effective_visit_rate") == Fraction(effective, 2)


# 17-20: money


def test_route_costs_of_the_subtree_and_the_months(make: Make) -> None:
    base = make(
        clients="X,M1",
        visits="X,2024-01-01 X,2024-01-02",
        invoices="1,2024-01-05,X,a,1,90,30",
        route_costs="M1,2024-01,10,2,3 M1,2024-03,1,, R1,2024-02,,4.5,0.5 T,2024-01,100 M1,2024-04,99 M1,2023-12,99",
    )
    assert metric(base, "visit_cost", territory="R1") == Fraction(21, 2)
    assert metric(base, "order_cost", territory="R1") == 21
    assert metric(base, "order_cost") == 121
    assert metric(base, "useful_income_share", territory="R1") == Fraction(60 - 21, 60)


def test_order_margin_is_over_all_lines_and_an_empty_cost_is_0(make: Make) -> None:
    base = make(invoices="1,2024-01-05,X,a,2,10,6 2,2024-01-06,X,a,1,5 3,2024-01-07,X,a,-1,-4,-3")
    assert metric(base, "order_margin") == Fraction(4 + 5 - 1, 2)


def test_useful_income_share_is_none_at_a_margin_of_0_or_without_orders(make: Make) -> None:
    base = make(clients="X,M1 Y,M2", invoices="1,2024-01-05,X,a,1,5,5 2,2024-01-05,Y,a,-1,-5,")
    assert (metric(base, "order_margin", territory="M1"), metric(base, "order_margin", territory="M2")) == (0, None)
    assert metric(base, "useful_income_share", territory="M1") is None
    assert metric(base, "useful_income_share", territory="M2") is None


@pytest.mark.parametrize(
    ("lines", "payments", "share"),
    [
        ("1,2024-01-05,X,a,1,10,,7", "", 1),
        ("1,2024-01-05,X,a,1,10,,0", "", None),
        ("1,2024-01-05,X,a,1,10,,", "", None),
        ("1,2024-03-24,X,a,1,10,,7", "", 0),  # due on d1: not overdue yet
        ("1,2024-03-23,X,a,1,10,,7", "", 1),
        ("1,2024-04-01,X,a,1,10,,7", "", None),  # not shipped yet
        ("1,2024-01-05,X,a,1,10,,7 2,2024-03-31,X,a,1,30,,7", "", Fraction(1, 4)),
        ("1,2024-01-05,X,a,1,10,,7 2,2024-03-31,X,a,1,30,,7", "1,2024-03-31,5", Fraction(5, 35)),
        ("1,2024-01-05,X,a,1,10,,7 2,2024-03-31,X,a,1,30,,7", "1,2024-04-01,5", Fraction(1, 4)),
        ("1,2024-01-05,X,a,1,10,,7 2,2024-03-31,X,a,1,30,,7", "1,2024-03-31,50", 0),  # over-paid: no negative rest
        ("1,2024-01-05,X,a,1,10,,7 1,2024-01-05,X,b,-1,-4,,7 2,2024-03-31,X,a,1,6,,7", "", Fraction(1, 2)),
        ("1,2024-01-05,X,a,1,10,,7", "1,2024-02-01,3,n 1,2024-02-01,3,n 1,2024-02-01,3,m", 1),
        ("1,2024-01-05,X,a,1,10,,7", "1,2024-02-01,5,n 1,2024-02-01,5,n", None),  # same keys add up
        ("1,2022-01-05,X,a,1,10,,7", "", 1),  # however old
    ],
)
def test_overdue_share(make: Make, lines: str, payments: str, share: Fraction | int | None) -> None:
    assert metric(make(invoices=lines, payments=payments), "overdue_share") == share


def test_debts_are_of_all_clients_of_the_scope(make: Make) -> None:
    base = make(
        clients="X,T Y,T,,0 Z,T,,,,2020-01-01",
        invoices="1,2024-03-30,X,a,1,1,,7 2,2024-01-05,Y,a,1,1,,7 3,2024-01-05,Z,a,1,2,,7",
        payments="3,2024-01-06,1",
    )
    assert metric(base, "overdue_share") == Fraction(2, 3)
    assert metric(base, "system_payments") == Fraction(1, 3)


@pytest.mark.parametrize(
    ("lines", "payments", "share"),
    [
        ("1,2023-12-25,X,a,1,10,,7", "1,2024-01-01,4", Fraction(4, 10)),  # due in P, shipped before
        ("1,2023-12-24,X,a,1,10,,7", "1,2023-12-31,4", None),
        ("1,2024-03-24,X,a,1,10,,7", "1,2024-03-20,4 1,2024-04-01,6", Fraction(4, 10)),  # paid ahead counts
        ("1,2024-03-25,X,a,1,10,,7", "1,2024-03-26,4", None),
        ("1,2024-01-05,X,a,1,10,,0", "1,2024-01-05,10", None),
        ("1,2024-01-05,X,a,-1,-10,,7", "", None),
        ("1,2024-01-05,X,a,1,10,,7 2,2024-01-05,X,a,1,30,,7", "1,2024-01-06,99", Fraction(10, 40)),
    ],
)
def test_system_payments(make: Make, lines: str, payments: str, share: Fraction | None) -> None:
    assert metric(make(invoices=lines, payments=payments), "system_payments") == share


# 23-24: audits


def test_planogram_coverage_takes_the_latest_audit_in_the_period(make: Make) -> None:
    base = make(
        clients="X,T Y,T Z,T W,T,,0",
        audits="X,2024-01-01,1 X,2024-03-31,0 X,2024-04-01,1 Y,2024-02-01,1 Z,2023-12-31,1 W,2024-02-01,1",
    )
    assert metric(base, "planogram_coverage") == Fraction(1, 2)
    assert metric(base, "planogram_coverage", (date(2024, 5, 1), date(2024, 5, 31))) is None


def test_distribution_is_of_the_mml_of_the_channel(make: Make) -> None:
    base = make(
        clients="X,T,K Y,T,L Z,T W,T,K",
        mml="K,a K,b K,c",
        audits="X,2024-01-01,1 X,2024-02-01,1 Y,2024-02-01,1 Z,2024-02-01,1 W,2024-03-01,0",
        # The latest of X: a present, b absent, c not listed, d outside; Y and Z have no MML; W found nothing listed.
        audit_items="X,2024-01-01,c,1 X,2024-02-01,a,1 X,2024-02-01,b,0 X,2024-02-01,d,1 Y,2024-02-01,a,1",
    )
    assert metric(base, "distribution") == Fraction(1, 6)
    assert base.metrics("T", *Q1, "channel")[1]["L"]["distribution"] is None


# Groups


def test_groups_by_children_and_by_route(make: Make) -> None:
    base = make(clients="X,T Y,R1 Z,M1", route_costs="M1,2024-01,6 R1,2024-01,1", visits="Z,2024-01-01 Z,2024-01-02")
    _, children = base.metrics("T", *Q1, "children")
    assert {code: group["okb"] for code, group in children.items()} == {"R1": 2, "R2": 0}
    assert children["R1"]["visit_cost"] == Fraction(7, 2)
    _, routes = base.metrics("R1", *Q1, "route")
    assert {code: (group["okb"], group["visit_cost"]) for code, group in routes.items()} == {"M1": (1, 3)}
    assert list(base.metrics("M1", *Q1, "route")[1]) == ["M1"]


def test_groups_by_channel_have_no_costs(make: Make) -> None:
    base = make(
        clients="X,T,K Y,T Z,M1,K,0",
        route_costs="T,2024-01,6",
        visits="X,2024-01-01",
        invoices="1,2024-01-01,X,a,1,9",
    )
    whole, groups = base.metrics("T", *Q1, "channel")
    assert {code: group["okb"] for code, group in groups.items()} == {"K": 1, "": 1}
    assert (whole["visit_cost"], whole["order_cost"], whole["useful_income_share"]) == (6, 6, Fraction(1, 3))
    assert [groups["K"][key] for key in ("visit_cost", "order_cost", "useful_income_share")] == [None] * 3
    assert groups["K"]["order_margin"] == 9


def test_groups_by_category_are_as_ranked_on_the_last_day(make: Make) -> None:
    files = {
        "clients": "X,T Y,T Z,T W,T,,,,2024-03-31",
        "invoices": "1,2024-01-01,X,a,1,50 2,2024-03-05,Y,a,1,60 3,2024-01-01,W,a,1,5",
    }
    _, groups = make(**files).metrics("T", *Q1, "category")
    assert {code: group["orders"] for code, group in groups.items()} == {"A": 1, "B": 1, "": 1}
    # Before the period has ended, today's: Y has bought nothing yet; W is open still, c = 50 / 55.
    _, groups = make(today=date(2024, 2, 1), **files).metrics("T", *Q1, "category")
    assert {code: group["okb"] for code, group in groups.items()} == {"A": 1, "C": 1, "": 2}


def test_a_period_is_of_whole_months(make: Make) -> None:
    with pytest.raises(ValueError, match="whole"):
        make().metrics("T", date(2024, 1, 2), date(2024, 1, 31))


# The split


@pytest.mark.parametrize(
    ("day", "lines", "status"),
    [
        (date(2024, 5, 31), "1,2024-05-01,X,a,1,1", "active"),
        (date(2024, 5, 31), "1,2024-05-31,X,a,1,1", "active"),
        (date(2024, 5, 31), "1,2024-04-30,X,a,1,1", "lost"),
        (date(2024, 5, 31), "1,2024-06-01,X,a,1,1", "potential"),
        (date(2024, 5, 31), "1,2024-05-02,X,a,-1,-1", "potential"),
        (date(2024, 4, 30), "1,2024-03-31,X,a,1,1", "active"),  # 30 April - 1 month = 30 March
        (date(2024, 4, 30), "1,2024-03-30,X,a,1,1", "lost"),
        (date(2024, 5, 31), "1,2024-05-02,X,a,1,1 2,2024-05-03,X,a,-1,-9", "active"),  # an order is enough
        (date(2024, 5, 31), "", "potential"),
    ],
)
def test_split_by_orders(make: Make, day: date, lines: str, status: str) -> None:
    assert make(invoices=lines).split(day) == {"X": status}


def test_split_window_is_reporting_months_long(make: Make) -> None:
    base = make(rules="reporting_months,3", invoices="1,2024-03-01,X,a,1,1")
    assert (base.split(date(2024, 5, 31))["X"], base.split(date(2024, 6, 1))["X"]) == ("active", "lost")


@pytest.mark.parametrize(
    ("closed", "status"), [("2024-05-31", "closed"), ("2024-06-01", "active"), ("2020-01-01", "closed")]
)
def test_split_closed_on_or_before_the_day(make: Make, closed: str, status: str) -> None:
    base = make(clients=f"X,T,,,,{closed}", invoices="1,2024-05-20,X,a,1,1")
    assert base.split(date(2024, 5, 31)) == {"X": status}


@pytest.mark.parametrize(
    ("signed", "status"),
    [
        (["2024-04-30"], "lost"),
        (["2024-05-01"], "potential"),
        (["2020-01-01", "2024-05-31"], "potential"),
        (["2020-01-01", "2024-06-01"], "lost"),  # not signed yet
        (["2024-06-01"], "potential"),
        ([], "potential"),
    ],
)
def test_split_without_orders_by_the_latest_contract(make: Make, signed: list[str], status: str) -> None:
    base = make(
        columns={"clients": "code,territory_code,counterparty_code"},
        counterparties="P Q",
        contracts=" ".join(f"{number},P,{day}" for number, day in enumerate(signed)) + " q,Q,2001-01-01",
        clients="X,T,P",
    )
    assert base.split(date(2024, 5, 31)) == {"X": status}


def test_months_back_stop_at_the_end_of_a_short_month() -> None:
    assert minus_months(date(2024, 5, 31), 1) == date(2024, 4, 30)
    assert minus_months(date(2024, 3, 31), 1) == date(2024, 2, 29)
    assert minus_months(date(2024, 1, 15), 1) == date(2023, 12, 15)
    assert minus_months(date(2024, 2, 29), 12) == date(2023, 2, 28)


# The ranks


def letters(base: Base, place: int, day: date = date(2024, 12, 31)) -> dict[str, str]:
    return {code: ranks[place] for code, ranks in base.ranks(day).items()}


def sales(margins: dict[str, int | str], day: str = "2024-06-01") -> str:
    """An invoice a client with that margin."""
    return " ".join(
        f"{code},{day},{code},a,{-1 if Decimal(margin) < 0 else 1},{margin}" for code, margin in margins.items()
    )


def test_profit_rank_on_the_bounds(make: Make) -> None:
    margins: dict[str, int | str] = {"P": 50, "Q": 30, "R": 15, "S": 5, "U": 0, "V": -7}
    base = make(clients=" ".join(f"{code},T" for code in "PQRSUVW"), invoices=sales(margins))
    assert letters(base, 0) == {"P": "A", "Q": "B", "R": "C", "S": "D", "U": "E", "V": "E", "W": ""}


def test_profit_rank_of_ties_counts_the_strictly_greater_only(make: Make) -> None:
    base = make(clients="P,T Q,T R,T S,T", invoices=sales({"P": 40, "Q": 30, "R": 30, "S": 1}))
    assert letters(base, 0) == {"P": "A", "Q": "A", "R": "A", "S": "D"}


def test_profit_rank_is_within_the_channel_and_no_channel_is_one(make: Make) -> None:
    base = make(clients="P,T,K Q,T,L R,T S,T,K", invoices=sales({"P": 90, "Q": 1, "R": 2, "S": 10}))
    assert letters(base, 0) == {"P": "A", "Q": "A", "R": "A", "S": "C"}


def test_profit_rank_window_is_twelve_months(make: Make) -> None:
    base = make(
        clients="P,T Q,T R,T",
        invoices="1,2023-12-31,P,a,1,9 2,2024-01-01,Q,a,1,9 3,2025-01-01,R,a,1,9",
    )
    assert letters(base, 0) == {"P": "", "Q": "A", "R": ""}


def test_ranks_leave_out_the_closed_by_the_day_but_not_the_non_target(make: Make) -> None:
    base = make(
        clients="P,T,,,,2024-12-31 Q,T,,0,,2025-01-01 R,T,,,2030-01-01",
        invoices=sales({"P": 90, "Q": 10}),
    )
    assert letters(base, 0) == {"Q": "A", "R": ""}


def test_a_client_of_returns_only_has_a_profit_rank_but_no_rfm(make: Make) -> None:
    assert make(invoices=sales({"X": -5})).ranks(date(2024, 12, 31)) == {"X": ("E", "", "E", "", "", "")}


def test_potential_rank(make: Make) -> None:
    base = make(
        columns={"clients": "code,territory_code,channel_code,potential_monthly"},
        clients="P,T,,500 Q,T,,300 R,T,,150 S,T,,50 U,T,,0 V,T, W,T,K,1",
    )
    assert letters(base, 1) == {"P": "A", "Q": "B", "R": "C", "S": "D", "U": "E", "V": "", "W": "A"}
    assert letters(base, 2) == letters(base, 1)


@pytest.mark.parametrize(
    ("profit", "potential", "category"),
    [
        ("A", "A", "A"), ("A", "B", "A"), ("A", "C", "B"), ("A", "E", "B"), ("B", "A", "B"), ("E", "A", "D"),
        ("D", "E", "D"), ("E", "D", "E"), ("A", "", "A"), ("", "D", "D"), ("", "", ""),
    ],
)  # fmt: skip
def test_category(profit: str, potential: str, category: str) -> None:
    assert category_of(profit, potential) == category


def test_rfm_scores_by_percent_rank(make: Make) -> None:
    # Six clients: percent ranks 0, 0.2, ... 1 give 1, 2, 3, 4, 5 and, capped, 5.
    base = make(
        clients=" ".join(f"{code},T" for code in "PQRSUVW"),
        invoices=" ".join(f"{code},2024-06-0{n},{code},a,1,{n}0" for n, code in enumerate("PQRSUV", 1)),
    )
    assert letters(base, 3) == {"P": "1", "Q": "2", "R": "3", "S": "4", "U": "5", "V": "5", "W": ""}
    assert letters(base, 5) == letters(base, 3)
    assert set(letters(base, 4).values()) == {"1", ""}  # all tied on one order


def test_rfm_takes_orders_and_net_amounts_across_channels(make: Make) -> None:
    base = make(
        clients="P,T,K Q,T,L",
        # P: orders of 5 and 6 June, a return on the 9th, net 2; Q: an order on the 7th, net 3.
        invoices="1,2024-06-05,P,a,1,5 2,2024-06-05,P,b,1,5 3,2024-06-06,P,a,1,1 4,2024-06-09,P,a,-1,-9"
        " 5,2024-06-07,Q,a,1,3",
    )
    assert {code: ranks[3:] for code, ranks in base.ranks(date(2024, 12, 31)).items()} == {
        "P": ("1", "5", "1"),
        "Q": ("5", "1", "5"),
    }


def test_rfm_of_a_lone_client_is_the_lowest(make: Make) -> None:
    assert make(invoices=sales({"X": 5})).ranks(date(2024, 12, 31))["X"][3:] == ("1", "1", "1")


# Reading


def test_reading_refuses_what_is_not_clean(make: Make) -> None:
    for files in (
        {"clients": "X,T X,T"},
        {"clients": "X,NOWHERE"},
        {"invoices": "1,2024-01-01,X,nothing,1,1"},
        {"invoices": "1,2024-01-01,X,a,1,1 1,2024-01-02,X,a,1,1"},
        {"invoices": "1,2024-01-01,X,a,1,-1"},
        {"rules": "akb_min,1"},
    ):
        with pytest.raises(ValueError, match="not a clean data set"):
            make(**files)


def test_a_single_dash_is_an_empty_cell(make: Make) -> None:
    assert metric(make(clients="X,T,-,1,-,-"), "okb") == 1


# The random data sets


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return [datasets.write(tmp_path_factory.mktemp("set"), seed) for seed in range(3)]


def test_data_sets_are_the_same_for_the_same_seed(folders: list[Path], tmp_path: Path) -> None:
    again = datasets.write(tmp_path / "again", 0)
    files = {path.name: path.read_bytes() for path in folders[0].iterdir()}
    assert files == {path.name: path.read_bytes() for path in again.iterdir()}
    assert files.keys() == {f"{name}.csv" for name in datasets.COLUMNS}
    assert files["invoices.csv"] != (folders[1] / "invoices.csv").read_bytes()


def test_data_sets_read_the_same_from_gz(folders: list[Path], tmp_path: Path) -> None:
    assert Base.read(datasets.write(tmp_path / "gz", 0, gz=True)) == Base.read(folders[0])


def test_data_sets_hold_the_nasty_cases(folders: list[Path]) -> None:
    for folder in folders:
        base = Base.read(folder)
        clients = list(base.clients.values())
        with (folder / "invoices.csv").open(encoding="utf-8") as file:
            lines = list(csv.DictReader(file))
        assert any(client.territory in datasets.INNER for client in clients)
        assert any(not client.channel for client in clients)
        assert any(not client.counterparty for client in clients)
        assert any(not client.is_target for client in clients)
        assert any(client.closed and client.closed > datasets.FIRST for client in clients)
        assert any(client.opened and client.opened > datasets.FIRST for client in clients)
        assert any(client.closed and client.lines and client.lines[-1].day > client.closed for client in clients)
        assert any({line.quantity > 0 for line in client.lines_in(d, d)} == {False} for client in clients
                   for d in {line.day for line in client.lines})  # fmt: skip
        assert any(a.day == b.day for client in clients for a, b in pairwise(client.invoices))
        assert any(not line["cost"] for line in lines)
        assert any(Decimal(line["amount"]) == 0 for line in lines)
        assert any("." in line["quantity"] for line in lines)
        assert {line["payment_terms_days"] for line in lines} == {"", "0", "7", "14", "30"}


def test_data_sets_give_no_trivial_answers(folders: list[Path]) -> None:
    for folder in folders:
        base = Base.read(folder)
        found, _ = base.metrics("ROOT", date(2025, 1, 1), date(2025, 3, 31))
        assert None not in found.values()
        assert 0 not in found.values()
        assert (found["stable_akb"] or 0) < (found["akb"] or 0) < (found["okb"] or 0)
        assert (found["category_akb"] or 0) < (found["akb"] or 0)
        assert (found["effective_orders"] or 0) < (found["orders"] or 0)
        day = date(2025, 3, 31)
        assert set(base.split(day).values()) == {"active", "lost", "potential", "closed"}
        ranks = base.ranks(day)
        assert {rank[0] for rank in ranks.values()} == set("ABCDE") | {""}
        assert [ranks[f"STEP{number}"][:2] for number in range(1, 7)] == [(x, x) for x in "ABCDEE"]


def test_inn_check_digits() -> None:
    # The first two are real ones, Sberbank's and Gazprom's.
    def holds(inn: str, take: int) -> bool:
        weights = [3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8][-take:]
        return sum(w * int(d) for w, d in zip(weights, inn, strict=False)) % 11 % 10 == int(inn[take])

    assert holds("7707083893", 9)
    assert holds("7736050003", 9)
    random = Random(1)
    for _ in range(20):
        assert holds(datasets.valid_inn(random), 9)
        person = datasets.valid_inn(random, person=True)
        assert holds(person, 10)
        assert holds(person, 11)
