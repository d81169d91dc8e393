from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from accounts.models import User, Way
from accounts.services import acting, second_factor_reset


class Command(BaseCommand):
    help = "Takes the second factor of somebody who lost their phone away, and signs them out everywhere."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(_("there is no member of staff “%(username)s”") % {"username": username})
        with acting(actor=None, way=Way.COMMAND, reference="reset_second_factor"):
            if not second_factor_reset(user=user):
                raise CommandError(_("%(username)s has no second factor") % {"username": username})
