from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from accounts.models import Role
from clients.models import Client, Status
from territories import selectors
from tests import make
from tests.make import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _plain_static_files(settings: Any) -> None:
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }


def form_of(client: Client, **values: str) -> dict[str, str]:
    """What the browser sends for the fields of a representative, unless `values` say otherwise."""
    fields = ("code", "name", "address", "lat", "lon", "phone", "email", "potential_monthly")
    stored = {field: "" if getattr(client, field) is None else str(getattr(client, field)) for field in fields}
    stored |= {"territory": str(client.territory_id), "is_target": "on"}
    opened = {f"initial-{field}": value for field, value in stored.items()}
    return {"version": str(client.version), **stored, **opened, **values}


@pytest.mark.parametrize(
    "page",
    ["client-card", "client-edit", "client-history", "client-orders", "client-visits", "client-kpi", "client-invoices"],
)
def test_a_client_of_another_route_does_not_exist(page: str) -> None:
    own, other = make.territory(), make.territory()
    browser = signed_in(make.user(Role.REP, own))
    assert browser.get(reverse(page, args=[make.client(own).code])).status_code == 200
    assert browser.get(reverse(page, args=[make.client(other).code])).status_code == 404


def test_the_list_shows_only_what_the_tree_lets_one_see() -> None:
    own = make.territory()
    make.client(own, name="Свой")
    make.client(make.territory(), name="Чужой")
    text = signed_in(make.user(Role.REP, own)).get("/clients/?status=all").content.decode()
    assert "Свой" in text
    assert "Чужой" not in text


def test_a_territory_one_may_not_see_is_no_filter_but_a_404() -> None:
    own, other = make.territory(), make.territory()
    browser = signed_in(make.user(Role.REP, own))
    assert browser.get("/clients/", {"territory": own.code}).status_code == 200
    assert browser.get("/clients/", {"territory": other.code}).status_code == 404


def test_nonsense_in_the_address_is_left_out() -> None:
    browser = signed_in(make.user(Role.REP, make.territory()))
    assert browser.get("/clients/?category=Z&status=x&after=abc&channel=nope&manager=nope").status_code == 200


def test_htmx_gets_only_the_list_and_caches_keep_the_two_apart() -> None:
    browser = signed_in(make.user(Role.REP, make.territory()))
    whole, part = browser.get("/clients/"), browser.get("/clients/", headers={"HX-Request": "true"})
    assert b"<html" in whole.content
    assert b"<html" not in part.content
    assert "HX-Request" in part["Vary"]


def test_a_code_may_hold_slashes() -> None:
    route = make.territory()
    client = make.client(route, code="00/12")
    browser = signed_in(make.user(Role.REP, route))
    assert browser.get(reverse("client-card", args=[client.code])).status_code == 200
    assert browser.get(reverse("client-edit", args=[client.code])).status_code == 200


def test_a_rep_sees_which_fields_need_approval() -> None:
    route = make.territory()
    browser = signed_in(make.user(Role.REP, route))
    text = browser.get(reverse("client-edit", args=[make.client(route).code])).content.decode()
    assert 'name="territory"' in text
    assert text.count("asks") == 7
    assert "sent to your supervisor for approval" in text
    text = signed_in(make.user(Role.SUPERVISOR, route)).get(reverse("client-edit", args=[make.client(route).code]))
    assert b"asks" not in text.content


def test_saving_changes_only_what_the_person_changed() -> None:
    route = make.territory()
    client = make.client(route, phone="1", address="Псков")
    browser = signed_in(make.user(Role.REP, route))
    answer = browser.post(reverse("client-edit", args=[client.code]), form_of(client, phone="2"))
    assert answer.status_code == 302
    client.refresh_from_db()
    assert (client.phone, client.address, client.version) == ("2", "Псков", 2)


def test_what_needs_approval_is_asked_for_and_the_rest_saved() -> None:
    route = make.territory()
    client = make.client(route, phone="1")
    browser = signed_in(make.user(Role.REP, route))
    address = reverse("client-edit", args=[client.code])
    answer = browser.post(address, form_of(client, phone="2", closed_on="2026-01-01"), follow=True)
    text = answer.content.decode()
    assert "Saved." in text
    assert "Sent for approval: closed on." in text
    assert "Waiting for approval" in text
    client.refresh_from_db()
    assert (client.phone, client.closed_on) == ("2", None)


def test_who_saves_over_a_change_sees_both_and_chooses() -> None:
    route = make.territory()
    client = make.client(route, phone="1", address="Псков")
    stale = form_of(client, phone="mine")
    first, second = signed_in(make.user(Role.REP, route)), signed_in(make.user(Role.REP, route))
    address = reverse("client-edit", args=[client.code])
    first.post(address, form_of(client, phone="theirs", address="Луга"))

    answer = second.post(address, stale)
    text = answer.content.decode()
    assert answer.status_code == 409
    assert all(word in text for word in ("theirs", "mine", "Луга", "Псков"))
    client.refresh_from_db()
    assert client.phone == "theirs"

    # What the page of choices sends: mine for the phone, theirs for the address.
    answer = second.post(address, form_of(client, phone="mine"))
    assert answer.status_code == 302
    client.refresh_from_db()
    assert (client.phone, client.address) == ("mine", "Луга")


def test_errors_stand_beside_their_fields() -> None:
    route = make.territory()
    client = make.client(route)
    browser = signed_in(make.user(Role.REP, route))
    answer = browser.post(reverse("client-edit", args=[client.code]), form_of(client, name="", lat="100", email="x"))
    assert answer.status_code == 400
    assert answer.content.decode().count("form-error") == 3


def test_amounts_are_taken_as_people_write_them() -> None:
    route = make.territory()
    client = make.client(route)
    browser = signed_in(make.user(Role.REP, route))
    browser.post(reverse("client-edit", args=[client.code]), form_of(client, potential_monthly="12 500,50"))
    client.refresh_from_db()
    assert str(client.potential_monthly) == "12500.50"


def test_a_lost_client_is_asked_for_its_reason_on_the_card() -> None:
    route = make.territory()
    client = make.client(route, status=Status.LOST)
    browser = signed_in(make.user(Role.REP, route))
    card = reverse("client-card", args=[client.code])
    assert "Why is this client lost?" in browser.get(card).content.decode()
    browser.post(reverse("client-reason", args=[client.code]), {"version": client.version, "lost_reason": "debt"})
    client.refresh_from_db()
    assert client.lost_reason == "debt"
    assert "Why is this client lost?" not in browser.get(card).content.decode()


def test_an_analyst_looks_and_does_not_touch() -> None:
    route = make.territory()
    client = make.client(route, status=Status.LOST)
    browser = signed_in(make.user(Role.ANALYST, route))
    text = browser.get(reverse("client-card", args=[client.code])).content.decode()
    assert reverse("client-edit", args=[client.code]) not in text
    assert "Why is this client lost?" not in text
    assert browser.get(reverse("client-edit", args=[client.code])).status_code == 403
    answer = browser.post(reverse("client-reason", args=[client.code]), {"version": 1, "lost_reason": "debt"})
    assert answer.status_code == 403


def test_the_history_tells_who_changed_what_from_what_to_what() -> None:
    route = make.territory()
    client = make.client(route, phone="111")
    browser = signed_in(make.user(Role.REP, route, full_name="Иванова Анна Сергеевна"))
    browser.post(reverse("client-edit", args=[client.code]), form_of(client, phone="222"))
    text = browser.get(reverse("client-history", args=[client.code])).content.decode()
    assert all(word in text for word in ("Иванова Анна Сергеевна", "changed", "phone", "111", "222", "browser"))


def test_nobody_gets_in_without_signing_in() -> None:
    for name in ("client-list", "kpi-matrix", "home"):
        assert Browser().get(reverse(name)).url.startswith("/login/")  # type: ignore[attr-defined]


def test_signing_in_leads_a_rep_to_the_day_and_a_head_to_the_kpis() -> None:
    route = make.territory()
    for role, page in ((Role.REP, "/day/"), (Role.HEAD, "/kpi/")):
        person = make.user(role, route)
        person.set_password("secret-word")
        with make.acting(actor=None, way=make.Way.COMMAND):
            person.save()
        browser = Browser()
        browser.post("/login/", {"username": person.username, "password": "secret-word"})
        assert browser.get("/").url == page  # type: ignore[attr-defined]


def test_of_many_territories_the_form_lists_those_near_the_chosen_one_and_takes_any(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(selectors, "WHOLE_TREE", 3)
    top = make.territory()
    near, far = make.territory(top), make.territory(top)
    routes, distant = [make.territory(near) for _number in range(3)], make.territory(far)
    client = make.client(routes[0])
    browser = signed_in(make.user(Role.HEAD, top))
    address = reverse("client-edit", args=[client.code])
    text = browser.get(address).content.decode()
    listed = [f'<option value="{node.pk}"' in text for node in (top, near, far, *routes, distant)]
    assert listed == [True] * 6 + [False]
    step = reverse("client-territories")
    assert f'hx-get="{step}?client={client.code}"' in text
    text = browser.get(step, {"client": client.code, "territory": str(far.pk)}).content.decode()
    assert f'<option value="{far.pk}" selected>' in text
    assert f'<option value="{distant.pk}">' in text
    assert f'<option value="{routes[1].pk}"' not in text
    browser.post(address, form_of(client, territory=str(distant.pk)))
    client.refresh_from_db()
    assert client.territory == distant
