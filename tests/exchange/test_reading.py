"""A file as bytes becomes rows: wrapping, encoding, separator, header, cells (spec/exchange.md, Files)."""

import codecs
import csv
import gzip
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from config.exchange import columns, staging
from config.exchange.columns import Bad, Kind
from tests.exchange.conftest import Rejected, rows

CHANNELS = "code,name\nR,Розница\nC,Сети\n"
Load = Callable[..., int]


def channels() -> list[tuple[object, ...]]:
    return rows("SELECT code, name FROM clients_channel ORDER BY code")


@pytest.fixture
def load_bytes(load: Load, tmp_path: Path) -> Callable[[bytes, str], int]:
    def run(content: bytes, name: str = "channels.csv") -> int:
        path = tmp_path / name
        path.write_bytes(content)
        return load(path)

    return run


LoadBytes = Callable[..., int]

# --- encodings ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251"])
@pytest.mark.parametrize("header", ["code,name", "Код,Наименование"])
def test_encoding_is_told_by_content(load_bytes: LoadBytes, encoding: str, header: str) -> None:
    assert load_bytes(CHANNELS.replace("code,name", header).encode(encoding)) == 0
    assert channels() == [("C", "Сети"), ("R", "Розница")]


def test_windows_1251_is_recognised_however_late_its_first_letter_comes(load_bytes: LoadBytes) -> None:
    plain = "".join(f"{number:06},{'x' * 40}\n" for number in range(60_000))  # more than one block of the reader
    assert load_bytes(f"code,name\n{plain}Я,Ёлка\n".encode("cp1251")) == 0
    assert rows("SELECT name FROM clients_channel WHERE code = 'Я'") == [("Ёлка",)]
    assert rows("SELECT count(*) FROM clients_channel") == [(60_001,)]


def test_a_row_with_a_byte_that_is_no_letter_is_turned_away_alone(load_bytes: LoadBytes) -> None:
    assert load_bytes(b"code,name\nR,\x98\xff\nS,shop\n") == 1  # 0x98 is no letter of Windows-1251
    assert channels() == [("S", "shop")]


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_utf_8_with_a_broken_byte_is_not_taken_for_windows_1251(load_bytes: LoadBytes, bom: bytes) -> None:
    assert load_bytes(bom + "code,name\nR,Магазин\nS,Лавка ".encode() + b"\xff\n") == 1
    assert channels() == [("R", "Магазин")]


def test_a_quote_that_is_not_closed_takes_only_its_own_line(load_bytes: LoadBytes) -> None:
    assert load_bytes(b'code,name\nA,"shop\nB,two\nC,"three\nlines"\n') == 1
    assert channels() == [("B", "two"), ("C", "three\nlines")]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_named_as_the_reason(
    load_bytes: LoadBytes, capsys: pytest.CaptureFixture[str], encoding: str
) -> None:
    mark = {"utf-16": b"", "utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}[encoding]
    assert load_bytes(mark + CHANNELS.encode(encoding)) == 2
    assert "UTF-16" in capsys.readouterr().err
    assert channels() == []


# --- separators and headers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_separator_is_told_by_the_header(load_bytes: LoadBytes, separator: str, end: str) -> None:
    text = end.join(separator.join(["R", "Розница"]) if line else separator.join(["code", "name"]) for line in (0, 1))
    assert load_bytes((text + end).encode()) == 0
    assert channels() == [("R", "Розница")]


def test_other_separators_within_cells_are_text(load_bytes: LoadBytes) -> None:
    assert load_bytes("code;name\nR;Сети, рынки\tи прочее\n".encode()) == 0
    assert channels() == [("R", "Сети, рынки\tи прочее")]


@pytest.mark.parametrize(
    "header", ["CODE,Name", " code , name ", '"code","name"', "КОД,наименование", "Код,_Название_"]
)
def test_headers_are_compared_without_case_spaces_and_punctuation(load_bytes: LoadBytes, header: str) -> None:
    assert load_bytes(f"{header}\nR,Розница\n".encode()) == 0
    assert channels() == [("R", "Розница")]


def test_columns_may_stand_in_any_order(load_bytes: LoadBytes) -> None:
    assert load_bytes("name,code\nРозница,R\n".encode()) == 0
    assert channels() == [("R", "Розница")]


def test_unknown_columns_are_reported_and_ignored(load_bytes: LoadBytes, capsys: pytest.CaptureFixture[str]) -> None:
    assert load_bytes("code,Цвет,name,\nR,красный,Розница,\n".encode()) == 0
    assert channels() == [("R", "Розница")]
    assert "columns not known and ignored: Цвет\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("\n", "empty"),
        ("code\nR\n", "no column “name”"),
        ("code,name,Код\nR,Розница,C\n", "is there twice"),
        ("nothing,known\n1,2\n", "no column “code”, “name”"),
    ],
)
def test_a_file_without_a_usable_header_loads_nothing(
    load_bytes: LoadBytes, capsys: pytest.CaptureFixture[str], text: str, reason: str
) -> None:
    assert load_bytes(text.encode()) == 2
    assert reason in capsys.readouterr().err
    assert channels() == []


@pytest.mark.parametrize("text", ["code,name", "code,name\n", "code,name\n\n\n"])
def test_a_header_alone_is_a_file_of_no_rows(load_bytes: LoadBytes, text: str) -> None:
    assert load_bytes(text.encode()) == 0
    assert channels() == []


# --- wrapping ----------------------------------------------------------------------------------------------------


def test_gz_is_unpacked(load_bytes: LoadBytes) -> None:
    assert load_bytes(gzip.compress(CHANNELS.encode("cp1251")), "channels.csv.gz") == 0
    assert channels() == [("C", "Сети"), ("R", "Розница")]


def noise(count: int) -> bytes:
    return ("code,name\n" + "".join(f"{n},{n * 7919 % 10007}\n" for n in range(count))).encode()


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(noise(50_000))[:-2000],  # cut short
        gzip.compress(noise(5000))[:-4],  # within its very end
        b"not gz at all",
        gzip.compress(noise(50_000))[:5000] + b"\xff" * 200 + gzip.compress(noise(50_000))[5200:],  # damaged inside
        b"",
    ],
    ids=["truncated", "end cut off", "no archive", "damaged", "empty"],
)
def test_a_broken_gz_loads_nothing(load_bytes: LoadBytes, content: bytes) -> None:
    assert load_bytes(content, "channels.csv.gz") == 2
    assert channels() == []


@pytest.mark.parametrize("content", [gzip.compress(CHANNELS.encode()), b"PK\x03\x04rest"], ids=["gzip", "zip"])
def test_an_archive_named_csv_is_an_unreadable_file(
    load_bytes: LoadBytes, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    assert load_bytes(content) == 2
    assert "archive" in capsys.readouterr().err


def book(path: Path, *table: list[Any], first_row: int = 0, name: str = "Sheet") -> Path:
    with xlsxwriter.Workbook(path, {"default_date_format": "dd.mm.yyyy"}) as made:
        sheet = made.add_worksheet(name)
        for at, row in enumerate(table, first_row):
            sheet.write_row(at, 0, row)
        made.add_worksheet("Other").write_row(0, 0, ["not", "read"])
    return path


def test_the_first_sheet_of_a_workbook_is_read_with_its_types(load: Load, tmp_path: Path, register: None) -> None:
    head = ["Код", "Наименование", "Территория", "Открыт", "Потенциал", "Целевой"]
    assert load(book(tmp_path / "clients.xlsx", head, [5001, "Магазин", "R1", date(2024, 2, 29), 1234.5, False])) == 0
    found = rows("SELECT name, opened_on, potential_monthly, is_target FROM clients_client WHERE code = '5001'")
    assert [(name, day, float(str(amount)), target) for name, day, amount, target in found] == [
        ("Магазин", date(2024, 2, 29), 1234.5, False)
    ]


def test_a_moment_in_a_workbook_keeps_its_time(load: Load, tmp_path: Path, register: None) -> None:
    moment = datetime(2024, 2, 29, 10, 45)  # noqa: DTZ001 - workbooks know no zones
    assert (
        load(book(tmp_path / "visits.xlsx", ["client_code", "planned_on", "done_at"], ["X", "2024-02-29", moment])) == 0
    )
    assert rows("SELECT done_at::timestamp FROM visits_visit") == [(moment,)]


def test_lines_of_a_workbook_are_the_rows_of_its_sheet(
    load: Load, tmp_path: Path, rejected: Callable[[], list[Rejected]]
) -> None:
    path = book(tmp_path / "channels.xlsx", ["code", "name"], ["R", "Розница"], ["", ""], ["", "Сети"], first_row=2)
    assert load(path) == 1
    assert [row.place for row in rejected()] == [(6, "code", "")]
    assert channels() == [("R", "Розница")]


def test_a_row_with_a_formula_is_turned_away_and_the_others_load(
    load: Load, tmp_path: Path, rejected: Callable[[], list[Rejected]]
) -> None:
    with xlsxwriter.Workbook(tmp_path / "channels.xlsx") as made:
        sheet = made.add_worksheet()
        sheet.write_row(0, 0, ["code", "name"])
        sheet.write_row(1, 0, ["R", "Розница"])
        sheet.write(2, 0, "C")
        sheet.write_formula(2, 1, "=A2&A3")
        sheet.write_row(3, 0, ["O", "Сайт"])
    assert load(tmp_path / "channels.xlsx") == 1
    [row] = rejected()
    assert row.line == 3
    assert "formula in cell B3" in row.reason
    assert channels() == [("O", "Сайт"), ("R", "Розница")]


@pytest.mark.parametrize("content", [b"no zip", b"", b"PK\x03\x04broken"])
def test_what_is_no_workbook_is_an_unreadable_file(
    load_bytes: LoadBytes, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    assert load_bytes(content, "channels.xlsx") == 2
    assert "not an XLSX workbook, or a damaged one; save it anew\n" in capsys.readouterr().err  # nothing of a library's
    assert channels() == []


def test_an_empty_workbook_is_an_unreadable_file(load: Load, tmp_path: Path) -> None:
    assert load(book(tmp_path / "channels.xlsx")) == 2


# --- cells -------------------------------------------------------------------------------------------------------


def taken(kind: Kind, cell: str) -> str | None:
    try:
        return kind.normalise(cell)
    except Bad:
        return None


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("1234.5", "1234.5"), ("1234,5", "1234.5"), ("1 234,5", "1234.5"), ("1\u00a0234\u00a0567,89", "1234567.89"),
        ("1\u202f234", "1234"), ("-5", "-5"), ("\u22125,5", "-5.5"), ("+5", "5"), (".5", "0.5"), ("5.", "5"),
        ("1e-05", "0.00001"), ("0", "0"), ("007", "007"),
        ("12 34", None), ("1,234.5", None), ("1.234,5", None), ("ten", None), ("nan", None), ("inf", None),
        ("1_000", None), ("--5", None), ("5-", None), ("1e999", None), ("5 ₽", None), ("１２", None), ("١٢", None),
    ],
)  # fmt: skip
def test_numbers_have_a_point_or_a_comma_and_spaces_between_thousands(cell: str, number: str | None) -> None:
    assert taken(columns.NUMBER, cell) == number


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2024-02-29", "2024-02-29"), ("29.02.2024", "2024-02-29"), ("1.2.2024", "2024-02-01"),
        ("2023-02-29", None), ("31.04.2024", None), ("2024-13-01", None), ("0000-01-01", None), ("2024/02/01", None),
        ("02.29.2024", None), ("29.02.24", None), ("2024-2-1", None), ("today", None),
    ],
)  # fmt: skip
def test_dates_are_iso_or_russian(cell: str, day: str | None) -> None:
    assert taken(columns.DATE, cell) == day


def test_a_day_that_is_not_in_the_calendar_is_told_from_what_is_no_date() -> None:
    with pytest.raises(Bad, match="no such day"):
        columns.DATE.normalise("30.02.2024")
    with pytest.raises(Bad, match="not a date"):
        columns.DATE.normalise("30/02/2024")


@pytest.mark.parametrize(
    ("cell", "month"),
    [("2024-02", "2024-02-01"), ("2024-12", "2024-12-01"), ("2024-13", None), ("2024-00", None), ("02.2024", None),
     ("2024-2", None), ("0000-01", None), ("٢٠٢٤-01", None)],
)  # fmt: skip
def test_months_are_year_and_month(cell: str, month: str | None) -> None:
    assert taken(columns.MONTH, cell) == month


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        ("2024-02-29 10:45", "2024-02-29T10:45:00"), ("2024-02-29T10:45:30", "2024-02-29T10:45:30"),
        ("29.02.2024 10:45", "2024-02-29T10:45:00"), ("29.02.2024 9:45:30", "2024-02-29T09:45:30"),
        ("2024-02-29", "2024-02-29T00:00:00"), ("29.02.2024", "2024-02-29T00:00:00"),
        ("2024-02-29T10:45:00Z", "2024-02-29T13:45:00"),  # TIME_ZONE: three hours ahead
        ("2024-02-29 25:00", None), ("30.02.2024 10:00", None), ("noon", None),
    ],
)  # fmt: skip
def test_moments_are_a_date_and_a_time_of_the_distributors_zone(cell: str, moment: str | None) -> None:
    assert taken(columns.MOMENT, cell) == moment


@pytest.mark.parametrize(
    ("cell", "count"),
    [
        ("0", "0"),
        ("14", "14"),
        ("14.0", "14"),
        ("14,00", "14"),
        ("1.5", None),
        ("-1", None),
        ("1e3", "1000"),
        ("99999999999", None),
    ],
)
def test_counts_are_whole_and_not_negative(cell: str, count: str | None) -> None:
    assert taken(columns.COUNT, cell) == count


@pytest.mark.parametrize(("cell", "money"), [("0", "0"), ("-0,00", "-0.00"), ("1 000,50", "1000.50"), ("-0,01", None)])
def test_money_is_not_negative(cell: str, money: str | None) -> None:
    assert taken(columns.MONEY, cell) == money


@pytest.mark.parametrize(
    ("cell", "flag"),
    [("1", "1"), ("0", "0"), ("Да", "1"), ("нет", "0"), ("TRUE", "1"), ("Ложь", "0"), ("2", None), ("y", None)],
)
def test_flags_are_1_or_0_or_the_words_for_it(cell: str, flag: str | None) -> None:
    assert taken(columns.BOOLEAN, cell) == flag


@pytest.mark.parametrize(
    ("cell", "good"),
    [
        ("7707083893", True), ("500100732259", True), ("7707083894", False), ("500100732258", False),
        ("770708389", False), ("77070838931", False), ("77O7083893", False), ("7707 083893", False),
    ],
)  # fmt: skip
def test_an_inn_has_10_or_12_digits_and_right_check_digits(cell: str, good: bool) -> None:
    assert (taken(columns.INN, cell) == cell) is good


@pytest.mark.parametrize(
    ("cell", "good"), [("770701001", True), ("7707AB001", True), ("77070100", False), ("7707ab001", False)]
)
def test_a_kpp_has_9_characters(cell: str, good: bool) -> None:
    assert (taken(columns.KPP, cell) == cell) is good


@pytest.mark.parametrize(
    ("cell", "good"), [("a@b.ru", True), ("магазин@почта.рф", False), ("a@b", False), ("a b@c.ru", False)]
)
def test_an_email_is_an_address(cell: str, good: bool) -> None:
    assert (taken(columns.EMAIL, cell) == cell) is good


@pytest.mark.parametrize(
    ("cell", "good"), [("90", True), ("-90", True), ("55,75", True), ("90.1", False), ("north", False)]
)
def test_a_latitude_lies_between_the_poles(cell: str, good: bool) -> None:
    assert (taken(columns.LATITUDE, cell) is not None) is good


@pytest.mark.parametrize(("cell", "good"), [("180", True), ("-180", True), ("180.5", False)])
def test_a_longitude_lies_between_the_ends_of_the_map(cell: str, good: bool) -> None:
    assert (taken(columns.LONGITUDE, cell) is not None) is good


def test_texts_have_a_limit() -> None:
    assert taken(columns.CODE, "я" * 64) == "я" * 64
    assert taken(columns.CODE, "я" * 65) is None
    assert taken(columns.CODE, "a\0b") is None


# --- the fast lane -----------------------------------------------------------------------------------------------


def test_a_plain_file_takes_the_fast_lane(load: Load, monkeypatch: pytest.MonkeyPatch, register: None) -> None:
    def careful(*_: object) -> None:
        raise AssertionError("a plain file was read cell by cell")

    monkeypatch.setattr(staging, "_carefully", careful)
    text = "invoice,date,client_code,sku,quantity,amount,cost,payment_terms_days\n"
    text += "".join(f"Н-{n},2024-01-{n % 28 + 1:02},X,a,{n}.5,{n}00.10,,7\n" for n in range(1, 3000))
    assert load(invoices=text) == 0


def test_a_block_ends_anywhere_in_a_line(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "BLOCK", 7)
    assert load(channels=CHANNELS.rstrip("\n")) == 0
    assert channels() == [("C", "Сети"), ("R", "Розница")]


def test_a_file_with_quotes_is_the_same_file(load: Load, tmp_path: Path) -> None:
    with (tmp_path / "channels.csv").open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, quoting=csv.QUOTE_ALL).writerows([("code", "name"), ("R", 'Сеть "Пять", центр\nи область')])
    assert load(tmp_path / "channels.csv") == 0
    assert channels() == [("R", 'Сеть "Пять", центр\nи область')]
