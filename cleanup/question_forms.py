"""The forms of the questionnaire builder."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import capfirst, slugify
from django.utils.translation import gettext_lazy as _

from cleanup import questions
from cleanup.models import Kind, Question, Version
from clients import fields
from clients.models import Channel

ANSWERS = {"yes": _("yes"), "no": _("no"), "ok": _("confirmed"), "changed": _("corrected")}


class NewForm(forms.Form):
    name = forms.CharField(
        label=_("name"), max_length=100, widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"})
    )
    standard = forms.BooleanField(label=_("with the usual questions"), required=False, initial=True)


class QuestionForm(forms.ModelForm):  # type: ignore[type-arg]
    """A question. The condition is one choice: "question → answer"; the choices to choose among, a line each."""

    options = forms.CharField(
        label=_("choices, a line each"), required=False, widget=forms.Textarea(attrs={"rows": 4}), max_length=2000
    )
    field = forms.ChoiceField(label=_("field of the register"), required=False)
    channels = forms.ModelMultipleChoiceField(
        Channel.objects.all(), label=_("only in these sales channels"), required=False,
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    condition = forms.ChoiceField(label=_("ask only if"), required=False)

    class Meta:
        model = Question
        fields = ("section", "text", "hint", "kind", "options", "unit", "field", "required", "condition", "channels")

    def __init__(self, *args: Any, version: Version, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.version = version
        stored: Question = self.instance
        section: Any = self.fields["section"]
        section.queryset, section.empty_label = version.sections.all(), None
        named: Any = self.fields["field"]
        named.choices = [("", "—"), *((name, fields.label(name)) for name in fields.DEFAULT_RIGHTS)]
        condition: Any = self.fields["condition"]
        condition.choices = [("", _("always"))] + [
            (f"{each.key}={answer}", f"{each.text} → {ANSWERS.get(answer, answer)}")
            for each in questions.of_version(version)
            if each.pk != stored.pk
            for answer in questions.possible(each)
        ]
        if stored.pk:
            self.initial["options"] = "\n".join(stored.options)
            self.initial["condition"] = (
                f"{stored.condition_key}={stored.condition_value}" if stored.condition_key else ""
            )
        for each in self.fields.values():
            each.label = capfirst(each.label)
            if isinstance(each.widget, forms.Select):
                each.widget.attrs["class"] = "form-select"
            elif not isinstance(each.widget, forms.CheckboxSelectMultiple | forms.CheckboxInput):
                each.widget.attrs["class"] = "form-control"

    def values(self) -> dict[str, Any]:
        """The fields of Question, as the service takes them."""
        given = self.cleaned_data
        key, _equals, value = given["condition"].partition("=")
        kind = given["kind"]
        chosen = [line.strip() for line in given["options"].splitlines() if line.strip()]
        return {
            **{name: given[name] for name in ("section", "text", "hint", "kind", "required")},
            "key": self.instance.key or self._key(given["text"]),
            "options": list(dict.fromkeys(chosen)) if kind in (Kind.ONE, Kind.SEVERAL) else [],
            "unit": given["unit"] if kind == Kind.NUMBER else "",
            "field": given["field"] if kind == Kind.FIELD else "",
            "channels": sorted(channel.pk for channel in given["channels"]),
            "condition_key": key, "condition_value": value,
        }  # fmt: skip

    def _key(self, text: str) -> str:
        """A key of its own among those of all versions: answers of past years stay with their question."""
        taken = set(
            Question.objects.filter(version__questionnaire=self.version.questionnaire_id).values_list("key", flat=True)
        )
        stem = slugify(text)[:30] or "question"
        return next(key for key in (stem, *(f"{stem}-{n}" for n in range(2, len(taken) + 3))) if key not in taken)

    def add_errors(self, error: ValidationError) -> None:
        """What the service refused, each at its field."""
        if not hasattr(error, "error_dict"):
            return self.add_error(None, error)
        for name, said in error.message_dict.items():
            place = "condition" if name.startswith("condition") else name
            self.add_error(place if place in self.fields else None, said)
        return None

    def _post_clean(self) -> None:
        """The service fills in and checks the question."""
