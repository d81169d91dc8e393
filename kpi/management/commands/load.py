from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError

from accounts.models import Way
from accounts.services import acting
from config.exchange import loading
from kpi import tasks
from kpi.exchange import FILES


class Command(BaseCommand):
    help = "Loads exchange files. Exit 0: all taken; 1: some rows rejected; 2: a file could not be read."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a folder or a file")
        parser.add_argument("--rejected", type=Path, metavar="FILE", help="rows turned away (default: rejected.csv)")

    def handle(self, *args: Any, paths: list[Path], rejected: Path | None, **options: Any) -> None:
        found, reports = loading.find(paths, FILES)
        for report in reports:
            self._show(report)
        target = rejected or Path("rejected.csv")
        try:
            out = target.open("w", encoding="utf-8", newline="")
        except OSError as error:
            raise CommandError(
                _("the rows turned away can't be written to %(file)s (%(error)s): give another place with --rejected")
                % {"file": target, "error": error.strerror}
            ) from None
        with out:
            for report in loading.load(found, session=_session, rejected=out, progress=loading.standard_progress()):
                self._show(report)
                reports.append(report)
        turned_away = sum(report.rejected for report in reports)
        if not turned_away and rejected is None:
            target.unlink(missing_ok=True)
        if turned_away:
            self.stderr.write(
                _("%(rows)d rows turned away, with the reasons: %(file)s") % {"rows": turned_away, "file": target}
            )
        try:
            tasks.refresh.delay()
        except OperationalError as error:
            self.stderr.write(
                _("The worker could not be told (%(error)s); it looks by itself every half minute.") % {"error": error}
            )
        if any(report.error for report in reports):
            raise SystemExit(2)
        if turned_away:
            raise SystemExit(1)

    def _show(self, report: loading.Report) -> None:
        name = report.path.name
        if report.error:
            self.stderr.write(f"{report.path}: {report.error}")
            return
        # Scripts read this line (spec/exchange.md): the same words in every language.
        self.stdout.write(
            f"{name}: taken {report.taken}, changed {report.changed}, unchanged {report.taken - report.changed}, "
            f"rejected {report.rejected}, {report.seconds:.1f} seconds"
        )
        if report.ignored:
            self.stderr.write(
                f"{name}: " + _("columns not known and ignored: %(names)s") % {"names": ", ".join(report.ignored)}
            )


def _session(reference: str) -> AbstractContextManager[None]:
    return acting(actor=None, way=Way.LOAD, reference=reference)
