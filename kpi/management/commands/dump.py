from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction
from django.utils.translation import gettext as _

from config.exchange.cells import GUARDED_SQL
from config.exchange.files import File
from kpi.exchange import FILES


class Command(BaseCommand):
    help = (
        "Writes the exchange files (spec/exchange.md) into a folder; loaded into an empty instance they give the same."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CommandError(
                _("cannot write to %(folder)s: %(error)s") % {"folder": folder, "error": error}
            ) from None
        with transaction.atomic(), connection.cursor() as cursor:
            # One moment for all files
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            for file in FILES:
                partial = folder / f".{file.name}.csv.part"
                with (
                    partial.open("wb") as out,
                    cursor.copy(f"COPY ({_guarded(file)}) TO STDOUT (FORMAT csv, HEADER)") as copy,
                ):
                    for block in copy:
                        out.write(block)
                if file.extra and not cursor.rowcount:
                    partial.unlink()
                    continue
                partial.rename(folder / f"{file.name}.csv")
                self.stdout.write(f"{folder / file.name}.csv")


def _guarded(file: File) -> str:
    """The query of a file with texts that a spreadsheet would take for formulas guarded."""
    cells = [
        f"{GUARDED_SQL.format(cell=column.name)} AS {column.name}" if column.kind.pg == "text" else column.name
        for column in file.columns
    ]
    return f"SELECT {', '.join(cells)} FROM ({file.dump}) d"
