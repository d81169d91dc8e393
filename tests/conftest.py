"""Real servers, the application's own database role, a transaction a test."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import call_command

from config import embedded
from tests.environment import DATA_DIR

ROOT = Path(__file__).resolve().parent.parent
ONLINE_RETAIL = ROOT.parent / "shared/data/online-retail"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One process runs the whole of a module, and one the whole of the browser's: what they start is started once."""
    for item in items:
        group = "browser" if "browser" in item.path.parts else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def servers() -> embedded.Endpoints:
    """PostgreSQL and Valkey of the test run."""
    return embedded.attach(DATA_DIR)


@pytest.fixture(scope="session")
def django_db_setup(servers: embedded.Endpoints, django_db_blocker: pytest.FixtureRequest) -> None:
    """The schema, made by its owner; tests run as the application's role, as production does."""
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        call_command("migrate", verbosity=0)


@pytest.fixture
def load(db: None, tmp_path: Path) -> Callable[..., int]:
    """Loads exchange files given as texts by name, or folders; returns the exit code of the command."""

    def run(*folders: Path, **files: str) -> int:
        own = tmp_path / "exchange"
        own.mkdir(exist_ok=True)
        for old in own.iterdir():
            old.unlink()
        for name, text in files.items():
            (own / f"{name}.csv").write_text(text, encoding="utf-8")
        try:
            call_command("load", *folders, *([own] if files else []), rejected=tmp_path / "rejected.csv")
        except SystemExit as stop:
            return int(str(stop.code))
        return 0

    return run


@pytest.fixture(autouse=True)
def _no_stray_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests that want a worker start one; messages to nobody are not queued."""
    from kpi import tasks

    monkeypatch.setattr(tasks.refresh, "delay", lambda: None)
