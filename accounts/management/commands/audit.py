from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.audit import PROBLEMS, Broken


class Command(BaseCommand):
    help = "Proves that the history was not touched (verify), or prints what proves it later (head). Exit 1: it was."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("head", help="prints the number and hash of the last seal: keep them elsewhere")
        verify = actions.add_parser("verify", help="hashes the whole history and compares it with its seals")
        verify.add_argument("--head", metavar="N:HASH", help="what `head` printed earlier: must be in the chain")

    def handle(self, *args: Any, action: str, head: str | None = None, **options: Any) -> None:
        if action == "head":
            self.stdout.write(audit.sealed().head)
            return
        broken = audit.broken_seals()
        state = audit.sealed()
        self.stdout.write(
            _("Events sealed: %(sealed)d, in batches: %(seals)d. Not sealed yet: %(waiting)d.")
            % {"sealed": state.events, "seals": state.seals, "waiting": state.waiting}
        )
        cut = head is not None and not audit.has_head(head)
        if broken:
            self.stderr.write(
                _("The history was touched. The first broken batch: %(what)s") % {"what": _say(broken[0])}
            )
            for other in broken[1:10]:
                self.stderr.write("  " + _say(other))
            if len(broken) > 10:
                self.stderr.write(_("  and %(count)d more") % {"count": len(broken) - 10})
        if cut:
            self.stderr.write(
                _("The head %(head)s is not in the chain: its end was cut off, or all of it written anew.")
                % {"head": head}
            )
        if broken or cut:
            raise SystemExit(1)
        self.stdout.write(_("The chain holds. Head: %(head)s") % {"head": state.head or "—"})


def _say(broken: Broken) -> str:
    text = f"{broken.seal}: {PROBLEMS[broken.problem]}"
    if broken.first_id is None or broken.until is None:
        return text
    until = formats.date_format(timezone.localtime(broken.until), "SHORT_DATETIME_FORMAT")
    where = _("events %(first)d–%(last)d, written before %(until)s") % {
        "first": max(broken.first_id, 1), "last": broken.last_id, "until": until,
    }  # fmt: skip
    return f"{text} ({where})"
