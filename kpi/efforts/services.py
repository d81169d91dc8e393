"""The only code that writes the matrix of efforts."""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from django.core.exceptions import PermissionDenied

from accounts.models import User, Way
from accounts.services import acting
from clients.models import Channel
from kpi.efforts.models import EffortRule
from territories.selectors import territory_ids


class Norm(NamedTuple):
    """What a category of a channel is worth a month; None and "" where nothing is set."""

    visits: Decimal | None = None
    calls: Decimal | None = None
    terms: str = ""
    promo: str = ""

    def __bool__(self) -> bool:
        return self != Norm()


def may_set(user: User) -> bool:
    """Administrators, for the norms hold for the whole company."""
    return territory_ids(user, "manage") is None


def effort_rules_set(
    *, user: User, channel: Channel, norms: Mapping[str, Norm], way: Way, ip: str | None = None
) -> int:
    """Set the norms of some categories of a channel; an empty one is taken away. How many changed. Raises
    PermissionDenied for anybody but administrators."""
    if not may_set(user):
        raise PermissionDenied
    changed = 0
    with acting(actor=user, way=way, ip=ip):
        stored = {rule.category: rule for rule in EffortRule.objects.select_for_update().filter(channel=channel)}
        for category, norm in norms.items():
            rule = stored.get(category)
            if rule and Norm(rule.visits, rule.calls, rule.terms, rule.promo) == norm:
                continue
            if norm:
                EffortRule.objects.update_or_create(channel=channel, category=category, defaults=norm._asdict())
            elif rule:
                rule.delete()
            else:
                continue
            changed += 1
    return changed
