"""System checks of the database, run by `migrate` and `check --database default`."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import NotSupportedError, ProgrammingError, connections, transaction


@register(Tags.database)
def database_knows_cyrillic(*, databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """pg_trgm takes its letters from LC_CTYPE: under "C" it finds none in Cyrillic, and so no client by its name."""
    return [
        Error(
            f"The LC_CTYPE of the database “{connections[alias].settings_dict['NAME']}” does not know Cyrillic.",
            hint="Make the database anew: initdb or CREATE DATABASE … TEMPLATE template0 with LC_CTYPE C.UTF-8 or"
            " ru_RU.UTF-8, as in config/embedded.py.",
            id="accounts.E001",
        )
        for alias in databases or ()
        if not _knows_cyrillic(alias)
    ]


def _knows_cyrillic(alias: str) -> bool:
    try:
        with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
            cursor.execute("SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm')")
            installed = cursor.fetchone()[0]
            if not installed:  # before the first migrate: to try it out
                cursor.execute("CREATE EXTENSION pg_trgm")
            cursor.execute("SELECT similarity('Ромашка', 'РОМАШКА') = 1")
            knows = bool(cursor.fetchone()[0])
            transaction.set_rollback(not installed, using=alias)
            return knows
    except (ProgrammingError, NotSupportedError):
        return True  # not migrated yet and no right to try: migrate, as the owner, will tell
