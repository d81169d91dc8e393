from typing import Any

import pytest

from accounts.models import Role
from clients.models import Segment
from clients.segments import READY
from tests import make
from tests.make import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _plain_static_files(settings: Any) -> None:
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }


def test_a_segment_keeps_filters_order_and_columns_and_shows_them_to_the_role_it_is_shared_with() -> None:
    route = make.territory()
    make.client(route, name="Слабый", category="D", status="lost")
    make.client(route, name="Сильный", category="A", status="lost")
    head = make.user(Role.HEAD, route)
    state = "status=lost&category=D&sort=-name"
    answer = signed_in(head).post(
        "/segments/new/", {"state": f"{state}&after=1~x", "name": " Weak ", "role": "rep", "columns": "1"}
    )
    segment = Segment.objects.get()
    assert (segment.name, segment.role, segment.query) == ("Weak", "rep", state)
    assert segment.columns == ["name", "counterparty", "channel", "territory", "category", "reason", "last_order"]
    address = answer.url  # type: ignore[attr-defined]

    text = signed_in(make.user(Role.REP, route)).get(address).content.decode()
    assert "<h1>Weak</h1>" in text
    assert "Слабый" in text
    assert "Сильный" not in text
    assert "<h1>Clients</h1>" in signed_in(make.user(Role.ANALYST, route)).get(address).content.decode()


def test_a_name_is_given_once_and_not_empty() -> None:
    browser = signed_in(make.user(Role.ADMIN))
    for name in ("Mine", "Mine", " "):
        assert browser.post("/segments/new/", {"state": "", "name": name}).status_code == 302
    assert [segment.name for segment in Segment.objects.all()] == ["Mine"]


def test_only_the_owner_changes_a_segment() -> None:
    owner, other = make.user(Role.ADMIN), make.user(Role.ADMIN)
    segment = Segment.objects.create(owner=owner, name="Mine", role="admin", query="status=all")
    for address in (f"/segments/{segment.pk}/", f"/segments/{segment.pk}/delete/"):
        assert signed_in(other).post(address, {"name": "Theirs"}).status_code == 404
    signed_in(owner).post(f"/segments/{segment.pk}/", {"name": "Ours", "role": ""})
    segment.refresh_from_db()
    assert (segment.name, segment.role) == ("Ours", "")
    signed_in(owner).post(f"/segments/{segment.pk}/delete/")
    assert not Segment.objects.exists()


def test_every_ready_made_segment_is_a_list() -> None:
    browser = signed_in(make.user(Role.ADMIN))
    assert all(ready.known for ready in READY)
    for ready in READY:
        assert browser.get(f"/clients/?{ready.address}").status_code == 200
    assert "Debtors" in browser.get("/segments/").content.decode()
