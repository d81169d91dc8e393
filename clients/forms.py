"""Forms of the client card."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple, cast
from urllib.parse import urlencode

from django import forms
from django.forms.models import model_to_dict
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from clients.fields import OVERRIDE, label
from clients.models import Client, Counterparty, LostReason, Right, Status
from clients.services import Editable
from config.ui import indented
from territories.models import Territory
from territories.selectors import choices, destinations

# Fields of the card in the order of the form, in its sections.
SECTIONS = (
    (_("Outlet"), ("name", "code", "channel", "is_target")),
    (_("Loss"), ("lost_reason",)),
    (_("Place"), ("territory", "address", "lat", "lon")),
    (_("How to reach them"), ("phone", "email")),
    (_("Terms"), ("counterparty", "potential_monthly", "opened_on", "closed_on")),
)
FIELDS = tuple(name for _title, names in SECTIONS for name in names)


def asks_reason(client: Client) -> bool:
    """Whether the reason of the loss has a meaning for this client."""
    return client.status == Status.LOST or bool(client.lost_reason)


class AmountField(forms.DecimalField):
    """A number as people write it: 12 500,50 or 12500.5."""

    widget = forms.TextInput

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            value = value.replace("\xa0", "").replace("\u202f", "").replace(" ", "").replace(",", ".")
        return super().to_python(value)

    def prepare_value(self, value: Any) -> Any:
        return f"{value.normalize():f}" if isinstance(value, Decimal) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.to_python(initial), data)


class CounterpartyField(forms.CharField):
    """A counterparty by its code or INN: there are too many for a list of choices."""

    default_error_messages = {
        "unknown": _("There is no counterparty with this code or INN."),
        "several": _("Several counterparties have this INN: give the code."),
    }

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, int):
            return Counterparty.objects.filter(pk=value).values_list("code", flat=True).first()
        return value.code if isinstance(value, Counterparty) else value

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        exact = Counterparty.objects.filter(code=text).first()
        if exact:
            return exact
        found = list(Counterparty.objects.filter(inn=text)[:2])
        if len(found) != 1:
            raise forms.ValidationError(self.error_messages["several" if found else "unknown"])
        return found[0]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return (self.prepare_value(initial) or "") != (data or "").strip()


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class Dispute(NamedTuple):
    """A field of the form beside what somebody else has saved meanwhile; all values as the form writes them."""

    name: str
    label: str
    base: str  # shown: what it was when the form was opened
    theirs: str
    mine: str
    theirs_raw: str
    mine_raw: str
    open: bool  # the two differ: one of them is to be chosen
    both: bool  # both people changed it, so that neither is proposed
    mine_proposed: bool


class ClientForm(forms.ModelForm):  # type: ignore[type-arg]  # no generic at run time
    """The fields of a client that this person may change.

    Each carries beside it, hidden, the value it had when the form was opened: `changed_data` is what *this* person
    changed, and a conflict can be shown with its base.
    """

    version = forms.IntegerField(widget=forms.HiddenInput)
    email = forms.EmailField(label=_("e-mail"), required=False, max_length=254)
    lat = forms.FloatField(label=_("latitude"), required=False, min_value=-90, max_value=90)
    lon = forms.FloatField(label=_("longitude"), required=False, min_value=-180, max_value=180)
    counterparty = CounterpartyField(label=_("counterparty"), required=False, max_length=64)
    potential_monthly = AmountField(label=_("potential, ₽ a month"), required=False, min_value=0, max_digits=24)

    class Meta:
        model = Client
        fields = FIELDS
        widgets = {"opened_on": DayInput, "closed_on": DayInput}

    def __init__(self, *args: Any, user: User, editable: Editable, only: Sequence[str] = FIELDS, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.editable = editable
        is_new = self.instance.pk is None
        for name in FIELDS:
            if (
                name not in only
                or name not in editable.all
                or (name == "lost_reason" and not asks_reason(self.instance))
            ):
                del self.fields[name]
        if is_new:
            self.fields["code"].required = False  # it is given one
        if "territory" in self.fields:
            self._offer_territories(user, is_new)
        if "counterparty" in self.fields:
            self.fields["counterparty"].widget.attrs |= {
                "list": "counterparties", "autocomplete": "off", "hx-get": reverse("counterparty-options"),
                "hx-trigger": "input changed delay:250ms", "hx-target": "#counterparties", "hx-swap": "innerHTML",
            }  # fmt: skip
        for name, each in self.fields.items():
            each.show_hidden_initial = name != "version"
            self._dress(name, each)

    def _offer_territories(self, user: User, is_new: bool) -> None:
        """Any destination may be chosen; of many those near the chosen one are listed, and others as one goes on."""
        nodes = destinations(user, None if is_new else self.instance.territory)
        field = cast("forms.ModelChoiceField[Territory]", self.fields["territory"])
        field.queryset = Territory.objects.filter(pk__in=[node.pk for node in nodes])
        given = self.data.get(self.add_prefix("territory")) if self.is_bound else self.initial.get("territory")
        chosen = str(given or "")
        shown = choices(nodes, next((node.code for node in nodes if str(node.pk) == chosen), ""))
        choose = [("", "—")] if is_new and len(nodes) > 1 else []
        field.choices = choose + [(node.pk, indented(node)) for node in shown]
        if len(shown) < len(nodes):
            of_client = "" if is_new else f"?{urlencode({'client': self.instance.code})}"
            field.widget.attrs |= {
                "hx-get": reverse("client-territories") + of_client, "hx-trigger": "change", "hx-target": "this",
                "hx-swap": "innerHTML", "hx-push-url": "false", "hx-params": "territory",
            }  # fmt: skip

    def _dress(self, name: str, field: forms.Field) -> None:
        select = isinstance(field, forms.ChoiceField | forms.ModelChoiceField)
        tick = isinstance(field, forms.BooleanField)
        css = "form-check-input" if tick else "form-select" if select else "form-control"
        field.widget.attrs["class"] = css
        if isinstance(field, forms.ModelChoiceField):
            field.empty_label = field.empty_label and "—"
        elif isinstance(field, forms.ChoiceField):
            offered: Any = field.choices
            field.choices = [(value, label if value else "—") for value, label in offered]
        if name in ("lat", "lon", "potential_monthly"):
            field.widget.attrs["inputmode"] = "decimal"

    def needs_approval(self, name: str) -> bool:
        """Whether a change of this field is only asked for."""
        return name in self.editable.asked

    def changes(self) -> dict[str, Any]:
        """New values of the fields this person has changed."""
        return {name: self.cleaned_data[name] for name in self.changed_data if name != "version"}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        opened, closed = cleaned.get("opened_on"), cleaned.get("closed_on")
        if opened and closed and closed < opened:
            self.add_error("closed_on", _("closed before opened"))
        return cleaned

    def _post_clean(self) -> None:
        """Left to the service: the rules of the register are there, and this instance stays as stored."""

    def disputes(self, current: Client) -> list[Dispute]:
        """Every field: what it was when the form was opened, what is stored now, and what this person wants."""
        return [self._dispute(name, current) for name in self.fields if name != "version"]

    def _dispute(self, name: str, current: Client) -> Dispute:
        base = self._text(name, self.data.get(self.add_initial_prefix(name), ""))
        theirs = self._text(name, self.fields[name].prepare_value(self.initial_of(name, current)))
        mine = self._text(name, self[name].value())
        mine_changed, theirs_changed = not self._same(name, base, mine), not self._same(name, base, theirs)
        return Dispute(
            name, str(self.fields[name].label),
            self._shown(name, base), self._shown(name, theirs), self._shown(name, mine), theirs, mine,
            open=not self._same(name, theirs, mine), both=mine_changed and theirs_changed, mine_proposed=mine_changed,
        )  # fmt: skip

    @staticmethod
    def initial_of(name: str, client: Client) -> Any:
        """The stored value as a form takes it: keys of relations."""
        return model_to_dict(client, [name])[name]

    def _same(self, name: str, one: str, other: str) -> bool:
        field = self.fields[name]
        if isinstance(field, forms.DateField | forms.DecimalField | forms.FloatField):
            try:
                return bool(field.to_python(one) == field.to_python(other))
            except forms.ValidationError:
                return one == other
        return one.strip() == other.strip()

    def _text(self, name: str, value: Any) -> str:
        if isinstance(self.fields[name], forms.BooleanField):
            return "on" if value in (True, "on", "True", "true") else ""
        return "" if value is None else str(value)

    def _shown(self, name: str, raw: str) -> str:
        field = self.fields[name]
        if isinstance(field, forms.BooleanField):
            return str(_("yes") if raw else _("no"))
        if isinstance(field, forms.ChoiceField | forms.ModelChoiceField):
            offered: Any = field.choices
            known = next((str(label).strip() for value, label in offered if str(value) == raw), "")
            if not known and name == "territory" and raw.isascii() and raw.isdigit() and len(raw) < 19:
                known = Territory.objects.filter(pk=int(raw)).values_list("name", flat=True).first() or ""
            return known or raw or "—"
        if name == "counterparty":
            found = Counterparty.objects.filter(code=raw).first()
            return f"{found.name} ({found.code})" if found else raw or "—"
        return raw or "—"


class FieldRulesForm(forms.Form):
    """Which right each field of a client needs; `rights`: as it is today."""

    def __init__(self, *args: Any, rights: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in (*FIELDS, OVERRIDE):
            self.fields[name] = forms.ChoiceField(
                label=label(name).capitalize(), choices=Right.choices, initial=rights[name], show_hidden_initial=True,
                widget=forms.Select({"class": "form-select"}),
            )  # fmt: skip

    def changes(self) -> dict[str, str]:
        """The rights this person has changed, by field."""
        return {name: self.cleaned_data[name] for name in self.changed_data}


class ReasonForm(forms.Form):
    """The reason of a loss, asked for on the card itself."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    lost_reason = forms.ChoiceField(
        label=_("Reason of the loss"),
        choices=[("", _("Choose a reason")), *LostReason.choices],
        widget=forms.Select({"class": "form-select"}),
    )
