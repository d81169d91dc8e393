"""What the address of a KPI page asks for."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import Http404, QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from clients.forms import DayInput
from kpi import metrics, periods, services
from kpi.metrics import Group
from kpi.selectors import By, Coordinates
from territories.models import Territory
from territories.selectors import territories_visible_to, top_territories

LARGEST = 10**30  # beyond any sum of roubles


class Show(Enum):
    """What the matrix shows beside its numbers."""

    PREVIOUS = "previous"  # and the difference
    YEAR = "year"  # the same of last year
    SPARK = "spark"  # a line of twelve periods
    HEAT = "heat"  # quantiles within a column
    TARGET = "target"  # and how much of it is reached

    @property
    def label(self) -> Any:
        return _SHOW_LABELS[self]


_SHOW_LABELS = {
    Show.PREVIOUS: _("Previous period"),
    Show.YEAR: _("The same of last year"),
    Show.SPARK: _("Line of 12 periods"),
    Show.HEAT: _("Heat"),
    Show.TARGET: _("Target"),
}
DEFAULT_SHOW = frozenset({Show.SPARK, Show.HEAT, Show.TARGET})


@dataclass(frozen=True)
class Asked:
    """A node, a period, and what the rows are; `sort`: key of a metric, "-key" from the highest."""

    territory: Territory | None  # None: this person sees none at all
    d0: date
    d1: date
    by: By
    sort: str = ""
    groups: tuple[Group, ...] = tuple(Group)
    show: frozenset[Show] = DEFAULT_SHOW

    @property
    def view(self) -> list[tuple[str, str]]:
        """What of the address says how the matrix looks, for forms and links; nothing if it looks as usual."""
        if self.groups == tuple(Group) and self.show == DEFAULT_SHOW:
            return []
        chosen = [("show", show.value) for show in Show if show in self.show]
        return [("chosen", "1"), *(("group", group.value) for group in self.groups), *chosen]

    def query(self, **others: str) -> str:
        """The address of the same thing, with other values for some of it."""
        values = {
            "territory": self.territory.code if self.territory else "",
            "from": f"{self.d0:%Y-%m}",
            "to": f"{self.d1:%Y-%m}",
        }
        return urlencode([*(values | others).items(), *self.view])


def asked(data: QueryDict, user: User) -> Asked:
    """Read the address. Raises services.PeriodError; a territory one may not see is a 404."""
    first, last = data.get("from", ""), data.get("to", "")
    d0, d1 = services.period_days(first or last, last or first) if first or last else periods.default()
    by = next((by for by in By if by.value == data.get("by")), By.CHILDREN)
    sort = data.get("sort", "")
    sort = sort if sort.lstrip("-") in metrics.BY_KEY else ""
    if "chosen" not in data:
        return Asked(node(data, user), d0, d1, by, sort)
    groups = tuple(group for group in Group if group.value in data.getlist("group")) or tuple(Group)
    show = frozenset(show for show in Show if show.value in data.getlist("show"))
    return Asked(node(data, user), d0, d1, by, sort, groups, show)


def node(data: QueryDict, user: User) -> Territory | None:
    """The node asked for, or the highest this person may see."""
    code = data.get("territory")
    if not code:
        return top_territories(user).order_by("code").first()
    found = territories_visible_to(user).filter(code=code).first()
    if found is None:
        raise Http404("no such territory")
    return found


def number(data: QueryDict, key: str, asked: Asked) -> Coordinates:
    """The number of the matrix whose clients are asked for."""
    assert asked.territory is not None
    names = ("channel", "category", "manager")
    return Coordinates(key, asked.territory, asked.d0, asked.d1, *(data.get(name) for name in names))


class StepsForm(forms.Form):
    """What is to be done at the chosen clients, and when."""

    client = forms.MultipleChoiceField(error_messages={"required": _("Choose the clients first.")})
    next_step = forms.CharField(label=_("task"), max_length=300)
    next_on = forms.DateField(label=_("its day"), widget=DayInput)
    plan = forms.BooleanField(required=False)
    plan_until = forms.DateField(required=False, widget=DayInput)

    def __init__(self, *args: Any, codes: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["client"].choices = [(code, code) for code in codes]  # type: ignore[attr-defined]
        for name in ("next_step", "next_on", "plan_until"):
            self.fields[name].widget.attrs["class"] = "form-control"

    def clean(self) -> None:
        """A plan needs its day, and one that is still to come."""
        if self.cleaned_data.get("plan"):
            until = self.cleaned_data.get("plan_until")
            if until is None or until < timezone.localdate():
                self.add_error("plan_until", _("Say by when the clients are to be won: today or later."))
        else:
            self.cleaned_data["plan_until"] = None

    @property
    def objections(self) -> list[str]:
        return [str(text) for errors in self.errors.values() for text in errors]


def after(data: QueryDict) -> tuple[metrics.Number, str] | None:
    """Value and code of the last client on the former page."""
    try:
        value = Decimal(data.get("after", ""))
    except InvalidOperation:
        return None
    return (value, data.get("after_code", "")) if value.is_finite() and abs(value) < LARGEST else None
