"""The form by which a person sets a client's category by hand."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.forms import DayInput
from clients.models import Category


class OverrideForm(forms.Form):
    """Letter, last day and reason; all are needed."""

    category = forms.ChoiceField(label=_("category"), choices=Category.choices, widget=forms.RadioSelect)
    until = forms.DateField(label=_("in force until"), widget=DayInput)
    reason = forms.CharField(label=_("reason"), max_length=300)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["until"].widget.attrs |= {"class": "form-control", "min": timezone.localdate().isoformat()}
        self.fields["reason"].widget.attrs["class"] = "form-control"
