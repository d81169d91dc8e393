"""Who may ask what: every address and method of the URL configuration, as each role, inside and outside its subtree.

A new address or method needs its line in MATRIX, and what it is asked about in ABOUT, ASKED or SENT if that isn't the
client. Beyond the status: whatever is answered, no word of the other region is in it.
"""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.http import HttpResponse
from django.test import Client as Browser
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone
from rest_framework.authtoken.models import Token

from accounts.jobs.models import Job
from accounts.jobs.services import job_create
from accounts.models import HistoryEvent, Notice, Role, User, Way
from accounts.services import acting
from cleanup import questionnaire_services
from cleanup import services as campaigns
from cleanup.answer_services import photo_add, sheet_answer
from cleanup.models import Campaign, Photo, Question
from cleanup.prefill import sheets_fill
from clients.bulk.models import Edit
from clients.bulk.services import edit_create, selection_create
from clients.duplicates.models import Merge
from clients.duplicates.services import clients_merge
from clients.fields import ALL_RIGHTS
from clients.models import ChangeRequest, Client, Contact, Contract, Interaction, Segment
from clients.plans.models import Plan
from kpi import services
from kpi.charts.flows import flows_refresh
from kpi.imports.models import Import
from sales.models import Invoice
from territories.models import Territory
from tests import make
from visits.models import Visit

# Roles have their grants on a team; the object asked about lies in it / in another region. One number: the same for
# both, or nothing to lie anywhere. A method without a line must not be supported (405). HEAD goes by the line of GET.
MATRIX = """
address               method  rep      supervisor  head     analyst  admin  nobody

home                  GET     302      302         302      302      302    302
login                 GET     302      302         302      302      302    200
login                 POST    302      302         302      302      302    200
login-code            GET     302      302         302      302      302    302
login-code            POST    302      302         302      302      302    302
logout                POST    302      302         302      302      302    302
set_language          POST    302      302         302      302      302    302
health                GET     200      200         200      200      200    200

security              GET     200      200         200      200      200    302
security-password     GET     200      200         200      200      200    302
security-password     POST    400      400         400      400      400    302
second-factor         GET     200      200         200      200      200    302
second-factor         POST    400      400         400      400      400    302
second-factor-off     GET     302      302         302      302      302    302
second-factor-off     POST    302      302         302      302      302    302
recovery-codes        GET     302      302         302      302      302    302
recovery-codes        POST    302      302         302      302      302    302
sessions-end          POST    302      302         302      302      302    302
session-end           POST    302      302         302      302      302    302
token-make            GET     200      200         200      200      200    302
token-make            POST    400      400         400      400      400    302
token-end             POST    302      302         302      302      302    302

client-list           GET     200/404  200/404     200/404  200/404  200    302
client-counts         GET     200/404  200/404     200/404  200/404  200    302
client-filter         GET     200/404  200/404     200/404  200/404  200    302
client-columns        GET     200/404  200/404     200/404  200/404  200    302
client-columns        POST    302/404  302/404     302/404  302/404  302    302
segment-menu          GET     200      200         200      200      200    302
segment-new           GET     200/404  200/404     200/404  200/404  200    302
segment-new           POST    302/404  302/404     302/404  302/404  302    302
segment-edit          GET     404      404         404      404      404    302
segment-edit          POST    404      404         404      404      404    302
segment-delete        POST    404      404         404      404      404    302
palette               GET     200      200         200      200      200    302
client-card           GET     200/404  200/404     200/404  200/404  200    302
client-edit           GET     200/404  200/404     200/404  403/404  200    302
client-edit           POST    302/404  302/404     302/404  403/404  302    302
client-reason         POST    302/404  302/404     302/404  403/404  302    302
client-history        GET     200/404  200/404     200/404  200/404  200    302
client-past           GET     200/404  200/404     200/404  200/404  200    302
change-list           GET     403      403         403      403      200    302
change                GET     200/404  200/404     200/404  200/404  200    302
change                POST    302/404  302/404     302/404  302/404  302    302
client-territories    GET     200/404  200/404     200/404  403      200    302
counterparty-options  GET     200      200         200      403      200    302
client-new            GET     200      200         200      403      200    302
client-new            POST    302/400  302/400     302/400  403      302    302
request-queue         GET     302      200         200      302      200    302
request-queue         POST    302      302         302      302      302    302
request-mine          GET     200      200         200      200      200    302
request-decided       GET     200      200         200      200      200    302
request-withdraw      POST    302/404  404         404      404      404    302
field-rules           GET     403      403         403      403      200    302
field-rules           POST    403      403         403      403      302    302
notice-list           GET     200      200         200      200      200    302
notices-read          POST    302      302         302      302      302    302
notice-open           GET     302/404  404         404      404      404    302
client-orders         GET     200/404  200/404     200/404  200/404  200    302
client-invoices       GET     200/404  200/404     200/404  200/404  200    302
invoice-lines         GET     200/404  200/404     200/404  200/404  200    302
client-visits         GET     200/404  200/404     200/404  200/404  200    302
client-contacts       GET     200/404  200/404     200/404  200/404  200    302
client-contacts       POST    200/404  200/404     200/404  403/404  200    302
contact-new           GET     200/404  200/404     200/404  403/404  200    302
contact               GET     200/404  200/404     200/404  403/404  200    302
contact               POST    200/404  200/404     200/404  403/404  200    302
contact-remove        POST    200/404  200/404     200/404  403/404  200    302
client-interactions   GET     200/404  200/404     200/404  200/404  200    302
client-interactions   POST    204/404  204/404     204/404  403/404  204    302
interaction-new       GET     200/404  200/404     200/404  403/404  200    302
client-step           POST    204/404  204/404     204/404  403/404  204    302
my-day                GET     200      200         200      200      200    302
plans                 GET     200      200         200      200      200    302
plans-add             GET     200/404  200/404     200/404  403      200    302
plans-add             POST    302/404  302/404     302/404  403      302    302
plan                  POST    204/404  204/404     204/404  403/404  204    302
client-plans          GET     200/404  200/404     200/404  200/404  200    302
client-plans          POST    200/404  200/404     200/404  403/404  200    302
duplicates            GET     403/403  200/404     200/404  403/403  200    302
duplicates-merge      GET     403/404  200/404     200/404  403/404  200    302
duplicates-merge      POST    403/404  302/404     302/404  403/404  302    302
duplicates-different  POST    403/404  200/404     200/404  403/404  200    302
duplicates-check      GET     200      200         200      403      200    302
duplicates-undo       POST    403/404  302/404     302/404  403/404  302    302
client-merged         GET     200/404  200/404     200/404  200/404  200    302
visit-done            POST    204/404  204/404     204/404  403/404  204    302

job-list              GET     200      200         200      200      200    302
job                   GET     404      404         404      404      404    302
job-cancel            POST    404      404         404      404      404    302
job-file              GET     404      404         404      404      404    302

client-cell           GET     200/404  200/404     200/404  403/404  200    302
client-cell           POST    200/404  200/404     200/404  403/404  200    302
selection-new         POST    302      302         302      403      302    302
selection             GET     404      404         404      404      404    302
selection             POST    404      404         404      404      404    302
bulk-edit             GET     404      404         404      404      404    302
bulk-edit             POST    404      404         404      404      404    302
bulk-again            POST    404      404         404      404      404    302

staff-list            GET     403      403         200      403      200    302
staff-new             GET     403      403         200      403      200    302
staff-new             POST    403      403         302/400  403      302    302
staff-member          GET     403      403         200/404  403      200    302
staff-member          POST    403      403         302/404  403      302    302
staff-state           POST    403      403         302/404  403      302    302
staff-password        POST    403      403         200/404  403      200    302
staff-second-factor   POST    403      403         302/404  403      302    302
staff-unlock          POST    403      403         302/404  403      302    302
staff-hand-over       GET     403      403         200/404  403      200    302
staff-hand-over       POST    403      403         302/404  403      302    302
territory-list        GET     403      403         200/404  403      200    302
territory-list        POST    403      403         302/404  403      302    302
territory-new         GET     403      403         200/404  403      200    302
territory-new         POST    403      403         302/404  403      302    302
territory-options     GET     403      403         200      403      200    302
export-list           GET     403      403         403      403      200    302
client-export         POST    200/404  200/404     200/404  200/404  200    302
import-list           GET     403      403         403      403      200    302
import-list           POST    403      403         403      403      400    302
import                GET     403      403         403      403      302    302
import-columns        GET     403      403         403      403      200    302
import-columns        POST    403      403         403      403      400    302
import-load           POST    403      403         403      403      302    302
import-errors         GET     403      403         403      403      404    302

answer-worker         GET     200      200         200      200      200    302
campaign-answer       GET     200/404  200/404     200/404  200/404  200    302
answer-pack           GET     200/404  200/404     200/404  200/404  200    302
sheet-answer          POST    400      400         400      400      400    302
sheet-photo           POST    400      400         400      400      400    302
campaign-list         GET     200      200         200      200      200    302
campaign-new          GET     403      403         403      403      200    302
campaign-new          POST    403      403         403      403      400    302
campaign              GET     200/404  200/404     200/404  200/404  200    302
campaign-edit         GET     403      403         403      403      200    302
campaign-edit         POST    403      403         403      403      400    302
campaign-copy         POST    403      403         403      403      302    302
campaign-move         POST    403      403         403      403      302    302
campaign-approve      GET     404      200/404     200/404  404      200    302
campaign-decide       POST    404      302/404     302/404  404      302    302
campaign-photo        GET     200/404  200/404     200/404  200/404  200    302
campaign-progress     GET     404      200/404     200/404  200/404  200    302
campaign-result       GET     404      200/404     200/404  200/404  200    302
campaign-result-xlsx  GET     404      200/404     200/404  200/404  200    302
questionnaire-list    GET     403      403         403      403      200    302
questionnaire-list    POST    403      403         403      403      400    302
questionnaire         GET     403      403         403      403      200    302
questionnaire-change  POST    403      403         403      403      302    302
question-new          GET     403      403         403      403      200    302
question-new          POST    403      403         403      403      400    302
question-edit         GET     403      403         403      403      200    302
question-edit         POST    403      403         403      403      400    302

kpi-matrix            GET     200/404  200/404     200/404  200/404  200    302
kpi-workbook          GET     200/404  200/404     200/404  200/404  200    302
kpi-behind            GET     200/404  200/404     200/404  200/404  200    302
kpi-almost            GET     200/404  200/404     200/404  200/404  200    302
kpi-almost            POST    200/404  200/404     200/404  403/404  200    302
client-kpi            GET     200/404  200/404     200/404  200/404  200    302
kpi-reopenings        GET     200/404  200/404     200/404  200/404  200    302
targets               GET     200/404  200/404     200/404  200/404  200    302
targets               POST    403/404  302/404     302/404  403/404  302    302

client-map            GET     200/404  200/404     200/404  200/404  200    302
client-map-view       GET     200/404  200/404     200/404  200/404  200    302

client-category       GET     200/404  200/404     200/404  403/404  200    302
client-category       POST    302/404  302/404     302/404  403/404  302    302
client-category-note  GET     200/404  200/404     200/404  200/404  200    302
kpi-moves             GET     200/404  200/404     200/404  200/404  200    302
kpi-efforts           GET     200/404  200/404     200/404  200/404  200    302
kpi-effort-rules      GET     200      200         200      200      200    302
kpi-effort-rules      POST    403      403         403      403      400    302
client-efforts        GET     200/404  200/404     200/404  200/404  200    302
kpi-digest            GET     403      200         200      200      200    302
kpi-digest            POST    403      302         302      302      302    302
digest-unsubscribe    GET     404      404         404      404      404    404
digest-unsubscribe    POST    404      404         404      404      404    404

kpi-charts            GET     200/404  200/404     200/404  200/404  200    302
kpi-chart-clients     GET     200/404  200/404     200/404  200/404  200    302
api-chart             GET     200/404  200/404     200/404  200/404  200    401
api-chart-clients     GET     200/404  200/404     200/404  200/404  200    401

api-clients           GET     200/404  200/404     200/404  200/404  200    401
api-clients           POST    201/400  201/400     201/400  400      201    401
api-client            GET     200/404  200/404     200/404  200/404  200    401
api-client            PATCH   200/404  200/404     200/404  403/404  200    401
api-client-history    GET     200/404  200/404     200/404  200/404  200    401
api-requests          GET     200      200         200      200      200    401
api-request-decisions POST    200      200         200      200      200    401
api-request-withdrawal POST   200/404  404         404      404      404    401
api-kpi               GET     200/404  200/404     200/404  200/404  200    401
api-kpi-clients       GET     200/404  200/404     200/404  200/404  200    401
api-kpi-almost        GET     200/404  200/404     200/404  200/404  200    401
api-schema            GET     200      200         200      200      200    401
"""

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
MONTH = {"from": "2026-01", "to": "2026-01"}


class Region(NamedTuple):
    """A region with a team, a client in it and what hangs on the client; all texts hold the region's word."""

    word: str
    team: Territory
    client: Client
    invoice: Invoice
    job: Job
    imported: Import
    contact: Contact
    talk: Interaction
    visit: Visit
    twin: Client
    merge: Merge
    person: User
    successor: User
    segment: Segment  # of somebody else, not shared
    photo: Photo  # of an answered sheet of a campaign of the region
    question: Question  # of a questionnaire that is not asked yet
    edit: Edit  # of somebody else
    request: ChangeRequest | None = None  # of the representative, in the other region of somebody there
    notice: Notice | None = None


Values = Callable[[Region], dict[str, Any]]

# The parts of the address: by the name of the address, else by the name of the part.
ABOUT: dict[str, Values] = {
    "code": lambda region: {"code": region.client.code},
    "key": lambda region: {"key": "okb"},
    "handle": lambda region: {"handle": "0" * 32},
    "username": lambda region: {"username": region.person.username},
    "reference": lambda region: {"reference": f"event:{_last_event(region.client)}"},
    "invoice-lines": lambda region: {"pk": region.invoice.pk},
    "client-filter": lambda region: {"name": "territory"},
    "segment-edit": lambda region: {"pk": region.segment.pk},
    "segment-delete": lambda region: {"pk": region.segment.pk},
    "pk": lambda region: {"pk": region.job.pk},  # somebody else's
    "contact": lambda region: {"pk": region.contact.pk, "code": region.client.code},
    "contact-remove": lambda region: {"pk": region.contact.pk, "code": region.client.code},
    "client-step": lambda region: {"pk": region.talk.pk, "code": region.client.code},
    "visit-done": lambda region: {"pk": region.visit.pk},
    "plan": lambda region: {"pk": region.client.plans.get().pk},
    "request-withdraw": lambda region: {"pk": region.request.pk},
    "api-request-withdrawal": lambda region: {"pk": region.request.pk},
    "notice-open": lambda region: {"pk": region.notice.pk},
    **{
        name: lambda region: {"pk": region.imported.pk}
        for name in ("import", "import-columns", "import-load", "import-errors")
    },
    "duplicates-undo": lambda region: {"pk": region.merge.pk},
    **{
        f"campaign{name}": lambda region: {"pk": region.photo.sheet.campaign_id}
        for name in (
            "",
            "-edit",
            "-copy",
            "-move",
            "-approve",
            "-decide",
            "-progress",
            "-result",
            "-result-xlsx",
            "-answer",
        )
    },
    "campaign-photo": lambda region: {"key": region.photo.key},
    "answer-pack": lambda region: {"pk": region.photo.sheet.campaign_id},
    # Read before they are looked for (tests/cleanup/test_answering.py asks in full)
    **dict.fromkeys(("sheet-answer", "sheet-photo"), lambda region: {"pk": region.photo.sheet_id}),
    **{
        name: lambda region: {"pk": region.question.version_id}
        for name in ("questionnaire", "questionnaire-change", "question-new")
    },
    "question-edit": lambda region: {"pk": region.question.version_id, "question": region.question.pk},
    "client-cell": lambda region: {"code": region.client.code, "name": "phone"},
    "selection": lambda region: {"pk": region.edit.selection_id},  # somebody else's
    "bulk-edit": lambda region: {"pk": region.edit.pk},
    "bulk-again": lambda region: {"pk": region.edit.pk},
    "digest-unsubscribe": lambda region: {"token": "forged"},
}
for _name in ("kpi-chart-clients", "api-chart", "api-chart-clients"):
    ABOUT[_name] = lambda region: {"key": "flow"}
# What is asked in the query.
ASKED: dict[str, Values] = {
    "duplicates": lambda region: {"territory": region.team.code},
    "duplicates-merge": lambda region: {"one": region.client.code, "other": region.twin.code},
    "duplicates-check": lambda region: {"name": region.client.name, "address": "Omega street 5"},
    "client-list": lambda region: {"territory": region.team.code, "status": "all"},
    "client-export": lambda region: {"territory": region.team.code, "status": "all"},
    "client-counts": lambda region: {"territory": region.team.code, "status": "all"},
    "client-filter": lambda region: {"territory": region.team.code, "status": "all"},
    "client-columns": lambda region: {"territory": region.team.code},
    "segment-new": lambda region: {"territory": region.team.code},
    "palette": lambda region: {"search": "shop"},
    "client-territories": lambda region: {"client": region.client.code, "territory": region.team.pk},
    "counterparty-options": lambda region: {"counterparty": "ООО"},
    "territory-list": lambda region: {"territory": region.client.territory.code},
    "territory-new": lambda region: {"territory": region.team.code},
    "territory-options": lambda region: {"add": "Route"},
    "kpi-matrix": lambda region: {"territory": region.team.code, **MONTH},
    "kpi-workbook": lambda region: {"territory": region.team.code, **MONTH},
    "kpi-behind": lambda region: {"territory": region.team.code, **MONTH},
    "kpi-almost": lambda region: {"territory": region.team.code, **MONTH},
    "kpi-reopenings": lambda region: {"territory": region.team.code, **MONTH},
    "targets": lambda region: {"territory": region.team.code, **MONTH},
    "plans-add": lambda region: {"territory": region.team.code, "status": "lost"},
    "kpi-moves": lambda region: {"territory": region.team.code, "month": "2026-01"},
    "kpi-efforts": lambda region: {"territory": region.team.code, **MONTH},
    "kpi-charts": lambda region: {"territory": region.team.code, **MONTH},
    "kpi-chart-clients": lambda region: {"territory": region.team.code, "row": "potential", **MONTH},
    "api-chart": lambda region: {"territory": region.team.code, **MONTH},
    "api-chart-clients": lambda region: {"territory": region.team.code, "row": "potential", **MONTH},
    "api-clients": lambda region: {"territory": region.team.code},
    "api-kpi": lambda region: {"territory": region.team.code, "by": "children", **MONTH},
    "api-kpi-clients": lambda region: {"territory": region.team.code, **MONTH},
    "api-kpi-almost": lambda region: {"territory": region.team.code, **MONTH},
}
ASKED |= dict.fromkeys(
    ("client-map", "client-map-view"), lambda region: {"territory": region.team.code, "status": "all"}
)
# What is sent in the body; the API's as JSON.
SENT: dict[str, Values] = {
    "duplicates-merge": lambda region: {
        "one": region.client.code, "other": region.twin.code, f"version-{region.client.code}": region.client.version,
        f"version-{region.twin.code}": region.twin.version,
    },
    "duplicates-different": lambda region: {"one": region.client.code, "other": region.twin.code},
    "login": lambda region: {"username": "nobody", "password": "wrong"},
    **dict.fromkeys(
        ("security-password", "second-factor", "token-make"), lambda region: {"own_password": "wrong"}
    ),
    "client-edit": lambda region: {
        "version": region.client.version, "name": region.client.name, "initial-name": region.client.name,
        "phone": "1", "initial-phone": "", "counterparty": region.client.counterparty.code,
        "initial-counterparty": region.client.counterparty.code, "territory": region.client.territory_id,
        "initial-territory": region.client.territory_id, "code": region.client.code,
        "initial-code": region.client.code,
    },
    "client-contacts": lambda region: {"full_name": "New"},
    "contact": lambda region: {"full_name": "New", "initial-full_name": region.contact.full_name},
    "client-interactions": lambda region: {"kind": "call", "at": "2026-01-15T10:00", "said": "Yes"},
    "client-step": lambda region: {"what": "done"},
    "client-new": lambda region: {
        "version": 0, "name": "New", "territory": region.client.territory_id, "is_target": "on",
        "initial-is_target": "True",
    },
    "request-queue": lambda region: {"request": region.request.pk, "decision": "approve"},
    "field-rules": lambda region: dict(ALL_RIGHTS),
    "api-clients": lambda region: {"name": "New", "territory": region.client.territory.code},
    "api-request-decisions": lambda region: {"requests": [region.request.pk], "decision": "approve"},
    "campaign-move": lambda region: {"move": "pause"},
    "campaign-decide": lambda region: {"decision": "approve", "sheet": region.photo.sheet_id},
    "questionnaire-change": lambda region: {"do": "up", "question": region.question.pk},
    "client-columns": lambda region: {"state": f"territory={region.team.code}", "column": "code"},
    "segment-new": lambda region: {"state": f"territory={region.team.code}", "name": "Theirs"},
    "client-reason": lambda region: {"version": region.client.version, "lost_reason": "debt"},
    "staff-new": lambda region: {"full_name": "New", "username": "new", "role": "rep", "add": region.team.code},
    "staff-member": lambda region: {"full_name": "New", "role": "rep", "keep": region.client.territory.code},
    "staff-hand-over": lambda region: {
        "successor": region.successor.username, "places": region.client.territory.code, "leaves": "on",
    },
    "territory-list": lambda region: {"name": "New", "parent": region.team.code},
    "territory-new": lambda region: {"name": "New", "code": "new", "parent": region.team.code},
    "api-client": lambda region: {"phone": "1"},
    "client-cell": lambda region: {"version": region.client.version, "phone": "1", "initial-phone": ""},
    "selection-new": lambda region: {"id": region.client.pk},
    "selection": lambda region: {"field": "phone", "phone": "1"},
    "plans-add": lambda region: {"state": f"territory={region.team.code}&status=lost", "due_on": "2099-01-01"},
    "plan": lambda region: {"was": "new", "stage": "agreed"},
    "client-plans": lambda region: {"due_on": "2099-01-01"},
    "targets": lambda region: {"what": "save", f"t-{region.client.territory_id}-akb": 5},
    "client-category": lambda region: {"category": "B", "until": "2100-01-01", "reason": "New"},
    "kpi-digest": lambda region: {"wanted": "on", "language": "en"},
}  # fmt: skip
HEADERS = {"api-client": {"If-Match": '"1"'}}


def _declared() -> dict[tuple[str, str], dict[str, tuple[int, int]]]:
    """By address and method: the answers to each, for what lies inside and outside."""
    head, *lines = (line.split() for line in MATRIX.splitlines() if line)
    found = {}
    for address, method, *cells in lines:
        pairs = (cell.split("/") for cell in cells)
        found[address, method] = {who: (int(pair[0]), int(pair[-1])) for who, pair in zip(head[2:], pairs, strict=True)}
    assert len(found) == len(lines), "two lines for the same address and method"
    return found


def _addresses(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, URLPattern, str]]:
    """Name, pattern and whole route of every address of the configuration."""
    for pattern in resolver.url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _addresses(pattern, route)
        else:
            yield pattern.name or "", pattern, route


DECLARED = _declared()
ADDRESSES = list(_addresses(get_resolver()))
NAMES = [name for name, _pattern, _route in ADDRESSES]
ROLES = tuple(role.value for role in Role)


def test_every_address_has_a_name_of_its_own() -> None:
    assert [route for name, _pattern, route in ADDRESSES if NAMES.count(name) > 1 or not name] == []


def test_every_address_has_a_line_and_every_line_an_address() -> None:
    assert [name for name in NAMES if name not in {address for address, _method in DECLARED}] == [], "without a line"
    assert [line for line in DECLARED if line[0] not in NAMES] == [], "lines without an address"


class World(NamedTuple):
    inside: Region
    outside: Region
    people: dict[str, User]
    sessions: dict[str, str]
    tokens: dict[str, str]


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """One for all: every question is rolled back."""
    with django_db_blocker.unblock(), transaction.atomic():
        company = make.territory()
        inside, outside = _region("Alfa", company), _region("Omega", company)
        people = {role: make.user(Role(role), *([] if role == Role.ADMIN else [inside.team])) for role in ROLES}
        inside, outside = _asked(inside, people[Role.REP]), _asked(outside, make.user(Role.REP, outside.team))
        _move(make.client(inside.client.territory, name=f"Moved {outside.word}"), outside.client.territory)
        services.period_current(date(2026, 1, 1), date(2026, 1, 31))
        flows_refresh()
        services.ranks_stored(date(2026, 1, 31))
        yield World(
            inside,
            outside,
            people,
            {who: make.signed_in(person).cookies[settings.SESSION_COOKIE_NAME].value for who, person in people.items()},
            {who: Token.objects.create(user=person).key for who, person in people.items()},
        )
        transaction.set_rollback(True)


def _region(word: str, company: Territory) -> Region:
    team = make.territory(make.territory(company, name=f"Region {word}"), name=f"Team {word}", code=f"team-{word}")
    route = make.territory(team, name=f"Route {word}", code=f"route-{word}", kind="route")
    owner = make.counterparty(name=f"ООО {word}", code=f"owner-{word}")
    channel = make.channel()
    client = make.client(
        route, name=f"Shop {word}", code=f"shop-{word}", counterparty=owner, channel=channel, status="lost"
    )
    with acting(actor=None, way=Way.COMMAND):
        contact = Contact.objects.create(client=client, full_name=f"Contact {word}", birthday=timezone.localdate())
        talk = Interaction.objects.create(
            client=client, kind="call", said=f"Said {word}", next_step=f"Step {word}", next_on=timezone.localdate()
        )
        visit = Visit.objects.create(client=client, planned_on=timezone.localdate())
        Plan.objects.create(client=client, manager=make.user(Role.ADMIN), kind="return", due_on=date(2099, 1, 1))
        Contract.objects.create(number=f"contract-{word}", counterparty=owner, signed_on=date(2025, 1, 1))
        invoice = Invoice.objects.create(
            number=f"invoice-{word}", client=client, date=date(2026, 1, 15), total=9, margin=1, has_sale=True
        )
    twin = make.client(route, name=f"Twin {word}", code=f"twin-{word}")
    merge = clients_merge(
        user=make.user(Role.ADMIN), survivor=client.pk, loser=make.client(route, name=f"Former {word}").pk,
        versions=dict(Client.objects.values_list("pk", "version")), take=(), way=Way.COMMAND,
    )  # fmt: skip
    job = job_create(owner=make.user(Role.HEAD, team), kind="none", title=f"Job {word}", parameters={})
    people = [
        make.user(Role.REP, route, username=f"{who}-{word}", full_name=f"{who} {word}") for who in ("rep", "next")
    ]
    imported = Import.objects.create(
        owner=job.owner, file_name=f"{word}.csv", headings=["code"], samples=[[word]], kind="channels", mapping={}
    )
    segment = Segment.objects.create(owner=make.user(Role.ADMIN), name=f"Segment {word}", query="status=all")
    photo, question = _campaign(word, team, client, people[0])
    chosen = selection_create(user=job.owner, found=Client.objects.filter(pk=client.pk))
    edit = edit_create(selection=chosen, changes={"phone": f"Phone {word}"})
    return Region(
        word, team, client, invoice, job, imported, contact, talk, visit, twin, merge, *people, segment, photo,
        question, edit,
    )  # fmt: skip


def _campaign(word: str, team: Territory, client: Client, author: User) -> tuple[Photo, Question]:
    """A photo of an answer in a running campaign, and a question of a questionnaire that is not asked."""
    admin = make.user(Role.ADMIN)
    begun = questionnaire_services.questionnaire_create(user=admin, name=f"Asked {word}")
    draft = questionnaire_services.questionnaire_create(user=admin, name=f"Draft {word}")
    days = {"first_day": date(2026, 1, 1), "last_day": date(2026, 12, 31)}
    campaign = campaigns.campaign_create(
        user=admin,
        values={"name": f"Campaign {word}", "year": 2026, "territories": [team.pk], "version": begun, **days},
    )
    with acting(actor=None, way=Way.COMMAND):
        Campaign.objects.filter(pk=campaign.pk).update(state="running", started_at=timezone.now())
    sheets_fill(campaign, [client.pk])
    sheet = campaign.sheets.get()
    picture = SimpleUploadedFile("front.png", b"\x89PNG\r\n\x1a\n")
    photo = photo_add(user=author, pk=sheet.pk, key=uuid4(), question="front", upload=picture)
    sheet_answer(user=author, pk=sheet.pk, key=uuid4(), at=timezone.now(), values={"works": "yes"}, comment=word)
    question = draft.questions.get(key="works")
    return photo, question


def _asked(region: Region, author: User) -> Region:
    """With a request of this person about the client, and a notice to them."""
    with acting(actor=None, way=Way.COMMAND):
        request = ChangeRequest.objects.create(
            client=region.client, field="is_target", old=True, new=False, author=author
        )
    notice = Notice.objects.create(recipient=author, kind=f"Notice {region.word}")
    return region._replace(request=request, notice=notice)


def _last_event(client: Client) -> int:
    return HistoryEvent.objects.filter(table="clients_client", row_id=client.pk).latest("pk").pk


def _move(client: Client, place: Territory) -> None:
    """Into the other region; in the month asked about it was still here."""
    with acting(actor=None, way=Way.COMMAND):
        Client.objects.filter(pk=client.pk).update(territory=place)


@pytest.fixture(autouse=True)
def _plain_static_files(settings: Any) -> None:
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }


def ask(world: World, name: str, method: str, who: str, region: Region) -> HttpResponse:
    """One request of one person, rolled back; of the API by a token, else in a session."""
    pattern = next(pattern for found, pattern, _route in ADDRESSES if found == name)
    parts = {}
    for part in pattern.pattern.converters:
        assert name in ABOUT or part in ABOUT, f"{name}: ABOUT does not say what <{part}> is"
        parts |= ABOUT.get(name, ABOUT.get(part, dict))(region)
    api = name.startswith("api-")
    browser, headers = Browser(), dict(HEADERS.get(name, {}))
    if who != "nobody" and api:
        headers["Authorization"] = f"Token {world.tokens[who]}"
    elif who != "nobody":
        browser.cookies[settings.SESSION_COOKIE_NAME] = world.sessions[who]
    given: dict[str, Any] = {"query_params": ASKED[name](region)} if name in ASKED else {}
    if method not in ("GET", "HEAD", "TRACE"):
        given["data"] = SENT[name](region) if name in SENT else {}
        given |= {"content_type": "application/json"} if api else {}
    with transaction.atomic():
        answer = getattr(browser, method.lower())(reverse(name, kwargs=parts), headers=headers, **given)
        if answer.streaming:  # read as it is sent, from what is rolled back
            answer.streaming_content = [answer.getvalue()]
        transaction.set_rollback(True)
    return answer


def _text(answer: HttpResponse) -> str:
    content = answer.getvalue() if answer.streaming else answer.content
    return content.decode(errors="replace")


@pytest.mark.parametrize("name", NAMES)
def test_everybody_is_answered_as_the_matrix_says(world: World, name: str) -> None:
    for method in METHODS:
        line = DECLARED.get((name, "GET" if method == "HEAD" else method))
        if line is None:
            assert ask(world, name, method, "admin", world.inside).status_code == 405, f"{method} {name} has no line"
            continue
        answers = {
            (who, region.word): ask(world, name, method, who, region)
            for who in [*ROLES, "nobody"]
            for region in (world.inside, world.outside)
        }
        got = {asked: answer.status_code for asked, answer in answers.items()}
        assert got == {(who, word): line[who][word != world.inside.word] for who, word in got}, f"{method} {name}"
        given = [str(value) for value in (SENT[name](world.outside) if name in SENT else {}).values()]
        told = [
            asked
            for asked, answer in answers.items()
            if asked[0] != Role.ADMIN and world.outside.word in _without(_text(answer), given)
        ]
        assert told == [], f"{method} {name} tells of the other region"


def _without(text: str, given: list[str]) -> str:
    """What is answered, but for what was sent and comes back in the form."""
    for value in given:
        text = text.replace(value, "")
    return text
