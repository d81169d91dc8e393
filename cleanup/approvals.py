"""What the approver's page shows: answers and conflicts in words."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from django.db.models import Count, Q, QuerySet
from django.utils import formats
from django.utils.translation import gettext as _

from accounts.models import User
from cleanup.approval_services import WHOLE
from cleanup.models import Attention, Campaign, Kind, Photo, Question, Sheet, SheetState
from clients import fields
from clients.models import Client
from config import ui

TABS = LOOK, CONFLICTS, REST = "look", "conflicts", "rest"


class Line(NamedTuple):
    """A field that an answer changes; `now`: what the register has, where that is neither."""

    field: str
    label: str
    old: str
    new: str
    now: str = ""
    now_packed: str = ""  # as JSON, to say what was seen


class Row(NamedTuple):
    sheet: Sheet
    client: Client
    why: list[str]  # what makes it worth a look
    lines: list[Line]
    said: list[tuple[str, str]]  # questions beside the fields, and answers
    photos: list[Photo]
    merge_into: Client | None
    against: str  # why the answer as a whole can't be applied; "" if it is single fields or nothing


def waiting(campaign: Campaign, user: User, tab: str) -> QuerySet[Sheet]:
    """What waits for this person's decision: worth a look, all the rest, or in conflict."""
    found = Sheet.objects.approvable_by(user).filter(campaign=campaign)
    if tab == CONFLICTS:
        return found.filter(state=SheetState.CONFLICT)
    found = found.filter(state=SheetState.ANSWERED)
    return found.filter(attention=[]) if tab == REST else found.exclude(attention=[])


def tab_counts(campaign: Campaign, user: User) -> dict[str, int]:
    """How many wait in each tab."""
    answered, plain = Q(state=SheetState.ANSWERED), Q(attention=[])
    return (
        Sheet.objects.approvable_by(user)
        .filter(campaign=campaign)
        .aggregate(
            look=Count("pk", filter=answered & ~plain), rest=Count("pk", filter=answered & plain),
            conflicts=Count("pk", filter=Q(state=SheetState.CONFLICT)),
        )
    )  # fmt: skip


def filtered(found: QuerySet[Sheet], given: Mapping[str, str]) -> QuerySet[Sheet]:
    """By what is worth a look (`why`) and by who answered (`who`); what is neither is passed over."""
    if (why := given.get("why", "")) in Attention.values:
        found = found.filter(attention__contains=[why])
    who = given.get("who", "")
    if who.isascii() and who.isdigit() and len(who) < 19:
        found = found.filter(answer__author=int(who))
    return found


def authors(found: QuerySet[Sheet]) -> list[tuple[int, str, int]]:
    """Who answered, and how many of them."""
    rows = found.values_list("answer__author", "answer__author__full_name").annotate(n=Count("pk"))
    return list(rows.order_by("answer__author__full_name"))


def rows(sheets: list[Sheet]) -> list[Row]:
    """Sheets (with client and answer) in words; names and photos are fetched together."""
    texts = fields.texts(
        (name, packed) for sheet in sheets for name, change in _changes(sheet).items() for packed in change.values()
    )
    photos: dict[int, list[Photo]] = {}
    for photo in Photo.objects.filter(sheet__in=sheets):
        photos.setdefault(photo.sheet_id, []).append(photo)
    questions: dict[int, list[Question]] = {}
    for question in Question.objects.filter(version__in={sheet.answer.version_id for sheet in sheets if sheet.answer}):
        questions.setdefault(question.version_id, []).append(question)
    return [_row(sheet, texts, photos.get(sheet.pk, []), questions) for sheet in sheets]


def _changes(sheet: Sheet) -> dict[str, dict[str, fields.Packed]]:
    if sheet.state == SheetState.CONFLICT:
        return {name: change for name, change in sheet.conflicts.items() if name != WHOLE}
    assert sheet.answer
    changes: dict[str, dict[str, fields.Packed]] = sheet.answer.changes
    return changes


def _row(
    sheet: Sheet,
    texts: Mapping[tuple[str, fields.Packed], str],
    photos: list[Photo],
    questions: dict[int, list[Question]],
) -> Row:
    answer = sheet.answer
    assert answer
    lines = [
        Line(
            name, fields.label(name), texts[name, change["base"]], texts[name, change["new"]],
            texts[name, change["now"]] if "now" in change else "", json.dumps(change.get("now")),
        )
        for name, change in _changes(sheet).items()
    ]  # fmt: skip
    why = [str(Attention(each).label) for each in sheet.attention]
    said = [
        (question.text, _in_words(question, answer.values[question.key]))
        for question in questions.get(answer.version_id, [])
        if question.key in answer.values and question.kind not in (Kind.FIELD, Kind.PHOTO)
    ]
    if answer.category and answer.category != sheet.category_before:
        lines.append(Line("category", _("category"), sheet.category_before or ui.NONE, answer.category))
    against = sheet.conflicts.get(WHOLE, {}).get("why", "") if sheet.state == SheetState.CONFLICT else ""
    return Row(sheet, sheet.client, why, lines, said, photos, answer.merge_into, against)


def _in_words(question: Question, value: Any) -> str:
    if question.kind == Kind.YES_NO:
        return _("yes") if value == "yes" else _("no")
    if question.kind == Kind.SEVERAL:
        return ", ".join(value)
    if question.kind == Kind.DATE:
        return formats.date_format(fields.unpack("opened_on", value), "SHORT_DATE_FORMAT")
    if question.kind in (Kind.NUMBER, Kind.MONEY):
        unit = "₽" if question.kind == Kind.MONEY else question.unit
        return f"{ui.quantity(fields.unpack('potential_monthly', value))} {unit}".strip()
    return str(value)
