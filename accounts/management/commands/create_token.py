from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from rest_framework.authtoken.models import Token

from accounts.models import User


class Command(BaseCommand):
    help = "Prints the API token of a member of staff, made at first use."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        user = User.objects.filter(username=username, is_active=True).first()
        if user is None:
            raise CommandError(_("there is no active member of staff “%(username)s”") % {"username": username})
        token = Token.objects.get_or_create(user=user)[0]
        self.stdout.write(token.key)
