"""Reading the `sql/*.sql` files of the apps: each is headed by what it answers and its parameters."""

from functools import cache
from pathlib import Path

from django.db import migrations

ROOT = Path(__file__).resolve().parent.parent


@cache
def read(app: str, name: str) -> str:
    """The text of `<app>/sql/<name>.sql`."""
    return (ROOT / app / "sql" / f"{name}.sql").read_text()


def migration(app: str, name: str, undo: str) -> migrations.RunSQL:
    """A migration step that runs `<app>/sql/<name>.sql`, undone by the statement `undo`."""
    return migrations.RunSQL(read(app, name), undo)
