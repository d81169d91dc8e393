"""Forms of contacts and of the history of contacts."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.forms import DayInput
from clients.models import Contact, Interaction, InteractionKind


class MomentInput(forms.DateTimeInput):
    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M")


class _Form(forms.ModelForm):  # type: ignore[type-arg]  # no generic at run time
    """Fields in the house's dress. The rules of the register are left to the service."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            select, tick = isinstance(field, forms.ChoiceField), isinstance(field, forms.BooleanField)
            field.widget.attrs["class"] = "form-check-input" if tick else "form-select" if select else "form-control"

    def _post_clean(self) -> None:
        """The instance stays as stored."""

    def add_errors(self, error: forms.ValidationError) -> None:
        """What the service refused, beside its field; the rest above the form."""
        for name, errors in error.error_dict.items():
            self.add_error(name if name in self.fields else None, errors)


class ContactForm(_Form):
    """A person. Beside each field, hidden, the value it had when the form was opened (services.contact_update)."""

    class Meta:
        model = Contact
        fields = ("full_name", "position", "is_decision_maker", "phone", "email", "birthday", "notes")
        widgets = {"birthday": DayInput, "notes": forms.Textarea({"rows": 2})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.show_hidden_initial = True
        self.fields["full_name"].widget.attrs["data-focus"] = True
        self.fields["phone"].widget.attrs |= {"type": "tel", "inputmode": "tel"}

    def changes(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.changed_data}

    def was(self) -> dict[str, Any]:
        """The values of the changed fields as this person saw them."""
        return {name: self.fields[name].clean(self._shown(name)) for name in self.changed_data}

    def _shown(self, name: str) -> Any:
        widget = self.fields[name].hidden_widget()
        return widget.value_from_datadict(self.data, self.files, self.add_initial_prefix(name))


class InteractionForm(_Form):
    """What was said, and the next step with its day. `closes`: whose next step is done by it."""

    kind = forms.ChoiceField(label=_("kind"), choices=InteractionKind.choices)
    at = forms.DateTimeField(label=_("when"), widget=MomentInput)
    said = forms.CharField(label=_("what was said"), max_length=10_000, widget=forms.Textarea({"rows": 3}))
    closes = forms.IntegerField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = Interaction
        fields = ("kind", "at", "with_whom", "said", "next_step", "next_on")
        widgets = {"next_on": DayInput}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["at"].initial = timezone.now
        self.fields["with_whom"].widget.attrs |= {"list": "people", "autocomplete": "off"}
        self.fields["said"].widget.attrs["data-focus"] = True

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if bool(cleaned.get("next_step")) != bool(cleaned.get("next_on")) and not self.errors:
            missing = "next_on" if cleaned.get("next_step") else "next_step"
            self.add_error(missing, _("A next step needs its day, and a day its step."))
        return cleaned

    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self._meta.fields or ()}


class MoveForm(forms.Form):
    """The day a step was shown with, and the new one."""

    was = forms.DateField(widget=forms.HiddenInput)
    to = forms.DateField(label=_("move to"), widget=DayInput)
