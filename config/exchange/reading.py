"""Reading exchange files as rows of text, whatever wrapping they come in; memory does not grow with a CSV file."""

import codecs
import csv
import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

from django.utils.translation import gettext as _
from python_calamine import CalamineError, CalamineWorkbook

from config.exchange.columns import Column

SUFFIXES = (".csv", ".csv.gz", ".xlsx")
CHUNK = 5000
BLOCK = 1 << 17  # small enough that PostgreSQL takes one while the next is checked
BROKEN = "\ufffd"  # stands for bytes that are no letter in the file's encoding; a cell with it is turned away


class Unreadable(Exception):
    """A file that cannot be read at all; the text says why and what to do, in the user's language."""


class Chunk(NamedTuple):
    """Some thousand rows: the line in the file of each (the header being 1) and its cells."""

    lines: Sequence[int]
    cells: list[list[str]]
    broken: dict[int, str] = {}  # why a row can't be read, by line


class Table(NamedTuple):
    """A file as its header and the rows below it."""

    header: list[str]
    chunks: Iterator[Chunk]
    done: Callable[[], float]  # how much of the file has been read, 0..1


def name_of(path: Path) -> str:
    """`clients` of `Clients.CSV.gz`; "" if the suffix is not one of an exchange file."""
    lower = path.name.lower()
    return next((lower.removesuffix(suffix) for suffix in reversed(SUFFIXES) if lower.endswith(suffix)), "")


@contextmanager
def opened(path: Path) -> Iterator[tuple[Any, Callable[[], float]]]:
    """A CSV file as a stream of bytes, unpacked, and how much of it has been read. Raises Unreadable."""
    with _explained(), open(path, "rb") as raw:
        size = path.stat().st_size or 1
        stream: Any = gzip.GzipFile(fileobj=raw) if path.name.lower().endswith(".gz") else raw
        start = stream.peek(2)[:2]
        if start in (b"\xff\xfe", b"\xfe\xff"):
            raise Unreadable(_("the file is in UTF-16; save it as UTF-8 or Windows-1251"))
        if raw is stream and start in (b"\x1f\x8b", b"PK"):
            raise Unreadable(_("the file is an archive; name it .csv.gz or .xlsx, or unpack it"))
        yield stream, lambda: min(1.0, raw.tell() / size)


@contextmanager
def table(path: Path, known: Sequence[Column]) -> Iterator[Table]:
    """The rows of a file. Raises Unreadable."""
    if path.name.lower().endswith(".xlsx"):
        with _explained():
            yield _xlsx_table(path)
        return
    encoding = _encoding(path)
    with opened(path) as (stream, done):
        text = io.TextIOWrapper(stream, encoding, errors="replace", newline="")
        separator, header = split_header(text.readline(), known)
        yield Table(header, _csv_chunks(text, separator, len(header)), done)


def _encoding(path: Path) -> str:
    """UTF-8 or Windows-1251, told by all of the content: a file of Russian letters in UTF-8 with a broken byte is
    still UTF-8, while letters in Windows-1251 hardly ever make up a valid sequence of UTF-8."""
    good = broken = 0
    with opened(path) as (stream, _done):
        bom = stream.peek(3)[:3] == codecs.BOM_UTF8
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        while block := stream.read(BLOCK):
            text = decoder.decode(block)
            if not text.isascii():
                broken += text.count(BROKEN)
                good += len(text) - len(text.encode("ascii", "ignore")) - text.count(BROKEN)
    return "utf-8-sig" if bom or not broken or good > 10 * broken else "cp1251"


@contextmanager
def _explained() -> Iterator[None]:
    """Whatever is wrong with a file, in words."""
    try:
        yield
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise Unreadable(_("the archive is broken or not complete; export it again")) from None
    except csv.Error as error:
        raise Unreadable(_("not a table: %(error)s") % {"error": error}) from None
    except (CalamineError, zipfile.BadZipFile, ElementTree.ParseError, KeyError):
        raise Unreadable(_("not an XLSX workbook, or a damaged one; save it anew")) from None
    except IsADirectoryError:
        raise Unreadable(_("it is a folder, not a file")) from None
    except FileNotFoundError:
        raise Unreadable(_("there is no such file or folder")) from None
    except PermissionError:
        raise Unreadable(_("there is no right to read it")) from None
    except OSError as error:
        raise Unreadable(_("it can't be read: %(error)s") % {"error": error.strerror or error}) from None


def fold(header: str) -> str:
    """Headers compare without case, ё, spaces, underscores and punctuation."""
    return re.sub(r"[^\w]|_", "", header.lower().replace("ё", "е"))


def names(column: Column) -> set[str]:
    """The folded headings under which a file may hold the column."""
    found = (column.name, *column.russian) if column.headings is None else column.headings
    return {fold(name) for name in found}


def split_header(line: str, known: Sequence[Column]) -> tuple[str, list[str]]:
    """The separator of a file, told by which one brings out known columns, and its header. Raises Unreadable."""
    if not line.strip():
        raise Unreadable(_("the file is empty: there is no header"))
    wanted = set().union(*(names(column) for column in known))
    headers = {separator: next(csv.reader([line], delimiter=separator)) for separator in ",;\t"}
    separator = max(headers, key=lambda sep: (sum(fold(cell) in wanted for cell in headers[sep]), len(headers[sep])))
    return separator, headers[separator]


def _csv_chunks(text: Iterable[str], separator: str, width: int) -> Iterator[Chunk]:
    raw: list[str] = []  # the lines of the chunk as they stand in the file

    def kept() -> Iterator[str]:
        for each in text:
            raw.append(each)
            yield each

    line = 2
    reader = csv.reader(kept(), delimiter=separator)
    while cells := list(islice(reader, CHUNK)):
        if len(raw) == len(cells) and [] not in cells:
            yield Chunk(range(line, line + len(cells)), cells)
        elif found := list(_rows(raw, line, separator, width)):
            unclosed = {at: _("a quote is not closed") for at, row in found if not row}
            yield Chunk([at for at, _row in found], [row for _at, row in found], unclosed)
        line += len(raw)
        raw.clear()


def _rows(raw: list[str], line: int, separator: str, width: int) -> Iterator[tuple[int, list[str]]]:
    """The rows of some lines, one by one: there are blank lines, or line breaks within quotes.

    A quote that is not closed would swallow the lines after it: where the quotes do not pair, or the row does not
    come out as wide as the header, it is taken to end with its line; without cells, if that leaves a quote open.
    """
    at = 0
    while at < len(raw):
        reader = csv.reader(map(raw.__getitem__, range(at, len(raw))), delimiter=separator, strict=True)
        try:
            row, length = next(reader), reader.line_num
        except csv.Error:
            row, length = [], 2
        if length > 1 and len(row) != width:
            unclosed = raw[at].count('"') % 2
            row, length = [] if unclosed else next(csv.reader([raw[at]], delimiter=separator)), 1
        if raw[at].strip():
            yield line + at, row
        at += length


def _xlsx_table(path: Path) -> Table:
    formula = _("a formula in cell %(cell)s; paste it as a value")
    broken = {line: formula % {"cell": cell} for line, cell in _formulas(path).items()}
    sheet = CalamineWorkbook.from_path(path).get_sheet_by_index(0)
    if sheet.start is None:
        raise Unreadable(_("the file is empty: there is no header"))
    rows = islice(enumerate(sheet.iter_rows(), start=1), sheet.start[0], None)  # from the first row that holds anything
    _line, header = next(rows)

    def chunks() -> Iterator[Chunk]:
        while chunk := list(islice(rows, CHUNK)):
            kept = [(line, cells) for line, row in chunk if any(cells := [*map(_xlsx_text, row)]) or line in broken]
            yield Chunk([line for line, _cells in kept], [cells for _line, cells in kept], broken)

    return Table([_xlsx_text(cell) for cell in header], chunks(), lambda: 1.0)


def _xlsx_text(cell: Any) -> str:
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else format(cell, ".12f").rstrip("0")
    if isinstance(cell, datetime) and (cell.hour, cell.minute, cell.second) == (0, 0, 0):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat(" ") if isinstance(cell, datetime) else cell.isoformat()
    return str(cell)


_NAMESPACES = {
    "m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "r": "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "p": "http://schemas.openxmlformats.org/package/2006/relationships",
}
_FORMULA = re.compile(rb'<c [^>]*?r="([A-Z]+)(\d+)"[^>]*>\s*<f[ />]')


def _formulas(path: Path) -> dict[int, str]:
    """The first cell with a formula by row, of the first sheet: what it stands for may never have been reckoned."""
    with zipfile.ZipFile(path) as book:
        # The workbook's own lists of sheets are small, and expat limits what entities may grow to.
        first = ElementTree.fromstring(book.read("xl/workbook.xml")).find("m:sheets/m:sheet", _NAMESPACES)  # noqa: S314
        key = first.get(f"{{{_NAMESPACES['r']}}}id") if first is not None else None
        related = ElementTree.fromstring(book.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
        links = related.findall("p:Relationship", _NAMESPACES)
        target = next(link.get("Target", "") for link in links if link.get("Id") == key)
        found: dict[int, str] = {}
        with book.open(target.lstrip("/") if target.startswith("/") else f"xl/{target}") as sheet:
            tail = b""
            while block := sheet.read(1 << 20):
                for column, row in _FORMULA.findall(tail + block):
                    found.setdefault(int(row), f"{column.decode()}{int(row)}")
                tail = (tail + block)[-400:]
    return found
