"""The KPI matrix as an XLSX workbook that looks like the page."""

import io
from typing import NamedTuple

import xlsxwriter
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from xlsxwriter.utility import xl_range

from kpi import metrics
from kpi.filters import Show
from kpi.metrics import Unit
from kpi.pages import Cell, Line, Table
from kpi.selectors import Matrix

NUMBERS = {Unit.COUNT: "#,##0", Unit.SHARE: "0.0%", Unit.MONEY: '#,##0.00" ₽"'}
HEAT = {1: "#fbe3e0", 2: "#fdf3ee", 3: "#ffffff", 4: "#eff9f3", 5: "#d9f0e3"}  # as in static/src/app.css
TONE = {"good": "#14743f", "bad": "#b42318"}
TOTAL = "#eef1fd"
HEADS = 4  # rows above the first row of numbers


class Value(NamedTuple):
    """What stands in one cell of the sheet."""

    number: metrics.Number | None
    format: str
    heat: int = 0
    tone: str = ""


def write(shown: Table, answer: Matrix, rows_are: str, period: str) -> bytes:
    """The columns and rows of the page. What stands beside a number there has columns of its own: the value it had
    and the difference, the target and its percentage, the line of periods, whose numbers are a sheet of their own."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet("KPI")
        bold, head = book.add_format({"bold": True}), book.add_format({"bold": True, "bottom": 1, "text_wrap": True})
        as_of = formats.date_format(timezone.localtime(answer.computed_at), "SHORT_DATETIME_FORMAT")
        sheet.write_string(0, 0, text(f"{answer.territory.name}, {period}"), bold)
        sheet.write_string(1, 0, _("As of %(moment)s") % {"moment": as_of})
        lines = [shown.total, *shown.lines]
        titles = [_titles(shown, index, lines) for index in range(len(shown.heads))]
        starts = [1 + sum(map(len, titles[:index])) for index in range(len(titles))]
        first = 0
        for label, span in shown.groups:
            sheet.write_string(2, starts[first], str(label), bold)
            first += span
        sheet.write_string(3, 0, rows_are, head)
        for start, heads in zip(starts, titles, strict=True):
            for offset, title in enumerate(heads):
                sheet.write_string(3, start + offset, title, head)
        made: dict[tuple[Value, bool], xlsxwriter.format.Format] = {}

        def style(value: Value, total: bool) -> xlsxwriter.format.Format:
            key = value._replace(number=None), total
            if key not in made:
                fill = (
                    {"bg_color": TOTAL, "bold": True} if total else {"bg_color": HEAT[value.heat]} if value.heat else {}
                )
                ink = {"font_color": TONE[value.tone]} if value.tone else {}
                made[key] = book.add_format({"num_format": value.format, **fill, **ink})
            return made[key]

        past = _past(book, shown, lines) if shown.past else {}
        for row, line in enumerate(lines, HEADS):
            total = row == HEADS
            sheet.write_string(row, 0, text(line.name), bold if total else None)
            for index, (start, cell) in enumerate(zip(starts, line.cells, strict=True)):
                values = _values(cell, goals=_has_goals(lines, index))
                for offset, value in enumerate(values):
                    if value.number is None:
                        sheet.write_string(row, start + offset, "—", style(value, total))
                    else:
                        sheet.write_number(row, start + offset, float(value.number), style(value, total))
                if place := past.get((row, index)):
                    sheet.add_sparkline(row, start + len(values), {"range": place, "series_color": "#3b5bdb"})
        sheet.set_column(0, 0, 32)
        sheet.set_column(1, sum(map(len, titles)), 13)
        sheet.freeze_panes(HEADS, 1)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(2, 3)
    return out.getvalue()


def _has_goals(lines: list[Line], index: int) -> bool:
    return any(line.cells[index].goal for line in lines)


def _titles(shown: Table, index: int, lines: list[Line]) -> list[str]:
    """The heads of the columns that a metric takes."""
    titles = [str(shown.heads[index].metric.name)]
    for former in shown.formers:
        titles += [former.name, _("Difference to %(period)s") % {"period": former.name}]
    titles += [_("Target"), _("% of the target")] if _has_goals(lines, index) else []
    return titles + ([str(Show.SPARK.label)] if shown.past else [])


def _values(cell: Cell, *, goals: bool) -> list[Value]:
    number = NUMBERS[cell.metric.unit]
    points = (_("%(change)s pp") % {"change": ""}).strip() if cell.metric.unit is Unit.SHARE else "%"
    values = [Value(cell.value, number, cell.heat, cell.tone)]
    for one in cell.differences:
        values += [Value(one.was, number), Value(one.percent, f'+0.0" {points}";-0.0" {points}";0.0', tone=one.tone)]
    if goals:
        target, share = cell.goal or (None, None)
        values += [Value(target, number), Value(share, NUMBERS[Unit.SHARE], tone=cell.goal_tone)]
    return values


def _past(book: xlsxwriter.Workbook, shown: Table, lines: list[Line]) -> dict[tuple[int, int], str]:
    """The numbers of the lines of periods, a row each; their ranges by row of the first sheet and number of metric."""
    sheet, found = book.add_worksheet(str(Show.SPARK.label)[:31]), {}
    bold, last = book.add_format({"bold": True}), 1 + len(shown.past)
    for column, name in enumerate(shown.past, 2):
        sheet.write_string(0, column, name, bold)
    looks = {unit: book.add_format({"num_format": number}) for unit, number in NUMBERS.items()}
    row = 0
    for place, line in enumerate(lines, HEADS):
        for index, cell in enumerate(line.cells):
            if not cell.line:  # fewer than two periods of it are stored
                continue
            row += 1
            sheet.write_string(row, 0, text(line.name))
            sheet.write_string(row, 1, str(cell.metric.name))
            for column, value in enumerate(cell.past, 2):
                if value is not None:
                    sheet.write_number(row, column, float(value), looks[cell.metric.unit])
            found[place, index] = f"'{sheet.name}'!{xl_range(row, 2, row, last)}"
    sheet.set_column(0, 1, 32)
    sheet.set_column(2, last, 16)
    sheet.freeze_panes(1, 2)
    return found


def text(value: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{value}" if value.startswith(("=", "+", "-", "@")) else value
