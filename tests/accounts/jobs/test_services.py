"""Jobs: step by step, each a transaction; repeated, cancelled, given up."""

import os
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection
from django.utils import timezone, translation

from accounts.jobs import files, services, tasks
from accounts.jobs.models import Job, State
from accounts.jobs.services import JobError, job_cancel, job_create, job_run, jobs_resend, step
from accounts.models import Role
from clients.models import Channel
from config import embedded
from tests import make
from tests.environment import DATA_DIR

pytestmark = pytest.mark.django_db
Register = Callable[[services.Step], None]


@pytest.fixture
def kind(monkeypatch: pytest.MonkeyPatch) -> Register:
    """Registers the step of the jobs of a test."""
    monkeypatch.setattr(services, "STEPS", {})
    return lambda function: [step("test")(function)][0] and None


def new(**fields: Any) -> Job:
    return job_create(owner=make.user(Role.ADMIN), kind="test", title="Test", parameters={}, **fields)


def again(job: Job) -> Job:
    job.refresh_from_db()
    return job


def counting(job: Job) -> bool:
    """Three steps, each of which makes a channel."""
    make.channel()
    job.done, job.total, job.position = job.done + 1, 3, job.done + 1
    return job.done == 3


def test_a_job_is_done_step_by_step(kind: Register) -> None:
    kind(counting)
    job = new()
    assert (job.state, job_run(job.pk), again(job).state) == (State.WAITING, False, State.DONE)
    assert (job.done, job.total, job.position, job.percent, Channel.objects.count()) == (3, 3, 3, 100, 3)
    assert job.ended_at is not None


def test_a_long_job_lets_others_go_first(kind: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    kind(counting)
    monkeypatch.setattr(services, "TURN", 0)
    job = new()
    assert [job_run(job.pk), job_run(job.pk), job_run(job.pk), job_run(job.pk)] == [True, True, False, False]
    assert (again(job).state, Channel.objects.count()) == (State.DONE, 3)


def test_a_step_that_fails_leaves_nothing_and_those_before_stay(kind: Register) -> None:
    def failing(job: Job) -> bool:
        counting(job)
        if job.done == 2:
            raise JobError("no more channels")
        return False

    kind(failing)
    job = new()
    assert not job_run(job.pk)
    assert (again(job).state, job.error, job.done, Channel.objects.count()) == (
        State.FAILED, "no more channels", 1, 1,
    )  # fmt: skip


def test_an_error_nobody_foresaw_is_logged_and_ends_the_job(kind: Register, caplog: pytest.LogCaptureFixture) -> None:
    def broken(job: Job) -> bool:
        raise ZeroDivisionError

    kind(broken)
    job = new()
    assert not job_run(job.pk)
    assert again(job).state == State.FAILED
    assert "ZeroDivisionError" in caplog.text
    assert "ZeroDivision" not in job.error


def test_a_job_that_never_gets_through_a_step_is_given_up(kind: Register) -> None:
    def dying(job: Job) -> bool:
        raise OperationalError("the worker is gone")

    kind(dying)
    job = new()
    for _attempt in range(services.ATTEMPTS):
        with pytest.raises(OperationalError):
            job_run(job.pk)
        assert again(job).state == State.RUNNING
    assert not job_run(job.pk)
    assert again(job).state == State.FAILED


def test_a_cancelled_job_ends_after_the_step_it_is_in(kind: Register) -> None:
    def step_and_cancel(job: Job) -> bool:
        job_cancel(job=job)
        return counting(job)

    kind(step_and_cancel)
    job = new()
    job_run(job.pk)
    assert (again(job).state, job.done, Channel.objects.count()) == (State.CANCELLED, 1, 1)
    waiting = new()
    job_cancel(job=waiting)
    assert again(waiting).state == State.CANCELLED
    job_cancel(job=job)
    assert not job_run(waiting.pk)


def test_two_workers_do_not_work_on_one_job(kind: Register) -> None:
    kind(counting)
    job = new()
    url = embedded.endpoints(DATA_DIR).database_url(embedded.APP_ROLE)
    with psycopg.connect(url, autocommit=True) as other:
        other.execute(f"SELECT pg_advisory_lock(hashtextextended('job', {job.pk}))".encode())
        assert not job_run(job.pk)
        assert again(job).state == State.WAITING
    with connection.cursor() as cursor:  # the lock of the connection above goes when the server notices its end
        cursor.execute("SELECT pg_advisory_lock(hashtextextended('job', %s))", [job.pk])
        cursor.execute("SELECT pg_advisory_unlock(hashtextextended('job', %s))", [job.pk])
    assert not job_run(job.pk)
    assert again(job).state == State.DONE


def test_a_silent_job_is_sent_again_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    monkeypatch.setattr(tasks.run, "delay", sent.append)
    silent, lively, ended = new(), new(), new()
    long_ago = timezone.now() - services.SILENT - timedelta(seconds=1)
    Job.objects.filter(pk__in=[silent.pk, ended.pk]).update(touched_at=long_ago)
    job_cancel(job=ended)
    assert (jobs_resend(), jobs_resend(), sent) == (1, 0, [silent.pk])
    assert again(lively).state == State.WAITING


def test_a_job_speaks_the_language_of_its_owner(kind: Register) -> None:
    said: list[str] = []
    kind(lambda job: bool(said.append(translation.get_language()) or True))
    with translation.override("ru"):
        job = new()
    job_run(job.pk)
    assert said == ["ru"]


@pytest.fixture
def old_folder(settings: Any, tmp_path: Any) -> Any:
    settings.FILES_DIR = tmp_path / "files"
    job = new()
    folder = files.make_folder(job.reference)
    (folder / "out.csv").write_text("x")
    return folder


def test_files_are_removed_when_they_are_old(old_folder: Any, settings: Any) -> None:
    fresh = files.make_folder(new().reference)
    then = time.time() - (settings.KEEP_FILES_DAYS * 24 + 1) * 3600
    os.utime(old_folder, (then, then))
    files.expire()
    assert (old_folder.exists(), fresh.exists()) == (False, True)
