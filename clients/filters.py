"""The filters above the client list, read from the address."""

from typing import Any, cast

from django import forms
from django.http import Http404, QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from clients import selectors
from clients.models import Category, Channel, Client, Status
from clients.querysets import WITHOUT, ClientQuerySet
from config.ui import indented
from territories.models import Territory
from territories.selectors import choices, territories_visible_to, tree

SELECT = {"class": "form-select"}


class ClientFilter(forms.Form):
    """What the address asks for. What makes no sense is left out; a territory one may not see is a 404."""

    search = forms.CharField(label=_("Search"), required=False, max_length=200)
    territory = forms.ChoiceField(label=_("Territory"), required=False, widget=forms.Select(SELECT))
    channel = forms.ChoiceField(label=_("Sales channel"), required=False, widget=forms.Select(SELECT))
    category = forms.ChoiceField(
        label=_("Category"),
        required=False,
        widget=forms.Select(SELECT),
        choices=[("", _("All categories")), *Category.choices, (WITHOUT, _("Without category"))],
    )
    manager = forms.ChoiceField(label=_("Manager"), required=False, widget=forms.Select(SELECT))
    status = forms.ChoiceField(required=False, choices=[*Status.choices, (selectors.ALL, _("All"))])
    reason = forms.ChoiceField(required=False, choices=[(WITHOUT, _("No reason stated"))])
    after = forms.IntegerField(required=False)
    before = forms.IntegerField(required=False)

    def __init__(self, data: QueryDict, *, user: User) -> None:
        super().__init__(data)
        self.user = user
        self.node = self._node(data.get("territory", ""))
        nodes = tree(user)
        self._choose("territory", _("All territories"), [
            (node.code, indented(node)) for node in choices(nodes, self.node.code if self.node else "")
        ])  # fmt: skip
        self._choose("channel", _("All channels"), [
            *Channel.objects.values_list("code", "name"), (WITHOUT, _("Without channel"))
        ])  # fmt: skip
        people = [(person.username, person.full_name) for person in selectors.managers(user)]
        self._choose("manager", _("All managers"), people)
        if len(nodes) < 2:
            del self.fields["territory"]
        if len(people) < 2:
            del self.fields["manager"]
        self.is_valid()

    def _choose(self, name: str, everything: Any, options: list[tuple[Any, Any]]) -> None:
        cast(forms.ChoiceField, self.fields[name]).choices = [("", everything), *options]

    def _node(self, code: str) -> Territory | None:
        if not code:
            return None
        node = territories_visible_to(self.user).filter(code=code).first()
        if node is None:
            raise Http404("no such territory")
        return node

    def value(self, name: str) -> Any:
        """What was asked for, "" or None if nothing or nonsense."""
        return self.cleaned_data.get(name) or ""

    @property
    def tab(self) -> str:
        return self.value("status") or Status.ACTIVE.value

    @property
    def used(self) -> int:
        """How many filters are set, the search aside."""
        return sum(bool(self.data.get(name)) for name in ("territory", "channel", "category", "manager"))

    def found(self) -> ClientQuerySet:
        """The clients that the filters leave, of all tabs."""
        found = Client.objects.visible_to(self.user).searched(self.value("search"))
        return found.filtered(
            territory=self.node,
            channel=self.value("channel"),
            category=self.value("category"),
            manager=self.value("manager"),
        )
