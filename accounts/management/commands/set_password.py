import sys
from getpass import getpass
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from accounts.models import User, Way
from accounts.services import acting, password_set


class Command(BaseCommand):
    help = "Gives a member of staff a password: asked for on a terminal, else read from standard input."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        user = User.objects.filter(username=username, is_active=True).first()
        if user is None:
            raise CommandError(_("there is no active member of staff “%(username)s”") % {"username": username})
        password = getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
        if sys.stdin.isatty() and getpass(_("Password (again): ")) != password:
            raise CommandError(_("the two passwords differ"))
        try:
            validate_password(password, user)
        except ValidationError as error:
            raise CommandError("\n".join(error.messages)) from None
        with acting(actor=None, way=Way.COMMAND, reference="set_password"):
            password_set(user=user, password=password)
