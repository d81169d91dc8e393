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
    files = [*modules(), *(path.relative_to(ROOT) for app in APPS for path in (ROOT / app).rglob("sql/*.sql"))]
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
    """A new table without its triggers would be written unseen. Facts are loaded, and kept as they came; what triggers
    and jobs derive follows from what is kept."""
    facts = {
        "territories_routecost", "sales_invoice", "sales_line", "sales_payment", "visits_visit", "visits_audit",
        "visits_audititem",
    }  # fmt: skip
    derived = {
        "clients_placement", "clients_word", "territories_territorypath", "duplicates_key", "duplicates_pair",
        "duplicates_unchecked", "kpi_formerrule", "kpi_mark", "kpi_period", "kpi_periodcell", "kpi_periodclient",
        "kpi_rank", "kpi_rankcell", "kpi_rankday", "kpi_flow", "kpi_flowcell", "kpi_flowmonth",
        "reopenings_reopening", "digests_digest", "cleanup_channelmix", "cleanup_extent", "cleanup_sharedphone",
        "cleanup_sheet", "cleanup_verified", "results_result", "results_outcome", "results_reminder",
    }  # fmt: skip
    ones_own = {"clients_columns", "clients_segment"}  # how somebody looks at the list: no part of the register
    steps = {  # of a change that is itself in the history, or of signing in
        "bulk_selection", "bulk_edit", "imports_import", "imports_source", "jobs_job", "accounts_notice",
        "accounts_recoverycode", "accounts_session", "accounts_signintry",
    }  # fmt: skip
    history = {"history_event", "history_changeset", "history_seal", "history_horizon"}
    unused = {"accounts_user_user_permissions"}  # rights are grants on territories
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'history_update'")
        kept = {table for (table,) in cursor.fetchall()}
    own = [config for config in apps.get_app_configs() if (ROOT / config.name.replace(".", "/")).is_dir()]
    tables = {
        model._meta.db_table for config in own for model in config.get_models(include_auto_created=True)
    }  # fmt: skip
    assert tables - kept - history == facts | derived | ones_own | steps | unused
