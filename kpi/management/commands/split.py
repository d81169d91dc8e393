import csv
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from kpi import selectors, services


class Command(BaseCommand):
    help = "The status of every client by the rules as of a day (spec/kpi.md), whatever is stored."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--as-of", required=True, metavar="YYYY-MM-DD")
        parser.add_argument("--format", choices=["csv"], default="csv")

    def handle(self, *args: Any, as_of: str, **options: Any) -> None:
        try:
            day = services.day_read(as_of)
        except services.PeriodError as error:
            raise CommandError(str(error)) from None
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(["code", "status"])
        writer.writerows(selectors.split(day))
