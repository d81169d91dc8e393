"""The form by which a campaign is set up."""

from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from cleanup.models import Campaign, Version
from clients.forms import DayInput
from clients.models import Category, Channel, Status
from territories.models import Territory


class Ids(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """Chosen objects as a list of their ids."""

    def clean(self, value: Any) -> list[int]:  # type: ignore[override]
        return sorted(one.pk for one in super().clean(value))

    def prepare_value(self, value: Any) -> Any:
        return value


class CampaignForm(forms.ModelForm):  # type: ignore[type-arg]
    """All settings of a draft; `begun`: only those that may be set while it runs."""

    territories = Ids(Territory.objects.none(), required=False, label=_("territories"))
    channels = Ids(
        Channel.objects.all(), required=False, label=_("sales channels"), widget=forms.CheckboxSelectMultiple
    )
    statuses = forms.MultipleChoiceField(
        choices=Status.choices, required=False, label=_("statuses"), widget=forms.CheckboxSelectMultiple
    )
    categories = forms.MultipleChoiceField(
        choices=Category.choices, required=False, label=_("categories"), widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = Campaign
        fields = (
            "name", "year", "first_day", "last_day", "territories", "channels", "statuses", "categories", "version",
            "answers", "approves", "a_day", "remind_every", "remind_before",
        )  # fmt: skip
        widgets = {"first_day": DayInput, "last_day": DayInput}

    def __init__(self, *args: Any, keep: frozenset[str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        places: Any = self.fields["territories"]
        places.queryset = Territory.objects.exclude(kind="route").order_by("name", "code")
        places.widget.attrs["size"] = 6
        version: Any = self.fields["version"]
        version.queryset = Version.objects.select_related("questionnaire").order_by("questionnaire__name", "-number")
        if keep is not None:
            for name in set(self.fields) - keep:
                del self.fields[name]
        for field in self.fields.values():
            field.label = capfirst(field.label)
            if isinstance(field.widget, forms.Select):
                field.widget.attrs["class"] = "form-select"
            elif not isinstance(field.widget, forms.CheckboxSelectMultiple):
                field.widget.attrs["class"] = "form-control"

    def values(self) -> dict[str, Any]:
        """By name, as the services take them."""
        return {name: self.cleaned_data[name] for name in self.fields}

    def _post_clean(self) -> None:
        """The service fills in and checks the campaign: nothing is changed here."""


class ProlongForm(forms.Form):
    last_day = forms.DateField(label=_("last day"), widget=DayInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["last_day"].widget.attrs["class"] = "form-control"
