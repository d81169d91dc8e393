import json
import tempfile
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _

from accounts.models import Role, User, Way
from accounts.services import acting, password_set
from cleanup.demo_services import fill
from clients.duplicates.services import check_some
from clients.models import Channel, Client
from clients.services import client_update
from config import demo
from kpi import services
from kpi.efforts.services import Norm, effort_rules_set


class Command(BaseCommand):
    help = "Fills a demo distributor, unless it is there, and starts everything."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--clients", type=int, default=5000)
        parser.add_argument("--months", type=int, default=18)
        parser.add_argument("--port", type=int)
        parser.add_argument("--fill-only", action="store_true", help="do not start the servers")

    def handle(self, *args: Any, clients: int, months: int, port: int | None, **options: Any) -> None:
        call_command("migrate", verbosity=0)
        state = _State(settings.DATA_DIR / "demo.json")
        if not state.done:
            if not state.begun and Client.objects.exists():
                raise CommandError(
                    _("%(folder)s holds data of its own: `make run` starts it, or set CRM_DATA_DIR to an empty folder.")
                    % {"folder": settings.DATA_DIR}
                )
            self._fill(state, clients, months)
        self.stdout.write(_("Password of all of them: %(password)s") % {"password": state.password})
        for role, username in state.logins.items():
            self.stdout.write(f"  {Role(role).label:<28} {username}")
        self.stdout.flush()
        if not options["fill_only"]:
            call_command("run", **({"port": port} if port else {}))

    def _fill(self, state: "_State", clients: int, months: int) -> None:
        # An interrupted filling is done again: loads change nothing that is there already.
        state.begin(clients, months)
        self.stdout.write(_("Filling a demo distributor: %(clients)d clients, %(months)d months…") % {
            "clients": state.clients, "months": state.months})  # fmt: skip
        with tempfile.TemporaryDirectory() as folder:
            logins = demo.write(Path(folder), clients=state.clients, months=state.months, today=state.today)
            call_command("load", folder, rejected=Path(folder) / "rejected.csv")
        with acting(actor=None, way=Way.COMMAND, reference="demo"):
            for username in logins:
                password_set(user=User.objects.get(username=username), password=state.password)
        self._ask(User.objects.get(username=logins.rep), state.today)
        self._norms(User.objects.get(username=logins.admin))
        self.stdout.write(_("Reckoning the KPIs…"))
        services.refresh()
        self.stdout.write(_("Playing the clean-up campaigns…"))
        while check_some():
            pass
        fill(admin=User.objects.get(username=logins.admin), today=state.today)
        services.refresh()
        state.finish(logins._asdict())

    def _norms(self, admin: User) -> None:
        """The matrix of efforts, for its pages to show."""
        norms = {
            letter: Norm(Decimal(visits), Decimal(calls), terms, promo)
            for letter, visits, calls, terms, promo in (
                ("A", "4", "2", "отсрочка 21 день, личный менеджер", "акция каждый месяц"),
                ("B", "2", "2", "отсрочка 14 дней", "акция раз в квартал"),
                ("C", "1", "1", "отсрочка 7 дней", ""),
                ("D", "0.5", "1", "по факту", ""),
                ("E", "0", "0.5", "предоплата", ""),
            )
        }
        for channel in Channel.objects.all():
            effort_rules_set(user=admin, channel=channel, norms=norms, way=Way.COMMAND)

    def _ask(self, rep: User, today: date) -> None:
        """A few change requests of the representative, for their pages to show."""
        asked: tuple[dict[str, Any], ...] = (
            {"channel": Channel.objects.first()},
            {"closed_on": today},
            {"is_target": False},
        )
        clients = Client.objects.changeable_by(rep).filter(closed_on=None, is_target=True).order_by("-code")
        for client, changes in zip(clients, asked, strict=False):
            client_update(user=rep, code=client.code, version=client.version, changes=changes, way=Way.COMMAND)


class _State:
    """What demo this data directory holds, kept beside the data."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.values: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}

    @property
    def begun(self) -> bool:
        return bool(self.values)

    @property
    def done(self) -> bool:
        return "logins" in self.values

    @property
    def clients(self) -> int:
        return int(self.values["clients"])

    @property
    def months(self) -> int:
        return int(self.values["months"])

    @property
    def today(self) -> date:
        return date.fromisoformat(self.values["today"])

    @property
    def password(self) -> str:
        return str(self.values["password"])

    @property
    def logins(self) -> dict[str, str]:
        return dict(self.values["logins"])

    def begin(self, clients: int, months: int) -> None:
        if not self.begun:
            self._write(
                clients=clients, months=months, today=timezone.localdate().isoformat(), password=get_random_string(10)
            )

    def finish(self, logins: dict[str, str]) -> None:
        self._write(logins=logins)

    def _write(self, **values: Any) -> None:
        self.values |= values
        partial = self.path.with_suffix(".part")
        partial.touch(mode=0o600)
        partial.write_text(json.dumps(self.values))
        partial.rename(self.path)
