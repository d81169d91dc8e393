"""What the tests of imports share: a register to load onto, uploads, jobs done at once."""

import csv
import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import translation

from accounts.jobs.models import Job
from accounts.jobs.services import job_run
from accounts.models import Role, User
from kpi.imports import services, tasks
from kpi.imports.models import Import
from tests import make

assert tasks  # registers the steps


@pytest.fixture(autouse=True)
def _in_english(settings: Any, tmp_path: Any) -> Iterator[None]:
    settings.FILES_DIR = tmp_path / "files"
    with translation.override("en"):
        yield


@pytest.fixture
def admin(db: None) -> User:
    return make.user(Role.ADMIN)


@pytest.fixture
def route(db: None) -> Any:
    return make.territory(code="R1", name="Route 1", kind="route")


def upload(name: str, text: str | bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, text if isinstance(text, bytes) else text.encode())


def done(job: Job | None) -> Job:
    """The job after all its turns."""
    assert job is not None
    while job_run(job.pk):
        pass
    job.refresh_from_db()
    return job


@pytest.fixture
def checked(admin: User) -> Callable[..., Import]:
    """Uploads a file, takes it as guessed, and makes the dry run."""

    def run(name: str, text: str | bytes, **settled: Any) -> Import:
        made = services.import_create(owner=admin, upload=upload(name, text))
        settled = {"kind": made.kind, "mapping": made.mapping, "source": "", **settled}
        made = services.import_settle(imported=made, user=admin, **settled)
        done(made.check_job)
        return Import.objects.get(pk=made.pk)

    return run


@pytest.fixture
def loaded(admin: User, checked: Callable[..., Import]) -> Callable[..., Import]:
    """The same, and loads it."""

    def run(name: str, text: str | bytes, **settled: Any) -> Import:
        made = services.import_load(imported=checked(name, text, **settled), user=admin)
        done(made.load_job)
        return Import.objects.get(pk=made.pk)

    return run


def rows_of_errors(imported: Import) -> list[list[str]]:
    text = imported.errors.read_text(encoding="utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))
