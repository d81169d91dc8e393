"""The usual questions of the yearly clean-up (source: the last section of shared/source/akb-okb.txt): is the outlet
there, is what we know right, is channel and potential. In the language of whoever makes the questionnaire."""

from typing import Any

from django.utils.translation import gettext_lazy as _

OPEN = {"condition_key": "works", "condition_value": "yes"}
SHUT = {"condition_key": "works", "condition_value": "no"}

# Sections with their questions: key, kind, text, further fields of Question
SECTIONS: list[tuple[Any, list[tuple[str, str, Any, dict[str, Any]]]]] = [
    (
        _("The outlet"),
        [
            ("works", "yes_no", _("Is the outlet open for business?"), {"required": True}),
            ("closed_on", "field", _("When was it closed?"), {"field": "closed_on", "required": True, **SHUT}),
            ("who_is_there", "text", _("Who is there now?"), SHUT),
            ("name", "field", _("Name"), {"field": "name", **OPEN}),
            ("address", "field", _("Address"), {"field": "address", **OPEN}),
            ("phone", "field", _("Phone"), {"field": "phone", **OPEN}),
            ("email", "field", _("E-mail"), {"field": "email", **OPEN}),
        ],
    ),
    (
        _("Business"),
        [
            ("channel", "field", _("Sales channel"), {"field": "channel", **OPEN}),
            ("potential", "field", _("Potential, ₽ a month"), {"field": "potential_monthly", **OPEN}),
            ("area", "number", _("Sales area"), {"unit": _("m²"), **OPEN}),
            (
                "competitors", "several", _("Whose goods are on the shelf beside ours?"),
                {"options": [_("federal brands"), _("local producers"), _("private label"), _("nobody's")], **OPEN},
            ),
            ("front", "photo", _("Photo of the front"), OPEN),
        ],
    ),
]  # fmt: skip
