"""The register is written by the services alone (spec/product.md, rule 1): held against the code itself.

What comes round the code is refused by the database (tests/clients/test_database_refuses.py).
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from django.apps import apps
from django.db import connection

ROOT = Path(__file__).resolve().parent.parent
APPS = ("accounts", "territories", "clients", "sales", "visits", "kpi", "cleanup")
WRITES = {
    "create", "get_or_create", "update_or_create", "bulk_create", "bulk_update", "update", "delete", "save",
}  # fmt: skip
STATEMENT = re.compile(r"\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM|MERGE\s+INTO|COPY)\s+(clients_\w+)", re.I)


def modules() -> Iterator[Path]:
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path.relative_to(ROOT)


def test_rows_of_clients_are_written_in_clients_services_only() -> None:
    """Where the models of clients are in reach nothing is saved, but by the services of other apps, their own rows."""
    models = {model.__name__ for model in apps.get_app_config("clients").get_models()}
    found = []
    for path in modules():
        tree = ast.parse((ROOT / path).read_text())
        reach = {
            each.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module == "clients.models"
            for each in node.names
        }
        if path == Path("clients/services.py") or not (reach & models or path.parts[0] == "clients"):
            continue
        # Contacts have services of their own; those of other apps write their own rows.
        foreign = {"Client"} if path.parts[0] == "clients" else reach
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES:
                on = {name.id for name in ast.walk(node.func.value) if isinstance(name, ast.Name)}
                if not path.name.endswith("services.py") or on & foreign:
                    found.append(f"{path}:{node.lineno}: .{node.func.attr}(")
    assert found == []


def test_statements_that_write_clients_stand_in_clients_services_and_its_triggers() -> None:
    files = [*modules(), *(path.relative_to(ROOT) for app in APPS for path in (ROOT / app).glob("sql/*.sql"))]
    home = {
        *(path for path in modules() if path.match("clients/*services.py")),
        *(path.relative_to(ROOT) for path in (ROOT / "clients/sql").glob("*.sql")),
    }
    tables = {model._meta.db_table for model in apps.get_app_config("clients").get_models()}
    found = {
        (str(path), table)
        for path in files
        for table in STATEMENT.findall((ROOT / path).read_text())
        if path not in home and table in tables
    }
    assert found == set()


def test_every_table_that_people_change_is_under_history(db: None) -> None:
    """A new table of the register without its triggers would be written unseen. Facts are loaded, and kept as they
    came; what triggers and jobs derive follows from what is kept."""
    derived = {"clients_placement", "territories_territorypath", "clients_word"}
    ones_own = {"clients_columns", "clients_segment"}  # how somebody looks at the list: no part of the register
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'history_update'")
        kept = {table for (table,) in cursor.fetchall()}
    tables = {
        model._meta.db_table for app in ("territories", "clients") for model in apps.get_app_config(app).get_models()
    }
    assert tables - kept - derived - ones_own == {"territories_routecost"}
