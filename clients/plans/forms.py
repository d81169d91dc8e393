"""What is asked for when clients are planned, and when a plan is moved on."""

import calendar
from datetime import date, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from clients.forms import DayInput
from clients.plans.models import BY_HAND, Stage

SOON = timedelta(days=14)  # a month that ends sooner is no time to win anybody in


def usual_day(today: date) -> date:
    """By when, unless something else is said: the end of this month, or of the next if that is near."""
    day = today + SOON
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


class PlanForm(forms.Form):
    """Clients are planned: by when, why, and (of one client) for whom."""

    due_on = forms.DateField(label=_("by when"), widget=DayInput)
    why = forms.CharField(label=_("reason"), max_length=300, required=False)
    manager = forms.ModelChoiceField(
        User.objects.none(), label=_("manager"), required=False, to_field_name="username", empty_label=None
    )

    def __init__(self, *args: Any, people: QuerySet[User] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **{"initial": {"due_on": usual_day(timezone.localdate())}, **kwargs})
        self.fields["due_on"].widget.attrs |= {"min": f"{timezone.localdate():%Y-%m-%d}"}
        if people is None or len(people) < 2:
            del self.fields["manager"]
        else:
            self.fields["manager"].queryset = people  # type: ignore[attr-defined]
        for field in self.fields.values():
            field.widget.attrs["class"] = "form-select" if field.widget.input_type == "select" else "form-control"

    @property
    def objections(self) -> list[str]:
        return [str(text) for errors in self.errors.values() for text in errors]


class MoveForm(forms.Form):
    """A plan comes to another stage, or gets another day; what is not sent stays."""

    was = forms.CharField()
    stage = forms.ChoiceField(choices=[(stage.value, stage.label) for stage in BY_HAND], required=False)
    due_on = forms.DateField(required=False, widget=DayInput)

    @property
    def changes(self) -> dict[str, Any]:
        return {name: value for name in ("stage", "due_on") if (value := self.cleaned_data.get(name))}


STAGES = [(stage.value, stage.label) for stage in (*BY_HAND[:-1], Stage.GIVEN_UP)]
