"""Where a person has which right."""

from collections import defaultdict
from typing import NamedTuple

from django.db import connection
from django.db.models import QuerySet

from accounts.models import Role, User
from config import sql
from territories.models import Territory


def territory_ids(user: User, right: str) -> list[int] | None:
    """Ids of the territories on which `user` has `right` (view, change, approve, manage), nodes below included.

    None: all of them (administrators). Resolved before the page's own query, so that the planner knows how
    many there are (spec/stack.md §2).
    """
    if not user.is_active:
        return []
    if user.role == Role.ADMIN or user.is_superuser:
        return None
    with connection.cursor() as cursor:
        cursor.execute(sql.read("territories", "granted"), {"user": user.pk, "right": right})
        return [pk for (pk,) in cursor.fetchall()]


def territories_visible_to(user: User) -> QuerySet[Territory]:
    """The part of the tree this person may see."""
    ids = territory_ids(user, "view")
    return Territory.objects.all() if ids is None else Territory.objects.filter(pk__in=ids)


def top_territories(user: User) -> QuerySet[Territory]:
    """The highest nodes this person may see: where their pages begin."""
    visible = territories_visible_to(user)
    return visible.exclude(parent__in=visible)


WHOLE_TREE = 300  # nodes that a list of choices can show at once


class Node(NamedTuple):
    """A territory in the order of the tree; `depth` counts from the highest one this person may see."""

    pk: int
    code: str
    name: str
    depth: int
    parent_id: int | None


def tree(user: User, right: str = "view") -> list[Node]:
    """All territories on which `user` has `right`, each followed by those below it, siblings by name."""
    ids = territory_ids(user, right)
    found = Territory.objects.all() if ids is None else Territory.objects.filter(pk__in=ids)
    rows = list(found.order_by("name", "code").values_list("pk", "code", "name", "parent_id"))
    known = {pk for pk, *_rest in rows}
    below: dict[int | None, list[tuple[int, str, str, int | None]]] = defaultdict(list)
    for row in rows:
        below[row[3] if row[3] in known else None].append(row)
    nodes: list[Node] = []
    waiting = [(row, 0) for row in reversed(below[None])]
    while waiting:
        (pk, code, name, parent_id), depth = waiting.pop()
        nodes.append(Node(pk, code, name, depth, parent_id))
        waiting += [(row, depth + 1) for row in reversed(below[pk])]
    return nodes


def choices(nodes: list[Node], chosen: str = "") -> list[Node]:
    """What a list of choices shows of a tree: all of a small one; of a big one the way to `chosen` (a code), its
    siblings and what is right below it, so that people go down step by step."""
    if len(nodes) <= WHOLE_TREE:
        return nodes
    by_pk = {node.pk: node for node in nodes}
    here = next((node for node in nodes if node.code == chosen), None) or nodes[0]
    way: set[int | None] = {None, here.pk}
    above = by_pk.get(here.parent_id or 0)
    while above:
        way.add(above.pk)
        above = by_pk.get(above.parent_id or 0)
    return [node for node in nodes if node.depth == 0 or node.parent_id in way]


def way_to(territory: Territory, user: User) -> list[Territory]:
    """From the highest node this person may see down to `territory` itself."""
    above = territories_visible_to(user).filter(paths_down__below=territory).order_by("-paths_down__depth")
    return list(above)
