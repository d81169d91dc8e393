"""The forms of the import wizard."""

import zipfile
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.exchange.reading import SUFFIXES
from kpi.imports.labels import label
from kpi.imports.models import KINDS, Import
from kpi.imports.services import BY_NAME, mapping_for

INFLATED = 12  # times the largest upload that a workbook may be when unpacked: all of it is read into memory


class UploadForm(forms.Form):
    """One file."""

    file = forms.FileField(
        label=gettext_lazy("File"), widget=forms.FileInput({"class": "form-control", "accept": ",".join(SUFFIXES)})
    )

    def clean_file(self) -> "UploadedFile[Any]":
        upload: UploadedFile[Any] = self.cleaned_data["file"]
        name = (upload.name or "").lower()
        if not name.endswith(SUFFIXES):
            raise forms.ValidationError(
                _("Choose a .csv, .csv.gz or .xlsx file. An .xls must be saved as .xlsx first.")
            )
        if name.endswith(".xlsx"):
            try:
                with zipfile.ZipFile(upload) as book:
                    inflated = sum(part.file_size for part in book.infolist())
            except zipfile.BadZipFile:
                raise forms.ValidationError(_("This is not an XLSX workbook, whatever its name says.")) from None
            if inflated > INFLATED * settings.LARGEST_UPLOAD:
                raise forms.ValidationError(_("The workbook is too large when unpacked: save it as CSV."))
            upload.seek(0)
        return upload


class KindForm(forms.Form):
    """What the file is taken for."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What is in the file"), choices=KINDS, widget=forms.Select({"class": "form-select"})
    )


class ColumnsForm(KindForm):
    """Which heading stands for which column; the fields are numbered as the headings are."""

    kind = forms.ChoiceField(choices=KINDS, widget=forms.HiddenInput())
    source = forms.CharField(
        label=gettext_lazy("Source"), max_length=100, required=False,
        widget=forms.TextInput({"class": "form-control", "autocomplete": "off"}),
    )  # fmt: skip

    def __init__(self, *args: Any, imported: Import, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.imported = imported
        mapping = mapping_for(imported, kind)
        self.known = any(mapping.values())  # at least one heading says what it is
        options = [("", _("— do not load —"))]
        options += [(one.name, label(one) + (" *" if one.required else "")) for one in BY_NAME[kind].columns]
        self.titles = {
            f"column-{at}": title
            for at, title in enumerate(imported.headings)
            if title and title not in imported.headings[:at]
        }
        for name, title in self.titles.items():
            self.fields[name] = forms.ChoiceField(
                label=title, required=False, choices=options, initial=mapping.get(title, ""),
                widget=forms.Select({"class": "form-select"}),
            )  # fmt: skip
        self.fields["kind"].initial = kind
        self.fields["source"].initial = imported.source.name if imported.source else ""

    def rows(self) -> list[dict[str, Any]]:
        """A row a heading: its field and what stands below it in the file."""
        found = []
        for name, title in self.titles.items():
            at = self.imported.headings.index(title)
            cells = [row[at] for row in self.imported.samples if row[at].strip()]
            found.append({"field": self[name], "title": title, "cells": list(dict.fromkeys(cells))[:3]})
        return found

    @property
    def mapping(self) -> dict[str, str]:
        return {title: self.cleaned_data[name] for name, title in self.titles.items()}
