"""The rules by which a period is reckoned (spec/kpi.md, Rules)."""

from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from config.once import once_a_page
from kpi.models import FormerRule, Rule, RuleName

DEFAULTS: dict[str, Decimal] = {
    RuleName.REPORTING_MONTHS: Decimal(1),
    RuleName.AKB_MIN_AMOUNT: Decimal(0),
    RuleName.AKB_MIN_SKUS: Decimal(1),
    RuleName.ORDER_MIN_AMOUNT: Decimal(0),
    RuleName.ORDER_MIN_SKUS: Decimal(1),
    RuleName.ORDER_MIN_CATEGORIES: Decimal(1),
    RuleName.CATEGORY_MIN_SKUS: Decimal(3),
    RuleName.SYSTEM_THRESHOLD: Decimal("0.75"),
}
WHOLE = frozenset(set(RuleName) - {RuleName.AKB_MIN_AMOUNT, RuleName.ORDER_MIN_AMOUNT, RuleName.SYSTEM_THRESHOLD})


@once_a_page
def in_force(day: date) -> dict[str, Decimal]:
    """The value of every rule on `day`: the oldest known one where the history does not reach that far back."""
    values = DEFAULTS | dict(Rule.objects.values_list("name", "value"))
    # The earliest former value that held until after the day comes last and so wins.
    former = FormerRule.objects.filter(until__gt=day).order_by("-until").values_list("name", "value")
    return values | dict(former)


def objection(name: str, value: Decimal) -> str:
    """Why a rule can't have this value, in the user's language; "" if it can."""
    low, high = (1, 120) if name == RuleName.REPORTING_MONTHS else (0, 1_000_000)
    if name not in WHOLE:
        return _("must not be negative") if value < 0 else ""
    if value != int(value) or not low <= value <= high:
        return _("not a whole number from %(low)d to %(high)d") % {"low": low, "high": high}
    return ""
