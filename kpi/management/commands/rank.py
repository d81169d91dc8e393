import csv
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from kpi import selectors, services


class Command(BaseCommand):
    help = "Ranks, category and RFM scores of every client not closed, as of a day (spec/kpi.md)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--as-of", required=True, metavar="YYYY-MM-DD")
        parser.add_argument("--format", choices=["csv"], default="csv")

    def handle(self, *args: Any, as_of: str, **options: Any) -> None:
        try:
            day = services.day_read(as_of)
        except services.PeriodError as error:
            raise CommandError(str(error)) from None
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(["code", "profit_rank", "potential_rank", "category", "recency", "frequency", "monetary"])
        writer.writerows(selectors.ranks(day))
