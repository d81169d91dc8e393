"""A client as it was at any moment."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import HistoryEvent, Role, Way
from accounts.services import acting
from clients.models import Client, Contact, Contract
from clients.past import Past, client_past
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """The texts of the code itself, compiled translations or not."""
    with translation.override("en"):
        yield


@pytest.fixture
def shop() -> Client:
    """Changed three times: a phone; its contacts; its counterparty with a contract."""
    first, second = make.counterparty(name="First"), make.counterparty(name="Second")
    client = make.client(make.territory(name="North"), name="Shop", phone="1", counterparty=first)
    ann, bob = make.contact(client, full_name="Ann", phone="1"), make.contact(client, full_name="Bob")
    with acting(actor=None, way=Way.COMMAND):
        Contract.objects.create(number="N1", counterparty=first, signed_on="2024-01-01")
        Client.objects.update(phone="2")
        Contact.objects.filter(pk=ann.pk).update(phone="2")
        bob.delete()
        make.contact(client, full_name="Cid")
        Client.objects.update(counterparty=second, name="Stall")
        Contract.objects.update(credit_limit=5)
    client.refresh_from_db()
    return client


def before(table: str, number: int = -1) -> int:
    """An event of this table, the last one unless a number from the front is given."""
    return list(HistoryEvent.objects.filter(table=table, operation="U").order_by("pk"))[number].pk


def told(past: Past) -> dict[str, Any]:
    fields = {field.label: (field.then, field.now) for field in past.client.fields if field.differs}
    return {
        "fields": fields,
        "contacts": [(row.title, row.was, row.is_, row.differs) for row in past.contacts],
        "contracts": [(row.title, row.differs) for row in past.contracts],
        "counterparty": past.counterparty.title if past.counterparty else None,
    }


def test_before_its_changes_everything_is_as_it_was_made(shop: Client) -> None:
    assert told(client_past(shop, before=before("clients_client", 0))) == {
        "fields": {"name": ("Shop", "Stall"), "phone": ("1", "2"), "counterparty": ("First", "Second")},
        "contacts": [("Ann", True, True, True), ("Bob", True, False, True), ("Cid", False, True, True)],
        "contracts": [("N1", True)],
        "counterparty": "First",
    }


def test_between_two_changes_only_the_later_ones_are_undone(shop: Client) -> None:
    state = told(client_past(shop, before=before("clients_client")))
    assert state["fields"] == {"name": ("Shop", "Stall"), "counterparty": ("First", "Second")}
    assert state["contacts"] == [("Ann", True, True, False), ("Cid", True, True, False)]


def test_now_nothing_differs(shop: Client) -> None:
    assert told(client_past(shop, at=timezone.now())) == {
        "fields": {}, "contacts": [("Ann", True, True, False), ("Cid", True, True, False)],
        "contracts": [], "counterparty": "Second",
    }  # fmt: skip


def test_before_it_was_added_there_was_no_client(shop: Client) -> None:
    assert not client_past(shop, at=timezone.now() - timedelta(days=1)).client.was


def test_the_page_shows_a_moment_an_event_and_says_what_is_no_moment(shop: Client) -> None:
    browser = make.signed_in(make.user(Role.REP, shop.territory))
    address = reverse("client-past", args=[shop.code])
    text = browser.get(address, {"event": before("clients_client", 0)}).content.decode()
    assert all(word in text for word in ("Shop", "North", "First", "Bob", "removed since", "added since"))
    assert "no such client yet" in browser.get(address, {"at": "2001-01-01T10:00"}).content.decode()
    assert "no date and time" in browser.get(address, {"at": "yesterday"}).content.decode()
