"""Many clients at once: to each what one edit of it alone would do (the property test), in a few statements."""

import random
from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import HistoryEvent, Notice, Role, User, Way
from accounts.services import acting
from clients.duplicates.services import clients_merge
from clients.models import ChangeRequest, Client
from clients.services import (
    Conflict,
    changes_revert,
    client_update,
    clients_bulk_plan,
    clients_bulk_update,
    field_rules_set,
)
from tests import make

pytestmark = pytest.mark.django_db
REFERENCE = "bulk:test"
FIELDS = ("name", "address", "lat", "phone", "email", "potential_monthly", "lost_reason", "territory", "channel",
          "counterparty", "is_target", "opened_on", "closed_on")  # fmt: skip


class World:
    """Two regions of three routes, clients on all of them, people of every role, requests that wait."""

    def __init__(self, dice: random.Random) -> None:
        company = make.territory()
        self.regions = [make.territory(company), make.territory(company)]
        self.routes = [make.territory(region) for region in self.regions for _route in range(3)]
        self.channels = [make.channel(), make.channel()]
        self.owners = [make.counterparty(), make.counterparty()]
        self.dice = dice
        self.people = [
            make.user(Role.REP, *self.routes[:2]), make.user(Role.SUPERVISOR, self.regions[0]),
            make.user(Role.HEAD, company), make.user(Role.ANALYST, company), make.user(Role.ADMIN),
            self.mixed(), make.user(Role.REP),
        ]  # fmt: skip
        self.clients = [
            make.client(self.dice.choice(self.routes), **{name: self.value(name) for name in FIELDS[1:] if
                        name not in ("territory", "opened_on", "closed_on")},
                        **dict(zip(("opened_on", "closed_on"), self.days(), strict=True)))
            for _number in range(24)
        ]  # fmt: skip
        admin = make.user(Role.ADMIN)
        versions = dict(Client.objects.values_list("pk", "version"))
        clients_merge(user=admin, survivor=self.clients[0].pk, loser=self.clients[1].pk, versions=versions, take=(),
                      way=Way.COMMAND)  # fmt: skip
        for one in self.dice.sample(self.clients[2:], 8):
            one.refresh_from_db()
            for name in ("channel", "is_target", "closed_on"):
                value = self.value(name)
                if getattr(one, name) == value:
                    continue
                with acting(actor=self.people[0], way=Way.BROWSER):
                    ChangeRequest.objects.create(
                        client=one, field=name, author=self.dice.choice(self.people[:2]), **packed(one, name, value)
                    )
        if self.dice.random() < 0.5:
            some = ("territory", "channel", "phone")
            rights = {name: self.dice.choice(["change", "approve"]) for name in some}
            field_rules_set(user=admin, rights=rights, way=Way.BROWSER)
        self.seen = [
            (pk, version - (self.dice.random() < 0.2)) for pk, version in Client.objects.values_list("pk", "version")
        ] + [(10**12, 1)]

    def mixed(self) -> User:
        """Changes two routes, approves on one of them and on one that is not theirs to change."""
        person = make.user(Role.REP, *self.routes[1:3])
        make.grant(person, self.routes[1], "approve")
        make.grant(person, self.routes[4], "view", "approve")
        return person

    def days(self) -> tuple[date | None, date | None]:
        opened, closed = self.value("opened_on"), self.value("closed_on")
        return (opened, None) if opened and closed and closed < opened else (opened, closed)

    def value(self, name: str) -> Any:
        some: dict[str, list[Any]] = {
            "name": ["Shop", "Store"], "address": ["", "Street 1"], "lat": [None, 55.75, 1.0], "phone": ["", "1", "-"],
            "email": ["", "a@b.ru", "nonsense"], "potential_monthly": [None, Decimal(5), Decimal("1200.50")],
            "lost_reason": ["", "debt"], "territory": self.routes, "channel": [None, *self.channels],
            "counterparty": [None, *self.owners], "is_target": [True, False],
            "opened_on": [None, date(2024, 1, 1), date(2024, 6, 1)],
            "closed_on": [None, date(2024, 1, 1), date(2024, 3, 1)],
        }  # fmt: skip
        return self.dice.choice(some[name])


def packed(client: Client, name: str, value: Any) -> dict[str, Any]:
    from clients.fields import pack

    return {"old": pack(getattr(client, name)), "new": pack(value)}


def one_by_one(user: User, seen: list[tuple[int, int]], changes: dict[str, Any]) -> dict[int, str]:
    """What `client_update` says of each client: ok, same, or why not."""
    codes, said = dict(Client.objects.values_list("pk", "code")), {}
    for pk, version in seen:
        before = state(pk)
        try:
            with acting(actor=None, way=Way.COMMAND):
                client_update(user=user, code=codes.get(pk, ""), version=version, changes=changes, way=Way.BROWSER)
            said[pk] = "same" if state(pk) == before else "ok"
        except Client.DoesNotExist:
            said[pk] = "gone"
        except PermissionDenied as error:
            said[pk] = "elsewhere" if str(error) == "territory" and _changes(user, pk) else "forbidden"
        except Conflict:
            said[pk] = "conflict"
        except ValidationError:
            said[pk] = "invalid"
    return said


def _changes(user: User, pk: int) -> bool:
    return Client.objects.changeable_by(user).filter(pk=pk).exists()


def state(pk: int | None = None) -> list[Any]:
    """All that an edit may leave behind: clients, requests, notices, history."""
    clients = Client.objects.order_by("pk").values_list("pk", "version", *FIELDS)
    asked = ChangeRequest.objects.order_by("client_id", "field", "state", "pk").values_list(
        "client_id", "field", "old", "new", "author_id", "state", "decided_by_id"
    )
    events = HistoryEvent.objects.filter(table="clients_client").order_by("row_id", "pk").values_list(
        "row_id", "operation", "actor_id", "way", "old", "new"
    )  # fmt: skip
    if pk is not None:
        clients, asked, events = clients.filter(pk=pk), asked.filter(client_id=pk), events.filter(row_id=pk)
    notices = sorted(map(str, Notice.objects.values_list("recipient_id", "kind", "params__field", "params__client")))
    return [list(clients), list(asked), list(events), notices if pk is None else []]


@pytest.mark.parametrize("seed", range(15))
def test_of_every_client_it_makes_what_an_edit_of_it_alone_would(seed: int) -> None:
    dice = random.Random(seed)
    world = World(dice)
    for person in world.people:
        changes = {name: world.value(name) for name in dice.sample(FIELDS, dice.choice([1, 1, 2, 3]))}
        with transaction.atomic():
            said = one_by_one(person, world.seen, changes)
            alone = state()
            transaction.set_rollback(True)
        with transaction.atomic():
            try:
                done = clients_bulk_update(
                    user=person, seen=world.seen, changes=changes, reference=REFERENCE, way=Way.BROWSER
                )
            except ValidationError:  # of a value that nobody can have
                assert {"ok", "same"}.isdisjoint(said.values())
                assert not HistoryEvent.objects.filter(reference=REFERENCE).exists()
            else:
                renamed = Counter({"order" if verdict == "invalid" else verdict: 0 for verdict in said.values()})
                renamed.update("order" if verdict == "invalid" else verdict for verdict in said.values())
                counted = Counter({"ok": done.changed, "same": done.same, **done.refused})
                assert +counted == +renamed
                assert sorted(done.left) == sorted(pk for pk, verdict in said.items() if verdict == "conflict")
                assert state() == alone
            transaction.set_rollback(True)


def test_what_was_seen_is_what_is_planned_and_nothing_is_written_by_looking() -> None:
    route = make.territory()
    rep, shops = make.user(Role.REP, route), [make.client(route, phone=str(number)) for number in range(3)]
    seen = [(one.pk, one.version) for one in shops]
    before = state()
    _plan, looked = clients_bulk_plan(user=rep, seen=seen, changes={"phone": "1", "is_target": False})
    assert state() == before
    assert (looked.changed, looked.written, looked.asked, looked.same) == (3, 2, 3, 0)
    done = clients_bulk_update(
        user=rep, seen=seen, changes={"phone": "1", "is_target": False}, reference=REFERENCE, way=Way.BROWSER
    )
    assert done == looked._replace(lines=[])
    assert len(looked.lines) == 3
    assert ChangeRequest.objects.open().filter(field="is_target", new=False, old=True, author=rep).count() == 3


def test_who_was_changed_meanwhile_is_left_alone_and_named() -> None:
    route = make.territory()
    rep, (one, other) = make.user(Role.REP, route), (make.client(route), make.client(route))
    seen = [(one.pk, one.version), (other.pk, other.version)]
    client_update(user=rep, code=one.code, version=1, changes={"phone": "theirs"}, way=Way.BROWSER)
    done = clients_bulk_update(user=rep, seen=seen, changes={"phone": "ours"}, reference=REFERENCE, way=Way.BROWSER)
    assert (done.written, done.refused, done.left) == (1, {"conflict": 1}, [one.pk])
    assert dict(Client.objects.values_list("pk", "phone")) == {one.pk: "theirs", other.pk: "ours"}


def test_it_is_one_change_of_the_history_and_is_taken_back_as_one() -> None:
    route = make.territory()
    rep, shops = make.user(Role.REP, route), [make.client(route, phone=str(number)) for number in range(5)]
    for some in (shops[:3], shops[3:]):  # in steps, as the job does it
        clients_bulk_update(
            user=rep, seen=[(one.pk, one.version) for one in some], changes={"phone": "new", "address": "there"},
            reference=REFERENCE, way=Way.BROWSER, ip="10.0.0.7",
        )  # fmt: skip
    events = HistoryEvent.objects.filter(reference=REFERENCE)
    assert (events.count(), events.filter(actor=rep, ip="10.0.0.7", way=Way.BROWSER).count()) == (5, 5)
    client_update(user=rep, code=shops[0].code, version=2, changes={"phone": "newer"}, way=Way.BROWSER)
    done = changes_revert(user=rep, reference=REFERENCE, way=Way.BROWSER)
    assert done.plan.obstacle_count == 1
    assert list(Client.objects.order_by("pk").values_list("phone", "address")) == [
        ("newer", ""), ("1", ""), ("2", ""), ("3", ""), ("4", ""),
    ]  # fmt: skip


def test_the_number_of_statements_does_not_grow_with_the_number_of_clients() -> None:
    route, channel = make.territory(), make.channel()
    rep = make.user(Role.REP, route)
    taken = []
    for number in (2, 40):
        seen = [(one.pk, one.version) for one in (make.client(route) for _client in range(number))]
        with CaptureQueriesContext(connection) as queries:
            clients_bulk_update(
                user=rep, seen=seen, changes={"phone": "1", "channel": channel}, reference=REFERENCE, way=Way.BROWSER
            )
        taken.append(len(queries))
    assert taken[0] == taken[1]


@pytest.mark.parametrize("changes", [{"code": "X"}, {"status": "lost"}, {"version": 7}, {"merged_into": None}])
def test_what_is_no_field_for_many_is_refused(changes: dict[str, Any]) -> None:
    shop = make.client(make.territory())
    with pytest.raises(PermissionDenied):
        clients_bulk_update(
            user=make.user(Role.ADMIN), seen=[(shop.pk, 1)], changes=changes, reference=REFERENCE, way=Way.BROWSER
        )


def test_a_value_that_no_client_can_have_changes_nothing() -> None:
    shop = make.client(make.territory())
    for changes in ({"email": "nobody"}, {"phone": "-"}, {"lat": 91.0}, {"name": ""}, {}):
        with pytest.raises(ValidationError):
            clients_bulk_update(
                user=make.user(Role.ADMIN), seen=[(shop.pk, 1)], changes=changes, reference=REFERENCE, way=Way.BROWSER
            )
    shop.refresh_from_db()
    assert shop.version == 1
