"""The client list as a file: what it shows, in its order, as CSV for spreadsheets or XLSX; or with every field that an
exchange file has, to be loaded back.

PostgreSQL writes the CSV itself (COPY), in blocks that go out as they come; neither format grows in memory.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Case, CharField, Expression, F, FloatField, Func, TextField, Value, When
from django.db.models.functions import Cast, Concat
from django.http import QueryDict
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from rustpy_xlsxwriter import write_worksheet

from accounts.jobs.files import make_folder
from accounts.jobs.models import Export, Job
from accounts.jobs.services import export_end
from accounts.models import User
from clients.exchange import CLIENTS
from clients.listing import Listing
from clients.models import LostReason, Status
from clients.querysets import ClientQuerySet
from config.exchange.cells import GUARDED_SQL, guarded

LARGEST = 100_000  # rows that are made while the person waits; more go to the background
BLOCK = 1 << 16
NAME = "clients"


class Field(NamedTuple):
    """A column of the file. `kind`: text, day, number."""

    label: str
    source: Expression | F
    kind: str = "text"


def shown(names: Sequence[str]) -> dict[str, Field]:
    """The columns of the list by their names, the code first: without it nobody could say which client a row is."""
    known = {
        "code": Field(_("Code"), F("code")),
        "name": Field(_("Client"), F("name")),
        "counterparty": Field(_("Counterparty"), F("counterparty__name")),
        "inn": Field(_("INN"), F("counterparty__inn")),
        "channel": Field(_("Channel"), F("channel__name")),
        "territory": Field(_("Territory"), F("territory__name")),
        "category": Field(_("Category"), F("category")),
        "status": Field(_("Status"), _labels("status", dict(Status.choices))),
        "reason": Field(_("Reason of the loss"), _labels("lost_reason", dict(LostReason.choices))),
        "phone": Field(_("Phone"), F("phone")),
        "email": Field(_("E-mail"), F("email")),
        "address": Field(_("Address"), F("address")),
        "coordinates": Field(
            _("Coordinates"),
            Concat(Cast("lat", TextField()), Value(", "), Cast("lon", TextField()), output_field=TextField()),
        ),
        "last_order": Field(_("Last order"), F("last_order_on"), "day"),
        "opened": Field(_("Opened on"), F("opened_on"), "day"),
        "closed": Field(_("Closed on"), F("closed_on"), "day"),
        "potential": Field(_("Potential, ₽ a month"), F("potential_monthly"), "number"),
    }
    return {name: known[name] for name in dict.fromkeys(["code", *names]) if name in known}


def loadable() -> dict[str, Field]:
    """The columns of the exchange file, under names that a load knows."""
    sources = {"territory_code": "territory__code", "channel_code": "channel__code"}
    sources["counterparty_code"] = "counterparty__code"
    kinds = {"date": "day", "numeric": "number", "double precision": "number"}
    russian = (get_language() or "").startswith("ru")
    fields = {}
    for column in CLIENTS.columns:
        source: Expression | F = F(sources.get(column.name, column.name))
        if column.kind.pg == "boolean":
            source = Case(When(is_target=True, then=Value("1")), default=Value("0"))
        label = column.russian[0] if russian else column.name
        fields[column.name] = Field(label, source, kinds.get(column.kind.pg, "text"))
    return fields


def _labels(name: str, labels: Mapping[Any, Any]) -> Expression:
    cases = [When(**{name: value}, then=Value(str(label))) for value, label in labels.items()]
    return Case(*cases, default=Value(""), output_field=CharField())


class _Guarded(Func):
    """Text that no spreadsheet takes for a formula (config/exchange/cells.py)."""

    template = GUARDED_SQL.format(cell="%(expressions)s")
    output_field = TextField()


class _Text(Func):
    """A day or a number as text, as a spreadsheet of the person's language reads it."""

    output_field = TextField()


def _as_text(field: Field) -> Expression | F:
    russian = (get_language() or "").startswith("ru")
    if field.kind == "day":
        return _Text(field.source, Value("DD.MM.YYYY" if russian else "YYYY-MM-DD"), function="to_char")
    if field.kind == "number":
        plain = _Text(field.source, template="trim_scale(%(expressions)s::numeric)::text")
        return _Text(plain, Value("."), Value(","), function="replace") if russian else plain
    return _Guarded(field.source) if isinstance(field.source, F) else field.source


def _number(source: Expression | F) -> Expression:
    return Cast(source, FloatField())


def separator() -> str:
    """Of CSV: what a spreadsheet of the person's language expects."""
    return ";" if (get_language() or "").startswith("ru") else ","


def csv_blocks(found: ClientQuerySet, fields: Mapping[str, Field], counted: list[int]) -> Iterator[bytes]:
    """The file, block by block, of one moment; the number of rows is put into `counted` as it grows."""
    head = io.StringIO()
    csv.writer(head, delimiter=separator()).writerow(guarded(field.label) for field in fields.values())
    yield head.getvalue().encode("utf-8-sig")
    statement, values = found.values_list(*map(_as_text, fields.values())).query.sql_with_params()
    options = f"FORMAT csv, DELIMITER '{separator()}'"
    counted[:] = [0]
    waiting: list[bytes] = []
    size = 0
    with (
        transaction.atomic(), connection.cursor() as cursor,
        cursor.copy(f"COPY ({statement}) TO STDOUT ({options})", values) as copy,
    ):  # fmt: skip
        for row in copy:
            waiting.append(bytes(row))
            size += len(row)
            if size > BLOCK:
                counted[0] += len(waiting)
                yield b"".join(waiting)
                waiting, size = [], 0
    counted[0] += len(waiting)
    yield b"".join(waiting)


def xlsx(found: ClientQuerySet, fields: Mapping[str, Field], path: Path) -> int:
    """Write the file; return the number of rows. A workbook is a packed archive: it can't be sent before it is made."""
    labels = [field.label for field in fields.values()]
    sources = [_number(field.source) if field.kind == "number" else field.source for field in fields.values()]
    rows = 0

    def records() -> Iterator[dict[str, Any]]:
        nonlocal rows
        for row in found.values_list(*sources).iterator(5_000):
            rows += 1
            yield dict(zip(labels, row, strict=True))

    with transaction.atomic():
        every = records()
        first = next(every, dict.fromkeys(labels))  # the head is made of the first row
        write_worksheet(chain([first], every), str(path), bold_headers=True, freeze_row=1, datetime_format="dd.mm.yyyy")
    return rows


def asked(data: QueryDict, user: User) -> ClientQuerySet:
    """The clients of the list at this address, in its order."""
    return Listing(data, user).ordered()


def fields(data: QueryDict, user: User, what: str) -> dict[str, Field]:
    """The columns of the file: `load` for those to be loaded back, else those of the list at this address."""
    return loadable() if what == "load" else shown([*Listing(data, user).columns, "address"])


def export_step(job: Job) -> bool:
    """A step of a job, and the whole of it: a file too large to wait for."""
    data = QueryDict(job.parameters["query"])
    found, columns = asked(data, job.owner), fields(data, job.owner, job.parameters["what"])
    name = f"{NAME}.{job.parameters['format']}"
    path = make_folder(job.reference) / name
    if job.parameters["format"] == "xlsx":
        rows = xlsx(found, columns, path)
    else:
        counted: list[int] = []
        with path.open("wb") as out:
            out.writelines(csv_blocks(found, columns, counted))
        rows = counted[0]
    export_end(export=Export.objects.get(pk=job.parameters["export"]), rows=rows)
    job.done, job.total, job.result = rows, rows, {"file": name}
    return True
