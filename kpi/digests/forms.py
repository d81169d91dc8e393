"""Whether a person wants the letter."""

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _


class SettingForm(forms.Form):
    wanted = forms.BooleanField(
        label=_("send me this letter on Mondays"), required=False,
        widget=forms.CheckboxInput({"class": "form-check-input"}),
    )  # fmt: skip
    language = forms.ChoiceField(
        label=_("language"), choices=settings.LANGUAGES, widget=forms.Select({"class": "form-select"})
    )
