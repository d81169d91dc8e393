"""Which questions are to be asked and how their answers look; the same for every page that asks.

By kind: yes_no "yes" or "no"; one: the option; several: a list of options; number, money: a decimal as text with a
dot; date: as ISO writes it; text; photo: a list of keys of Photo; field: {"ok": true} or {"value": …} as
clients/fields.py packs it. Nothing said: the key is absent.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from cleanup.models import Kind, Question, Version
from clients import fields
from clients.models import Client

LONGEST = 2000  # letters of a text
CHANGED, CONFIRMED = "changed", "ok"  # what a condition on a question about a field is held against


def of_version(version: Version) -> list[Question]:
    """All questions of a version in their order, with their sections."""
    return list(version.questions.select_related("section"))


def asked(questions: Iterable[Question], values: Mapping[str, Any], channel_id: int | None) -> list[Question]:
    """Those to be asked of a client of this channel, given what was answered so far."""
    found: list[Question] = []
    keys: set[str] = set()
    for question in questions:
        of_channel = not question.channels or channel_id in question.channels
        # A condition on what is not asked itself does not hold.
        if of_channel and (not question.condition_key or (question.condition_key in keys and _holds(question, values))):
            found.append(question)
            keys.add(question.key)
    return found


def _holds(question: Question, values: Mapping[str, Any]) -> bool:
    said = values.get(question.condition_key)
    if isinstance(said, Mapping):
        said = CONFIRMED if said.get("ok") else CHANGED
    return question.condition_value in said if isinstance(said, list) else said == question.condition_value


def check(
    questions: Iterable[Question], values: Mapping[str, Any], channel_id: int | None, photos: Iterable[str] = ()
) -> dict[str, Any]:
    """The answers in their normal form, of the questions that are asked only; `photos`: the keys that are there.

    Raises ValidationError by question key.
    """
    questions, known = list(questions), set(photos)
    clean: dict[str, Any] = {}
    wrong: dict[str, ValidationError] = {}
    for question in asked(questions, values, channel_id):
        said = values.get(question.key)
        try:
            if said in (None, "", [], {}):
                if question.required:
                    raise ValidationError(_("This question needs an answer."))
            else:
                clean[question.key] = _clean(question, said, known)
        except ValidationError as error:
            wrong[question.key] = error
    if wrong:
        raise ValidationError(wrong)
    return clean


def _clean(question: Question, said: Any, photos: set[str]) -> Any:
    kind = question.kind
    if kind == Kind.FIELD:
        return _field(question.field, said)
    if kind in (Kind.SEVERAL, Kind.PHOTO):
        if not isinstance(said, list) or not all(isinstance(each, str) for each in said):
            raise ValidationError(_("Choose among the answers."))
        if kind == Kind.SEVERAL:
            return _among(said, question.options)
        if not {_uuid(each) for each in said} <= photos:
            raise ValidationError(_("A photo has not arrived yet: send it again."))
        return [_uuid(each) for each in said]
    if not isinstance(said, str):
        raise ValidationError(_("Not an answer to this question."))
    if kind == Kind.YES_NO:
        return _among([said], ["yes", "no"])[0]
    if kind == Kind.ONE:
        return _among([said], question.options)[0]
    if kind in (Kind.NUMBER, Kind.MONEY):
        return _number(said, kind == Kind.MONEY)
    if kind == Kind.DATE:
        return _day(said)
    if len(said) > LONGEST:
        raise ValidationError(_("Too long: %(most)d letters at most.") % {"most": LONGEST})
    return said.strip()


def _among(said: list[str], options: list[str]) -> list[str]:
    if not set(said) <= set(options):
        raise ValidationError(_("Choose among the answers."))
    return sorted(set(said), key=options.index)


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise ValidationError(_("Not an answer to this question.")) from None


def _number(text: str, money: bool) -> str:
    try:
        number = Decimal(text.strip().replace(" ", "").replace("\u00a0", "").replace(",", "."))
    except InvalidOperation:
        raise ValidationError(_("Enter a number.")) from None
    if not number.is_finite() or abs(number) >= Decimal(10) ** 15:
        raise ValidationError(_("Enter a number."))
    if money and number < 0:
        raise ValidationError(_("An amount of money can't be negative here."))
    return format(number, "f")


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text.strip()).isoformat()
    except ValueError:
        raise ValidationError(_("Enter a date.")) from None


def _field(name: str, said: Any) -> dict[str, Any]:
    """Whether the register can hold the value is checked when it is taken (answer_services.py), with the client."""
    if not isinstance(said, Mapping) or (said.get("ok") is not True and "value" not in said):
        raise ValidationError(_("Confirm the value or correct it."))
    if said.get("ok") is True:
        return {"ok": True}
    field: Any = Client._meta.get_field(name)
    value = said["value"]
    if isinstance(value, str):
        value = value.strip()
        if field.get_internal_type() in ("DecimalField", "FloatField") and value:
            value = _number(value, money=False)
    if value in ("", None):
        value = None if field.null else ""
    try:
        return {"value": fields.pack(fields.unpack(name, value))}
    except (TypeError, ValueError):
        raise ValidationError(_("Not a value of this field.")) from None


# --- whether a questionnaire can be asked ------------------------------------------------------------------------


def wrong_with(question: Question) -> dict[str, str]:
    """What keeps a question from being asked, by its field; nothing: all is well."""
    wrong = {}
    if question.kind in (Kind.ONE, Kind.SEVERAL) and len(question.options) < 2:
        wrong["options"] = _("Give two choices at least, a line each.")
    if question.kind == Kind.FIELD and question.field not in fields.DEFAULT_RIGHTS:
        wrong["field"] = _("Choose the field of the register.")
    if question.section.version_id != question.version_id:
        wrong["section"] = _("That section is of another version.")
    if question.condition_key:
        others = [each for each in of_version(question.version) if each.pk != question.pk]
        before = {each.key: each for each in others if question.pk is None or _before(each, question)}
        if question.condition_key not in before:
            wrong["condition_key"] = _("Choose a question that comes before this one.")
        elif question.condition_value not in possible(before[question.condition_key]):
            wrong["condition_value"] = _("That question has no such answer.")
    return wrong


def _before(one: Question, other: Question) -> bool:
    def place(question: Question) -> tuple[int, int, int]:
        return question.section.position, question.section_id, question.position

    return place(one) < place(other)


def possible(question: Question) -> list[str]:
    """The answers to a question that a condition can name."""
    return {
        Kind.YES_NO: ["yes", "no"], Kind.ONE: question.options, Kind.SEVERAL: question.options,
        Kind.FIELD: [CONFIRMED, CHANGED],
    }.get(Kind(question.kind), [])  # fmt: skip


def broken(version: Version) -> list[Question]:
    """The questions of a version whose condition names no question before them."""
    keys: set[str] = set()
    found = []
    for question in of_version(version):
        if question.condition_key and question.condition_key not in keys:
            found.append(question)
        keys.add(question.key)
    return found
