"""What a person who answers takes along: the questions and their clients, so that the connection may drop."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.utils import formats
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from cleanup import questions, selectors
from cleanup.models import Answer, Campaign, Decision, Finding, Kind, Question, Sheet, SheetState, Verdict
from clients import fields
from clients.models import Channel, Client, LostReason
from config import ui
from territories.selectors import destinations

MOST = 300  # clients taken along at once; the next ones come when these are sent
OPEN = (SheetState.WAITING, SheetState.RETURNED)


class Left(NamedTuple):
    """How far a person is with a campaign."""

    total: int
    waiting: int


def mine(campaign: Campaign, user: User) -> Any:
    """The sheets that this person answers: their own; for those who have none, the ones of clients they may change."""
    answerable = Sheet.objects.answerable_by(user).filter(campaign=campaign)
    own = answerable.filter(rep=user)
    return own if own.exists() else answerable


def left(campaign: Campaign, user: User) -> Left:
    found = mine(campaign, user)
    return Left(found.exclude(state=SheetState.GONE).count(), found.filter(state__in=OPEN).count())


def pack(campaign: Campaign, user: User) -> dict[str, Any]:
    """What the page keeps in the browser, as JSON: questions, choices, and up to MOST clients still to be answered
    (returned ones first), each with what the register holds, what was found, and what was said last time."""
    assert campaign.version is not None
    asked = questions.of_version(campaign.version)
    sheets = list(
        mine(campaign, user).filter(state__in=OPEN)
        .select_related("client__channel", "client__territory", "client__counterparty", "proposed_channel", "answer")
        .order_by("state", "client__territory", "client__address", "pk")[:MOST]
    )  # fmt: skip
    returned = Decision.objects.filter(sheet__in=sheets, verdict=Verdict.RETURNED).order_by("pk")
    words = dict(returned.values_list("sheet_id", "word"))
    former, doubles = _said_before(asked, campaign, sheets), selectors.doubles(sheets, user)
    named = [question for question in asked if question.field]
    texts = fields.texts(
        (question.field, fields.pack(getattr(sheet.client, fields.attribute(question.field))))
        for sheet in sheets for question in named
    )  # fmt: skip
    return {
        "campaign": campaign.pk, "user": user.pk, "open": campaign.open, **left(campaign, user)._asdict(),
        "questions": [_question(question) for question in asked],
        "choices": _choices(user, named),
        "sheets": [
            _sheet(sheet, named, texts, words.get(sheet.pk, ""), former.get(sheet.client_id, {}))
            | {"duplicates": doubles[sheet.pk]}
            for sheet in sheets
        ],
    }  # fmt: skip


def _said_before(asked: Iterable[Question], campaign: Campaign, sheets: Iterable[Sheet]) -> dict[int, dict[str, Any]]:
    """By client, what was said a campaign ago to the questions that are asked again; fields are confirmed anew."""
    keys = {question.key for question in asked if question.kind not in (Kind.FIELD, Kind.PHOTO)}
    found = Answer.objects.filter(
        sheet__client__in=[sheet.client_id for sheet in sheets], sheet__state=SheetState.APPLIED
    ).exclude(sheet__campaign=campaign)
    rows = found.order_by("pk").values_list("sheet__client", "values")
    return {client: {key: said for key, said in values.items() if key in keys} for client, values in rows}


def _question(question: Question) -> dict[str, Any]:
    return {
        "key": question.key, "kind": question.kind, "section": question.section.title, "text": question.text,
        "hint": question.hint, "required": question.required, "options": question.options, "unit": question.unit,
        "field": question.field, "input": _input(question), "channels": question.channels,
        "condition": [question.condition_key, question.condition_value] if question.condition_key else None,
    }  # fmt: skip


def _input(question: Question) -> str:
    """How a corrected value is entered."""
    if question.kind in (Kind.NUMBER, Kind.MONEY):
        return "decimal"
    if not question.field:
        return str(question.kind)
    field: Any = Client._meta.get_field(question.field)
    if question.field == "counterparty":
        return "none"  # too many to take along: said in the comment
    if field.is_relation or field.choices:
        return "choice"
    by_type = {"BooleanField": "bool", "DateField": "date", "FloatField": "decimal", "DecimalField": "decimal"}
    by_name = {"phone": "tel", "email": "email"}
    return by_name.get(question.field) or by_type.get(field.get_internal_type(), "text")


def _choices(user: User, named: Iterable[Question]) -> dict[str, list[tuple[fields.Packed, str]]]:
    """What can be chosen for a field, of those that are asked."""
    of: dict[str, Any] = {
        "channel": lambda: Channel.objects.values_list("pk", "name"),
        "territory": lambda: [(node.pk, node.name) for node in destinations(user)],
        "lost_reason": lambda: LostReason.choices,
    }
    return {
        name: [(key, str(label)) for key, label in of[name]()] for name in {each.field for each in named} & of.keys()
    }


def _sheet(
    sheet: Sheet, named: list[Question], texts: dict[tuple[str, fields.Packed], str], word: str, former: dict[str, Any]
) -> dict[str, Any]:
    client, last = sheet.client, sheet.answer
    values = {question.field: fields.pack(getattr(client, fields.attribute(question.field))) for question in named}
    return {
        "id": sheet.pk, "state": sheet.state, "code": client.code, "name": client.name, "address": client.address,
        "version": client.version, "channel": client.channel_id, "lat": client.lat, "lon": client.lon,
        "facts": _facts(client), "fields": values,
        "texts": {name: texts[name, value] for name, value in values.items()},
        "findings": findings(sheet),
        "proposed_channel": [sheet.proposed_channel_id, str(sheet.proposed_channel), channel_why(sheet)]
        if sheet.proposed_channel else None,
        "category": [client.category, sheet.proposed_category, category_why(sheet)]
        if sheet.proposed_category and sheet.proposed_category != client.category else None,
        "word": word, "score": sheet.score_before,
        "said": last.values if last else former,
    }  # fmt: skip


def _facts(client: Client) -> list[tuple[str, str]]:
    day = formats.date_format(client.last_order_on, "SHORT_DATE_FORMAT") if client.last_order_on else ui.NONE
    return [
        (_("Status"), client.get_status_display()),
        (_("Sales channel"), str(client.channel or ui.NONE)),
        (capfirst(_("counterparty")), str(client.counterparty or ui.NONE)),
        (_("Last order"), day),
        (_("Category"), client.category or ui.NONE),
    ]


# What the quality score calls more than one field (cleanup/sql/quality.sql), or what is none of the client's own
PARTS = {"place": gettext_lazy("coordinates"), "contact": gettext_lazy("decision maker"), "inn": gettext_lazy("INN")}


def findings(sheet: Sheet) -> list[str]:
    """What the preparation found, as the person in front of the outlet reads it."""
    details, found = sheet.details, []
    for finding in sheet.findings:
        about, label = details.get(finding), str(Finding(finding).label)
        if finding in (Finding.MISSING, Finding.INVALID):
            names = ", ".join(str(PARTS.get(name) or fields.label(name)) for name in about or [])
            told = _("missing") if finding == Finding.MISSING else _("invalid")  # not gathered from an f-string
            label = f"{told}: {names}"
        elif finding == Finding.FAR and about:
            label = _("%(km)s km from the territory's other clients") % {"km": ui.quantity(about["km"])}
        elif finding == Finding.SHARED_PHONE:
            label = _("%(n)s clients have this phone") % {"n": about}
        elif finding == Finding.CONTRACT and about:
            until = formats.date_format(fields.unpack("opened_on", about["until"]), "SHORT_DATE_FORMAT")
            label = _("contract %(number)s ran out on %(until)s") % {"number": about["number"], "until": until}
        found.append(capfirst(label))
    return found


def channel_why(sheet: Sheet) -> str:
    """Why another channel is proposed."""
    why = sheet.reasons.get("channel")
    if not why:
        return ""
    return _("buys like that channel by %(likeness)s %%, like its own by %(own)s %%") % {
        "likeness": why["likeness"], "own": why.get("own", 0)
    }  # fmt: skip


def category_why(sheet: Sheet) -> str:
    """Why a category is proposed."""
    why = sheet.reasons.get("category")
    if not why:
        return ""
    parts = [
        _("profit rank %(rank)s") % {"rank": why["profit"]} if why.get("profit") else "",
        _("potential rank %(rank)s") % {"rank": why["potential"]} if why.get("potential") else "",
        _("margin of 12 months %(money)s") % {"money": ui.money(why["margin"])}
        if why.get("margin") is not None
        else "",
    ]
    return ", ".join(part for part in parts if part)
