"""Forms of staff and territories."""

from typing import Any

from django import forms
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, User
from territories.models import Kind, Territory
from territories.selectors import given_to, roles_given_by, staff_of, territories_managed_by


class TerritoryField(forms.CharField):
    """A territory by its code: there may be too many for a list of choices; what is typed is looked for."""

    default_error_messages = {"unknown": _("There is no territory with this code in your part of the tree.")}
    user: User

    def __init__(self, **kwargs: Any) -> None:
        hint = _("Code; type part of the name to find it.")
        super().__init__(required=False, max_length=64, help_text=hint, **kwargs)
        self.widget.attrs |= {
            "list": "territories", "autocomplete": "off", "hx-trigger": "input changed delay:250ms",
            "hx-target": "#territories", "hx-swap": "innerHTML",
        }  # fmt: skip

    def clean(self, value: Any) -> Any:
        code = super().clean(value)
        if not code:
            return None
        found = territories_managed_by(self.user).filter(code=code).first()
        if found is None:
            raise forms.ValidationError(self.error_messages["unknown"])
        return found


class Dressed(forms.Form):
    """Fields as the stylesheet wants them; those of territories know whose they are."""

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        for field in self.fields.values():
            field.label = capfirst(str(field.label))
            if isinstance(field, TerritoryField):
                field.user = user
                field.widget.attrs["hx-get"] = reverse("territory-options")
            if not isinstance(field, forms.MultipleChoiceField | forms.BooleanField):
                select = isinstance(field, forms.ChoiceField)
                field.widget.attrs["class"] = "form-select" if select else "form-control"


class StaffForm(Dressed):
    """A member of staff; `keep`: of the territories they have those that stay, `add`: one more."""

    full_name = forms.CharField(label=_("full name"), max_length=200)
    email = forms.EmailField(label=_("e-mail"), required=False, max_length=254)
    role = forms.ChoiceField(label=_("role"))
    keep = forms.MultipleChoiceField(label=_("territories"), required=False, widget=forms.CheckboxSelectMultiple)
    add = TerritoryField(label=_("one more territory"))

    def __init__(self, *args: Any, user: User, person: User | None, **kwargs: Any) -> None:
        self.places = given_to([person])[person.pk] if person else []
        if person:
            kwargs["initial"] = {
                "full_name": person.full_name, "email": person.email, "role": person.role,
                "keep": [place.code for place in self.places],
            }  # fmt: skip
        super().__init__(*args, user=user, **kwargs)
        self.fields["role"].choices = [(role.value, role.label) for role in roles_given_by(user)]  # type: ignore[attr-defined]
        self.fields["keep"].choices = [(place.code, place.name) for place in self.places]  # type: ignore[attr-defined]
        if not self.places:
            del self.fields["keep"]
            self.fields["add"].label = capfirst(str(_("territory")))

    def values(self) -> dict[str, Any]:
        """What the services take."""
        given = dict(self.cleaned_data)
        keep, more = given.pop("keep", []), given.pop("add")
        return given | {"places": [place for place in self.places if place.code in keep] + ([more] if more else [])}


class NewStaffForm(StaffForm):
    """Somebody who joins."""

    username = forms.CharField(label=_("user name"), max_length=150)
    field_order = ["full_name", "username"]


class HandOverForm(Dressed):
    """Which territories go to whom."""

    successor = forms.ChoiceField(label=_("who takes over"))
    places = forms.MultipleChoiceField(label=_("territories"), widget=forms.CheckboxSelectMultiple)
    leaves = forms.BooleanField(label=_("leaves the company: may sign in no more"), required=False)

    def __init__(self, *args: Any, user: User, person: User, **kwargs: Any) -> None:
        self.of_person = given_to([person])[person.pk]
        super().__init__(*args, user=user, initial={"places": [place.code for place in self.of_person]}, **kwargs)
        others = staff_of(user).filter(is_active=True).exclude(pk=person.pk)
        people = sorted(others, key=lambda other: other.role != person.role)
        self.fields["successor"].choices = [  # type: ignore[attr-defined]
            ("", "—"), *((other.username, f"{other}, {other.get_role_display()}") for other in people)
        ]  # fmt: skip
        self.fields["places"].choices = [(place.code, place.name) for place in self.of_person]  # type: ignore[attr-defined]

    def values(self) -> dict[str, Any]:
        """What the service takes."""
        codes = self.cleaned_data["places"]
        return self.cleaned_data | {"places": [place for place in self.of_person if place.code in codes]}


class TerritoryForm(Dressed):
    """A node of the tree."""

    name = forms.CharField(label=_("name"), max_length=255)
    kind = forms.ChoiceField(label=_("kind"), required=False, choices=[("", "—"), *Kind.choices])
    parent = TerritoryField(label=_("lies in"))

    def __init__(self, *args: Any, territory: Territory | None = None, **kwargs: Any) -> None:
        if territory:
            parent = territory.parent.code if territory.parent else ""
            kwargs["initial"] = {"name": territory.name, "kind": territory.kind, "parent": parent}
        super().__init__(*args, **kwargs)
        if territory and territory.parent:
            self.fields["parent"].help_text = f"{self.fields['parent'].help_text} {_('Now')}: {territory.parent.name}"
        managed = territories_managed_by(self.user)
        if territory and territory.parent and territory.parent not in managed:
            del self.fields["parent"]  # their highest node: moved by who manages what lies above it
        self.territory = territory

    def values(self) -> dict[str, Any]:
        """What the services take."""
        return {"parent": self.territory.parent if self.territory else None} | self.cleaned_data


class NewTerritoryForm(TerritoryForm):
    code = forms.CharField(label=_("code"), max_length=64)
    field_order = ["name", "code"]


class StaffFilter(forms.Form):
    """What the list of staff is asked for."""

    search = forms.CharField(required=False, max_length=100)
    role = forms.ChoiceField(required=False, choices=[("", _("All roles")), *Role.choices])
    state = forms.ChoiceField(required=False, choices=[("active", ""), ("gone", "")])
    page = forms.IntegerField(required=False, min_value=1)
