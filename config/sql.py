"""Reading the `sql/*.sql` files of the apps: each is headed by what it answers and its parameters."""

import re
from functools import cache
from pathlib import Path

from django.db import migrations

ROOT = Path(__file__).resolve().parent.parent


@cache
def read(app: str, name: str) -> str:
    """The statement of `<app>/sql/<name>.sql`, without its lines of comment.

    Those name the parameters, and the driver fills them in there too: a value with a line break in it would end the
    comment and go on as SQL.
    """
    return re.sub(r"^[ \t]*--.*\n", "", _text(app, name), flags=re.MULTILINE)


def _text(app: str, name: str) -> str:
    return (ROOT / app / "sql" / f"{name}.sql").read_text()


def migration(app: str, name: str, undo: str) -> migrations.RunSQL:
    """A migration step that runs `<app>/sql/<name>.sql`, undone by the statement `undo`."""
    return migrations.RunSQL(_text(app, name), undo)
