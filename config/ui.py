"""Template tags of all pages: icons, and numbers as a Russian reader expects them."""

import re
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.formats import get_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()
THIN_SPACE = "\u202f"
NONE = "—"


def grouped(value: Any, places: int = 0) -> str:
    """A number with its thousands parted by thin spaces, half rounded away from zero: 1 234 567,89."""
    number = Decimal(str(value)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    text = f"{abs(number):,.{places}f}".replace(",", THIN_SPACE).replace(".", str(get_format("DECIMAL_SEPARATOR")))
    return f"−{text}" if number < 0 else text


@register.filter
def count(value: Any) -> str:
    """A whole number; "—" for none."""
    return NONE if value is None or value == "" else grouped(value)


@register.filter
def counted(value: Any) -> str:
    """A count that says whether it is `about` that number: ≈ 412 000."""
    return f"≈{THIN_SPACE}{grouped(value.number)}" if value.about else grouped(value.number)


@register.filter
def quantity(value: Any) -> str:
    """A number with the decimals it has, three at most."""
    if value is None or value == "":
        return NONE
    number = round(Decimal(str(value)), 3).normalize()
    return grouped(number, max(0, -int(number.as_tuple().exponent)))


@register.filter
def share(value: Any) -> str:
    """0.2512 as 25,1 %."""
    return NONE if value is None else f"{grouped(Decimal(str(value)) * 100, 1)}{THIN_SPACE}%"


@register.filter
def money(value: Any, places: int = 0) -> str:
    """Roubles; whole ones unless `places` are asked for."""
    return NONE if value is None or value == "" else f"{grouped(value, places)}{THIN_SPACE}₽"


@register.filter
def get(mapping: Mapping[str, Any], key: str) -> Any:
    """mapping[key], which templates lack."""
    return mapping.get(key)


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """An icon of static/src/icons.svg, hidden from screen readers: the text beside it says the same."""
    return format_html(
        '<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        css, static("icons.svg"), name,
    )  # fmt: skip


@register.filter
def uncapped(text: str) -> str:
    """A name in the middle of a sentence: its first letter small, an abbreviation in it as it is."""
    return text[:1].lower() + text[1:]


@register.filter
def split(text: str) -> list[str]:
    """The words of a text, to loop over."""
    return text.split()


@register.filter
def value(form: Any, name: str) -> Any:
    """What a filter form was asked for, "" if nothing or nonsense."""
    return form.value(name)


@register.filter
def dial(phone: str) -> str:
    """A phone number as a tel: link wants it; the first, if there are several."""
    digits = re.sub(r"[^\d+]", "", re.split(r"[,;/]|доб", phone)[0])
    return f"+7{digits[1:]}" if len(digits) == 11 and digits.startswith("8") else digits


@register.filter
def metric(value: Any, unit: Enum) -> str:
    """A KPI by its unit: counts grouped, shares in percent, roubles with kopecks only where they matter."""
    if unit.value == "share":
        return share(value)
    if unit.value == "money":
        return money(value, 2 if value is not None and abs(value) < 100 else 0)
    return count(value)


@register.filter
def indented(node: Any) -> str:
    """The name of a node of a tree, pushed in by its depth."""
    return "\u2003" * int(node.depth) + str(node.name)
