"""The form of new values for many clients."""

from typing import Any, cast

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from clients.forms import SECTIONS, ClientForm
from clients.models import Client, Status
from clients.services import NEW_FIELDS, Editable

# What many clients may have in common: no names, codes and coordinates.
FIELDS = ("territory", "channel", "counterparty", "is_target", "lost_reason", "potential_monthly", "opened_on",
          "closed_on", "address", "phone", "email")  # fmt: skip
CANT_BE_EMPTY = ("territory", "is_target")


class BulkForm(ClientForm):
    """A tick a field: this one is to be changed, to the value beside it or, left empty, to none."""

    is_target = forms.TypedChoiceField(
        label=_("target client"), choices=[("", "—"), ("1", _("yes")), ("0", _("no"))], required=False,
        coerce=lambda text: text == "1", empty_value=None,
    )  # fmt: skip

    def __init__(self, data: Any = None, *, user: User) -> None:
        every = Editable(NEW_FIELDS | {"closed_on", "lost_reason"}, frozenset())
        super().__init__(data, instance=Client(status=Status.LOST), user=user, editable=every)
        for name in [name for name in self.fields if name not in FIELDS]:
            del self.fields[name]
        for name, field in self.fields.items():
            field.required = field.show_hidden_initial = False
            field.initial = None
            field.widget.attrs |= {"data-ticks": f"tick-{name}"}
        self.initial = {}
        self.fields["territory"].choices = [("", "—"), *self.fields["territory"].choices]  # type: ignore[attr-defined]

    @property
    def ticked(self) -> list[str]:
        """The fields that are to be changed."""
        given = cast(QueryDict, self.data).getlist("field") if self.is_bound else []
        return [name for name in self.fields if name in given]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The fields as the page shows them, section by section."""
        ticked = self.ticked
        return [
            {"title": title, "fields": [(self[name], name in ticked) for name in names if name in self.fields]}
            for title, names in SECTIONS
            if set(names) & set(self.fields)
        ]

    def _clean_fields(self) -> None:
        """Only those that are ticked: what stands beside the others says nothing."""
        every, self.fields = self.fields, {name: self.fields[name] for name in self.ticked}
        super()._clean_fields()  # type: ignore[misc]  # not in the stubs
        self.fields = every

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not self.ticked:
            raise forms.ValidationError(_("Tick what is to be changed."))
        for name in CANT_BE_EMPTY:
            if name in cleaned and cleaned[name] is None:
                self.add_error(name, _("This one can't be cleared: choose a value."))
        return cleaned

    def changes(self) -> dict[str, Any]:
        """The new values, by field."""
        return {name: self.cleaned_data[name] for name in self.ticked}
