from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.core.management.commands import migrate
from django.db import connections

from config import sql


class Command(migrate.Command):
    """Django's migrate, as the owner of the schema; afterwards the application's role gets its rights."""

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database="owner")

    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        role = settings.DATABASES["default"]["USER"]
        with connections[options["database"]].cursor() as cursor:
            tables = connections[options["database"]].introspection.table_names(cursor)
            if role and role != settings.DATABASES["owner"]["USER"] and "kpi_period" in tables:
                cursor.execute(sql.read("accounts", "grants").format(role=role))
