"""The grid of norms of one channel, and the filters above the distances."""

from decimal import Decimal
from typing import Any, NamedTuple

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext_lazy as _

from clients.forms import AmountField
from clients.models import Category
from kpi.efforts.selectors import RuleRow
from kpi.efforts.services import Norm

NUMBER = {"class": "form-control", "inputmode": "decimal", "autocomplete": "off"}
TEXT = {"class": "form-control", "autocomplete": "off"}
COLUMNS = ("visits", "calls", "terms", "promo")


class Line(NamedTuple):
    category: str
    cells: list[BoundField]


class RulesForm(forms.Form):
    """Four fields a category; `row`: as they are stored."""

    def __init__(self, data: Any, *, row: RuleRow) -> None:
        super().__init__(data, prefix=f"channel{row.channel.pk}")
        self.row = row
        for category in Category.values:
            rule = row.rules.get(category)
            for name in COLUMNS:
                label = f"{LABELS[name]}, {category}"
                stored = getattr(rule, name, None)
                field: forms.Field
                if name in ("visits", "calls"):
                    field = AmountField(
                        required=False, min_value=0, max_value=100, max_digits=7, decimal_places=3, label=label,
                        initial=stored, widget=forms.TextInput(NUMBER | {"aria-label": label}),
                    )  # fmt: skip
                else:
                    field = forms.CharField(
                        required=False, max_length=200, label=label, initial=stored or "",
                        widget=forms.TextInput(TEXT | {"aria-label": label}),
                    )  # fmt: skip
                field.show_hidden_initial = True
                self.fields[f"{category}-{name}"] = field

    @property
    def lines(self) -> list[Line]:
        return [Line(category, [self[f"{category}-{name}"] for name in COLUMNS]) for category in Category.values]

    def norms(self) -> dict[str, Norm]:
        """The categories in which this person changed something: what they did not touch stays as it is stored."""
        touched = {name.partition("-")[0] for name in self.changed_data}
        found = {}
        for category in Category.values:
            if category not in touched:
                continue
            rule = self.row.rules.get(category)
            values: dict[str, Decimal | str | None] = {}
            for name in COLUMNS:
                if f"{category}-{name}" in self.changed_data or rule is None:
                    values[name] = self.cleaned_data[f"{category}-{name}"]
                else:
                    values[name] = getattr(rule, name)
            found[category] = Norm(**values)  # type: ignore[arg-type]
        return found


LABELS = {"visits": _("Visits a month"), "calls": _("Calls a month"), "terms": _("Terms"), "promo": _("Promotion")}
