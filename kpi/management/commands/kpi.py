import csv
import json
import sys
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from kpi import metrics, selectors, services
from kpi.selectors import By, Row
from territories.models import Territory


class Command(BaseCommand):
    help = "The 24 metrics of a territory and period (spec/kpi.md), from what is stored and kept current."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--territory", required=True, metavar="CODE")
        parser.add_argument("--from", required=True, metavar="YYYY-MM", dest="first")
        parser.add_argument("--to", required=True, metavar="YYYY-MM", dest="last")
        parser.add_argument("--by", choices=[by.value for by in By])
        parser.add_argument("--format", choices=["table", "json", "csv"], default="table")

    def handle(self, *args: Any, territory: str, first: str, last: str, by: str | None, **options: Any) -> None:
        try:
            d0, d1 = services.period_days(first, last)
            node = Territory.objects.get(code=territory)
        except services.PeriodError as error:
            raise CommandError(str(error)) from None
        except Territory.DoesNotExist:
            raise CommandError(_("there is no territory with the code “%(code)s”") % {"code": territory}) from None
        matrix = selectors.matrix(territory=node, d0=d0, d1=d1, by=By(by) if by else None)
        match options["format"]:
            case "json":
                self.stdout.write(json.dumps(selectors.matrix_json(matrix), ensure_ascii=False))
            case "csv":
                writer = csv.writer(sys.stdout, lineterminator="\n")
                writer.writerow(["code", "name", *metrics.BY_KEY])
                writer.writerows(
                    [r.code, r.name, *map(_plain, r.metrics.values())] for r in [matrix.total, *matrix.rows]
                )
            case "table":
                self._table([matrix.total, *matrix.rows])

    def _table(self, rows: list[Row]) -> None:
        heads = [row.code or "—" for row in rows]
        names = [f"{metric.number:>2} {metric.name}" for metric in metrics.METRICS]
        cells = [[_shown(row.metrics[m.key], m.unit) for m in metrics.METRICS] for row in rows]
        widths = [max(len(head), *map(len, column)) for head, column in zip(heads, cells, strict=True)]
        left = max(map(len, names))
        self.stdout.write(" " * left + "  " + "  ".join(h.rjust(w) for h, w in zip(heads, widths, strict=True)))
        for at, name in enumerate(names):
            line = "  ".join(column[at].rjust(w) for column, w in zip(cells, widths, strict=True))
            self.stdout.write(f"{name.ljust(left)}  {line}")


def _plain(value: metrics.Number | None) -> str:
    return "" if value is None else str(value) if isinstance(value, int) else repr(float(value))


def _shown(value: metrics.Number | None, unit: metrics.Unit) -> str:
    if value is None:
        return "—"
    match unit:
        case metrics.Unit.COUNT:
            return f"{value:,}".replace(",", " ")
        case metrics.Unit.SHARE:
            return f"{Decimal(value) * 100:.1f} %"
        case metrics.Unit.MONEY:
            return f"{value:,.2f}".replace(",", " ")
