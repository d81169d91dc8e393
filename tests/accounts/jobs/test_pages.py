from typing import Any

import pytest
from django.urls import reverse

from accounts.jobs import files
from accounts.jobs.models import Job, State
from accounts.jobs.services import job_cancel, job_create
from accounts.models import Role
from tests import make
from tests.make import signed_in

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _plain(settings: Any, tmp_path: Any) -> None:
    settings.FILES_DIR = tmp_path
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }


def job_of(person: Any) -> Job:
    return job_create(owner=person, kind="test", title="Export of clients", parameters={})


def test_the_progress_asks_until_the_job_has_ended() -> None:
    person = make.user(Role.ANALYST)
    browser, job = signed_in(person), job_of(person)
    page = reverse("job", args=[job.pk])
    assert 'hx-trigger="every 1s"' in browser.get(page, headers=HTMX).content.decode()
    job_cancel(job=job)
    answer = browser.get(page, {"then": "reload"}, headers=HTMX)
    assert (answer.status_code, answer["HX-Refresh"]) == (286, "true")
    assert "every 1s" not in answer.content.decode()
    assert browser.get(page).status_code == 200


def test_a_job_can_be_cancelled_from_its_page() -> None:
    person = make.user(Role.REP)
    job = job_of(person)
    signed_in(person).post(reverse("job-cancel", args=[job.pk]))
    job.refresh_from_db()
    assert job.state == State.CANCELLED


def test_the_jobs_and_files_of_others_do_not_exist() -> None:
    owner, other = make.user(Role.ANALYST), make.user(Role.ADMIN)
    job = job_of(owner)
    (files.make_folder(job.reference) / "out.csv").write_text("secret")
    Job.objects.filter(pk=job.pk).update(result={"file": "out.csv"})
    mine, theirs = signed_in(owner), signed_in(other)
    answer = mine.get(reverse("job-file", args=[job.pk]))
    assert b"".join(answer.streaming_content) == b"secret"  # type: ignore[attr-defined]
    assert 'attachment; filename="out.csv"' in answer["Content-Disposition"]
    assert "Export of clients" in mine.get(reverse("job-list")).content.decode()
    assert "Export of clients" not in theirs.get(reverse("job-list")).content.decode()
    assert [theirs.get(reverse(name, args=[job.pk])).status_code for name in ("job", "job-file")] == [404, 404]
    assert theirs.post(reverse("job-cancel", args=[job.pk])).status_code == 404
    (job.folder / "out.csv").unlink()
    assert mine.get(reverse("job-file", args=[job.pk])).status_code == 404
