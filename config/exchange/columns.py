"""What a cell may hold: text in, the text that PostgreSQL's COPY takes out, or the reason why not."""

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from stdnum.exceptions import ValidationError as NumberError
from stdnum.ru import inn as inn_numbers


class Bad(ValueError):
    """A cell that cannot be taken; the text is the reason, in the user's language."""


Normalise = Callable[[str], str]


class Kind(NamedTuple):
    """A type of cell: PostgreSQL's type of its staging column, the function that normalises a non-empty cell, and a
    pattern of bytes for cells that PostgreSQL reads as they are (config/exchange/staging.py, the fast lane)."""

    pg: str
    normalise: Normalise
    plain: bytes = b""


class Ref(NamedTuple):
    """A cell that names a row of another table by its code."""

    table: str
    code: str  # the column of `table` that the cell holds
    target: str  # the column of the merged table that gets the id
    what: str | Promise  # what is unknown when it isn't found
    renamed: str = ""  # a query of (code, now): codes that stand for another row's today


class Column(NamedTuple):
    """A column of an exchange file; `russian`: its names in the interface and in 1C exports."""

    name: str
    kind: Kind
    russian: tuple[str, ...]
    required: bool = False
    default: str | None = None  # an SQL literal for new rows and cleared cells
    ref: Ref | None = None
    target: str = ""  # the column of the merged table, where it is named otherwise
    headings: tuple[str, ...] | None = None  # a person's choice of headings for it, instead of its names

    @property
    def field(self) -> str:
        return self.ref.target if self.ref else self.target or self.name


# What str.strip() takes for a space, by the number of bytes in UTF-8
_SPACES = (rb"[\s\x1c-\x1f]", rb"\xc2[\x85\xa0]", rb"(?:\xe1\x9a\x80|\xe2\x80[\x80-\xaf]|\xe2\x81\x9f|\xe3\x80\x80)")


def text(limit: int) -> Kind:
    def normalise(cell: str) -> str:
        if len(cell) > limit:
            raise Bad(_("longer than %(limit)d characters") % {"limit": limit})
        if "\0" in cell:
            raise Bad(_("contains a zero byte"))
        return cell

    # No space at either end, no lone "-", no guard (cells.py); the separator is excluded where the pattern is put
    # together.
    unlike = rb"%s|-(?:SEP|\r?\n)|'+[=+@-]" % b"|".join(_SPACES)
    plain = rb"(?!%s)[^SEP\"\r\n\0]{1,%d}+(?<!%s)(?<!%s)(?<!%s)" % (unlike, limit, *_SPACES)
    return Kind("text", normalise, plain)


# re.ASCII throughout: PostgreSQL takes no digits of other scripts
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_RUSSIAN = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", re.ASCII)


def _date(cell: str) -> str:
    if match := _ISO.fullmatch(cell):
        year, month, day = match.groups()
    elif match := _RUSSIAN.fullmatch(cell):
        day, month, year = match.groups()
    else:
        raise Bad(_("not a date (YYYY-MM-DD or DD.MM.YYYY)"))
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        raise Bad(_("there is no such day")) from None


def _month(cell: str) -> str:
    cell = re.sub(r"^(\d{4}-\d\d)-01$", r"\1", cell)  # what a workbook makes of a month
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", cell, re.ASCII) or cell.startswith("0000"):
        raise Bad(_("not a month (YYYY-MM)"))
    return f"{cell}-01"


def _moment(cell: str) -> str:
    try:
        moment = datetime.fromisoformat(cell)
        # The staging column knows no zone: it is the distributor's own.
        return (timezone.make_naive(moment) if moment.tzinfo else moment).isoformat()
    except ValueError:
        pass
    day, _space, clock = cell.partition(" ")
    if clock[1:2] == ":":
        clock = f"0{clock}"  # 1C writes 9:30:00
    try:
        return datetime.fromisoformat(f"{_date(day)}T{clock or '00:00'}").isoformat()
    except ValueError:
        raise Bad(_("not a date and time (YYYY-MM-DD HH:MM)")) from None


_PLAIN = re.compile(r"-?\d{1,18}(\.\d{1,20})?", re.ASCII)
_OTHER = re.compile(r"[+-]?(\d{1,18}\.?\d{0,20}|\.\d{1,20})([eE][+-]?\d{1,2})?", re.ASCII)  # .5, 5., +5, 1e-05


def _number(cell: str) -> str:
    if _PLAIN.fullmatch(cell):
        return cell
    squeezed = re.sub(r"(?<=\d)[ \u00a0\u202f\u2009](?=\d{3}(\D|$))", "", cell).replace(",", ".").replace("\u2212", "-")
    if _OTHER.fullmatch(squeezed):
        return format(Decimal(squeezed), "f")
    raise Bad(_("not a number"))


def _between(low: float, high: float) -> Normalise:
    def normalise(cell: str) -> str:
        value = _number(cell)
        if not low <= float(value) <= high:
            raise Bad(_("not between %(low)g and %(high)g") % {"low": low, "high": high})
        return value

    return normalise


def _whole(cell: str) -> str:
    value = _number(cell)
    if re.fullmatch(r"-?\d{1,9}(\.0+)?", value):
        return value.split(".")[0]
    raise Bad(_("not a whole number"))


def _count(cell: str) -> str:
    value = _whole(cell)
    if value.startswith("-") and value.strip("-0"):
        raise Bad(_("must not be negative"))
    return value


def _money(cell: str) -> str:
    value = _number(cell)
    if value.startswith("-") and value.strip("-0."):
        raise Bad(_("must not be negative"))
    return value


_BOOLEANS = {
    "1": "1", "1.0": "1", "да": "1", "true": "1", "истина": "1",
    "0": "0", "0.0": "0", "нет": "0", "false": "0", "ложь": "0",
}  # fmt: skip


def _boolean(cell: str) -> str:
    try:
        return _BOOLEANS[cell.lower()]
    except KeyError:
        raise Bad(_("neither 1 nor 0")) from None


def _inn(cell: str) -> str:
    if not re.fullmatch(r"\d{10}|\d{12}", cell, re.ASCII):
        raise Bad(_("an INN has 10 or 12 digits"))
    try:
        inn_numbers.validate(cell)
    except NumberError:
        raise Bad(_("wrong check digit of the INN")) from None
    return cell


def _kpp(cell: str) -> str:
    if not re.fullmatch(r"\d{4}[0-9A-Z]{2}\d{3}", cell, re.ASCII):
        raise Bad(_("not a KPP (9 characters)"))
    return cell


def _email(cell: str) -> str:
    try:
        validate_email(cell)
    except ValidationError:
        raise Bad(_("not an e-mail address")) from None
    return text(254).normalise(cell)


def choice(*allowed: str) -> Kind:
    def normalise(cell: str) -> str:
        if cell.lower() not in allowed:
            raise Bad(_("not one of: %(allowed)s") % {"allowed": ", ".join(allowed)})
        return cell.lower()

    return Kind("text", normalise)


CODE = text(64)
NAME = text(255)
DATE = Kind("date", _date, rb"\d{4}-\d\d-\d\d")
MONTH = Kind("date", _month)
MOMENT = Kind("timestamp", _moment)
NUMBER = Kind("numeric", _number, rb"-?\d{1,18}+(?:\.\d{1,20}+)?+")
MONEY = Kind("numeric", _money, rb"\d{1,18}+(?:\.\d{1,20}+)?+")
COUNT = Kind("integer", _count, rb"\d{1,9}+")
BOOLEAN = Kind("boolean", _boolean, rb"[01]")
LATITUDE = Kind("double precision", _between(-90, 90))
LONGITUDE = Kind("double precision", _between(-180, 180))
INN = Kind("text", _inn)
KPP = Kind("text", _kpp)
EMAIL = Kind("text", _email)
