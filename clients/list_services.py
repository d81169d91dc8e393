"""What people keep of their list: the columns they have chosen, the segments they have saved. No part of the register:
seen by nobody's rights, and not under its history."""

from collections.abc import Iterable

from accounts.models import User
from clients.columns import known
from clients.models import Columns, Segment


def columns_choose(*, user: User, names: Iterable[str] | None) -> None:
    """Keep a person's choice; None: the usual ones again."""
    if names is None:
        Columns.objects.filter(user=user).delete()
    else:
        Columns.objects.update_or_create(user=user, defaults={"names": known(names)})


def segment_create(*, owner: User, name: str, role: str, query: str, columns: list[str] | None) -> Segment:
    """Save a list under a name, for oneself or for all of a role. Raises ValidationError."""
    segment = Segment(owner=owner, name=name.strip(), role=role, query=query, columns=columns)
    segment.full_clean()
    segment.save()
    return segment


def segment_update(segment: Segment, *, name: str, role: str) -> None:
    """Rename or share. Raises ValidationError."""
    segment.name, segment.role = name.strip(), role
    segment.full_clean()
    segment.save()


def segment_delete(segment: Segment) -> None:
    segment.delete()
