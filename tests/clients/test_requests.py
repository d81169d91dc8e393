"""Change requests: what a representative may not change at once (spec/product.md, rule 3; issue 3)."""

from datetime import date
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError
from django.urls import reverse
from django.utils import translation

from accounts.models import HistoryEvent, Notice, Role, User, Way
from accounts.notices import text
from accounts.services import acting
from clients import requests, services
from clients.fields import ALL_RIGHTS, DEFAULT_RIGHTS
from clients.history import history
from clients.models import ChangeRequest, Client
from clients.services import Decision, Filed
from territories.models import TerritoryUserGrant
from tests import make

pytestmark = pytest.mark.django_db


class World:
    """A team with two routes, the people on them and an outlet."""

    def __init__(self) -> None:
        self.team = make.territory(make.territory())
        self.route, self.next_route = make.territory(self.team), make.territory(self.team)
        self.rep, self.other = make.user(Role.REP, self.route), make.user(Role.REP, self.route)
        self.boss = make.user(Role.SUPERVISOR, self.team)
        self.retail, self.horeca = make.channel(name="Retail"), make.channel(name="HoReCa")
        self.shop = make.client(self.route, name="Shop", channel=self.retail, opened_on=date(2024, 1, 1))

    def edit(self, user: User, **changes: Any) -> list[Filed]:
        self.shop.refresh_from_db()
        return services.client_update(
            user=user, code=self.shop.code, version=self.shop.version, changes=changes, way=Way.BROWSER
        ).filed

    def ask(self, **changes: Any) -> ChangeRequest:
        (filed,) = self.edit(self.rep, **changes)
        return filed.request

    def approve(self, request: ChangeRequest, by: User | None = None, **more: Any) -> Decision:
        return services.change_request_approve(user=by or self.boss, pk=request.pk, way=Way.BROWSER, **more)

    def decline(self, request: ChangeRequest, reason: str = "No", by: User | None = None) -> Decision:
        return services.change_request_decline(user=by or self.boss, pk=request.pk, reason=reason, way=Way.BROWSER)

    def now(self, field: str = "channel") -> Any:
        return getattr(Client.objects.get(pk=self.shop.pk), field)


@pytest.fixture
def world() -> World:
    return World()


def said(person: User) -> list[str]:
    with translation.override("en"):
        return [text(notice) for notice in Notice.objects.filter(recipient=person).order_by("pk")]


NEW_VALUES: dict[str, Any] = {
    "code": "NEW",
    "is_target": False,
    "opened_on": date(2024, 2, 1),
    "closed_on": date(2025, 1, 1),
}
PROTECTED = sorted(name for name, right in DEFAULT_RIGHTS.items() if right == "approve")


@pytest.mark.parametrize("field", PROTECTED)
def test_a_protected_field_changes_when_a_supervisor_approves_and_not_before(world: World, field: str) -> None:
    value = {"territory": world.next_route, "channel": world.horeca, "counterparty": make.counterparty()}.get(
        field, NEW_VALUES.get(field)
    )
    before = world.now(field)
    request = world.ask(**{field: value})
    assert (world.now(field), request.state) == (before, "open")
    assert world.approve(request).done
    assert world.now(field) == value


def test_free_fields_are_written_at_once_beside_a_request(world: World) -> None:
    (filed,) = world.edit(world.rep, phone="5", channel=world.horeca)
    assert (world.now("phone"), world.now(), filed.request.field) == ("5", world.retail, "channel")


def test_a_protected_field_that_stays_as_it_is_needs_no_request(world: World) -> None:
    assert world.edit(world.rep, phone="5", channel=world.retail) == []
    assert not ChangeRequest.objects.exists()


def test_what_could_not_be_written_anyway_is_not_asked_for_and_nothing_is_saved(world: World) -> None:
    with pytest.raises(ValidationError) as refused:
        world.edit(world.rep, phone="5", closed_on=date(2023, 1, 1))
    assert refused.value.messages
    assert (world.now("phone"), ChangeRequest.objects.exists()) == ("", False)


def test_free_fields_must_hold_without_what_is_only_asked_for(world: World) -> None:
    services.field_rules_set(user=make.user(Role.ADMIN), rights={"opened_on": "change"}, way=Way.BROWSER)
    world.edit(world.boss, closed_on=date(2024, 6, 1))
    with pytest.raises(ValidationError):
        world.edit(world.rep, opened_on=date(2025, 1, 1), closed_on=date(2025, 2, 1))
    assert world.now("opened_on") == date(2024, 1, 1)


def test_a_supervisor_needs_no_request(world: World) -> None:
    assert world.edit(world.boss, channel=world.horeca) == []
    assert world.now() == world.horeca


def test_a_move_is_asked_for_within_the_team_only(world: World) -> None:
    with pytest.raises(PermissionDenied, match="territory"):
        world.edit(world.rep, territory=make.territory(make.territory()))


# --- requested twice ---


def test_the_same_asked_again_by_anybody_files_nothing_new(world: World) -> None:
    first = world.ask(channel=world.horeca)
    for person in (world.rep, world.other):
        (again,) = world.edit(person, channel=world.horeca)
        assert (again.already, again.request) == (True, first)
    assert ChangeRequest.objects.count() == 1


def test_another_value_takes_the_place_of_what_was_asked_and_its_author_is_told(world: World) -> None:
    first = world.ask(channel=world.horeca)
    (second,) = world.edit(world.other, channel=None)
    assert second.replaced == first
    first.refresh_from_db()
    assert (first.state, first.decided_by) == ("replaced", world.other)
    assert said(world.rep) == [
        f"{world.other} asked for another value of sales channel of “Shop”: that request replaces yours."
    ]
    assert world.approve(second.request).done
    assert world.now() is None


def test_the_database_holds_one_open_request_of_a_field(world: World) -> None:
    world.ask(channel=world.horeca)
    with pytest.raises(IntegrityError, match="change_request_one_open"), acting(actor=None, way=Way.COMMAND):
        ChangeRequest.objects.create(client=world.shop, field="channel", author=world.other)


# --- deciding ---


def test_turning_down_needs_a_reason_and_leaves_the_client_alone(world: World) -> None:
    request = world.ask(channel=world.horeca)
    with pytest.raises(ValidationError):
        world.decline(request, " ")
    assert world.decline(request, "Still a shop").done
    request.refresh_from_db()
    assert (request.state, request.reason, request.decided_by, world.now()) == (
        "declined", "Still a shop", world.boss, world.retail,
    )  # fmt: skip
    assert said(world.rep) == [f"Turned down: sales channel of “Shop” ({world.boss}). Reason: Still a shop"]


def test_who_asked_is_told_of_the_approval_in_the_own_language(world: World) -> None:
    world.approve(world.ask(channel=world.horeca))
    (notice,) = Notice.objects.filter(recipient=world.rep)
    assert said(world.rep) == [f"Approved: sales channel of “Shop” ({world.boss})."]
    with translation.override("ru"):
        assert text(notice) != said(world.rep)[0]
    assert notice.link.startswith(reverse("request-mine"))


def test_a_request_is_decided_once(world: World) -> None:
    request = world.ask(channel=world.horeca)
    world.approve(request)
    for late in (world.approve(request), world.decline(request), _withdraw(world.rep, request)):
        assert not late.done
        assert str(world.boss) in late.why


def _withdraw(user: User, request: ChangeRequest) -> Decision:
    return services.change_request_withdraw(user=user, pk=request.pk, way=Way.BROWSER)


def test_one_withdraws_the_own_requests_only(world: World) -> None:
    request = world.ask(channel=world.horeca)
    for person in (world.other, world.boss):
        with pytest.raises(ChangeRequest.DoesNotExist):
            _withdraw(person, request)
    assert _withdraw(world.rep, request).done
    assert not world.approve(request).done
    assert world.now() == world.retail


def test_only_who_may_approve_on_the_territory_decides(world: World) -> None:
    request = world.ask(channel=world.horeca)
    elsewhere = make.user(Role.HEAD, make.territory())
    for person in (world.rep, world.other, elsewhere, make.user(Role.ANALYST, world.team)):
        for decide in (world.approve, world.decline):
            with pytest.raises(ChangeRequest.DoesNotExist):
                decide(request, by=person)
    assert ChangeRequest.objects.approvable_by(make.user(Role.ADMIN)).get() == request
    assert world.now() == world.retail


def test_nobody_approves_the_own_request_even_once_promoted(world: World) -> None:
    request = world.ask(channel=world.horeca)
    with acting(actor=None, way=Way.COMMAND):
        User.objects.filter(pk=world.rep.pk).update(role=Role.ADMIN)
    with pytest.raises(ChangeRequest.DoesNotExist):
        world.approve(request, by=User.objects.get(pk=world.rep.pk))


def test_a_move_needs_the_right_to_approve_at_both_ends(world: World) -> None:
    narrow = make.user(Role.SUPERVISOR, world.route)
    request = world.ask(territory=world.next_route)
    with translation.override("en"):
        refused = world.approve(request, by=narrow)
    assert (refused.done, world.now("territory")) == (False, world.route)
    assert refused.why == "You don't decide about the territory it is to move to."
    assert world.approve(request).done


# --- outdated, no longer allowed ---


def test_a_value_that_has_changed_since_is_said_and_not_overwritten(world: World) -> None:
    wholesale = make.channel(name="Wholesale")
    request = world.ask(channel=world.horeca)
    world.edit(world.boss, channel=wholesale)
    refused = world.approve(request)
    assert (refused.done, world.now()) == (False, wholesale)
    assert "Wholesale" in refused.why
    (row,) = requests.rows([ChangeRequest.objects.get()], world.boss)
    assert (row.old, row.new, row.now) == ("Retail", "HoReCa", "Wholesale")


def test_who_has_seen_the_changed_value_may_approve_all_the_same_but_not_a_newer_one(world: World) -> None:
    request = world.ask(channel=world.horeca)
    world.edit(world.boss, channel=make.channel(name="Wholesale"))
    seen = world.now("version")
    world.edit(world.boss, channel=make.channel(name="Online"))
    late = world.approve(request, seen=seen)
    assert (late.done, "Online" in late.why) == (False, True)
    assert world.approve(request, seen=world.now("version")).done
    assert world.now() == world.horeca


def test_other_fields_that_changed_since_do_not_matter(world: World) -> None:
    request = world.ask(channel=world.horeca)
    world.edit(world.boss, phone="5")
    assert world.approve(request).done


def test_what_the_client_has_already_is_closed_without_a_change(world: World) -> None:
    request = world.ask(channel=world.horeca)
    world.edit(world.boss, channel=world.horeca)
    version = world.now("version")
    decision = world.approve(request)
    request.refresh_from_db()
    assert (decision.done, decision.why != "", request.state, world.now("version")) == (True, True, "outdated", version)
    assert said(world.rep) == ["Nothing left to approve: sales channel of “Shop” is already what you asked for."]


def test_what_is_not_possible_any_more_is_said_and_keeps_waiting(world: World) -> None:
    request = world.ask(code="TAKEN")
    make.client(world.route, code="TAKEN")
    refused = world.approve(request)
    request.refresh_from_db()
    assert (refused.done, request.state, world.now("code")) == (False, "open", world.shop.code)
    assert refused.why


def test_a_client_that_left_ones_territory_is_no_longer_decided_about(world: World) -> None:
    request = world.ask(channel=world.horeca)
    with acting(actor=None, way=Way.COMMAND):
        Client.objects.update(territory=make.territory())
    with pytest.raises(ChangeRequest.DoesNotExist):
        world.approve(request)
    (row,) = requests.rows([ChangeRequest.objects.get()], world.rep)
    assert not row.here
    assert world.shop.name not in make.signed_in(world.rep).get(reverse("request-mine")).content.decode()


def test_the_queue_says_what_has_come_about_since(world: World) -> None:
    request = world.ask(is_target=False)

    def remarks() -> str:
        (row,) = requests.rows([ChangeRequest.objects.get()], world.boss)
        return " ".join(row.remarks)

    with translation.override("en"):
        assert remarks() == ""
        world.edit(world.boss, closed_on=date(2025, 1, 1))
        assert remarks() == "The client has been closed."
        with acting(actor=None, way=Way.COMMAND):
            TerritoryUserGrant.objects.filter(user=world.rep).delete()
        assert "no longer with" in remarks()
        with acting(actor=None, way=Way.COMMAND):
            User.objects.filter(pk=world.rep.pk).update(is_active=False)
        assert "does not work here" in remarks()
    assert world.approve(request).done


# --- the history ---


def test_an_approved_change_says_in_the_history_who_asked_and_who_approved(world: World) -> None:
    request = world.ask(channel=world.horeca)
    world.approve(request)
    event = HistoryEvent.objects.filter(table="clients_client", row_id=world.shop.pk).latest("pk")
    assert (event.actor, event.reference) == (world.boss, f"request:{request.pk}")
    entry = history(world.shop, world.boss).entries[0]
    assert (entry.who, entry.asked_by) == (str(world.boss), str(world.rep))
    page = make.signed_in(world.boss).get(reverse("client-history", args=[world.shop.code])).content.decode()
    assert f"at the request of {world.rep}" in page


def test_every_state_of_a_request_is_in_the_history_and_no_decision_is_rewritten(world: World) -> None:
    request = world.ask(channel=world.horeca)
    world.decline(request)
    events = HistoryEvent.objects.filter(table="clients_changerequest", row_id=request.pk).order_by("pk")
    assert [(event.operation, event.actor) for event in events] == [("I", world.rep), ("U", world.boss)]
    for changes in ({"state": "approved"}, {"new": None}, {"reason": "x"}):
        with pytest.raises(IntegrityError, match="decided once"), acting(actor=None, way=Way.COMMAND):
            ChangeRequest.objects.update(**changes)


# --- which field needs what ---


def test_an_administrator_says_which_field_needs_a_supervisor(world: World) -> None:
    admin = make.user(Role.ADMIN)
    services.field_rules_set(user=admin, rights={"phone": "approve", "channel": "change"}, way=Way.BROWSER)
    (filed,) = world.edit(world.rep, phone="5", channel=world.horeca)
    assert (filed.request.field, world.now(), world.now("phone")) == ("phone", world.horeca, "")
    event = HistoryEvent.objects.filter(table="clients_fieldrule").earliest("pk")
    assert (event.actor, event.new["field"], event.new["right"]) == (admin, "phone", "approve")


def test_nobody_else_sets_the_field_rules(world: World) -> None:
    for person in (world.rep, world.boss, make.user(Role.HEAD, world.team)):
        with pytest.raises(PermissionDenied):
            services.field_rules_set(user=person, rights={"channel": "change"}, way=Way.BROWSER)
    for nonsense in ({"status": "change"}, {"phone": "manage"}):
        with pytest.raises(ValueError, match=next(iter(nonsense))):
            services.field_rules_set(user=make.user(Role.ADMIN), rights=nonsense, way=Way.BROWSER)


def test_the_page_of_field_rules_writes_only_what_was_changed(world: World) -> None:
    browser = make.signed_in(make.user(Role.ADMIN))
    sent = dict(ALL_RIGHTS) | {f"initial-{name}": right for name, right in ALL_RIGHTS.items()}
    browser.post(reverse("field-rules"), sent | {"phone": "approve"})
    (filed,) = world.edit(world.rep, phone="5")
    assert filed.request.field == "phone"
    assert HistoryEvent.objects.filter(table="clients_fieldrule").count() == 1


# --- pages ---


def test_a_bulk_decision_says_what_became_of_each(world: World) -> None:
    ids = [filed.request.pk for filed in world.edit(world.rep, channel=world.horeca, is_target=False, code="NEW")]
    world.edit(world.boss, channel=None)
    browser = make.signed_in(world.boss)
    answer = browser.post(reverse("request-queue"), {"request": ids, "decision": "approve"})
    page = answer.content.decode()
    assert "2 requests approved." in page
    assert "The value has changed since it was asked for. Now: —" in page
    assert ChangeRequest.objects.open().get().field == "channel"


def test_turning_down_without_a_reason_decides_nothing(world: World) -> None:
    request = world.ask(channel=world.horeca)
    answer = make.signed_in(world.boss).post(reverse("request-queue"), {"request": request.pk, "decision": "decline"})
    assert "Say why you turn it down." in answer.content.decode()
    assert ChangeRequest.objects.open().exists()


def test_the_queue_is_filtered_by_field_person_and_territory(world: World) -> None:
    world.edit(world.rep, channel=world.horeca, is_target=False)
    other = make.client(world.next_route, name="Kiosk")
    neighbour = make.user(Role.REP, world.next_route)
    services.client_update(user=neighbour, code=other.code, version=1, changes={"is_target": False}, way=Way.BROWSER)
    browser = make.signed_in(world.boss)

    def shown(**asked: str) -> int:
        return browser.get(reverse("request-queue"), asked).content.decode().count('name="request"')

    assert (shown(), shown(field="channel"), shown(field="is_target")) == (3, 1, 2)
    assert (shown(person=neighbour.username), shown(territory=world.route.code)) == (1, 2)
    assert shown(territory="elsewhere", field="nonsense") == 3


def test_the_number_of_waiting_requests_and_unread_notices_is_on_every_page(world: World) -> None:
    request = world.ask(channel=world.horeca)
    page = make.signed_in(world.boss).get(reverse("client-list")).content.decode()
    assert 'rail-count">1<' in page
    world.approve(request)
    assert 'rail-count"' not in make.signed_in(world.boss).get(reverse("client-list")).content.decode()
    browser = make.signed_in(world.rep)
    assert 'rail-count">1<' in browser.get(reverse("client-list")).content.decode()
    notice = Notice.objects.get()
    assert browser.get(reverse("notice-open", args=[notice.pk])).url == notice.link  # type: ignore[attr-defined]
    assert 'rail-count"' not in browser.get(reverse("client-list")).content.decode()
    assert make.signed_in(world.boss).get(reverse("notice-open", args=[notice.pk])).status_code == 404
