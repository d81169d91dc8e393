"""The filters above the change requests, read from the address."""

from typing import cast

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from clients.fields import label
from clients.querysets import ChangeRequestQuerySet
from config.ui import indented
from territories.selectors import choices, tree

SELECT = {"class": "form-select"}


class RequestFilter(forms.Form):
    """What of the requests that wait for this person the address asks for; nonsense is left out."""

    territory = forms.ChoiceField(label=_("Territory"), required=False, widget=forms.Select(SELECT))
    field = forms.ChoiceField(label=_("Field"), required=False, widget=forms.Select(SELECT))
    person = forms.ChoiceField(label=_("Asked by"), required=False, widget=forms.Select(SELECT))

    def __init__(self, data: QueryDict, *, user: User, found: ChangeRequestQuerySet) -> None:
        super().__init__(data)
        self.all = found
        names = {name: label(name).capitalize() for name in found.order_by().values_list("field", flat=True).distinct()}
        people = User.objects.filter(pk__in=found.order_by().values("author")).order_by("full_name")
        nodes = [(node.code, indented(node)) for node in choices(tree(user, "approve"), data.get("territory", ""))]
        for name, everything, options in (
            ("territory", _("All territories"), nodes),
            ("field", _("All fields"), sorted(names.items(), key=lambda each: each[1])),
            ("person", _("Asked by anyone"), [(each.username, str(each)) for each in people]),
        ):
            cast(forms.ChoiceField, self.fields[name]).choices = [("", everything), *options]
            if len(options) < 2:
                del self.fields[name]
        self.is_valid()

    def value(self, name: str) -> str:
        return self.cleaned_data.get(name) or ""

    @property
    def used(self) -> bool:
        return any(self.value(name) for name in self.fields)

    def found(self) -> ChangeRequestQuerySet:
        found = self.all
        if code := self.value("territory"):
            found = found.filter(client__territory__paths_up__above__code=code)
        if name := self.value("field"):
            found = found.filter(field=name)
        return found.filter(author__username=self.value("person")) if self.value("person") else found
