from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from accounts.services import unlock


class Command(BaseCommand):
    help = "Lets somebody who mistyped a password too often try again at once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        self.stdout.write(_("wrong tries forgiven: %(count)d") % {"count": unlock(username=username)})
