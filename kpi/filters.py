"""What the address of a KPI page asks for."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from urllib.parse import urlencode

from django.http import Http404, QueryDict

from accounts.models import User
from kpi import metrics, periods, services
from kpi.selectors import By
from territories.models import Territory
from territories.selectors import territories_visible_to, top_territories

LARGEST = 10**30  # beyond any sum of roubles


@dataclass(frozen=True)
class Asked:
    """A node, a period, and what the rows are; `sort`: key of a metric, "-key" from the highest."""

    territory: Territory | None  # None: this person sees none at all
    d0: date
    d1: date
    by: By
    sort: str = ""

    def query(self, **others: str) -> str:
        """The address of the same thing, with other values for some of it."""
        values = {
            "territory": self.territory.code if self.territory else "",
            "from": f"{self.d0:%Y-%m}",
            "to": f"{self.d1:%Y-%m}",
        }
        return urlencode(values | others)


def asked(data: QueryDict, user: User) -> Asked:
    """Read the address. Raises services.PeriodError; a territory one may not see is a 404."""
    d0, d1 = periods.default()
    if data.get("from") or data.get("to"):
        first, last = data.get("from", ""), data.get("to", "")
        d0, d1 = services.period_days(first or last, last or first)
    by = next((by for by in By if by.value == data.get("by")), By.CHILDREN)
    sort = data.get("sort", "")
    return Asked(node(data, user), d0, d1, by, sort if sort.lstrip("-") in metrics.BY_KEY else "")


def node(data: QueryDict, user: User) -> Territory | None:
    """The node asked for, or the highest this person may see."""
    code = data.get("territory")
    if not code:
        return top_territories(user).order_by("code").first()
    found = territories_visible_to(user).filter(code=code).first()
    if found is None:
        raise Http404("no such territory")
    return found


def after(data: QueryDict) -> tuple[metrics.Number, str] | None:
    """Value and code of the last client on the former page."""
    try:
        value = Decimal(data.get("after", ""))
    except InvalidOperation:
        return None
    return (value, data.get("after_code", "")) if value.is_finite() and abs(value) < LARGEST else None
