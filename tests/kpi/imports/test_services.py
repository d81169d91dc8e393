"""The import wizard: what a load would do, what it does, what is turned away and comes back."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import translation
from python_calamine import CalamineWorkbook
from rustpy_xlsxwriter import write_worksheet

from accounts.jobs.models import Job, State
from accounts.jobs.services import job_run
from accounts.models import HistoryEvent, User, Way
from clients.models import Client, Counterparty
from config.exchange import guessing, loading
from config.exchange.preview import preview
from kpi.exchange import FILES
from kpi.imports import services
from kpi.imports.models import Import, Source
from tests import datasets, make
from tests.kpi.imports.conftest import done, rows_of_errors, upload

pytestmark = pytest.mark.django_db
Run = Callable[..., Import]
CLIENTS = "Код;Наименование;Маршрут;Телефон\n"


def counts(job: Job | None) -> tuple[int, ...]:
    assert job is not None
    assert job.state == State.DONE, job.error
    return tuple(job.result[name] for name in ("new", "changed", "unchanged", "rejected"))


def test_a_dry_run_tells_what_a_load_then_does(loaded: Run, checked: Run, route: Any) -> None:
    make.client(route, code="A", name="Old name", phone="111")
    make.client(route, code="B", name="Same", phone="")
    text = CLIENTS + "A;New name;R1;111\nB;Same;R1;\nC;Made;R1;333\nD;Lost;R9;\n"
    looked = checked("clients.csv", text)
    assert counts(looked.check_job) == (1, 1, 1, 1)
    assert looked.check_job is not None
    assert looked.check_job.result["changed_examples"] == [
        {"line": 2, "key": "A", "values": [["name", "Old name", "New name"]]}
    ]
    assert [one["key"] for one in looked.check_job.result["new_examples"]] == ["C"]
    [reason] = looked.check_job.result["reasons"]
    assert (reason["reason"], reason["value"], reason["line"]) == ("unknown: territory", "R9", "5")
    assert Client.objects.count() == 2
    assert not HistoryEvent.objects.filter(way=Way.LOAD).exists()
    assert counts(loaded("clients.csv", text).load_job) == (1, 1, 1, 1)
    assert dict(Client.objects.values_list("code", "name")) == {"A": "New name", "B": "Same", "C": "Made"}


def test_the_history_says_who_loaded_and_by_which_file(loaded: Run, route: Any, admin: User) -> None:
    made = loaded("clients.csv", CLIENTS + "A;Shop;R1;\n")
    event = HistoryEvent.objects.get(table="clients_client", operation="I")
    assert (event.actor, event.way, event.reference) == (admin, Way.LOAD, f"load:{made.reference}")


def test_a_load_is_done_once(loaded: Run, route: Any, admin: User) -> None:
    made = loaded("clients.csv", CLIENTS + "A;Shop;R1;\n")
    with pytest.raises(ValidationError):
        services.import_load(imported=made, user=admin)
    assert made.load_job is not None
    assert not job_run(made.load_job.pk)


def test_what_is_turned_away_comes_as_a_file_that_loads_when_corrected(loaded: Run, checked: Run, route: Any) -> None:
    text = CLIENTS + "A;=Shop;R9;+7 912 000-00-00\nB;Fine;R1;\nC;@Other;R1;1\nD;;R1;\n"
    first = loaded("clients.csv", text)
    assert counts(first.load_job) == (2, 0, 0, 2)
    head, *rows = rows_of_errors(first)
    assert head == ["Код", "Наименование", "Маршрут", "Телефон", "Reason it was turned away"]
    assert rows == [
        ["A", "'=Shop", "R9", "+7 912 000-00-00", "territory_code: unknown: territory"],
        ["D", "", "R1", "", "name: must not be empty"],
    ]
    corrected = first.errors.read_text(encoding="utf-8-sig").replace("R9", "R1").replace("D;;", "D;Named;")
    second = checked("clients-errors.csv", corrected)
    assert second.source == first.source, "the reasons are no heading of the source"
    assert counts(second.check_job) == (2, 0, 0, 0)
    third = loaded("clients-errors.csv", corrected)
    assert counts(third.load_job) == (2, 0, 0, 0)
    assert not third.errors.exists()
    assert Client.objects.get(code="A").name == "=Shop"
    assert Client.objects.get(code="A").phone == "+7 912 000-00-00"


def test_the_reasons_are_in_the_language_of_the_person(checked: Run, route: Any) -> None:
    with translation.override("ru"):
        made = checked("clients.csv", CLIENTS + "A;Магазин;R9;\n")
    head, row = rows_of_errors(made)
    assert (head[-1], row[-1]) == ("Причина отказа", "Код территории: неизвестно: территория")


def test_errors_of_a_workbook_come_as_a_workbook(checked: Run, route: Any, tmp_path: Path) -> None:
    rows = [
        {"Код": "007", "Наименование": "Shop", "Маршрут": "R9"},
        {"Код": "008", "Наименование": "Fine", "Маршрут": "R1"},
    ]
    write_worksheet(rows, str(tmp_path / "in.xlsx"))
    made = checked("clients.xlsx", (tmp_path / "in.xlsx").read_bytes())
    assert counts(made.check_job) == (1, 0, 0, 1)
    sheet = CalamineWorkbook.from_path(made.errors).get_sheet_by_index(0).to_python()
    assert sheet[1][:3] == ["007", "Shop", "R9"]


def test_windows_1251_is_read_like_a_load_reads_it(loaded: Run, route: Any) -> None:
    made = loaded("Клиенты.csv", (CLIENTS + "A;Ромашка;R1;\n").encode("cp1251"))
    assert (made.kind, Client.objects.get(code="A").name) == ("clients", "Ромашка")


def test_a_source_is_known_again_by_its_headings(checked: Run, admin: User, route: Any) -> None:
    text = "Шифр;Как звать;Где\nA;Shop;R1\n"
    mapping = {"Шифр": "code", "Как звать": "name", "Где": "territory_code"}
    first = checked("выгрузка 1.csv", text, kind="clients", mapping=mapping, source="1C")
    assert counts(first.check_job) == (1, 0, 0, 0)
    again = services.import_create(owner=admin, upload=upload("zzz.csv", "Где;Шифр;Как звать\nR1;B;Shop\n"))
    assert (again.kind, again.mapping, str(again.source)) == ("clients", mapping, "1C")
    other = services.import_create(owner=admin, upload=upload("zzz.csv", "code,name\nA,B\n"))
    with pytest.raises(ValidationError, match="other headings"):
        services.import_settle(imported=other, user=admin, kind=other.kind, mapping=other.mapping, source="1C")
    assert Source.objects.count() == 1


@pytest.mark.parametrize(
    ("mapping", "message"),
    [({"a": "code", "b": "code", "c": "name"}, "Chosen twice"), ({"a": "code"}, "No column is chosen for: name")],
)
def test_a_mapping_must_give_every_required_column_once(admin: User, mapping: dict[str, str], message: str) -> None:
    made = services.import_create(owner=admin, upload=upload("x.csv", "a,b,c\n1,2,3\n"))
    with pytest.raises(ValidationError, match=message):
        services.import_settle(imported=made, user=admin, kind="channels", mapping=mapping, source="")


def test_a_column_that_is_not_chosen_is_not_loaded_though_a_load_knows_its_heading(loaded: Run, route: Any) -> None:
    mapping = {"Код": "code", "Наименование": "name", "Маршрут": "territory_code", "Телефон": ""}
    loaded("clients.csv", CLIENTS + "A;Shop;R1;111\n", kind="clients", mapping=mapping)
    assert Client.objects.get(code="A").phone == ""


def test_an_unreadable_file_is_refused_and_nothing_of_it_kept(admin: User, settings: Any) -> None:
    with pytest.raises(ValidationError, match="UTF-16"):
        services.import_create(owner=admin, upload=upload("clients.csv", CLIENTS.encode("utf-16")))
    assert list(Path(settings.FILES_DIR).iterdir()) == []
    assert not Import.objects.exists()


def test_a_file_that_is_gone_is_asked_for_again(checked: Run, admin: User, route: Any) -> None:
    made = checked("clients.csv", CLIENTS + "A;Shop;R1;\n")
    shutil.rmtree(made.path.parent)
    assert not made.can_load
    with pytest.raises(ValidationError):
        services.import_load(imported=made, user=admin)


@pytest.mark.parametrize("number", [1, 2])
def test_a_dry_run_of_any_file_tells_what_its_load_does(number: int, load: Any, tmp_path: Path, admin: User) -> None:
    """Every kind of file, loaded onto a part of itself."""
    folder = datasets.write(tmp_path / "set", number)
    half = tmp_path / "half"
    half.mkdir()
    for file in FILES:
        if (whole := folder / f"{file.name}.csv").exists():
            lines = whole.read_text(encoding="utf-8").splitlines(keepends=True)
            (half / whole.name).write_text("".join(lines[: 1 + len(lines) // 2]), encoding="utf-8")
    load(half)
    session = services._session(Import(), Job(owner=admin))
    for file in FILES:
        if not (path := folder / f"{file.name}.csv").exists():
            continue
        before = _stored(file)
        ways = {"session": session, "reference": "x", "progress": lambda part: None}
        rejected: list[Any] = []
        told = preview(file, path, writer=_Rows(rejected), **ways)
        assert _stored(file) == before, "a dry run changes nothing"
        report = loading.load_file(file, path, writer=_Rows([]), **ways)
        assert told.report._replace(seconds=0) == report._replace(seconds=0), file.name
        assert len(rejected) == report.rejected
        stored_new = [one for one in told.new if one.key]
        assert bool(stored_new) == bool(report.new), file.name
        if report.changed > report.new and file.name != "mml":
            assert told.changed, file.name


class _Rows:
    """A CSV writer that keeps its rows."""

    def __init__(self, kept: list[Any]) -> None:
        self.kept = kept

    def writerow(self, row: Any) -> None:
        self.kept.append(row)

    def writerows(self, rows: Any) -> None:
        self.kept += rows


def _stored(file: guessing.File) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(file.dump)
        return cursor.fetchall()


def test_a_changed_invoice_is_shown_by_its_sums(checked: Run, load: Any, route: Any) -> None:
    make.client(route, code="C")
    load(products="sku,name,category\na,Tea,tea\n")
    text = "invoice,date,client_code,sku,quantity,amount\nN1,2026-01-05,C,a,1,{}\nN2,2026-01-05,C,a,1,7\n"
    load(invoices=text.format(10))
    made = checked("invoices.csv", text.format(12) + "N3,2026-01-06,C,a,2,20\n")
    assert counts(made.check_job) == (1, 1, 1, 0)
    assert made.check_job is not None
    assert made.check_job.result["changed_examples"] == [{"line": 2, "key": "N1", "values": [["amount", "10", "12"]]}]


def test_a_clearing_dash_is_a_change(checked: Run, route: Any) -> None:
    Counterparty.objects.none()
    make.client(route, code="A", name="Shop", phone="111")
    made = checked("clients.csv", CLIENTS + "A;Shop;R1;-\n")
    assert made.check_job is not None
    assert made.check_job.result["changed_examples"][0]["values"] == [["phone", "111", ""]]


def test_a_cancelled_load_leaves_nothing(checked: Run, admin: User, route: Any) -> None:
    made = services.import_load(imported=checked("clients.csv", CLIENTS + "A;Shop;R1;\n"), user=admin)
    Job.objects.filter(pk=made.load_job_id).update(cancel_asked=True)
    assert done(made.load_job).state == State.CANCELLED
    assert not Client.objects.exists()
    assert Import.objects.get(pk=made.pk).can_load
