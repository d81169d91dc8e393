"""The only code that writes territories, staff, their grants and route costs."""

from collections.abc import Sequence
from typing import NamedTuple

from django.contrib.auth.hashers import make_password
from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext as _
from guardian.shortcuts import assign_perm, remove_perm

from accounts.models import Role, User
from config.exchange.columns import Column
from config.exchange.merging import Counts, merge
from territories.models import Territory, TerritoryUserGrant

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
    return Counts(len(rows), sum(row[1] in changed for row in rows))


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
    changed = 0
    for _line, username, full_name, role, code, email, cleared in last.values():
        email = "" if "email" in cleared.split() else email
        territory = territories[code] if code else None
        keep_place = territory is None and "territory_code" not in cleared.split()
        changed += staff_put(
            username=username, full_name=full_name, role=role, email=email, territory=territory, keep_place=keep_place
        )
    return Counts(len(rows), changed)


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
    grants = TerritoryUserGrant.objects.filter(user=user).select_related("content_object", "permission")
    held = {(grant.content_object, grant.permission.codename) for grant in grants}
    places = {place for place, _right in held} if keep_place else {territory} - {None}
    due = {(place, right) for place in places if place for right in ROLE_RIGHTS[role]}
    for place, right in held - due:
        remove_perm(f"territories.{right}", user, place)
    for place, right in due - held:
        assign_perm(f"territories.{right}", user, place)
    return made or different or held != due


def route_costs_load(cursor: CursorWrapper, columns: Sequence[Column]) -> Counts:
    """Take `stage` (exchange file `route_costs`)."""
    return merge(cursor, table="territories_routecost", columns=columns, key=("territory_code", "month"))
