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
        lines = [shown.total, *shown.lines]
        goals = [any(line.cells[index].goal for line in lines) for index in range(len(shown.heads))]
        spans = [1 + len(shown.formers) + 2 * goal for goal in goals]
        starts = [1 + sum(spans[:index]) for index in range(len(spans))]
        first = 0
        for label, span in shown.groups:
            sheet.write_string(2, starts[first], str(label), bold)
            first += span
        sheet.write_string(3, 0, rows_are, head)
        for start, one, goal in zip(starts, shown.heads, goals, strict=True):
            beside = [_("Target"), _("% of the target")] if goal else []
            for offset, title in enumerate([str(one.metric.name), *(former.name for former in shown.formers), *beside]):
                sheet.write_string(3, start + offset, title, head)
        made: dict[tuple[Unit, int, bool], xlsxwriter.format.Format] = {}

        def style(unit: Unit, heat: int, total: bool) -> xlsxwriter.format.Format:
            if (unit, heat, total) not in made:
                fill = {"bg_color": "#eef1fd", "bold": True} if total else {"bg_color": HEAT[heat]} if heat else {}
                made[unit, heat, total] = book.add_format({"num_format": NUMBERS[unit], **fill})
            return made[unit, heat, total]

        def put(row: int, line: Line, total: bool) -> None:
            sheet.write_string(row, 0, text(line.name), bold if total else None)
            for start, cell, goal in zip(starts, line.cells, goals, strict=True):
                unit = cell.metric.unit
                values: list[tuple[metrics.Number | None, Unit, int]] = [
                    (cell.value, unit, cell.heat), *((one.was, unit, 0) for one in cell.differences)
                ]  # fmt: skip
                if goal:
                    target, share = cell.goal or (None, None)
                    values += [(target, unit, 0), (share, Unit.SHARE, 0)]
                for offset, (value, kind, heat) in enumerate(values):
                    look = style(kind, heat, total)
                    if value is None:
                        sheet.write_string(row, start + offset, "—", look)
                    else:
                        sheet.write_number(row, start + offset, float(value), look)

        for row, line in enumerate(lines, HEADS):
            put(row, line, total=row == HEADS)
        sheet.set_column(0, 0, 32)
        sheet.set_column(1, sum(spans), 13)
        sheet.freeze_panes(HEADS, 1)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(2, 3)
    return out.getvalue()


def text(value: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{value}" if value.startswith(("=", "+", "-", "@")) else value
