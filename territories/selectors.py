"""Where a person has which right."""

from collections import defaultdict
from collections.abc import Collection
from typing import Any, NamedTuple

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db import connection
from django.db.models import BigIntegerField, Func, OuterRef, Q, QuerySet

from accounts.models import Role, User
from config import sql
from config.once import once_a_page
from territories.models import Territory, TerritoryGroupGrant, TerritoryUserGrant

SEES = Q(permission__codename="view")


def territory_ids(user: User, right: str) -> list[int] | None:
    """Ids of the territories on which `user` has `right` (view, change, approve, manage), nodes below included.

    None: all of them (administrators). Resolved before the page's own query, so that the planner knows how
    many there are (spec/stack.md §2).
    """
    return _held(user, right, _granted(user.pk) if _by_grants(user) else {})


def territory_ids_of(people: Collection[User], right: str) -> dict[int, list[int] | None]:
    """By a person's id what `territory_ids` says of them, in one statement."""
    granted = _granted(*sorted({each.pk for each in people if _by_grants(each)}))
    return {each.pk: _held(each, right, granted) for each in people}


def _by_grants(user: User) -> bool:
    return user.is_active and not _is_admin(user)


def _held(user: User, right: str, granted: dict[tuple[int, str], list[int]]) -> list[int] | None:
    return None if user.is_active and _is_admin(user) else list(granted.get((user.pk, right), ()))


@once_a_page
def _granted(*people: int) -> dict[tuple[int, str], list[int]]:
    """By person and right, the territories on which they have it."""
    if not people:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(sql.read("territories", "granted"), {"users": list(people)})
        return {(pk, right): ids for pk, right, ids in cursor.fetchall()}


def _is_admin(user: User) -> bool:
    return user.role == Role.ADMIN or user.is_superuser


def territories_visible_to(user: User) -> QuerySet[Territory]:
    """The part of the tree this person may see."""
    ids = territory_ids(user, "view")
    return Territory.objects.all() if ids is None else Territory.objects.filter(pk__any=ids)


def top_territories(user: User) -> QuerySet[Territory]:
    """The highest nodes this person may see: where their pages begin."""
    visible = territories_visible_to(user)
    return visible.exclude(parent__in=visible)


def holders(ids: Collection[int] | None) -> QuerySet[User]:
    """The active people to whom one of these territories itself (None: any) is granted, in person or by a group."""
    own, of_group = TerritoryUserGrant.objects.filter(SEES), TerritoryGroupGrant.objects.filter(SEES)
    if ids is not None:
        own, of_group = own.filter(content_object__any=ids), of_group.filter(content_object__any=ids)
    members = User.groups.through.objects.filter(group__in=of_group.values("group"))
    return User.objects.filter(Q(pk__in=own.values("user")) | Q(pk__in=members.values("user")), is_active=True)


def places(username: str) -> list[int]:
    """Ids of the territories granted to this member of staff, in person or by a group, without those below."""
    own = TerritoryUserGrant.objects.filter(SEES, user__username=username).values_list("content_object", flat=True)
    of_group = TerritoryGroupGrant.objects.filter(SEES, group__user__username=username)
    return list(own.union(of_group.values_list("content_object", flat=True)))


def places_of_each() -> Func:
    """What `places` says, as an annotation of people: for who reads the person anyway."""
    own = TerritoryUserGrant.objects.filter(SEES, user=OuterRef("pk")).values("content_object")
    of_group = TerritoryGroupGrant.objects.filter(SEES, group__user=OuterRef("pk")).values("content_object")
    ids: ArrayField[Any, Any] = ArrayField(BigIntegerField())
    return Func(ArraySubquery(own), ArraySubquery(of_group), function="array_cat", output_field=ids)


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
    found = Territory.objects.all() if ids is None else Territory.objects.filter(pk__any=ids)
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


def destinations(user: User, place: Territory | None = None) -> list[Node]:
    """Where this person may put a client, or ask to have one of `place` moved: the nodes they may change, then the
    neighbours of `place` under the same parent."""
    nodes = tree(user, "change")
    if not place or not place.parent_id:
        return nodes
    beside = Territory.objects.filter(parent=place.parent_id).exclude(pk__any=[node.pk for node in nodes])
    rows = beside.order_by("name", "code").values_list("pk", "code", "name")
    return nodes + [Node(pk, code, name, 0, None) for pk, code, name in rows]


def choices(nodes: list[Node], chosen: str = "") -> list[Node]:
    """What a list of choices shows of a tree: all of a small one; of a big one the way to `chosen` (a code), its
    siblings and what is right below it, so that people go down step by step."""
    if len(nodes) <= WHOLE_TREE:
        return nodes
    way = {None, *(node.pk for node in way_down(nodes, chosen) or nodes[:1])}
    return [node for node in nodes if node.depth == 0 or node.parent_id in way]


def way_down(nodes: list[Node], code: str) -> list[Node]:
    """Of a tree: from its top down to the node of a code; [] if it isn't there. As way_to, of what is read already."""
    by_pk = {node.pk: node for node in nodes}
    here, way = next((node for node in nodes if node.code == code), None), []
    while here:
        way.append(here)
        here = by_pk.get(here.parent_id or 0)
    return way[::-1]


def way_to(territory: Territory, user: User) -> list[Territory]:
    """From the highest node this person may see down to `territory` itself."""
    above = territories_visible_to(user).filter(paths_down__below=territory).order_by("-paths_down__depth")
    return list(above)


# --- staff -------------------------------------------------------------------------------------------------------

# Who stands above whom: a person manages those of lower ranks, and those of their own rank further down the tree.
RANKS = {Role.REP: 1, Role.ANALYST: 1, Role.SUPERVISOR: 2, Role.HEAD: 3, Role.ADMIN: 4}


def roles_given_by(user: User) -> list[Role]:
    """The roles this person may give: up to their own."""
    return [role for role in Role if _is_admin(user) or RANKS[role] <= RANKS[Role(user.role)]]


def staff_of(user: User) -> QuerySet[User]:
    """The members of staff this person manages, themselves never.

    Administrators: everybody. Others: people of a lower role all of whose territories lie where they have the right
    `manage`; people of their own role, if all lie below the nodes on which it is granted to them.
    """
    everybody = User.objects.exclude(pk=user.pk).order_by("full_name", "username")
    managed = territory_ids(user, "manage")
    if managed is None:
        return everybody
    own = TerritoryUserGrant.objects.filter(user=user, permission__codename="manage").values_list("content_object")
    of_group = TerritoryGroupGrant.objects.filter(group__user=user, permission__codename="manage")
    tops = {pk for (pk,) in own.union(of_group.values_list("content_object"))}
    rank = RANKS[Role(user.role)]
    lower = _wholly_on(everybody, managed).filter(role__in=[role for role in Role if RANKS[role] < rank])
    equal = _wholly_on(everybody, [pk for pk in managed if pk not in tops]).filter(
        role__in=[role for role in Role if RANKS[role] == rank]
    )
    return lower | equal


def _wholly_on(people: QuerySet[User], ids: Collection[int]) -> QuerySet[User]:
    """Those who have territories, in person or by a group, and none but these."""
    own, members = TerritoryUserGrant.objects.all(), User.groups.through.objects.all()
    of_group = TerritoryGroupGrant.objects.all()
    held = Q(pk__in=own.values("user")) | Q(pk__in=members.filter(group__in=of_group.values("group")).values("user"))
    own, of_group = own.exclude(content_object__any=ids), of_group.exclude(content_object__any=ids)
    elsewhere = Q(pk__in=own.values("user")) | Q(
        pk__in=members.filter(group__in=of_group.values("group")).values("user")
    )
    return people.filter(held).exclude(elsewhere)


def given_to(people: Collection[User]) -> dict[int, list[Territory]]:
    """By a person's id, the territories granted to them in person."""
    grants = TerritoryUserGrant.objects.filter(SEES, user__in=people).select_related("content_object")
    found: dict[int, list[Territory]] = defaultdict(list)
    for grant in grants.order_by("content_object__name"):
        found[grant.user_id].append(grant.content_object)
    return found


def people_on(nodes: Collection[Territory]) -> dict[int, list[str]]:
    """By a territory's id, the names of the active people to whom it itself is granted, in person or by a group."""
    own = TerritoryUserGrant.objects.filter(SEES, content_object__in=nodes, user__is_active=True)
    of_group = TerritoryGroupGrant.objects.filter(SEES, content_object__in=nodes, group__user__is_active=True)
    rows = own.values_list("content_object", "user__full_name").union(
        of_group.values_list("content_object", "group__user__full_name")
    )
    found: dict[int, list[str]] = defaultdict(list)
    for node, name in sorted(rows):
        found[node].append(name)
    return found


def territories_managed_by(user: User) -> QuerySet[Territory]:
    """The part of the tree in which this person may change staff and nodes."""
    ids = territory_ids(user, "manage")
    return Territory.objects.all() if ids is None else Territory.objects.filter(pk__any=ids)
