"""Rights come from the tree (spec/product.md, rule 2)."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from guardian.shortcuts import assign_perm

from accounts.models import Role, User, Way
from accounts.services import acting
from clients.models import Client
from territories.models import Territory, TerritoryPath, TerritoryUserGrant
from territories.selectors import territories_visible_to, territory_ids, top_territories, tree
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def nodes() -> dict[str, Territory]:
    """T over R1 (A, B) and R2 (C)."""
    made = {"T": make.territory(code="T")}
    for code, parent in (("R1", "T"), ("R2", "T"), ("A", "R1"), ("B", "R1"), ("C", "R2")):
        made[code] = make.territory(made[parent], code=code)
    return made


Nodes = dict[str, Territory]


def codes(user: User, right: str = "view") -> set[str] | None:
    ids = territory_ids(user, right)
    return None if ids is None else set(Territory.objects.filter(pk__in=ids).values_list("code", flat=True))


def move(node: Territory, parent: Territory | None) -> None:
    with acting(actor=None, way=Way.COMMAND), transaction.atomic():
        Territory.objects.filter(pk=node.pk).update(parent=parent)


def closure() -> set[tuple[str, str, int]]:
    return set(TerritoryPath.objects.values_list("above__code", "below__code", "depth"))


def test_a_grant_holds_for_the_node_and_all_below_it(nodes: Nodes) -> None:
    user = make.user(Role.SUPERVISOR, nodes["R1"])
    assert codes(user) == {"R1", "A", "B"}
    assert codes(make.user(Role.HEAD, nodes["T"])) == set(nodes)
    assert codes(make.user(Role.REP, nodes["A"], nodes["C"])) == {"A", "C"}


def test_without_a_grant_there_is_nothing(nodes: Nodes) -> None:
    assert codes(make.user(Role.HEAD)) == set()


def test_each_right_is_granted_by_itself(nodes: Nodes) -> None:
    rep = make.user(Role.REP, nodes["A"])
    assert [codes(rep, right) for right in ("view", "change", "approve", "manage")] == [{"A"}, {"A"}, set(), set()]
    analyst = make.user(Role.ANALYST, nodes["R1"])
    assert [codes(analyst, right) for right in ("view", "change")] == [{"R1", "A", "B"}, set()]


def test_a_grant_to_a_group_is_one_to_its_members(nodes: Nodes) -> None:
    member, stranger = make.user(Role.REP, nodes["C"]), make.user()
    with acting(actor=None, way=Way.COMMAND):
        group = Group.objects.create(name="north")
        member.groups.add(group)
    with acting(actor=None, way=Way.COMMAND):
        assign_perm("territories.view", group, nodes["R1"])
    assert codes(member) == {"C", "R1", "A", "B"}
    assert codes(member, "change") == {"C"}
    assert codes(stranger) == set()


def test_an_administrator_may_everything(nodes: Nodes) -> None:
    assert codes(make.user(Role.ADMIN)) is None
    assert codes(make.user(Role.REP, is_superuser=True)) is None
    assert set(territories_visible_to(make.user(Role.ADMIN))) == set(nodes.values())


@pytest.mark.parametrize("role", [Role.ADMIN, Role.HEAD])
def test_who_is_deactivated_has_no_right_left(nodes: Nodes, role: Role) -> None:
    assert codes(make.user(role, *([] if role == Role.ADMIN else [nodes["T"]]), is_active=False)) == set()


def test_clients_follow_their_territory(nodes: Nodes) -> None:
    shops = {code: make.client(nodes[code]) for code in nodes}
    assert set(Client.objects.visible_to(make.user(Role.REP, nodes["R1"]))) == {shops["R1"], shops["A"], shops["B"]}
    assert set(Client.objects.changeable_by(make.user(Role.ANALYST, nodes["T"]))) == set()


def test_ones_pages_begin_at_the_highest_nodes_one_may_see(nodes: Nodes) -> None:
    assert set(top_territories(make.user(Role.REP, nodes["R1"], nodes["A"], nodes["C"]))) == {nodes["R1"], nodes["C"]}
    assert [(node.code, node.depth) for node in tree(make.user(Role.REP, nodes["R1"], nodes["C"]))] == [
        ("R1", 0), ("A", 1), ("B", 1), ("C", 0),
    ]  # fmt: skip


def test_the_closure_of_the_tree_follows_a_move(nodes: Nodes) -> None:
    user = make.user(Role.SUPERVISOR, nodes["R2"])
    move(nodes["R1"], nodes["C"])
    assert {pair for pair in closure() if pair[1] == "A"} == {
        ("A", "A", 0),
        ("R1", "A", 1),
        ("C", "A", 2),
        ("R2", "A", 3),
        ("T", "A", 4),
    }
    assert codes(user) == {"R2", "C", "R1", "A", "B"}
    move(nodes["A"], None)
    assert {pair for pair in closure() if pair[1] == "A"} == {("A", "A", 0)}
    assert codes(user) == {"R2", "C", "R1", "B"}


@pytest.mark.parametrize(("node", "parent"), [("T", "A"), ("R1", "A"), ("A", "A")])
def test_a_node_cannot_lie_below_itself(nodes: Nodes, node: str, parent: str) -> None:
    before = closure()
    with pytest.raises(IntegrityError, match=r"below itself|own_parent"):
        move(nodes[node], nodes[parent])
    assert closure() == before


# --- the file of staff -------------------------------------------------------------------------------------------

STAFF = "username,full_name,role,territory_code\n"
RIGHTS = {
    "rep": {"view", "change"},
    "supervisor": {"view", "change", "approve"},
    "head": {"view", "change", "approve", "manage"},
    "analyst": {"view"},
}


def grants(username: str) -> set[tuple[str, str]]:
    held = TerritoryUserGrant.objects.filter(user__username=username)
    return set(held.values_list("content_object__code", "permission__codename"))


@pytest.mark.parametrize("role", RIGHTS)
def test_a_loaded_person_has_the_rights_of_the_role_on_the_territory(
    load: Callable[..., int], nodes: Nodes, role: str
) -> None:
    assert load(staff=f"{STAFF}ann,Ann,{role},R1\n") == 0
    assert grants("ann") == {("R1", right) for right in RIGHTS[role]}
    ann = User.objects.get(username="ann")
    assert codes(ann) == {"R1", "A", "B"}
    assert not ann.has_usable_password()


def test_a_new_role_replaces_the_rights_of_the_former_one(load: Callable[..., int], nodes: Nodes) -> None:
    load(staff=f"{STAFF}ann,Ann,head,R1\n")
    load(staff=f"{STAFF}ann,Ann,analyst,\n")
    assert grants("ann") == {("R1", "view")}


def test_a_new_territory_replaces_the_former_one(load: Callable[..., int], nodes: Nodes) -> None:
    load(staff=f"{STAFF}ann,Ann,rep,A\n")
    load(staff=f"{STAFF}ann,Ann,rep,C\n")
    assert grants("ann") == {("C", "view"), ("C", "change")}


def test_a_loaded_administrator_is_one_without_a_territory(load: Callable[..., int], nodes: Nodes) -> None:
    load(staff=f"{STAFF}boss,Boss,admin,\n")
    assert codes(User.objects.get(username="boss")) is None
