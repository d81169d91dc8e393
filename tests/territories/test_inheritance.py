"""Rights from the tree held against a reckoning of their own: any tree, grants to people and groups, anything moved."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Role, Way
from accounts.services import acting
from clients.models import Client
from territories.models import Territory, TerritoryGroupGrant, TerritoryUserGrant
from territories.selectors import territory_ids
from tests import make

pytestmark = pytest.mark.django_db

RIGHTS = ("view", "change", "approve", "manage")
NODES, PEOPLE, GROUPS = 9, 3, 2
node, person, group, right = st.integers(0, NODES - 1), st.integers(0, PEOPLE - 1), st.integers(0, GROUPS - 1), RIGHTS
trees = st.tuples(
    *(st.one_of(st.none(), st.integers(0, number - 1)) if number else st.none() for number in range(NODES))
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("grant"), person, node, st.sampled_from(right)),
        st.tuples(st.just("take"), person, node, st.sampled_from(right)),
        st.tuples(st.just("grant group"), group, node, st.sampled_from(right)),
        st.tuples(st.just("take group"), group, node, st.sampled_from(right)),
        st.tuples(st.just("join"), person, group),
        st.tuples(st.just("leave"), person, group),
        st.tuples(st.just("move"), node, st.one_of(st.none(), node)),
    ),
    max_size=25,
)  # fmt: skip


class Plain:
    """The same in dictionaries and sets."""

    def __init__(self, tree: tuple[int | None, ...]) -> None:
        self.parent = dict(enumerate(tree))
        self.held: set[tuple[int, int, str]] = set()
        self.of_group: set[tuple[int, int, str]] = set()
        self.members: set[tuple[int, int]] = set()

    def above(self, place: int) -> set[int]:
        """A node and all above it."""
        found = set()
        step: int | None = place
        while step is not None:
            found.add(step)
            step = self.parent[step]
        return found

    def may(self, who: int, right: str, place: int) -> bool:
        mine = {(where, what) for one, where, what in self.held if one == who} | {
            (where, what) for one, where, what in self.of_group if (who, one) in self.members
        }
        return any((where, right) in mine for where in self.above(place))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=trees, steps=steps)
def test_a_right_is_held_where_it_or_a_node_above_is_granted(
    tree: tuple[int | None, ...], steps: list[tuple[Any, ...]]
) -> None:
    with transaction.atomic():
        _compare(tree, steps)
        transaction.set_rollback(True)


def _compare(tree: tuple[int | None, ...], steps: list[tuple[Any, ...]]) -> None:
    plain = Plain(tree)
    places: list[Territory] = []
    for parent in tree:
        places.append(make.territory(places[parent] if parent is not None else None))
    people = [make.user(Role.REP) for _number in range(PEOPLE)]
    with acting(actor=None, way=Way.COMMAND):
        groups = [Group.objects.create(name=f"group {number}") for number in range(GROUPS)]
    permissions = {name: Permission.objects.get(codename=name, content_type__model="territory") for name in RIGHTS}
    clients = [make.client(place) for place in places]
    with acting(actor=None, way=Way.COMMAND):
        for kind, *what in steps:
            match kind, what:
                case "grant", [who, where, name]:
                    plain.held.add((who, where, name))
                    TerritoryUserGrant.objects.get_or_create(
                        user=people[who], content_object=places[where], permission=permissions[name]
                    )
                case "take", [who, where, name]:
                    plain.held.discard((who, where, name))
                    held = TerritoryUserGrant.objects.filter(user=people[who], content_object=places[where])
                    held.filter(permission=permissions[name]).delete()
                case "grant group", [which, where, name]:
                    plain.of_group.add((which, where, name))
                    TerritoryGroupGrant.objects.get_or_create(
                        group=groups[which], content_object=places[where], permission=permissions[name]
                    )
                case "take group", [which, where, name]:
                    plain.of_group.discard((which, where, name))
                    held = TerritoryGroupGrant.objects.filter(group=groups[which], content_object=places[where])
                    held.filter(permission=permissions[name]).delete()
                case "join", [who, which]:
                    plain.members.add((who, which))
                    people[who].groups.add(groups[which])
                case "leave", [who, which]:
                    plain.members.discard((who, which))
                    people[who].groups.remove(groups[which])
                case "move", [where, to] if to is None or where not in plain.above(to):
                    plain.parent[where] = to
                    parent = None if to is None else places[to]
                    Territory.objects.filter(pk=places[where].pk).update(parent=parent)
    for who, user in enumerate(people):
        for name in RIGHTS:
            wanted = {place for place in range(NODES) if plain.may(who, name, place)}
            assert territory_ids(user, name) is not None
            assert set(territory_ids(user, name) or ()) == {places[place].pk for place in wanted}
        seen = {place for place in range(NODES) if plain.may(who, "view", place)}
        assert set(Client.objects.visible_to(user)) == {clients[place] for place in seen}
        changed = {place for place in range(NODES) if plain.may(who, "change", place)}
        assert set(Client.objects.changeable_by(user)) == {clients[place] for place in changed}
