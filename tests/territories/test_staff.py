"""Staff and territories as people with the right `manage` change them (territories/services.py)."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from accounts.models import HistoryEvent, Role, User, Way
from clients.models import Client
from territories import services
from territories.models import Territory, TerritoryUserGrant
from territories.selectors import staff_of, territory_ids
from tests import make

pytestmark = pytest.mark.django_db
Nodes = dict[str, Territory]


@pytest.fixture
def nodes() -> Nodes:
    """T over N (A, B) and S (C)."""
    made = {"T": make.territory(code="T")}
    for code, parent in (("N", "T"), ("S", "T"), ("A", "N"), ("B", "N"), ("C", "S")):
        made[code] = make.territory(made[parent], code=code, name=f"Node {code}")
    return made


def change(actor: User, person: User, *places: Territory, **values: Any) -> User:
    stored = {"full_name": person.full_name, "role": person.role, "email": ""}
    return services.staff_change(
        actor=actor, username=person.username, places=places, way=Way.BROWSER, **stored | values
    )


def held(person: User) -> set[tuple[str, str]]:
    grants = TerritoryUserGrant.objects.filter(user=person)
    return set(grants.values_list("content_object__code", "permission__codename"))


def test_one_manages_those_below_who_are_wholly_in_ones_own_part(nodes: Nodes) -> None:
    head = make.user(Role.HEAD, nodes["N"])
    rep, supervisor = make.user(Role.REP, nodes["A"]), make.user(Role.SUPERVISOR, nodes["N"])
    lower_head = make.user(Role.HEAD, nodes["B"])
    make.user(Role.REP, nodes["A"], nodes["C"])  # half of them elsewhere
    make.user(Role.HEAD, nodes["N"])  # beside
    make.user(Role.HEAD, nodes["T"])  # above
    make.user(Role.REP)  # nowhere
    make.user(Role.ADMIN, nodes["A"])
    assert set(staff_of(head)) == {rep, supervisor, lower_head}
    assert set(staff_of(make.user(Role.SUPERVISOR, nodes["N"]))) == set()


def test_an_administrator_manages_everybody_else() -> None:
    boss, other = make.user(Role.ADMIN), make.user(Role.ADMIN)
    assert set(staff_of(boss)) == {other}


def test_a_change_of_role_and_territories_changes_the_grants_and_is_in_the_history(nodes: Nodes) -> None:
    head, rep = make.user(Role.HEAD, nodes["T"]), make.user(Role.REP, nodes["A"])
    change(head, rep, nodes["B"], role=Role.SUPERVISOR)
    assert held(rep) == {("B", "view"), ("B", "change"), ("B", "approve")}
    events = HistoryEvent.objects.filter(actor=head)
    assert set(events.values_list("table", "operation")) == {
        ("accounts_user", "U"),
        ("territories_territoryusergrant", "I"),
        ("territories_territoryusergrant", "D"),
    }


def test_nobody_gives_more_than_they_have(nodes: Nodes) -> None:
    head, rep = make.user(Role.HEAD, nodes["N"]), make.user(Role.REP, nodes["A"])
    with pytest.raises(PermissionDenied):
        change(head, rep, nodes["A"], role=Role.ADMIN)
    with pytest.raises(PermissionDenied):
        change(head, rep, nodes["A"], nodes["C"])
    with pytest.raises(User.DoesNotExist):
        change(head, make.user(Role.REP, nodes["C"]), nodes["A"])
    with pytest.raises(User.DoesNotExist):
        change(head, head, nodes["A"])
    with pytest.raises(ValidationError):
        change(head, rep)
    limited = make.user(Role.HEAD)  # may manage, but not approve
    make.grant(limited, nodes["N"], "manage", "view", "change")
    with pytest.raises(PermissionDenied):
        change(limited, rep, nodes["A"], role=Role.SUPERVISOR)
    assert held(rep) == {("A", "view"), ("A", "change")}


def test_what_is_not_changed_needs_no_right(nodes: Nodes) -> None:
    limited, supervisor = make.user(Role.HEAD), make.user(Role.SUPERVISOR, nodes["A"])
    make.grant(limited, nodes["N"], "manage")
    assert change(limited, supervisor, nodes["A"], full_name="New").full_name == "New"


def test_a_route_goes_to_the_successor_and_who_leaves_is_signed_out(nodes: Nodes) -> None:
    head, rep, other = (
        make.user(Role.HEAD, nodes["T"]),
        make.user(Role.REP, nodes["A"]),
        make.user(Role.REP, nodes["B"]),
    )
    shop = make.client(nodes["A"])
    browser, successor = make.signed_in(rep), make.signed_in(other)
    assert successor.get(f"/clients/{shop.code}/").status_code == 404
    services.staff_hand_over(
        actor=head, username=rep.username, successor=other.username, places=[nodes["A"]], leaves=True, way=Way.BROWSER
    )
    assert held(rep) == set()
    assert held(other) == {(code, right) for code in "AB" for right in ("view", "change")}
    assert successor.get(f"/clients/{shop.code}/").status_code == 200
    assert browser.get("/clients/").url.startswith("/login/")


def test_a_successor_is_somebody_else_who_is_active_and_nobody_is_left_out_of_the_tree(nodes: Nodes) -> None:
    head, rep = make.user(Role.HEAD, nodes["T"]), make.user(Role.REP, nodes["A"], nodes["B"])
    gone, other = make.user(Role.REP, nodes["C"], is_active=False), make.user(Role.REP, nodes["C"])

    def hand_over(successor: User, *places: Territory) -> None:
        services.staff_hand_over(
            actor=head, username=rep.username, successor=successor.username, places=places, leaves=False,
            way=Way.BROWSER,
        )  # fmt: skip

    for successor, places in ((rep, ["A"]), (gone, ["A"]), (other, []), (other, ["A", "B"])):
        with pytest.raises(ValidationError):
            hand_over(successor, *(nodes[code] for code in places))
    hand_over(other, nodes["A"])
    assert {code for code, _right in held(rep)} == {"B"}


def test_deactivation_ends_sessions_and_tokens_at_once_and_for_good(nodes: Nodes) -> None:
    boss, rep = make.user(Role.ADMIN), make.user(Role.REP, nodes["A"])
    browser, api = make.signed_in(rep), APIClient()
    api.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.create(user=rep).key}")
    assert (browser.get("/clients/").status_code, api.get("/api/v1/clients/").status_code) == (200, 200)
    services.staff_deactivate(actor=boss, username=rep.username, way=Way.BROWSER)
    assert browser.get("/clients/").url.startswith("/login/")
    assert api.get("/api/v1/clients/").status_code == 401
    services.staff_reactivate(actor=boss, username=rep.username, way=Way.BROWSER)
    assert browser.get("/clients/").url.startswith("/login/")
    assert api.get("/api/v1/clients/").status_code == 401
    assert make.signed_in(rep).get("/clients/").status_code == 200
    assert {code for code, _right in held(rep)} == {"A"}


def test_a_move_of_a_person_or_a_node_is_in_force_at_the_next_request(nodes: Nodes) -> None:
    boss, supervisor = make.user(Role.ADMIN), make.user(Role.SUPERVISOR, nodes["N"])
    shop = make.client(nodes["A"])
    browser, api = make.signed_in(supervisor), APIClient()
    api.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.create(user=supervisor).key}")

    def seen() -> tuple[int, int]:
        card, one = browser.get(f"/clients/{shop.code}/"), api.get(f"/api/v1/clients/{shop.code}/")
        return card.status_code, one.status_code

    def move(parent: Territory) -> None:
        a = Territory.objects.get(code="A")
        services.territory_change(actor=boss, territory=a, name="A", kind="route", parent=parent, way=Way.BROWSER)

    assert seen() == (200, 200)
    move(nodes["S"])
    assert seen() == (404, 404)
    change(boss, supervisor, nodes["S"])
    assert seen() == (200, 200)
    move(nodes["N"])
    assert seen() == (404, 404)


def test_a_node_is_moved_only_within_ones_own_part(nodes: Nodes) -> None:
    head = make.user(Role.HEAD, nodes["N"])

    def save(territory: str, parent: str | None, **values: str) -> Territory:
        return services.territory_change(
            actor=head, territory=nodes[territory], parent=nodes[parent] if parent else None, way=Way.BROWSER,
            **{"name": "New", "kind": ""} | values,
        )  # fmt: skip

    assert save("A", "B").parent == nodes["B"]
    assert save("N", "T").name == "New"  # one's highest node is renamed where it is
    for territory, parent in (("N", "S"), ("N", None), ("A", "S"), ("A", None), ("C", "S"), ("T", None)):
        with pytest.raises(PermissionDenied):
            save(territory, parent)
    with pytest.raises(ValidationError) as error:  # A lies in B by now
        save("B", "A")
    assert set(error.value.message_dict) == {"parent"}


def test_a_node_is_added_below_what_one_manages(nodes: Nodes) -> None:
    head, boss = make.user(Role.HEAD, nodes["N"]), make.user(Role.ADMIN)
    added = services.territory_add(actor=head, code="D", name="D", kind="route", parent=nodes["A"], way=Way.BROWSER)
    assert added.parent == nodes["A"]
    for parent in (nodes["S"], None):
        with pytest.raises(PermissionDenied):
            services.territory_add(actor=head, code="E", name="E", kind="", parent=parent, way=Way.BROWSER)
    with pytest.raises(ValidationError) as error:
        services.territory_add(actor=boss, code="A", name="A", kind="", parent=None, way=Way.BROWSER)
    assert set(error.value.message_dict) == {"code"}


def test_somebody_new_signs_in_with_the_password_shown_once(nodes: Nodes) -> None:
    browser = make.signed_in(make.user(Role.HEAD, nodes["N"]))
    answer = browser.post(
        "/staff/new/", {"full_name": "Анна Новикова", "username": "anna", "role": "rep", "add": "A"}, follow=True
    )
    assert "Анна Новикова" in answer.content.decode()
    page = browser.post("/staff/member/anna/password/")
    anna = User.objects.get(username="anna")
    assert anna.check_password(page.context["password"])
    assert page.context["password"] in page.content.decode()
    assert held(anna) == {("A", "view"), ("A", "change")}


def test_the_pages_say_what_is_wrong_beside_the_field(nodes: Nodes) -> None:
    browser = make.signed_in(make.user(Role.HEAD, nodes["N"]))
    make.user(Role.REP, nodes["A"], username="ann")
    new = browser.post("/staff/new/", {"full_name": "Ann", "username": "ann", "role": "rep", "add": "C"})
    assert new.status_code == 400
    assert "no territory with this code in your part" in new.content.decode()
    twice = browser.post("/staff/new/", {"full_name": "Ann", "username": "ann", "role": "rep", "add": "A"})
    assert "already exists" in twice.content.decode()
    none = browser.post("/staff/member/ann/", {"full_name": "Ann", "role": "rep"})
    assert "At least one territory is needed" in none.content.decode()


def test_the_list_is_searched_and_shows_who_is_gone_apart(nodes: Nodes) -> None:
    browser = make.signed_in(make.user(Role.HEAD, nodes["N"]))
    make.user(Role.REP, nodes["A"], full_name="Иванова Анна")
    make.user(Role.REP, nodes["B"], full_name="Петров Олег", is_active=False)
    text = browser.get("/staff/").content.decode()
    assert ("Иванова Анна" in text, "Петров Олег" in text, "Node A" in text) == (True, False, True)
    assert "Петров Олег" in browser.get("/staff/?state=gone").content.decode()
    assert "Иванова" not in browser.get("/staff/?search=олег").content.decode()
    assert "Иванова" in browser.get("/staff/?search=анна&role=rep&page=x").content.decode()


def test_the_command_makes_and_changes_a_group(nodes: Nodes) -> None:
    ann, ben = make.user(Role.REP, username="ann"), make.user(Role.REP, username="ben")
    in_a, in_c = make.client(nodes["A"]), make.client(nodes["C"])
    call_command("group", "north", role="supervisor", territory=["N"], member=["ann"])
    assert set(Client.objects.visible_to(ann)) == {in_a}
    assert territory_ids(ann, "approve")
    call_command("group", "north", role="analyst", territory=["S"], member=["ben"])
    assert set(Client.objects.visible_to(ann)) == set()
    assert set(Client.objects.visible_to(ben)) == {in_c}
    assert set(Client.objects.changeable_by(ben)) == set()
    with pytest.raises(CommandError, match="nobody"):
        call_command("group", "north", role="rep", member=["nobody"])
    assert set(Client.objects.visible_to(ben)) == {in_c}
