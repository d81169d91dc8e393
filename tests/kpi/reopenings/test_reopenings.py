"""A closed month is frozen with the register as it was, and reopens by a document of its own only, with a note."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from accounts.models import Role, Way
from clients.models import Client
from clients.services import client_update
from kpi import selectors, services
from kpi.reopenings.models import Reopening
from kpi.selectors import By
from territories.models import Territory
from tests import make
from tests.make import signed_in

pytestmark = pytest.mark.django_db
D0, D1 = date(2026, 3, 1), date(2026, 3, 31)
FILES = {
    "territories": "code,name,parent_code\nRU,Россия,\nR1,Север,RU\nR2,Юг,RU\n",
    "channels": "code,name\nRET,Розница\nHRC,HoReCa\n",
    "products": "sku,name,category\nS1,Сок,Соки\n",
    "clients": "code,name,territory_code,channel_code,opened_on\n"
    "K1,Первый,R1,RET,2025-01-01\nK2,Второй,R2,RET,2025-01-01\n",
    "invoices": "invoice,date,client_code,sku,quantity,amount\nN1,2026-03-10,K1,S1,1,100\n",
}
LATE = "invoice,date,client_code,sku,quantity,amount\nN2,2026-03-20,K2,S1,1,100\nN3,2026-03-21,K2,S1,1,100\n"


@pytest.fixture(autouse=True)
def _plain_static_files(settings: Any) -> None:
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }


def numbers(by: By) -> dict[str, dict[str, Any]]:
    found = selectors.matrix(territory=Territory.objects.get(code="RU"), d0=D0, d1=D1, by=by)
    return {row.code: row.metrics for row in [*found.rows, found.total]}


@pytest.fixture
def closed(load: Callable[..., int]) -> None:
    """March as it was stored after its end."""
    load(**FILES)
    services.period_current(D0, D1)


def test_a_first_load_of_past_months_reopens_nothing(closed: None) -> None:
    assert not Reopening.objects.exists()


@pytest.mark.parametrize("by", [By.CHILDREN, By.CHANNEL, By.CATEGORY])
def test_moving_a_client_today_changes_no_number_of_a_closed_month_and_leaves_no_note(closed: None, by: By) -> None:
    before, client = numbers(by), Client.objects.get(code="K1")
    hrc = make.channel(name="Other")
    client_update(
        user=make.user(Role.ADMIN), code="K1", version=client.version, way=Way.BROWSER,
        changes={"territory": Territory.objects.get(code="R2"), "channel": hrc},
    )  # fmt: skip
    client.refresh_from_db()
    assert (client.territory.code, client.channel) == ("R2", hrc)
    assert numbers(by) == before
    assert not Reopening.objects.exists()


def test_a_late_invoice_changes_the_closed_month_and_leaves_a_note(closed: None, load: Callable[..., int]) -> None:
    assert numbers(By.CHILDREN)["R2"]["akb"] == 0
    load(invoices=LATE)
    assert numbers(By.CHILDREN)["R2"]["akb"] == 1
    note = Reopening.objects.get()
    assert (note.month, note.kind, note.documents, note.territory.code, note.way) == (D0, "invoice", 2, "R2", "load")
    assert note.reference.startswith("load:")
    load(invoices=LATE)  # says nothing new
    assert Reopening.objects.count() == 1


def test_a_changed_invoice_and_a_late_visit_are_noted_too(closed: None, load: Callable[..., int]) -> None:
    load(
        invoices="invoice,date,client_code,sku,quantity,amount\nN1,2026-03-10,K1,S1,1,120\n",
        visits="client_code,planned_on\nK1,2026-03-11\n",
    )
    kinds = {(note.kind, note.documents) for note in Reopening.objects.all()}
    assert kinds == {("invoice", 1), ("visit", 1)}


def test_a_document_of_a_month_that_has_not_ended_reopens_nothing(load: Callable[..., int]) -> None:
    load(**FILES)
    today = date.today()  # noqa: DTZ011
    services.period_current(today.replace(day=1), services.month_end(today))
    load(invoices=f"invoice,date,client_code,sku,quantity,amount\nN9,{today:%Y-%m-%d},K2,S1,1,100\n")
    assert not Reopening.objects.exists()


def test_the_matrix_says_so_and_the_page_lists_it_for_those_whose_clients_they_are(
    closed: None, load: Callable[..., int]
) -> None:
    load(invoices=LATE)
    browser, query = signed_in(make.user(Role.ADMIN)), "from=2026-03&to=2026-03"
    assert "Reopened by 2 late documents" in browser.get(f"/kpi/?territory=RU&{query}").content.decode()
    assert "Reopened by" not in browser.get(f"/kpi/?territory=R1&{query}").content.decode()
    listed = browser.get(f"/kpi/reopenings/?territory=RU&{query}").content.decode()
    assert "March 2026" in listed
    assert "Invoices" in listed
    assert "No month" in browser.get(f"/kpi/reopenings/?territory=R1&{query}").content.decode()


def test_the_application_can_neither_write_nor_take_away_a_note(closed: None, load: Callable[..., int]) -> None:
    load(invoices=LATE)
    with pytest.raises(DatabaseError), transaction.atomic():
        Reopening.objects.all().delete()
    with pytest.raises(DatabaseError), transaction.atomic():
        Reopening.objects.update(documents=0)
