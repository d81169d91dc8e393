"""The result of a campaign as an XLSX workbook: the tables of the page, a sheet each."""

import io
from typing import Any

import xlsxwriter
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from cleanup.results.outcomes import Matrix, Row, Sums
from kpi.workbook import text

NUMBERS = {"count": "#,##0", "share": "0.0%", "score": "0.0"}


def write(
    place: str, *, years: list[Sums], summary: list[Row], corrected: list[Row], completeness: list[Row],
    remains: list[Row], channels: Matrix, categories: Matrix,
) -> bytes:  # fmt: skip
    """`place`: the node it is about; the tables as cleanup/results/outcomes.py makes them."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        bold, head = book.add_format({"bold": True}), book.add_format({"bold": True, "bottom": 1, "text_wrap": True})
        styles = {kind: book.add_format({"num_format": form}) for kind, form in NUMBERS.items()}
        names = [each.campaign.name for each in years]
        when = [f"{name}: {word}" for name in names for word in (_("before"), _("after"))]

        def begin(title: str, first: str, heads: list[str]) -> Any:
            sheet = book.add_worksheet(title[:31])
            sheet.write_string(0, 0, text(f"{names[0]} · {place}" if place else names[0]), bold)
            at = years[0].at
            moment = formats.date_format(timezone.localtime(at), "SHORT_DATETIME_FORMAT") if at else "—"
            sheet.write_string(1, 0, _("As of %(moment)s") % {"moment": moment})
            for column, label in enumerate([first, *heads]):
                sheet.write_string(2, column, text(label), head)
            sheet.set_column(0, 0, 42)
            sheet.set_column(1, len(heads), 16)
            sheet.freeze_panes(3, 1)
            sheet.fit_to_pages(1, 0)
            return sheet

        def table(title: str, first: str, heads: list[str], rows: list[Row]) -> None:
            sheet = begin(title, first, heads)
            for at, row in enumerate(rows, 3):
                sheet.write_string(at, 0, text(row.label))
                for column, value in enumerate(row.values, 1):
                    if value is None:
                        sheet.write_string(at, column, "—")
                    else:
                        sheet.write_number(at, column, float(value), styles[row.kind])

        def matrix(title: str, made: Matrix) -> None:
            sheet = begin(title, _("From ↓, to →"), [*made.heads, _("Total")])
            for at, (label, numbers) in enumerate([*made.rows, (_("Total"), made.totals)], 3):
                sheet.write_string(at, 0, text(label))
                for column, n in enumerate(numbers, 1):
                    sheet.write_number(at, column, n, styles["count"])

        table(_("Result"), _("Before and after"), names, summary)
        table(_("Corrected"), _("Field"), names, corrected)
        matrix(_("Sales channels"), channels)
        matrix("ABCDE", categories)
        table(_("Completeness"), _("Part of the card"), when, completeness)
        table(_("Left open"), _("Why"), names, remains)
    return out.getvalue()
