from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from accounts.models import User, Way
from accounts.services import acting
from territories.models import Territory
from territories.services import ROLE_RIGHTS, group_put


class Command(BaseCommand):
    help = "Makes a group, or changes it: its members have the rights of a role on its territories. Nothing else stays."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--role", choices=list(ROLE_RIGHTS), required=True)
        parser.add_argument("--territory", nargs="*", default=[], metavar="CODE")
        parser.add_argument("--member", nargs="*", default=[], metavar="USERNAME")

    def handle(self, *args: Any, name: str, role: str, territory: list[str], member: list[str], **options: Any) -> None:
        places = list(Territory.objects.filter(code__in=territory))
        members = list(User.objects.filter(username__in=member))
        known = {place.code for place in places} | {person.username for person in members}
        if unknown := sorted({*territory, *member} - known):
            raise CommandError(_("unknown: %(what)s") % {"what": ", ".join(unknown)})
        with acting(actor=None, way=Way.COMMAND, reference="group"):
            group_put(name=name, role=role, places=places, members=members)
