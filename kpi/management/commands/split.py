import csv
import sys
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from kpi import selectors


class Command(BaseCommand):
    help = "The status of every client by the rules as of a day (spec/kpi.md), whatever is stored."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--as-of", required=True, type=date.fromisoformat, metavar="YYYY-MM-DD")
        parser.add_argument("--format", choices=["csv"], default="csv")

    def handle(self, *args: Any, as_of: date, **options: Any) -> None:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(["code", "status"])
        writer.writerows(selectors.split(as_of))
