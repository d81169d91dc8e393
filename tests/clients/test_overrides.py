"""A category set by hand: who may, what it changes and what not, and that it ends."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.utils import timezone

from accounts.models import HistoryEvent, Role, Way
from accounts.services import acting
from clients.fields import Override
from clients.history import history
from clients.models import ChangeRequest, Client
from clients.overrides.models import CategoryOverride
from clients.services import (
    category_override,
    change_request_approve,
    change_request_decline,
    field_rules_set,
)
from kpi import selectors, services
from kpi.models import RankDay
from tests import make

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()
SOON = TODAY + timedelta(days=30)
WANTED = Override("B", SOON, "a new shop next door")


def setting(person: Any, client: Client, wanted: Override | None = WANTED) -> list[Any]:
    return category_override(user=person, code=client.code, wanted=wanted, way=Way.BROWSER).filed


def category(client: Client) -> str:
    return Client.objects.get(pk=client.pk).category


def derive_again() -> None:
    RankDay.objects.all().delete()
    services.refresh()


def expire(client: Client) -> None:
    with acting(actor=None, way=Way.COMMAND):
        CategoryOverride.objects.filter(client=client).update(until=TODAY - timedelta(days=1))


def test_a_supervisor_sets_the_category_at_once_and_the_derived_one_is_kept_beside_it() -> None:
    place = make.territory()
    client, boss = make.client(place, potential_monthly=100), make.user(Role.SUPERVISOR, place)
    derive_again()
    assert category(client) == "A"
    assert setting(boss, client) == []
    row = CategoryOverride.objects.get(client=client)
    assert (category(client), row.category, row.derived, row.reason) == ("B", "B", "A", "a new shop next door")


def test_deriving_again_keeps_the_override_and_follows_the_rules_beside_it() -> None:
    place = make.territory()
    client, boss = make.client(place, potential_monthly=100), make.user(Role.SUPERVISOR, place)
    derive_again()
    setting(boss, client)
    with acting(actor=None, way=Way.COMMAND):
        Client.objects.filter(pk=client.pk).update(potential_monthly=0)
    derive_again()
    assert category(client) == "B"
    assert CategoryOverride.objects.get(client=client).derived == "E"


def test_when_its_last_day_has_passed_the_derived_category_is_back() -> None:
    place = make.territory()
    client, boss = make.client(place, potential_monthly=100), make.user(Role.SUPERVISOR, place)
    derive_again()
    setting(boss, client, Override("D", TODAY, "only today"))
    derive_again()
    assert category(client) == "D", "its last day is one of its days"
    expire(client)
    derive_again()
    assert category(client) == "A"
    assert not CategoryOverride.objects.exists()


def test_the_derived_category_is_back_at_once_when_the_override_is_taken_away() -> None:
    place = make.territory()
    client, boss = make.client(place, potential_monthly=100), make.user(Role.SUPERVISOR, place)
    derive_again()
    setting(boss, client)
    setting(boss, client, Override("C", SOON, "still"))
    assert category(client) == "C"
    setting(boss, client, None)
    assert category(client) == "A"


def test_ranks_and_the_matrix_by_category_stay_as_the_rules_have_them() -> None:
    place = make.territory()
    client, boss = make.client(place, potential_monthly=100), make.user(Role.SUPERVISOR, place)
    derive_again()
    before = list(selectors.ranks(TODAY))
    setting(boss, client, Override("E", SOON, "no"))
    derive_again()
    assert list(selectors.ranks(TODAY)) == before
    assert before[0][3] == "A"


def test_what_a_rep_sets_becomes_a_request_with_letter_day_and_reason_and_the_supervisor_approves_it() -> None:
    place = make.territory()
    client, rep = make.client(place), make.user(Role.REP, place)
    boss = make.user(Role.SUPERVISOR, place)
    (filed,) = setting(rep, client)
    assert category(client) == ""
    assert (filed.request.field, filed.request.old) == ("category", None)
    assert [each.already for each in setting(rep, client)] == [True]
    decision = change_request_approve(user=boss, pk=filed.request.pk, way=Way.BROWSER)
    row = CategoryOverride.objects.get(client=client)
    assert (decision.done, category(client), row.until, row.reason, row.author) == (
        True, "B", SOON, "a new shop next door", rep,
    )  # fmt: skip


def test_a_request_whose_day_has_passed_cannot_be_approved_and_goes_on_waiting() -> None:
    place = make.territory()
    client, rep = make.client(place), make.user(Role.REP, place)
    with acting(actor=rep, way=Way.BROWSER):
        request = ChangeRequest.objects.create(
            client=client, field="category", new=f"B {TODAY - timedelta(days=1)} late", author=rep
        )
    decision = change_request_approve(user=make.user(Role.SUPERVISOR, place), pk=request.pk, way=Way.BROWSER)
    request.refresh_from_db()
    assert (decision.done, request.state, category(client)) == (False, "open", "")


def test_a_declined_request_changes_nothing() -> None:
    place = make.territory()
    client, rep = make.client(place), make.user(Role.REP, place)
    (filed,) = setting(rep, client)
    change_request_decline(
        user=make.user(Role.SUPERVISOR, place), pk=filed.request.pk, reason="no", way=Way.BROWSER
    )  # fmt: skip
    assert (category(client), CategoryOverride.objects.exists()) == ("", False)


def test_by_the_setting_a_rep_may_set_it_at_once() -> None:
    place = make.territory()
    client, rep = make.client(place), make.user(Role.REP, place)
    field_rules_set(user=make.user(Role.ADMIN), rights={"category": "change"}, way=Way.BROWSER)
    assert setting(rep, client) == []
    assert category(client) == "B"


def test_an_analyst_may_not_and_outside_the_subtree_the_client_does_not_exist() -> None:
    place = make.territory()
    client = make.client(place)
    with pytest.raises(PermissionDenied):
        setting(make.user(Role.ANALYST, place), client)
    with pytest.raises(Client.DoesNotExist):
        setting(make.user(Role.SUPERVISOR, make.territory()), client)


@pytest.mark.parametrize(
    "wanted",
    [Override("F", SOON, "why"), Override("B", TODAY - timedelta(days=1), "why"), Override("B", SOON, "  ")],
)
def test_a_letter_that_is_none_a_day_that_has_passed_or_no_reason_are_refused(wanted: Override) -> None:
    place = make.territory()
    client = make.client(place)
    with pytest.raises(ValidationError):
        setting(make.user(Role.SUPERVISOR, place), client, wanted)
    assert not CategoryOverride.objects.exists()


def test_the_history_tells_who_set_it_why_until_when_and_that_it_ended() -> None:
    place = make.territory()
    client, boss = make.client(place), make.user(Role.SUPERVISOR, place)
    setting(boss, client)
    expire(client)
    derive_again()
    client.refresh_from_db()
    told = history(client, boss).entries
    about = [each for each in told if each.subject == "a new shop next door"]
    assert [each.operation for each in about] == ["D", "U", "I"]
    assert about[-1].who == str(boss)
    event = HistoryEvent.objects.get(table="overrides_categoryoverride", operation="I")
    assert event.new is not None
    assert event.new["reason"] == "a new shop next door"
    assert event.actor == boss


def test_the_database_refuses_an_override_that_comes_round_the_services() -> None:
    client, boss = make.client(make.territory()), make.user(Role.ADMIN)
    with pytest.raises(Exception, match="written through the services only"), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO overrides_categoryoverride (client_id, category, derived, until, reason, author_id, at)"
            " VALUES (%s, 'A', '', %s, 'x', %s, now())",
            [client.pk, date(2030, 1, 1), boss.pk],
        )


def test_the_page_sets_asks_and_gives_back() -> None:
    place = make.territory()
    client, boss, rep = make.client(place), make.user(Role.SUPERVISOR, place), make.user(Role.REP, place)
    sent = {"category": "C", "until": SOON.isoformat(), "reason": "rebuilt"}
    asked = make.signed_in(rep).post(f"/clients/{client.code}/category/", sent, follow=True)
    assert "Sent for approval." in asked.text
    assert category(client) == ""
    browser = make.signed_in(boss)
    assert "C until" in browser.get(f"/clients/{client.code}/category/").text
    browser.post(f"/clients/{client.code}/category/", sent)
    assert category(client) == "C"
    assert "by hand until" in browser.get(f"/clients/{client.code}/category-note/").text
    assert browser.post(f"/clients/{client.code}/category/", sent | {"reason": ""}).status_code == 400
    browser.post(f"/clients/{client.code}/category/", {"remove": "1"})
    assert category(client) == ""
