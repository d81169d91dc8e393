"""What the code promises about itself: directions of imports, migrations, SQL."""

import ast
import re
import subprocess
from pathlib import Path

import pytest
from django.core.management import call_command

from config import sql
from tests.instance import ROOT

APPS = ("accounts", "territories", "clients", "sales", "visits", "kpi", "cleanup", "config")
SOURCES = sorted(path for app in APPS for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts)
STATEMENTS = sorted(path for app in APPS for path in (ROOT / app / "sql").glob("*.sql"))
BRACES = re.compile(r"(?<!\{)\{([a-z]\w*)\}(?!\})")  # a pattern's {10} is none


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_the_apps_are_those_the_product_is_made_of() -> None:
    found = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "bench"}
    assert found == set(APPS)


def test_the_arrows_between_the_apps_point_one_way() -> None:
    done = subprocess.run([ROOT / ".venv/bin/lint-imports"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_models_and_migrations_agree(db: None) -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.parametrize("path", STATEMENTS, ids=name)
def test_a_statement_is_headed_by_what_it_answers(path: Path) -> None:
    assert path.read_text().startswith("-- ")


@pytest.mark.parametrize("path", [path for path in STATEMENTS if "%(" in path.read_text()], ids=name)
def test_the_head_of_a_statement_names_its_parameters(path: Path) -> None:
    text = path.read_text()
    head = "".join(line for line in text.splitlines(keepends=True) if line.startswith("--"))
    body = text.replace(head, "")
    used = set(re.findall(r"%\((\w+)\)s", body)) - RULES
    assert {parameter for parameter in used if f"%({parameter})s" not in head} == set()


RULES = {
    "akb_min_amount", "akb_min_skus", "order_min_amount", "order_min_skus", "order_min_categories", "category_min_skus",
    "system_threshold",
}  # fmt: skip

# Parts of the statements themselves: lists of columns, conditions, the name of a role. Never a value.
PARTS = {
    "measures", "sums", "added", "old", "measure", "lines", "only", "only_invoices", "only_clients", "role",
    "details", "whom", "order", "columns", "hidden", "table", "chosen", "allowed", "taken", "asks",
    "disorder", "elsewhere", "writes", "charts", "cell", "owing", "contracts", "invoices", "moves", "page",
}  # fmt: skip


@pytest.mark.parametrize("path", STATEMENTS, ids=name)
def test_no_value_gets_into_a_comment(path: Path) -> None:
    """A line break in it would end the comment, and the rest would be SQL."""
    statement = sql.read(path.parts[-3], path.stem)
    assert re.findall(r"--.*%\(|/\*", statement) == []


@pytest.mark.parametrize("path", STATEMENTS, ids=name)
def test_no_statement_is_put_together_with_values(path: Path) -> None:
    assert set(BRACES.findall(path.read_text())) <= PARTS


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_what_is_put_into_a_statement_is_made_of_the_codes_own_words(path: Path) -> None:
    """`sql.read(…).format(…)` takes the known parts only; `execute` never gets a text made by % or +."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr == "format" and "sql.read" in ast.unparse(node.func.value):
            assert not node.args, f"line {node.lineno}"
            assert {keyword.arg for keyword in node.keywords if keyword.arg} <= PARTS, f"line {node.lineno}"
        if node.func.attr in ("execute", "executemany", "copy", "raw") and node.args:
            assert not isinstance(node.args[0], ast.BinOp), f"line {node.lineno}"


def test_views_and_forms_write_no_sql() -> None:
    web = [path for path in SOURCES if path.name in ("views.py", "forms.py", "filters.py") or "api" in path.parts]
    web.remove(ROOT / "config/views.py")  # health: asks the database whether it is there
    assert web
    assert [name(path) for path in web if re.search(r"\.cursor\(|\.raw\(|\.extra\(|RawSQL", path.read_text())] == []


def test_only_services_and_commands_say_who_acts() -> None:
    """`acting` opens the way to the register: views hand it to services (signing in writes to the person's own row)."""
    users = [path for path in SOURCES if re.search(r"\bacting\(", path.read_text())]
    users = [path for path in users if "commands" not in path.parts]
    assert [name(path) for path in users if not path.name.endswith("services.py")] == ["accounts/views.py"]
