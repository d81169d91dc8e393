"""What a load does to the register, and what it turns away (spec/exchange.md, Files)."""

import csv
import io
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest
from django.db import connection, transaction
from django.db.models import Model
from django.utils import translation
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from accounts.models import User
from clients.models import Channel, Client, Contact, Contract, Counterparty
from config.exchange import loading
from config.exchange.files import File
from config.exchange.reading import fold, names
from kpi.exchange import FILES
from kpi.models import Rule
from sales.models import Invoice, Payment, Product
from territories.models import RouteCost, Territory
from tests import datasets
from tests.exchange.conftest import Rejected, rows
from tests.instance import ROOT, Instance, environment
from tests.reckoning import Base
from visits.models import Audit, AuditItem, Visit

Load = Callable[..., int]
Turned = Callable[[], list[Rejected]]

# Each file with one row, as the English names have it; loaded in this order they name only what is there.
SAMPLE = {
    "territories": {"code": "R", "name": "Маршрут", "parent_code": "", "kind": "route"},
    "staff": {"username": "ivan", "full_name": "Иван", "role": "rep", "territory_code": "R", "email": "i@example.com"},
    "channels": {"code": "K", "name": "Розница"},
    "products": {"sku": "a", "name": "Чай", "category": "чай", "in_focus": "0"},
    "mml": {"channel_code": "K", "sku": "a"},
    "rules": {"name": "akb_min_skus", "value": "2"},
    "counterparties": {"code": "P", "name": "ООО", "inn": "7707083893", "kpp": "770701001"},
    "contracts": {
        "number": "1", "counterparty_code": "P", "signed_on": "2024-01-01", "valid_until": "2025-01-01",
        "payment_terms_days": "14", "credit_limit": "1000.5",
    },
    "clients": {
        "code": "X", "name": "Магазин", "territory_code": "R", "channel_code": "K", "counterparty_code": "P",
        "address": "Тверь", "lat": "56.85", "lon": "35.9", "phone": "111", "email": "x@example.com", "is_target": "0",
        "opened_on": "2024-01-01", "closed_on": "2025-01-01", "potential_monthly": "100.5",
    },
    "contacts": {
        "client_code": "X", "full_name": "Анна", "position": "директор", "is_decision_maker": "1", "phone": "222",
        "email": "a@example.com", "birthday": "1980-02-29", "notes": "до 12",
    },
    "visits": {
        "client_code": "X", "planned_on": "2024-02-01", "done_at": "2024-02-01 10:30:00", "lat": "56.85", "lon": "35.9",
    },
    "invoices": {
        "invoice": "N", "date": "2024-02-01", "client_code": "X", "sku": "a", "quantity": "2", "amount": "10.5",
        "cost": "8", "payment_terms_days": "7",
    },
    "payments": {"invoice": "N", "paid_on": "2024-02-05", "amount": "10.5", "document": "ПП-1"},
    "audits": {"client_code": "X", "date": "2024-02-01", "planogram_full": "1"},
    "audit_items": {"client_code": "X", "date": "2024-02-01", "sku": "a", "present": "1"},
    "route_costs": {"territory_code": "R", "month": "2024-02", "salary": "1", "amortization": "2", "fuel": "3"},
}  # fmt: skip


def text_of(table: dict[str, str]) -> str:
    return ",".join(f'"{head}"' for head in table) + "\n" + ",".join(f'"{cell}"' for cell in table.values()) + "\n"


def dumped(file: File) -> list[dict[str, str]]:
    """What an instance would write into the file."""
    with connection.cursor() as cursor:
        out = io.BytesIO()
        with cursor.copy(f"COPY ({file.dump}) TO STDOUT (FORMAT csv, HEADER)") as copy:
            for block in copy:
                out.write(block)
    return list(csv.DictReader(io.StringIO(out.getvalue().decode())))


def everything() -> dict[str, list[dict[str, str]]]:
    return {file.name: dumped(file) for file in FILES if not file.extra}


def events() -> int:
    return int(str(rows("SELECT count(*) FROM history_event")[0][0]))


# --- columns -----------------------------------------------------------------------------------------------------


def test_the_files_are_those_of_the_table_in_its_order() -> None:
    of_the_table = [file for file in FILES if not file.extra]
    assert {file.name: ",".join(column.name for column in file.columns) for file in of_the_table} == datasets.COLUMNS
    assert [file.name for file in of_the_table] == list(datasets.COLUMNS)


@pytest.mark.parametrize("alias", range(max(len(column.russian) for file in FILES for column in file.columns) + 1))
def test_every_column_is_known_by_all_its_names(load: Load, capsys: pytest.CaptureFixture[str], alias: int) -> None:
    """0: the English names; from 1 on the Russian ones, the last one where a column has fewer."""
    texts = {}
    for file in (file for file in FILES if file.name in SAMPLE):
        heads = {column.name: [column.name, *column.russian] for column in file.columns}
        texts[file.name] = text_of(
            {heads[name][min(alias, len(heads[name]) - 1)]: cell for name, cell in SAMPLE[file.name].items()}
        )
    assert load(**texts) == 0
    assert "ignored" not in capsys.readouterr().err
    assert everything() == {name: [table] for name, table in SAMPLE.items()}


MODELS: dict[str, type[Model]] = {
    "territories": Territory, "staff": User, "channels": Channel, "products": Product, "rules": Rule,
    "counterparties": Counterparty, "contracts": Contract, "clients": Client, "contacts": Contact, "visits": Visit,
    "invoices": Invoice, "payments": Payment, "audits": Audit, "audit_items": AuditItem, "route_costs": RouteCost,
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_a_column_is_known_by_the_name_that_the_interface_shows(name: str) -> None:
    columns = {
        column.field.removesuffix("_id"): column for file in FILES if file.name == name for column in file.columns
    }
    unknown = {}
    with translation.override("ru"):
        for field in MODELS[name]._meta.fields:
            shown = str(field.verbose_name)
            is_russian = re.search("[а-я]", shown)
            if is_russian and field.name in columns and fold(shown) not in names(columns[field.name]):
                unknown[field.name] = shown
    assert unknown == {}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_name_stands_for_two_columns_of_a_file(file: File) -> None:
    seen = [name for column in file.columns for name in names(column)]
    assert len(seen) == len(set(seen))
    assert all(column.russian for column in file.columns)


@pytest.mark.parametrize("name", ["Код", "Наименование", "ИНН", "КПП"])
def test_the_names_of_1c_exports_are_known(name: str) -> None:
    counterparties = next(file for file in FILES if file.name == "counterparties")
    assert any(fold(name) in names(column) for column in counterparties.columns)


# --- empty, cleared, missing -------------------------------------------------------------------------------------


def client(column: str) -> object:
    return rows(f"SELECT {column} FROM clients_client WHERE code = 'X'")[0][0]


def test_a_missing_column_leaves_what_is_stored(load: Load, register: None) -> None:
    assert load(clients="code,name,territory_code\nX,New name,R1\n") == 0
    assert client("name") == "New name"
    assert (client("phone"), client("opened_on"), client("potential_monthly")) == (
        "111",
        date(2024, 1, 10),
        Decimal(100),
    )


def test_an_empty_cell_leaves_what_is_stored(load: Load, register: None) -> None:
    assert load(clients="code,name,territory_code,phone,channel_code,opened_on\nX,Shop X,R1,,,\n") == 0
    assert (client("phone"), client("opened_on")) == ("111", date(2024, 1, 10))
    assert client("channel_id") is not None


def test_a_single_dash_empties_a_cell(load: Load, register: None) -> None:
    assert load(clients="code,name,territory_code,phone,channel_code,opened_on\nX,Shop X,R1,-,-, - \n") == 0
    assert (client("phone"), client("channel_id"), client("opened_on")) == ("", None, None)
    assert client("potential_monthly") == Decimal(100)


def test_an_emptied_cell_has_its_default(load: Load, register: None) -> None:
    assert load(clients="code,name,territory_code,is_target\nX,Shop X,R1,0\n") == 0
    assert client("is_target") is False
    assert load(clients="code,name,territory_code,is_target\nX,Shop X,R1,-\n") == 0
    assert client("is_target") is True


def test_a_required_cell_can_be_neither_empty_nor_emptied(load: Load, register: None, rejected: Turned) -> None:
    assert load(clients="code,name,territory_code\nX,,R1\nX,-,R1\n,Z,R1\n") == 1
    assert [row.place for row in rejected()] == [(2, "name", ""), (3, "name", "-"), (4, "code", "")]
    assert client("name") == "Shop X"


def test_terms_of_an_invoice_are_kept_without_their_column_and_emptied_by_a_dash(load: Load, register: None) -> None:
    head, line = "invoice,date,client_code,sku,quantity,amount", "N,2024-02-01,X,a,1,10"

    def terms() -> object:
        return rows("SELECT payment_terms_days FROM sales_invoice")[0][0]

    load(invoices=f"{head},payment_terms_days\n{line},14\n")
    load(invoices=f"{head}\n{line}0\n")
    assert terms() == 14
    load(invoices=f"{head},payment_terms_days\n{line},\n")
    assert terms() == 14
    load(invoices=f"{head},payment_terms_days\n{line},-\n")
    assert terms() == 0


def test_staff_keep_their_place_and_mail_without_the_columns_and_lose_them_by_a_dash(
    load: Load, register: None
) -> None:
    head = "username,full_name,role"
    places = "SELECT count(*) FROM territories_territoryusergrant"
    load(staff=f"{head},territory_code,email\nann,Ann,rep,R1,a@b.ru\n")
    load(staff=f"{head}\nann,Ann B,rep\n")
    assert rows("SELECT full_name, email FROM accounts_user") == [("Ann B", "a@b.ru")]
    assert rows(places) == [(2,)]
    load(staff=f"{head},territory_code,email\nann,Ann B,rep,-,-\n")
    assert rows("SELECT email FROM accounts_user") == [("",)]
    assert rows(places) == [(0,)]


def test_a_territory_is_taken_out_of_its_parent_by_a_dash(load: Load, register: None) -> None:
    assert load(territories="code,name,parent_code,kind\nR1,Route 1,-,-\nR2,Route 2,,\n") == 0
    assert rows("SELECT code, parent_id IS NULL, kind FROM territories_territory WHERE code LIKE 'R%' ORDER BY 1") == [
        ("R1", True, ""),
        ("R2", False, "route"),
    ]


# --- again -------------------------------------------------------------------------------------------------------


def test_loading_the_same_folder_again_changes_nothing_not_even_the_history(load: Load, tmp_path: Path) -> None:
    folder = datasets.write(tmp_path / "folder", seed=5)
    assert load(folder) == 0
    before = everything(), events(), rows("SELECT count(*), max(id) FROM kpi_mark")
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO kpi_period (d0, d1, stale) VALUES ('2025-01-01', '2025-03-31', false)")
    assert load(folder) == 0
    assert (everything(), events(), rows("SELECT count(*), max(id) FROM kpi_mark")) == before
    assert rows("SELECT stale FROM kpi_period") == [(False,)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("staff", "username,full_name,role\nann,Ann,rep\nann,Anna,analyst\n"),
        ("rules", "name,value\nakb_min_skus,1\nakb_min_skus,2\n"),
        ("territories", "code,name\nR1,One\nR1,Two\n"),
        ("channels", "code,name\nK,One\nK,Two\n"),
        ("clients", "code,name,territory_code\nX,One,R1\nX,Two,R2\n"),
        ("payments", "invoice,paid_on,amount\nN,2024-02-01,1\nN,2024-02-01,2\n"),
    ],
)
def test_a_key_that_is_twice_in_a_file_changes_nothing_the_second_time(
    load: Load, register: None, name: str, text: str
) -> None:
    load(invoices="invoice,date,client_code,sku,quantity,amount\nN,2024-01-01,X,a,1,10\n")
    assert load(**{name: text}) == 0
    before = everything(), events()
    assert load(**{name: text}) == 0
    assert (everything(), events()) == before


@pytest.mark.parametrize(
    ("name", "text", "query", "last"),
    [
        ("channels", "code,name\nK,One\nM,Other\nK,Two\n", "SELECT name FROM clients_channel WHERE code = 'K'", "Two"),
        (
            "territories",
            "code,name\nR1,One\nR1,Two\n",
            "SELECT name FROM territories_territory WHERE code = 'R1'",
            "Two",
        ),
        (
            "staff",
            "username,full_name,role\nann,Ann,rep\nann,Anna,rep\n",
            "SELECT full_name FROM accounts_user",
            "Anna",
        ),
        ("rules", "name,value\nakb_min_skus,3\nakb_min_skus,2\n", "SELECT value FROM kpi_rule", Decimal(2)),
    ],
)
def test_of_rows_with_the_same_key_the_last_counts(
    load: Load, register: None, name: str, text: str, query: str, last: object
) -> None:
    assert load(**{name: text}) == 0
    assert rows(query) == [(last,)]


# --- rows turned away --------------------------------------------------------------------------------------------

INVOICE = "invoice,date,client_code,sku,quantity,amount,cost,payment_terms_days\n"
BAD_ROWS = [
    ("territories", "code,name,parent_code\nR3,Three,ZZ\n", (2, "parent_code", "ZZ"), "unknown: territory"),
    ("territories", "code,name,parent_code\nT,Company,R1\n", (2, "parent_code", "R1"), "below itself"),
    ("territories", "code,name,parent_code\nR3,Three,R3\n", (2, "parent_code", "R3"), "below itself"),
    ("territories", "code,name,kind\nR3,Three,planet\n", (2, "kind", "planet"), "not one of: company"),
    ("staff", "username,full_name,role,territory_code\na,A,rep,ZZ\n",
     (2, "territory_code", "ZZ"), "unknown: territory"),
    ("staff", "username,full_name,role\na,A,king\n", (2, "role", "king"), "not one of"),
    ("staff", "username,full_name,role,email\na,A,rep,nowhere\n", (2, "email", "nowhere"), "not an e-mail"),
    ("channels", f"code,name\n{'k' * 65},K\n", (2, "code", "k" * 65), "longer than 64"),
    ("products", "sku,name,category,in_focus\nd,D,tea,maybe\n", (2, "in_focus", "maybe"), "neither 1 nor 0"),
    ("mml", "channel_code,sku\nK,zz\n", (2, "sku", "zz"), "unknown: product"),
    ("mml", "channel_code,sku\nZZ,a\n", (2, "channel_code", "ZZ"), "unknown: sales channel"),
    ("rules", "name,value\nluck,1\n", (2, "name", "luck"), "not one of: reporting_months"),
    ("rules", "name,value\nakb_min_skus,1.5\n", (2, "value", "1.5"), "whole number"),
    ("rules", "name,value\nakb_min_amount,-1\n", (2, "value", "-1"), "must not be negative"),
    ("counterparties", "code,name,inn\nQ,Q,7707083894\n", (2, "inn", "7707083894"), "wrong check digit"),
    ("counterparties", "code,name,inn\nQ,Q,770708389\n", (2, "inn", "770708389"), "10 or 12 digits"),
    ("counterparties", "code,name,kpp\nQ,Q,1\n", (2, "kpp", "1"), "not a KPP"),
    ("contracts", "number,counterparty_code,signed_on\n1,ZZ,2024-01-01\n",
     (2, "counterparty_code", "ZZ"), "unknown: counterparty"),
    ("contracts", "number,counterparty_code,signed_on,valid_until\n1,P,2024-01-02,2024-01-01\n",
     (2, "valid_until", "2024-01-01"), "ends before"),
    ("contracts", "number,counterparty_code,signed_on,payment_terms_days\n1,P,2024-01-02,-1\n",
     (2, "payment_terms_days", "-1"), "must not be negative"),
    ("clients", "code,name,territory_code\nZ,Z,ZZ\n", (2, "territory_code", "ZZ"), "unknown: territory"),
    ("clients", "code,name,territory_code,channel_code\nZ,Z,R1,ZZ\n",
     (2, "channel_code", "ZZ"), "unknown: sales channel"),
    ("clients", "code,name,territory_code,counterparty_code\nZ,Z,R1,ZZ\n",
     (2, "counterparty_code", "ZZ"), "unknown: counterparty"),
    ("clients", "code,name,territory_code,opened_on,closed_on\nZ,Z,R1,2024-01-02,2024-01-01\n",
     (2, "closed_on", "2024-01-01"), "closed before opened"),
    ("clients", "code,name,territory_code,lat\nZ,Z,R1,91\n", (2, "lat", "91"), "not between -90 and 90"),
    ("clients", "code,name,territory_code,opened_on\nZ,Z,R1,2024-02-30\n",
     (2, "opened_on", "2024-02-30"), "no such day"),
    ("clients", "code,name,territory_code,opened_on\nZ,Z,R1,soon\n", (2, "opened_on", "soon"), "not a date"),
    ("clients", "code,name,territory_code,potential_monthly\nZ,Z,R1,much\n",
     (2, "potential_monthly", "much"), "not a number"),
    ("clients", "code,name,territory_code\nZ,Z\n", (2, "", ""), "2 cells instead of 3"),
    ("clients", "code,name,territory_code\nZ,Z,R1,more\n", (2, "", ""), "4 cells instead of 3"),
    ("contacts", "client_code,full_name\nZZ,A\n", (2, "client_code", "ZZ"), "unknown: client"),
    ("visits", "client_code,planned_on\nZZ,2024-01-01\n", (2, "client_code", "ZZ"), "unknown: client"),
    ("visits", "client_code,planned_on,done_at\nX,2024-01-01,noon\n", (2, "done_at", "noon"), "not a date and time"),
    ("invoices", INVOICE + "N,2024-02-01,ZZ,a,1,10,,\n", (2, "client_code", "ZZ"), "unknown: client"),
    ("invoices", INVOICE + "N,2024-02-01,X,zz,1,10,,\n", (2, "sku", "zz"), "unknown: product"),
    ("invoices", INVOICE + "N,2024-02-01,X,a,0,0,,\n", (2, "quantity", "0"), "must not be 0"),
    ("invoices", INVOICE + "N,2024-02-01,X,a,1,-10,,\n", (2, "amount", "-10"), "sign of the quantity"),
    ("invoices", INVOICE + "N,2024-02-01,X,a,-1,-10,8,\n", (2, "cost", "8"), "sign of the quantity"),
    ("invoices", INVOICE + "N,2024-02-01,X,a,1,10,,-5\n", (2, "payment_terms_days", "-5"), "must not be negative"),
    ("invoices", INVOICE + "N,2024-02-01,X,a,1,10,,\nN,2024-02-01,Y,a,1,10,,\n",
     (3, "client_code", "Y"), "differs from the first line"),
    ("invoices", INVOICE + "N,2024-02-01,X,a,1,10,,\nN,2024-02-02,X,a,1,10,,\n",
     (3, "date", "2024-02-02"), "differs from the first line"),
    ("invoices", INVOICE + "N,2024-02-01,X,a,1,10,,7\nN,2024-02-01,X,b,1,10,,\nN,2024-02-01,X,a,1,10,,8\n",
     (4, "payment_terms_days", "8"), "differs from the first line"),
    ("payments", "invoice,paid_on,amount\nZZ,2024-02-01,10\n", (2, "invoice", "ZZ"), "unknown: invoice"),
    ("audits", "client_code,date,planogram_full\nZZ,2024-02-01,1\n", (2, "client_code", "ZZ"), "unknown: client"),
    ("audit_items", "client_code,date,sku,present\nX,2024-02-01,a,1\n",
     (2, "date", "2024-02-01"), "no audit of this client"),
    ("audit_items", "client_code,date,sku,present\nX,2024-02-01,zz,1\n", (2, "sku", "zz"), "unknown: product"),
    ("route_costs", "territory_code,month\nR1,2024-13\n", (2, "month", "2024-13"), "not a month"),
    ("route_costs", "territory_code,month,fuel\nR1,2024-12,-1\n", (2, "fuel", "-1"), "must not be negative"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "place", "reason"), BAD_ROWS)
def test_a_row_that_cannot_be_taken_is_turned_away_with_its_reason(
    load: Load, register: None, rejected: Turned, tmp_path: Path, name: str, text: str, place: object, reason: str
) -> None:
    assert load(**{name: text}) == 1
    [row] = rejected()
    assert row.place == place
    assert reason in row.reason
    assert row.file == str(tmp_path / "exchange" / f"{name}.csv")


@pytest.mark.parametrize(("name", "text", "place", "reason"), [case for case in BAD_ROWS if case[0] != "territories"])
def test_the_row_is_turned_away_alone(
    load: Load, register: None, name: str, text: str, place: tuple[int, str, str], reason: str
) -> None:
    """The same file with good rows before and after: these load, with the same result as without the bad one."""
    sample = SAMPLE[name] | {"territory_code": "R1", "client_code": "X", "counterparty_code": "P", "channel_code": "K"}
    if name == "payments":
        load(invoices=INVOICE + "N,2024-02-01,X,a,1,10,,\n")
    if name == "audit_items":
        load(audits="client_code,date,planogram_full\nX,2024-02-03,1\n")
        sample["date"] = "2024-02-03"
    if name == "invoices":
        sample["invoice"] = "GOOD"
    head, *lines = text.splitlines()
    good = ",".join(sample[column] for column in head.split(","))
    own_key = good if name != "clients" else good.replace("X,", "W,", 1)
    bad = lines[place[0] - 2]
    others = [line for line in lines if line != bad]
    with transaction.atomic():
        assert load(**{name: "\n".join([head, own_key, *others, own_key, ""])}) == 0
        without = dumped(next(file for file in FILES if file.name == name))
        transaction.set_rollback(True)
    assert load(**{name: "\n".join([head, own_key, *others, bad, own_key, ""])}) == 1
    assert dumped(next(file for file in FILES if file.name == name)) == without


def test_closed_before_opened_is_told_against_the_stored_date_too(load: Load, register: None, rejected: Turned) -> None:
    assert load(clients="code,name,territory_code,closed_on\nX,Shop X,R1,2024-01-09\nY,Shop Y,R2,2024-01-09\n") == 1
    assert [row.place for row in rejected()] == [(2, "closed_on", "2024-01-09")]
    assert client("closed_on") is None


def test_lines_are_counted_over_blank_lines_and_line_breaks_in_quotes(
    load: Load, register: None, rejected: Turned
) -> None:
    text = 'code,name,territory_code\n\nA,"two\nlines",R1\nB,B,ZZ\n\n\nC,"three\r\nlong\nlines",ZZ\nD,D,\n'
    assert load(clients=text) == 1
    assert [(row.line, row.value) for row in rejected()] == [(5, "ZZ"), (8, "ZZ"), (11, "")]
    assert rows("SELECT name FROM clients_client WHERE code = 'A'") == [("two\nlines",)]


def test_lines_are_right_beyond_the_first_thousands(load: Load, register: None, rejected: Turned) -> None:
    lines = [f'K{n},"Name\n{n}",{"ZZ" if n % 4000 == 3999 else "R1"}' for n in range(12_000)]
    assert load(clients="code,name,territory_code\n" + "\n".join(lines) + "\n") == 1
    assert [row.line for row in rejected()] == [2 + 2 * n for n in (3999, 7999, 11_999)]


def test_a_circle_of_new_territories_is_turned_away_and_the_rest_of_the_tree_stands(
    load: Load, register: None, rejected: Turned
) -> None:
    assert load(territories="code,name,parent_code\nA,A,B\nB,B,C\nC,C,A\nD,D,T\n") == 1
    assert {row.line for row in rejected()} <= {2, 3, 4}
    assert rows("SELECT count(*) FROM territories_territory WHERE code = 'D'") == [(1,)]


def test_what_hangs_on_a_territory_turned_away_is_turned_away(load: Load, register: None, rejected: Turned) -> None:
    assert load(territories="code,name,parent_code\nA,A,B\nB,B,ZZ\n") == 1
    assert [(row.line, row.value) for row in rejected()] == [(2, "B"), (3, "ZZ")]


def test_a_parent_may_stand_below_its_children(load: Load) -> None:
    assert load(territories="code,name,parent_code\nA,A,B\nB,B,C\nC,C,\n") == 0
    assert rows("SELECT count(*) FROM territories_territorypath") == [(6,)]


# --- invoices and payments ---------------------------------------------------------------------------------------


def lines_of(invoice: str) -> list[tuple[object, ...]]:
    return rows(
        "SELECT p.sku, l.quantity::int FROM sales_line l JOIN sales_invoice i ON i.id = l.invoice_id"
        f" JOIN sales_product p ON p.id = l.product_id WHERE i.number = '{invoice}' ORDER BY l.number"
    )


def test_the_lines_of_an_invoice_replace_all_its_stored_ones_and_no_others(load: Load, register: None) -> None:
    load(invoices=INVOICE + "N,2024-02-01,X,a,1,10,,\nN,2024-02-01,X,b,2,10,,\nM,2024-02-01,X,a,5,10,,\n")
    load(invoices=INVOICE + "N,2024-02-03,Y,c,3,30,20,7\n")
    assert lines_of("N") == [("c", 3)]
    assert lines_of("M") == [("a", 5)]
    assert rows(
        "SELECT i.date, c.code, i.payment_terms_days, i.total, i.margin, l.date, l.client_id = i.client_id"
        " FROM sales_invoice i"
        " JOIN clients_client c ON c.id = i.client_id JOIN sales_line l ON l.invoice_id = i.id WHERE i.number = 'N'"
    ) == [(date(2024, 2, 3), "Y", 7, Decimal(30), Decimal(10), date(2024, 2, 3), True)]


def test_an_invoice_that_says_the_same_is_not_written(load: Load, register: None) -> None:
    text = INVOICE + "N,2024-02-01,X,a,1,10,8,7\nN,2024-02-01,X,b,2,10,,7\nM,2024-02-01,X,a,5,10,,\n"
    load(invoices=text)
    before = (
        rows("SELECT id, xmin::text FROM sales_invoice ORDER BY id"),
        rows("SELECT ctid::text FROM sales_line ORDER BY 1"),
    )
    swapped = INVOICE + "M,2024-02-01,X,a,5.0,10.00,,0\nN,01.02.2024,X,b,2,10,,\nN,2024-02-01,X,a,1,10,8.00,7\n"
    assert load(invoices=swapped) == 0
    assert (
        rows("SELECT id, xmin::text FROM sales_invoice ORDER BY id"),
        rows("SELECT ctid::text FROM sales_line ORDER BY 1"),
    ) == before


def test_equal_lines_of_an_invoice_are_kept_apart(load: Load, register: None) -> None:
    load(invoices=INVOICE + "N,2024-02-01,X,a,1,10,,\nN,2024-02-01,X,a,1,10,,\n")
    assert lines_of("N") == [("a", 1), ("a", 1)]
    load(invoices=INVOICE + "N,2024-02-01,X,a,1,10,,\n")
    assert lines_of("N") == [("a", 1)]


def test_an_invoice_with_a_line_turned_away_has_its_other_lines(load: Load, register: None) -> None:
    load(invoices=INVOICE + "N,2024-02-01,X,a,1,10,,\n")
    assert load(invoices=INVOICE + "N,2024-02-01,X,b,2,20,,\nN,2024-02-01,X,zz,1,10,,\n") == 1
    assert lines_of("N") == [("b", 2)]
    assert rows("SELECT total FROM sales_invoice") == [(Decimal(20),)]


def test_payments_of_one_key_in_a_file_add_up_and_replace_the_stored_sum(load: Load, register: None) -> None:
    load(invoices=INVOICE + "N,2024-02-01,X,a,1,10,,7\n")
    head, amounts = "invoice,paid_on,amount,document\n", "SELECT document, amount FROM sales_payment ORDER BY 1"
    load(payments=head + "N,2024-02-02,1.5,D\nN,2024-02-02,2,\nN,2024-02-02,2.5,D\nN,2024-02-02,3,-\n")
    assert rows(amounts) == [("", Decimal(5)), ("D", Decimal(4))]
    load(payments=head + "N,2024-02-02,1,D\nN,2024-02-03,7,D\n")
    assert rows(amounts) == [("", Decimal(5)), ("D", Decimal(1)), ("D", Decimal(7))]


def test_payments_without_the_column_of_documents_add_up_by_day(load: Load, register: None) -> None:
    load(invoices=INVOICE + "N,2024-02-01,X,a,1,10,,7\n")
    load(payments="invoice,paid_on,amount\nN,2024-02-02,1\nN,2024-02-02,2\nN,2024-02-03,4\n")
    assert rows("SELECT paid_on, document, amount FROM sales_payment ORDER BY 1") == [
        (date(2024, 2, 2), "", Decimal(3)),
        (date(2024, 2, 3), "", Decimal(4)),
    ]


# --- the command -------------------------------------------------------------------------------------------------


def test_files_are_taken_in_the_order_of_the_table(
    load: Load, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in reversed(SAMPLE):
        (folder / f"{name}.csv").write_text(text_of(SAMPLE[name]))
    assert load(*sorted(folder.iterdir(), reverse=True)) == 0
    taken = re.findall(
        r"^(\w+)\.csv: taken 1, changed 1, unchanged 0, rejected 0, \d+\.\d seconds$", capsys.readouterr().out, re.M
    )
    assert taken == list(SAMPLE)


def test_the_line_of_a_file_counts_its_rows(load: Load, register: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert load(channels="code,name\nK,Shops\nL,New\nM,More\nN,\n") == 1
    assert "channels.csv: taken 3, changed 2, unchanged 1, rejected 1, " in capsys.readouterr().out


def test_a_path_that_is_not_there_or_says_nothing_gives_2_and_the_others_load(
    load: Load, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, unknown, empty = tmp_path / "Channels.CSV", tmp_path / "prices.csv", tmp_path / "empty"
    good.write_text("code,name\nK,Shops\n")
    unknown.write_text("code,name\nL,Chains\n")
    empty.mkdir()
    for wrong in (tmp_path / "nowhere", unknown, empty, tmp_path / "clients.csv"):
        assert load(wrong) == 2, wrong
        assert str(wrong) in capsys.readouterr().err
    assert load(good, unknown) == 2
    assert rows("SELECT code FROM clients_channel") == [("K",)]


def test_an_unreadable_file_outweighs_rows_turned_away_and_the_other_files_load(load: Load, tmp_path: Path) -> None:
    for name, content in (
        ("channels", b"code,name\nK,Shops\nL,\n"),
        ("products", b""),
        ("rules", b"name,value\nakb_min_skus,2\n"),
    ):
        (tmp_path / f"{name}.csv").write_bytes(content)
    assert load(tmp_path / "channels.csv", tmp_path / "products.csv", tmp_path / "rules.csv") == 2
    assert rows("SELECT code FROM clients_channel") == [("K",)]
    assert rows("SELECT name FROM kpi_rule") == [("akb_min_skus",)]


def test_a_file_that_breaks_off_loads_nothing_of_what_came_before(load: Load, register: None) -> None:
    def broken(*_: object) -> None:
        raise KeyboardInterrupt

    [(file, path)] = [(file, Path("channels.csv")) for file in FILES if file.name == "channels"]
    stopped = file._replace(take=lambda cursor, columns: (file.take(cursor, columns), broken())[0])
    path = Path(os.environ["CRM_DATA_DIR"]) / "channels.csv"
    path.write_text("code,name\nM,More\n")
    from kpi.management.commands.load import _session

    with pytest.raises(KeyboardInterrupt):
        list(loading.load([(stopped, path)], session=_session, rejected=io.StringIO()))
    assert rows("SELECT code FROM clients_channel ORDER BY 1") == [("K",), ("L",)]


def test_a_load_is_in_the_history_with_its_way_and_one_reference(load: Load, register: None) -> None:
    before = events()
    load(channels="code,name\nM,More\n", clients="code,name,territory_code\nX,Shop X,R2\n")
    found = rows(f'SELECT "table", operation, way, actor_id, reference FROM history_event ORDER BY id OFFSET {before}')
    assert [event[:4] for event in found] == [
        ("clients_channel", "I", "load", None),
        ("clients_client", "U", "load", None),
    ]
    assert len({event[4] for event in found}) == 1
    assert found[0][4]


# --- both ways of reading give the same --------------------------------------------------------------------------

texts = st.text(st.characters(exclude_categories=["Cs"], max_codepoint=0x3100), max_size=8)
spaced = st.builds(
    "".join,
    st.lists(
        st.sampled_from(
            ["a", "Я", " ", "\t", "\n", "\r", "\u00a0", "\u2003", "\x1c", "\x85", "\u3000", "-", '"', ",", ";"]
        ),
        max_size=5,
    ),
)
cells = {
    "sku": st.sampled_from(["a", "b", "c", "Д-1", "", "-", " a", "zz"]) | spaced,
    "name": texts | spaced | st.sampled_from(["Чай", "-", "", "сок 1 л", "Р"]),
    "category": st.sampled_from(["чай", "кофе", "", "-"]),
    "in_focus": st.sampled_from(["", "1", "0", "да", "-", "x", "1.0"]),
    "invoice": st.sampled_from(["N", "M", "zz"]),
    "paid_on": st.sampled_from(["2024-02-01", "01.02.2024", "2024-02-30", "0000-01-01", "9999-12-31", "", "-"]),
    "amount": st.sampled_from(["1", "1.50", "1,5", "1 000", "-2", "x", "", "1e3", "9" * 18 + ".99", "+1", "007"]),
    "document": st.sampled_from(["", "-", "D", " D "]) | spaced,
}  # fmt: skip
tables = st.sampled_from(
    [("products", "sku,name,category,in_focus"), ("payments", "invoice,paid_on,amount,document")]
).flatmap(
    lambda file: st.tuples(
        st.just(file), st.lists(st.tuples(*(cells[column] for column in file[1].split(","))), min_size=1, max_size=6)
    )
)


@pytest.fixture
def two_invoices(load: Load, register: None) -> None:
    assert load(invoices=INVOICE + "N,2024-02-01,X,a,1,10,,\nM,2024-02-01,X,a,1,10,,\n") == 0


def quoted(cell: str, always: bool) -> str:
    return '"' + cell.replace('"', '""') + '"' if always or set(cell) & set('",;\t\r\n') else cell


@given(tables)
@settings(
    max_examples=60,
    phases=[Phase.generate, Phase.shrink],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_the_fast_lane_and_the_careful_way_agree(
    load: Load,
    rejected: Turned,
    tmp_path: Path,
    two_invoices: None,
    table: tuple[tuple[str, str], list[tuple[str, ...]]],
) -> None:
    (name, header), body = table
    file = next(file for file in FILES if file.name == name)
    results = []
    path = tmp_path / f"{name}.csv"
    for all_quoted, end, after in ((False, "\n", "\n"), (True, "\n", "\n"), (False, "\r\n", "")):
        lines = [",".join(quoted(cell, all_quoted) for cell in row) for row in [header.split(","), *body]]
        path.write_bytes((end.join(lines) + after).encode())
        with transaction.atomic():
            assert load(path) in (0, 1)
            results.append((dumped(file), [row[1:] for row in rejected()]))
            transaction.set_rollback(True)
    assert results[0] == results[1]
    assert results[0] == results[2]


# --- out and in again --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def instances(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Instance, Instance]]:
    with Instance(tmp_path_factory.mktemp("one")) as one, Instance(tmp_path_factory.mktemp("two")) as two:
        yield one, two


@pytest.mark.slow
def test_a_dump_loaded_into_an_empty_instance_gives_the_same_register_and_kpis(
    instances: tuple[Instance, Instance], tmp_path: Path
) -> None:
    source = datasets.write(tmp_path / "source", seed=11)
    first, second = tmp_path / "first", tmp_path / "second"
    instances[0].load(source)
    assert instances[0].manage("dump", first).returncode == 0
    assert {path.stem for path in first.iterdir()} == set(datasets.COLUMNS)  # nobody is merged
    instances[1].load(first)
    assert instances[1].manage("dump", second).returncode == 0
    for name in datasets.COLUMNS:
        assert (first / f"{name}.csv").read_bytes() == (second / f"{name}.csv").read_bytes(), name
    ask = ("kpi", "--territory", "ROOT", "--from", "2025-04", "--to", "2025-06", "--by", "route", "--format", "json")
    answers = [instance.manage(*ask).stdout for instance in instances]
    assert '"okb": ' in answers[0]
    assert answers[0] == answers[1]
    # Held against the source as well: nothing was lost on the way in.
    today = date(2030, 1, 1)
    periods = [(date(2025, 4, 1), date(2025, 6, 30)), (date(2024, 1, 1), date(2024, 12, 31))]
    told, dumped_base = Base.read(source, today), Base.read(first, today)
    for period in periods:
        assert told.metrics("ROOT", *period, by="channel") == dumped_base.metrics("ROOT", *period, by="channel")
    assert told.split(date(2025, 6, 30)) == dumped_base.split(date(2025, 6, 30))
    assert told.ranks(date(2025, 6, 30)) == dumped_base.ranks(date(2025, 6, 30))


# --- memory ------------------------------------------------------------------------------------------------------


def peak_of_load(instance: Instance, path: Path) -> float:
    """Mebibytes resident at the most while the command ran."""
    with subprocess.Popen(
        [sys.executable, ROOT / "manage.py", "load", path], env=environment(instance.data_dir), cwd=instance.data_dir,
        stdout=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        _pid, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss / 1024


@pytest.mark.slow
@pytest.mark.parametrize("quote", ["", '"'], ids=["fast lane", "careful way"])
def test_memory_does_not_grow_with_a_csv_file(instances: tuple[Instance, Instance], tmp_path: Path, quote: str) -> None:
    random = Random(1)
    instances[1].load(datasets.write(tmp_path / "base", seed=11))
    peaks = []
    for lines in (20_000, 200_000):
        path = tmp_path / "invoices.csv"
        with path.open("w") as out:
            out.write(INVOICE)
            out.writelines(
                f"{quote}{lines}-{n // 5}{quote},2025-01-0{1 + n // 5 % 9},EXACT,{n % 24 + 1:04},"
                f"{random.randint(1, 99)},{random.randint(1, 10**6) / 100},,\n"
                for n in range(lines)
            )
        peaks.append(peak_of_load(instances[1], path))
    assert peaks[1] - peaks[0] < 30, peaks


def test_rows_with_one_key_come_one_after_another(load: Load) -> None:
    territory = "code,name\nT,T\n"
    clients = "code,name,territory_code,phone,address,opened_on\nx,A,T,111,,2024-05-01\nx,B,T,,Street,\nx,C,T,-,,\n"
    assert load(territories=territory, clients=clients) == 0
    stored = rows("SELECT name, phone, address, opened_on::text FROM clients_client")
    assert stored == [("C", "", "Street", "2024-05-01")]
    before = rows("SELECT count(*) FROM history_event")
    assert load(territories=territory, clients=clients) == 0
    assert rows("SELECT count(*) FROM history_event") == before


def test_a_row_is_held_against_what_an_earlier_row_of_its_key_says(load: Load) -> None:
    clients = "code,name,territory_code,opened_on,closed_on\nx,A,T,2024-05-01,\nx,A,T,,2024-04-01\n"
    assert load(territories="code,name\nT,T\n", clients=clients) == 1
    assert rows("SELECT opened_on::text, closed_on FROM clients_client") == [("2024-05-01", None)]
