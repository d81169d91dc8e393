"""The client list as a file: what it shows, for whom, safe for spreadsheets; written down."""

from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from python_calamine import CalamineWorkbook

from accounts.jobs.models import Export, Job
from accounts.jobs.services import job_run
from accounts.models import HistoryEvent, Role
from clients import exports, tasks
from tests import make
from tests.make import signed_in

assert tasks  # registers the step
pytestmark = pytest.mark.django_db


@pytest.fixture
def route(settings: Any, tmp_path: Any) -> Any:
    settings.FILES_DIR = tmp_path
    return make.territory(name="Route 1")


def export(browser: Browser, query: str = "status=all", **sent: str) -> Any:
    return browser.post(f"{reverse('client-export')}?{query}", sent)


def lines(answer: Any) -> list[str]:
    return list(answer.getvalue().decode("utf-8-sig").splitlines())


def test_the_file_holds_what_the_list_shows_and_no_more(route: Any) -> None:
    make.client(route, code="A", name="Shop; one", phone="+7 912 000-00-00")
    make.client(make.territory(), code="B", name="Elsewhere")
    found = lines(export(signed_in(make.user(Role.REP, route))))
    assert found[0] == "Code,Client,Counterparty,Channel,Territory,Category,Status,Last order,Address"
    assert found[1:] == ['A,Shop; one,,,Route 1,"",Potential,,""']


def test_no_cell_is_a_formula(route: Any) -> None:
    make.client(route, code="A", name='=HYPERLINK("x")', phone="+7 912")
    _head, row = lines(export(signed_in(make.user(Role.ANALYST, route)), "status=potential"))
    assert row.startswith('A,"\'=HYPERLINK(""x"")",')
    assert ",+7 912," in row


def test_a_workbook_holds_text_as_text(route: Any, tmp_path: Any) -> None:
    make.client(route, code="007", name="=1+1")
    (tmp_path / "out.xlsx").write_bytes(export(signed_in(make.user(Role.HEAD, route)), format="xlsx").getvalue())
    rows = CalamineWorkbook.from_path(tmp_path / "out.xlsx").get_sheet_by_index(0).to_python()
    assert rows[1][:2] == ["007", "=1+1"]


def test_what_is_exported_to_be_loaded_back_changes_nothing(route: Any, load: Any) -> None:
    owner, channel = make.counterparty(), make.channel()
    make.client(
        route, code="A", name="=Shop", phone="8 912", channel=channel, counterparty=owner, lat=55.5, lon=49.25,
        potential_monthly="1200.50", opened_on="2024-02-01", email="a@b.example",
    )  # fmt: skip
    text = "\n".join(lines(export(signed_in(make.user(Role.ADMIN)), what="load")))
    before = HistoryEvent.objects.count()
    assert load(clients=text + "\n") == 0
    assert HistoryEvent.objects.count() == before


def test_who_took_what_is_written_down_and_kept(route: Any) -> None:
    make.client(route)
    person = make.user(Role.REP, route)
    lines(export(signed_in(person), "status=all&search=client"))
    made = Export.objects.get()
    assert (made.user, made.rows, made.format, made.query) == (person, 1, "csv", "status=all&search=client")
    assert HistoryEvent.objects.filter(table="jobs_export", actor=person).count() == 2


def test_a_role_may_be_kept_from_exporting(route: Any, settings: Any) -> None:
    settings.EXPORT_ROLES = ["admin"]
    assert export(signed_in(make.user(Role.REP, route))).status_code == 403


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_a_large_file_is_made_in_the_background(route: Any, monkeypatch: pytest.MonkeyPatch, format: str) -> None:
    monkeypatch.setattr(exports, "LARGEST", 1)
    for _number in range(2):
        make.client(route)
    make.client(make.territory())
    answer = export(signed_in(make.user(Role.HEAD, route)), format=format)
    job = Job.objects.get()
    assert answer.url == reverse("job", args=[job.pk])
    assert not job_run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done, Export.objects.get().rows) == ("done", 2, 2)
    assert job.file is not None
