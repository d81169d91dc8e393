from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import HistoryEvent, Role, User, Way
from accounts.services import acting
from clients import contact_services as services
from clients import selectors
from clients.models import Client, Contact, Interaction
from territories.models import Territory
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def route() -> Territory:
    return make.territory()


@pytest.fixture
def shop(route: Territory) -> Client:
    return make.client(route, name="Shop", phone="+7 900 000-00-01")


@pytest.fixture
def rep(route: Territory) -> User:
    return make.user(Role.REP, route)


@pytest.fixture
def browser(rep: User) -> Browser:
    return make.signed_in(rep)


def add(user: User, shop: Client, **values: Any) -> Contact:
    return services.contact_add(user=user, code=shop.code, values={"full_name": "Anna"} | values, way=Way.API)


def change(user: User, contact: Contact, was: dict[str, Any], **changes: Any) -> Contact:
    return services.contact_update(
        user=user, code=contact.client.code, pk=contact.pk, was=was, changes=changes, way=Way.API
    )


def say(user: User, shop: Client, closes: int | None = None, **values: Any) -> Interaction:
    values = {"kind": "call", "said": "Will think about it"} | values
    return services.interaction_add(user=user, code=shop.code, values=values, closes=closes, way=Way.API)


def test_a_contact_is_added_changed_and_removed_and_all_of_it_is_in_the_history(rep: User, shop: Client) -> None:
    contact = add(rep, shop, is_decision_maker=True)
    change(rep, contact, {"phone": ""}, phone="+7 900 111-22-33")
    services.contact_remove(user=rep, code=shop.code, pk=contact.pk, way=Way.API)
    events = HistoryEvent.objects.filter(table="clients_contact", row_id=contact.pk).order_by("pk")
    assert {(event.operation, event.actor) for event in events} >= {("I", rep), ("D", rep)}
    assert not shop.contacts.exists()


def test_who_saves_over_somebody_elses_change_of_the_same_field_is_told(rep: User, shop: Client) -> None:
    contact = add(rep, shop)
    change(rep, contact, {"phone": ""}, phone="1")
    with pytest.raises(services.Meanwhile) as told:
        change(rep, contact, {"phone": "", "notes": ""}, phone="2", notes="Mornings")
    assert told.value.fields == {"phone"}
    contact.refresh_from_db()
    assert (contact.phone, contact.notes) == ("1", "")


def test_two_people_change_different_fields_of_a_contact_without_a_conflict(rep: User, shop: Client) -> None:
    contact = add(rep, shop)
    change(rep, contact, {"phone": ""}, phone="1")
    change(rep, contact, {"notes": ""}, notes="Mornings")
    contact.refresh_from_db()
    assert (contact.phone, contact.notes) == ("1", "Mornings")


@pytest.mark.parametrize(
    ("values", "field"), [({"full_name": ""}, "full_name"), ({"email": "no"}, "email"), ({"phone": " - "}, "phone")]
)
def test_a_contact_that_cannot_be_is_refused_by_field(
    rep: User, shop: Client, values: dict[str, Any], field: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        add(rep, shop, **values)
    assert set(refused.value.message_dict) == {field}


def test_the_same_name_twice_at_a_client_is_refused(rep: User, shop: Client) -> None:
    add(rep, shop)
    with pytest.raises(ValidationError):
        add(rep, shop)


def test_an_analyst_reads_contacts_and_interactions_and_writes_none(rep: User, route: Territory, shop: Client) -> None:
    analyst, contact, step = make.user(Role.ANALYST, route), add(rep, shop), say(rep, shop, **STEP)
    for write in (
        lambda: add(analyst, shop, full_name="Boris"),
        lambda: change(analyst, contact, {"phone": ""}, phone="1"),
        lambda: services.contact_remove(user=analyst, code=shop.code, pk=contact.pk, way=Way.API),
        lambda: say(analyst, shop),
        lambda: services.step_done(user=analyst, code=shop.code, pk=step.pk, way=Way.API),
        lambda: services.step_move(
            user=analyst, code=shop.code, pk=step.pk, was=date(2026, 3, 2), to=date(2026, 3, 3), way=Way.API
        ),
    ):
        with pytest.raises(PermissionDenied):
            write()


def test_what_hangs_on_a_client_of_another_territory_does_not_exist(rep: User, shop: Client) -> None:
    stranger, contact = make.user(Role.REP, make.territory()), add(rep, shop)
    with pytest.raises(Client.DoesNotExist):
        change(stranger, contact, {"phone": ""}, phone="1")
    with pytest.raises(Client.DoesNotExist):
        say(stranger, shop)


STEP = {"next_step": "Send the price list", "next_on": date(2026, 3, 2)}


def test_an_interaction_closes_the_step_it_was_about_and_brings_the_next_one(rep: User, shop: Client) -> None:
    first = say(rep, shop, **STEP)
    say(rep, shop, closes=first.pk, said="Got it", next_step="Ask for the order", next_on=date(2026, 3, 9))
    first.refresh_from_db()
    assert first.next_done_at is not None
    found = Client.objects.filter(pk=shop.pk)
    assert [step.next_step for step in selectors.open_steps(found, date(2026, 3, 31))] == ["Ask for the order"]


def test_a_step_of_another_client_is_not_closed(rep: User, route: Territory, shop: Client) -> None:
    other = say(rep, make.client(route), **STEP)
    with pytest.raises(Interaction.DoesNotExist):
        say(rep, shop, closes=other.pk)
    assert not shop.interactions.exists()


def test_what_is_still_to_come_is_no_interaction(rep: User, shop: Client) -> None:
    with pytest.raises(ValidationError) as refused:
        say(rep, shop, at=timezone.now() + timedelta(days=1))
    assert set(refused.value.message_dict) == {"at"}


def test_a_step_is_moved_only_from_the_day_it_was_seen_on(rep: User, shop: Client) -> None:
    step = say(rep, shop, **STEP)

    def move(was: date, to: date) -> None:
        services.step_move(user=rep, code=shop.code, pk=step.pk, was=was, to=to, way=Way.API)

    move(date(2026, 3, 2), date(2026, 3, 5))
    with pytest.raises(services.Meanwhile):
        move(date(2026, 3, 2), date(2026, 3, 6))
    step.refresh_from_db()
    assert step.next_on == date(2026, 3, 5)
    services.step_done(user=rep, code=shop.code, pk=step.pk, way=Way.API)
    with pytest.raises(services.Meanwhile):
        move(date(2026, 3, 5), date(2026, 3, 6))


@pytest.mark.parametrize(
    "wrong",
    [
        {"next_step": "Call"}, {"next_on": date(2026, 3, 2)}, {"kind": "telepathy"}, {"said": ""},
        {"next_done_at": datetime(2026, 3, 2, tzinfo=UTC)},
    ],
)  # fmt: skip
def test_the_database_itself_refuses_an_interaction_that_cannot_be(shop: Client, wrong: dict[str, Any]) -> None:
    values = {"kind": "call", "said": "Yes"} | wrong
    with pytest.raises(IntegrityError), transaction.atomic(), acting(actor=None, way=Way.COMMAND):
        Interaction.objects.create(client=shop, **values)


def test_the_history_of_contacts_comes_in_pages_without_losing_or_repeating_any(rep: User, shop: Client) -> None:
    moment = datetime(2026, 3, 2, 9, tzinfo=UTC)
    for number in range(2 * selectors.TALKS + 1):
        say(rep, shop, said=str(number), at=moment + timedelta(hours=number // 3))  # several at the same moment
    seen, after = [], None
    while True:
        page = selectors.interactions(shop, after)
        seen += [one.said for one in page.interactions]
        if (after := page.after) is None:
            break
    assert sorted(seen, key=int) == [str(number) for number in range(2 * selectors.TALKS + 1)]
    assert seen[0] == str(2 * selectors.TALKS)


@pytest.mark.parametrize(
    ("birthday", "today", "on"),
    [
        (date(1980, 3, 9), date(2026, 3, 2), date(2026, 3, 9)), (date(1980, 3, 10), date(2026, 3, 2), None),
        (date(1980, 3, 1), date(2026, 3, 2), None), (date(1980, 1, 3), date(2026, 12, 29), date(2027, 1, 3)),
        (date(1980, 2, 29), date(2026, 2, 27), date(2026, 3, 1)),
        (date(1980, 2, 29), date(2028, 2, 27), date(2028, 2, 29)),
    ],
)  # fmt: skip
def test_birthdays_of_today_and_the_next_seven_days_are_found_over_any_years_end(
    rep: User, shop: Client, birthday: date, today: date, on: date | None
) -> None:
    add(rep, shop, birthday=birthday)
    found = selectors.birthdays(Client.objects.visible_to(rep), today)
    assert [one.on for one in found] == ([on] if on else [])


# --- the card ----------------------------------------------------------------------------------------------------


def test_the_panel_of_people_is_the_same_part_on_the_card_and_after_a_change(browser: Browser, shop: Client) -> None:
    answer = browser.post(f"/clients/{shop.code}/contacts/", {"full_name": "Anna", "is_decision_maker": "on"})
    assert answer["HX-Retarget"] == "#contacts"
    assert "Anna" in answer.content.decode()
    assert "decides" in browser.get(f"/clients/{shop.code}/").content.decode()


def test_a_conflict_shows_the_stored_value_and_the_second_saving_wins(
    browser: Browser, rep: User, shop: Client
) -> None:
    contact = add(rep, shop)
    sent = {"full_name": "Anna", "initial-full_name": "Anna", "phone": "2", "initial-phone": ""}
    change(rep, contact, {"phone": ""}, phone="1")
    address = f"/clients/{shop.code}/contacts/{contact.pk}/"
    answer = browser.post(address, sent).content.decode()
    assert "Meanwhile changed to “1”" in answer
    browser.post(address, sent | {"initial-phone": "1"})
    contact.refresh_from_db()
    assert contact.phone == "2"


def test_a_removed_contact_can_be_put_back_with_everything(browser: Browser, rep: User, shop: Client) -> None:
    contact = add(rep, shop, phone="1", birthday=date(1980, 3, 2), is_decision_maker=True, notes="Mornings")
    form = browser.post(f"/clients/{shop.code}/contacts/{contact.pk}/remove/").context["gone"]
    browser.post(f"/clients/{shop.code}/contacts/", {field.html_name: field.value() for field in form})
    (back,) = shop.contacts.values("full_name", "phone", "birthday", "is_decision_maker", "notes")
    assert back == {
        "full_name": "Anna", "phone": "1", "birthday": date(1980, 3, 2), "is_decision_maker": True, "notes": "Mornings",
    }  # fmt: skip


def test_a_step_without_a_day_is_asked_for_in_the_form(browser: Browser, shop: Client) -> None:
    sent = {"kind": "call", "at": "2026-03-02T10:00", "said": "Yes", "next_step": "Call again"}
    answer = browser.post(f"/clients/{shop.code}/interactions/", sent)
    assert "A next step needs its day" in answer.content.decode()
    saved = browser.post(f"/clients/{shop.code}/interactions/", sent | {"next_on": "2026-03-03"})
    assert saved.status_code == 204
    assert "said" in saved["HX-Trigger"]
