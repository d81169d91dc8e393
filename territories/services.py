"""The only code that writes territories, staff, their grants and route costs."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.backends.utils import CursorWrapper
from django.db.models import QuerySet
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _

from accounts.models import Role, User, Way
from accounts.services import acting, password_set, second_factor_reset, sessions_end, token_end, unlock
from config.exchange.columns import Column
from config.exchange.merging import Counts, merge
from territories.models import Territory, TerritoryGroupGrant, TerritoryPath, TerritoryUserGrant
from territories.selectors import given_to, roles_given_by, staff_of, territory_ids

LETTERS = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # of a password told by phone: none that look alike

# Roles are sets of grants on the territory that a person is given (spec/product.md, Who uses it).
ROLE_RIGHTS: dict[str, tuple[str, ...]] = {
    Role.REP: ("view", "change"),
    Role.SUPERVISOR: ("view", "change", "approve"),
    Role.HEAD: ("view", "change", "approve", "manage"),
    Role.ADMIN: ("view", "change", "approve", "manage"),
    Role.ANALYST: ("view",),
}


class _Node(NamedTuple):
    name: str
    parent: str | None
    kind: str


def territories_load(cursor: CursorWrapper, columns: Sequence[Column]) -> Counts:
    """Take `stage` (exchange file `territories`); a parent may stand below its children in the file.

    A tree is small: it is put together here. Rows with an unknown parent, or that would make a circle, are
    turned away.
    """
    cursor.execute(
        "SELECT t.code, t.name, p.code, t.kind FROM territories_territory t"
        " LEFT JOIN territories_territory p ON p.id = t.parent_id"
    )
    stored = {code: _Node(name, parent, kind) for code, name, parent, kind in cursor.fetchall()}
    cursor.execute(
        "SELECT line, code, name, parent_code, coalesce(kind, ''), coalesce(cleared, '') FROM stage ORDER BY line"
    )
    rows = cursor.fetchall()
    while True:
        nodes = dict(stored)
        for _line, code, name, parent, kind, cleared in rows:
            was = nodes.get(code, _Node("", None, ""))
            nodes[code] = _Node(
                name,
                None if "parent_code" in cleared.split() else parent or was.parent,
                "" if "kind" in cleared.split() else kind or was.kind,
            )
        wrong = {
            line: (parent, _("unknown: %(what)s") % {"what": _("territory")})
            for line, _code, _name, parent, *_rest in rows
            if parent and parent not in nodes
        } or {
            line: (parent, _("the territory would lie below itself"))
            for line, code, _name, parent, *_rest in rows
            if _circles(code, nodes)
        }
        if not wrong:
            break
        cursor.executemany(
            "INSERT INTO reject VALUES (%s, 'parent_code', %s, %s)", [(line, *why) for line, why in wrong.items()]
        )
        rows = [row for row in rows if row[0] not in wrong]
    changed = {code for code, node in nodes.items() if stored.get(code) != node}
    _write_nodes({code: nodes[code] for code in changed}, stored)
    new = changed - stored.keys()
    return Counts(len(rows), sum(row[1] in changed for row in rows), sum(row[1] in new for row in rows))


def _circles(code: str, nodes: dict[str, _Node]) -> bool:
    seen = {code}
    parent = nodes[code].parent
    while parent is not None:
        if parent in seen:
            return True
        seen.add(parent)
        parent = nodes[parent].parent
    return False


def _write_nodes(changed: dict[str, _Node], stored: dict[str, _Node]) -> None:
    """Level by level, so that every parent is there before its children, with one statement a level."""
    ids = dict(Territory.objects.values_list("code", "pk"))
    waiting = {code: node for code, node in changed.items() if code not in stored}
    while waiting:
        level = {code: node for code, node in waiting.items() if node.parent is None or node.parent in ids}
        made = Territory.objects.bulk_create(
            Territory(code=code, name=node.name, parent_id=ids.get(node.parent or ""), kind=node.kind)
            for code, node in level.items()
        )
        ids |= {territory.code: territory.pk for territory in made}
        waiting = {code: node for code, node in waiting.items() if code not in level}
    for code, node in changed.items():
        if code in stored:
            Territory.objects.filter(code=code).update(
                name=node.name, parent_id=ids.get(node.parent or ""), kind=node.kind
            )


def staff_load(cursor: CursorWrapper, columns: Sequence[Column]) -> Counts:
    """Take `stage` (exchange file `staff`). A new person gets no password: an administrator sets one."""
    cursor.execute(
        "SELECT line, username, full_name, role, territory_code, email, coalesce(cleared, '') FROM stage ORDER BY line"
    )
    rows = cursor.fetchall()
    territories = {territory.code: territory for territory in Territory.objects.all()}
    unknown = [
        (line, code, _("unknown: %(what)s") % {"what": _("territory")})
        for line, _username, _full_name, _role, code, *_rest in rows
        if code and code not in territories
    ]
    cursor.executemany("INSERT INTO reject VALUES (%s, 'territory_code', %s, %s)", unknown)
    gone = {line for line, *_rest in unknown}
    rows = [row for row in rows if row[0] not in gone]
    last = {row[1]: row for row in rows}  # of rows with the same username the last one counts
    known = set(User.objects.values_list("username", flat=True))
    changed = 0
    for _line, username, full_name, role, code, email, cleared in last.values():
        email = "" if "email" in cleared.split() else email
        territory = territories[code] if code else None
        keep_place = territory is None and "territory_code" not in cleared.split()
        changed += staff_put(
            username=username, full_name=full_name, role=role, email=email, territory=territory, keep_place=keep_place
        )
    return Counts(len(rows), changed, len(last.keys() - known))


def staff_put(
    *, username: str, full_name: str, role: str, email: str | None = None,
    territory: Territory | None = None, keep_place: bool = False,
) -> bool:  # fmt: skip
    """Make or change a member of staff and give them their role's rights on `territory`; True if anything changed.

    `email` None and `keep_place` leave what is stored.
    """
    user, made = User.objects.get_or_create(
        username=username,
        defaults={"full_name": full_name, "role": role, "email": email or "", "password": make_password(None)},
    )
    wanted = {"full_name": full_name, "role": role, "email": user.email if email is None else email}
    different = any(getattr(user, name) != value for name, value in wanted.items())
    if different:
        User.objects.filter(pk=user.pk).update(**wanted)
    held = {place for places in given_to([user]).values() for place in places}
    granted = _grant(user, role, held if keep_place else {territory} - {None})
    return made or different or granted


def _grant(user: User, role: str, places: Collection[Territory | None]) -> bool:
    """Give a person the rights of a role on these territories, and no others; True if anything changed."""
    return _set_grants(TerritoryUserGrant.objects.filter(user=user), {"user": user}, role, places)


def group_put(*, name: str, role: str, places: Collection[Territory], members: Collection[User]) -> None:
    """Make or change a group: these members, and no others, have the rights of a role on these territories."""
    group, _made = Group.objects.get_or_create(name=name)
    _set_grants(TerritoryGroupGrant.objects.filter(group=group), {"group": group}, role, places)
    group.user_set.set(members)


def _set_grants(
    grants: QuerySet[Any], of: dict[str, User | Group], role: str, places: Collection[Territory | None]
) -> bool:
    held = set(grants.values_list("content_object_id", "permission__codename"))
    due = {(place.pk, right) for place in places if place for right in ROLE_RIGHTS[role]}
    for place, right in held - due:
        grants.filter(content_object_id=place, permission__codename=right).delete()
    permissions = Permission.objects.filter(content_type__app_label="territories", content_type__model="territory")
    rights = dict(permissions.values_list("codename", "pk"))
    grants.bulk_create(
        grants.model(**of, content_object_id=place, permission_id=rights[right]) for place, right in due - held
    )
    return held != due


# --- staff and territories as people with the right `manage` change them -----------------------------------------


def staff_add(
    *, actor: User, username: str, full_name: str, role: str, email: str = "", places: Collection[Territory] = (),
    way: Way, ip: str | None = None,
) -> User:  # fmt: skip
    """Make a member of staff, who gets no password yet (staff_password).

    Raises PermissionDenied for a role or a territory that `actor` may not give, ValidationError by field.
    """
    _may_give(actor, role, places)
    _must_have(actor, places)
    user = User(username=username, full_name=full_name, role=role, email=email, password=make_password(None))
    with acting(actor=actor, way=way, ip=ip):
        user.full_clean()
        user.save()
        _grant(user, role, places)
    return user


def staff_change(
    *, actor: User, username: str, full_name: str, role: str, email: str, places: Collection[Territory],
    way: Way, ip: str | None = None,
) -> User:  # fmt: skip
    """Change a member of staff: role and territories are in force at their next request.

    Raises User.DoesNotExist for somebody whom `actor` does not manage, PermissionDenied for a role or a territory that
    they may not give, ValidationError by field.
    """
    with acting(actor=actor, way=way, ip=ip):
        user = _managed(actor, username)
        held = given_to([user])[user.pk]
        if role != user.role or set(places) != set(held):
            _may_give(actor, role, places)
            _must_have(actor, places)
            _grant(user, role, places)
        user.full_name, user.role, user.email = full_name, role, email
        user.full_clean(exclude={"password"})
        user.save(update_fields=["full_name", "role", "email"])
    return user


def staff_deactivate(*, actor: User, username: str, way: Way, ip: str | None = None) -> User:
    """Let a member of staff in no more: their sessions and their token end at once. Their grants stay, for a return."""
    with acting(actor=actor, way=way, ip=ip):
        user = _managed(actor, username)
        _deactivate(user)
    return user


def _deactivate(user: User) -> None:
    user.is_active = False
    user.save(update_fields=["is_active"])
    sessions_end(user=user)
    token_end(user=user)


def staff_reactivate(*, actor: User, username: str, way: Way, ip: str | None = None) -> User:
    """Let a member of staff in again, with the password, role and territories they had."""
    with acting(actor=actor, way=way, ip=ip):
        user = _managed(actor, username)
        user.is_active = True
        user.save(update_fields=["is_active"])
    return user


def staff_password(*, actor: User, username: str, way: Way, ip: str | None = None) -> str:
    """Give a member of staff a new password, made up here and told to nobody else; their sessions end."""
    password = get_random_string(12, LETTERS)
    with acting(actor=actor, way=way, ip=ip):
        password_set(user=_managed(actor, username), password=password)
    return password


def staff_second_factor_reset(*, actor: User, username: str, way: Way, ip: str | None = None) -> bool:
    """Take the second factor of somebody who lost their phone away; their sessions end. False if they had none."""
    with acting(actor=actor, way=way, ip=ip):
        return second_factor_reset(user=_managed(actor, username))


def staff_unlock(*, actor: User, username: str, way: Way, ip: str | None = None) -> int:
    """Let somebody who mistyped too often try to sign in again at once; how many wrong tries are forgiven."""
    with acting(actor=actor, way=way, ip=ip):
        return unlock(username=_managed(actor, username).username)


def staff_hand_over(
    *, actor: User, username: str, successor: str, places: Collection[Territory], leaves: bool, way: Way,
    ip: str | None = None,
) -> User:  # fmt: skip
    """Take territories from one member of staff, who may be leaving altogether, and give them to another: returned.

    Clients and all that hangs on them belong to the territory: nothing else has to move. Raises User.DoesNotExist if
    `actor` does not manage both, PermissionDenied for a territory they may not give, ValidationError for a successor
    who is deactivated.
    """
    with acting(actor=actor, way=way, ip=ip):
        giver, taker = _managed(actor, username), _managed(actor, successor)
        if not taker.is_active or taker == giver:
            raise ValidationError({"successor": _("Choose somebody else who is active.")})
        held = given_to([giver, taker])
        handed = [place for place in held[giver.pk] if place in places]
        kept = [place for place in held[giver.pk] if place not in places]
        _may_give(actor, taker.role, handed)
        if not handed:
            raise ValidationError({"places": _("At least one territory is needed.")})
        if leaves:
            _deactivate(giver)
        elif not kept and territory_ids(actor, "manage") is not None:
            raise ValidationError(
                {"leaves": _("They would have no territory left: say that they leave, or let them keep one.")}
            )
        _grant(giver, giver.role, kept)
        _grant(taker, taker.role, [*held[taker.pk], *handed])
    return taker


def _managed(actor: User, username: str) -> User:
    """A member of staff whom `actor` manages, locked; else User.DoesNotExist."""
    found = staff_of(actor).filter(username=username).values("pk")
    return User.objects.select_for_update().get(pk__in=found)


def _may_give(actor: User, role: str, places: Collection[Territory]) -> None:
    """Nobody gives more than they have: no role above their own, no right on a territory where they lack it."""
    if role not in roles_given_by(actor):
        raise PermissionDenied("role")
    for right in {"manage", *ROLE_RIGHTS[role]}:
        ids = territory_ids(actor, right)
        if ids is not None and not {place.pk for place in places} <= set(ids):
            raise PermissionDenied("territory")


def _must_have(actor: User, places: Collection[Territory]) -> None:
    """Somebody without a territory is in nobody's part of the tree, so only administrators may leave one so."""
    if not places and territory_ids(actor, "manage") is not None:
        raise ValidationError({"places": _("At least one territory is needed.")})


def territory_add(
    *, actor: User, code: str, name: str, kind: str, parent: Territory | None, way: Way, ip: str | None = None
) -> Territory:
    """Add a node to the tree. Raises PermissionDenied outside what `actor` manages, ValidationError by field."""
    _may_manage(actor, parent)
    territory = Territory(code=code, name=name, kind=kind, parent=parent)
    with acting(actor=actor, way=way, ip=ip):
        territory.full_clean()
        territory.save()
    return territory


def territory_change(
    *, actor: User, territory: Territory, name: str, kind: str, parent: Territory | None, way: Way,
    ip: str | None = None,
) -> Territory:  # fmt: skip
    """Rename a node or move it, with all below it, under another: in force at everybody's next request.

    Raises PermissionDenied unless `actor` manages the node and, to move it, both its parents; ValidationError by field.
    """
    _may_manage(actor, territory)
    with acting(actor=actor, way=way, ip=ip):
        stored = Territory.objects.select_for_update().get(pk=territory.pk)
        if stored.parent_id != (parent.pk if parent else None):
            _may_manage(actor, stored.parent)
            _may_manage(actor, parent)
            if parent and TerritoryPath.objects.filter(above=stored, below=parent).exists():
                raise ValidationError({"parent": _("A territory can't lie below itself.")})
        stored.name, stored.kind, stored.parent = name, kind, parent
        stored.full_clean()
        stored.save(update_fields=["name", "kind", "parent"])
    return stored


def _may_manage(actor: User, territory: Territory | None) -> None:
    """Whether `actor` has the right `manage` on a node; above the highest ones (None) only administrators have."""
    ids = territory_ids(actor, "manage")
    if ids is not None and (territory is None or territory.pk not in ids):
        raise PermissionDenied("territory")


def route_costs_load(cursor: CursorWrapper, columns: Sequence[Column]) -> Counts:
    """Take `stage` (exchange file `route_costs`)."""
    return merge(cursor, table="territories_routecost", columns=columns, key=("territory_code", "month"))
