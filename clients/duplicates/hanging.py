"""What hangs on a client, by table: each app says in its own `hanging.py` what a merge does with it.

A foreign key to Client that no app speaks of fails a test (tests/clients/duplicates/test_merge.py).
"""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import NamedTuple

from django.apps import apps
from django.utils.functional import Promise
from django.utils.module_loading import module_has_submodule


class Hanging(NamedTuple):
    """A table whose `column` names a client. On a merge its rows go to the survivor, but if `stays`: what is derived
    from facts, and what was said of the one client only.

    `unique`: the columns that together with the client make the key: a row whose like the survivor has stays with the
    loser, after it has filled the columns `fill` that are empty there. `through`: table and column of the rows that
    these belong to, with which they go. `what`: what a person calls them, where they are worth a word.
    """

    table: str
    column: str = "client_id"
    stays: bool = False
    unique: tuple[str, ...] = ()
    fill: Mapping[str, str] = {}  # by column: the SQL literal that stands for empty
    through: tuple[str, str] | None = None
    what: str | Promise = ""


@cache
def everything() -> tuple[Hanging, ...]:
    """What all installed apps have said."""
    found: list[Hanging] = []
    for config in apps.get_app_configs():
        if config.module and module_has_submodule(config.module, "hanging"):
            module = import_module(f"{config.name}.hanging")
            found += getattr(module, "HANGING", ())
    return tuple(found)
