"""Forms about people and how they sign in."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import services
from accounts.devices import described
from accounts.models import Outcome, User
from config.web import client_ip


def _from(request: HttpRequest) -> dict[str, Any]:
    """Where a try to sign in comes from."""
    return {"ip": client_ip(request), "device": described(request.headers.get("User-Agent", ""))}


class SignInForm(AuthenticationForm):
    """Name and password."""

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": _("No such user name and password. Check the keyboard layout and Caps Lock."),
    }
    request: HttpRequest

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["class"] = "form-control form-control-lg"

    def clean(self) -> dict[str, Any]:
        username, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if username and password:
            user = services.password_check(
                request=self.request, username=username, password=password, **_from(self.request)
            )
            if user is None:
                raise self.get_invalid_login_error()
            self.user_cache = user
        return self.cleaned_data


class _PersonForm(forms.Form):
    """A form whose answers are checked against a person."""

    def __init__(self, *args: Any, user: User, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.request = user, request


class CodeForm(_PersonForm):
    """The code of the second factor: the app's, or a recovery code."""

    code = forms.CharField(
        label=_("Code"), max_length=32,
        widget=forms.TextInput({"class": "form-control form-control-lg", "autocomplete": "one-time-code",
                                "autofocus": True, "spellcheck": "false"}),
    )  # fmt: skip
    outcome: Outcome

    def clean_code(self) -> str:
        if self.errors:
            return ""  # a wrong password beside it: no recovery code is used up for nothing
        outcome = services.code_check(user=self.user, code=self.cleaned_data["code"], **_from(self.request))
        if outcome is None:
            raise ValidationError(_("This is not the code. Is the clock of the phone right? Take the code shown now."))
        self.outcome = outcome
        return str(self.cleaned_data["code"])


class OwnPassword(_PersonForm):
    """Asks for one's own password; wrong ones count as wrong tries to sign in."""

    own_password = forms.CharField(
        label=_("Your password now"), strip=False, max_length=4096,
        widget=forms.PasswordInput({"class": "form-control", "autocomplete": "current-password"}),
    )  # fmt: skip

    def clean_own_password(self) -> str:
        password = str(self.cleaned_data["own_password"])
        username = self.user.username
        if not services.password_check(
            request=self.request, username=username, password=password, **_from(self.request)
        ):
            raise ValidationError(_("This is not your password."))
        return password


class NewPasswordForm(OwnPassword):
    """One's own password, and the new one twice."""

    new_password = forms.CharField(
        label=_("New password"), strip=False, max_length=4096,
        help_text=_("At least 10 characters, no common password, not like your name. A few words are best."),
        widget=forms.PasswordInput({"class": "form-control", "autocomplete": "new-password"}),
    )  # fmt: skip
    again = forms.CharField(
        label=_("New password again"), strip=False, max_length=4096,
        widget=forms.PasswordInput({"class": "form-control", "autocomplete": "new-password"}),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        new, again = self.cleaned_data.get("new_password"), self.cleaned_data.get("again")
        if new and again and new != again:
            self.add_error("again", _("The two new passwords differ."))
        elif new:
            try:
                validate_password(new, self.user)
            except ValidationError as error:
                self.add_error("new_password", error)
            if new == self.cleaned_data.get("own_password"):
                self.add_error("new_password", _("This is the password you have."))
        return self.cleaned_data


class NewAppForm(OwnPassword):
    """The first code of an app, and one's own password."""

    code = forms.CharField(
        label=_("Code shown by the app"), max_length=16,
        widget=forms.TextInput({"class": "form-control", "autocomplete": "one-time-code", "inputmode": "numeric"}),
    )  # fmt: skip
    field_order = ["code", "own_password"]


class PasswordAndCode(OwnPassword, CodeForm):
    """Password and code of whoever is signed in."""

    field_order = ["own_password", "code"]
