"""The KPI matrix as an XLSX workbook that looks like the page."""

import io

import xlsxwriter
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from kpi import metrics
from kpi.metrics import Unit
from kpi.pages import Line, Table
from kpi.selectors import Matrix

NUMBERS = {Unit.COUNT: "#,##0", Unit.SHARE: "0.0%", Unit.MONEY: '#,##0.00" ₽"'}
HEAT = {1: "#fdecea", 2: "#fdf4ee", 3: "#ffffff", 4: "#f1faf5", 5: "#e3f4ea"}
HEADS = 4  # rows above the first row of numbers


def write(shown: Table, answer: Matrix, rows_are: str, period: str) -> bytes:
    """The columns and rows of the page; each comparison as columns of its own: the value it had."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet("KPI")
        bold, head = book.add_format({"bold": True}), book.add_format({"bold": True, "bottom": 1, "text_wrap": True})
        as_of = formats.date_format(timezone.localtime(answer.computed_at), "SHORT_DATETIME_FORMAT")
        sheet.write_string(0, 0, text(f"{answer.territory.name}, {period}"), bold)
        sheet.write_string(1, 0, _("As of %(moment)s") % {"moment": as_of})
        columns = 1 + len(shown.formers)
        at = 1
        for label, span in shown.groups:
            sheet.write_string(2, at, str(label), bold)
            at += span * columns
        sheet.write_string(3, 0, rows_are, head)
        for index, one in enumerate(shown.heads):
            sheet.write_string(3, 1 + index * columns, str(one.metric.name), head)
            for offset, former in enumerate(shown.formers, 1):
                sheet.write_string(3, 1 + index * columns + offset, former.name, head)
        made: dict[tuple[Unit, int, bool], xlsxwriter.format.Format] = {}

        def style(unit: Unit, heat: int, total: bool) -> xlsxwriter.format.Format:
            if (unit, heat, total) not in made:
                fill = {"bg_color": "#eef1fd", "bold": True} if total else {"bg_color": HEAT[heat]} if heat else {}
                made[unit, heat, total] = book.add_format({"num_format": NUMBERS[unit], **fill})
            return made[unit, heat, total]

        def put(row: int, line: Line, total: bool) -> None:
            sheet.write_string(row, 0, text(line.name), bold if total else None)
            for index, cell in enumerate(line.cells):
                values: list[metrics.Number | None] = [cell.value, *(one.was for one in cell.differences)]
                for offset, value in enumerate(values):
                    look = style(cell.metric.unit, 0 if offset else cell.heat, total)
                    at = 1 + index * columns + offset
                    if value is None:
                        sheet.write_string(row, at, "—", look)
                    else:
                        sheet.write_number(row, at, float(value), look)

        for row, line in enumerate([shown.total, *shown.lines], HEADS):
            put(row, line, total=row == HEADS)
        sheet.set_column(0, 0, 32)
        sheet.set_column(1, len(shown.heads) * columns, 13)
        sheet.freeze_panes(HEADS, 1)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(2, 3)
    return out.getvalue()


def text(value: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{value}" if value.startswith(("=", "+", "-", "@")) else value
