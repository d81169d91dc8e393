"""Requests that no page makes: an address of one's own region, and in the body or the query something of another.

The rights matrix asks about what lies wholly inside or outside; here the two are mixed. Nothing of the other region is
told, and nothing of it is changed.
"""

from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from accounts.models import HistoryEvent, Role, Way
from cleanup.models import Answer, Decision, Sheet
from clients.bulk.models import Selection
from clients.models import ChangeRequest, Client, Contact, Interaction
from clients.plans.models import Plan
from kpi.targets.models import Target
from tests.test_rights_matrix import MONTH, ROLES, World, _plain_static_files, _text, _without, world
from visits.models import Visit

__all__ = ("_plain_static_files", "world")
LATER = "2099-01-01"
Asked = dict[str, Any]


def crossing(world: World) -> dict[str, tuple[str, str, Asked, Asked, Asked]]:
    """By what it tries: method, address, its parts, query, body."""
    own, other = world.inside, world.outside
    here, there = {"territory": own.team.code, **MONTH}, other.client
    sheet, one = other.photo.sheet, {"code": own.client.code}
    field = f"t-{other.client.territory_id}-akb"
    day = f"{timezone.localdate():%Y-%m-%d}"
    return {
        "targets of another region": ("post", "targets", {}, here, {"what": "save", field: 7}),
        "choosing another's clients": ("post", "selection-new", {}, {}, {"id": there.pk, "code": there.code}),
        "choosing by another's list": (
            "post", "selection-new", {}, {}, {"all": "1", "state": f"manager={other.person.username}&status=all"}
        ),
        "planning another's clients": ("post", "plans-add", {}, {}, {"id": there.pk}),
        "planning by another's selection": ("get", "plans-add", {}, {"selection": other.edit.selection_id}, {}),
        "planning, by another's selection": (
            "post", "plans-add", {}, {}, {"selection": other.edit.selection_id, "due_on": LATER}
        ),
        "giving a plan to another region": (
            "post", "client-plans", one, {}, {"due_on": LATER, "manager": other.person.pk}
        ),
        "tasks at another's clients": (
            "post", "kpi-almost", {"key": "akb"}, here,
            {"client": there.code, "next_step": "Call", "next_on": day, "plan": "on", "plan_until": LATER},
        ),
        "another's contact": (
            "post", "contact", one | {"pk": other.contact.pk}, {}, {"full_name": "Taken", "initial-full_name": ""}
        ),
        "removing another's contact": ("post", "contact-remove", one | {"pk": other.contact.pk}, {}, {}),
        "another's next step": ("post", "client-step", one | {"pk": other.talk.pk}, {}, {"what": "done"}),
        "moving a client there": (
            "post", "client-cell", one | {"name": "territory"}, {},
            {"version": own.client.version, "territory": there.territory_id,
             "initial-territory": own.client.territory_id},
        ),
        "moving a client there by its form": (
            "post", "client-edit", one, {},
            {"version": own.client.version, "territory": there.territory_id, "name": own.client.name,
             "initial-territory": own.client.territory_id, "initial-name": own.client.name},
        ),
        "merging with another's client": (
            "post", "duplicates-merge", {}, {},
            {"one": own.client.code, "other": there.code, "survivor": own.client.code,
             f"version-{own.client.code}": own.client.version, f"version-{there.code}": there.version},
        ),
        "telling another's client apart": (
            "post", "duplicates-different", {}, {}, {"one": own.client.code, "other": there.code}
        ),
        "approving another's answer": (
            "post", "campaign-decide", {"pk": own.photo.sheet.campaign_id}, {},
            {"decision": "approve", "sheet": sheet.pk},
        ),
        "approving two of another's answers": (
            "post", "campaign-decide", {"pk": own.photo.sheet.campaign_id}, {},
            {"decision": "approve", "sheet": [sheet.pk, own.photo.sheet_id]},
        ),
        "returning another's answer": (
            "post", "campaign-decide", {"pk": own.photo.sheet.campaign_id}, {},
            {"decision": "return", "sheet": sheet.pk, "word": "Better"},
        ),
        "deciding another's conflict": (
            "post", "campaign-decide", {"pk": own.photo.sheet.campaign_id}, {},
            {"decision": "resolve", "sheet": sheet.pk},
        ),
        "approving another's request": (
            "post", "request-queue", {}, {}, {"request": other.request.pk, "decision": "approve"}
        ),
        "the segment of another person": ("get", "client-list", {}, {"segment": other.segment.pk}, {}),
        "the map of another's segment": ("get", "client-map-view", {}, {"segment": other.segment.pk}, {}),
        "the map of everything": ("get", "client-map-view", {}, {"status": "all", "zoom": "18"}, {}),
        "the list of another's manager": (
            "get", "client-list", {}, {"manager": other.person.username, "status": "all"}, {}
        ),
        "the plans of another's manager": ("get", "plans", {}, {"person": other.person.username}, {}),
        "clients behind, by another's manager": (
            "get", "kpi-behind", {"key": "okb"}, here | {"manager": other.person.username}, {}
        ),
        "clients behind, by another's channel": (
            "get", "kpi-behind", {"key": "okb"}, here | {"channel": there.channel.code}, {}
        ),
        "almost, by another's channel": (
            "get", "kpi-almost", {"key": "akb"}, here | {"channel": there.channel.code}, {}
        ),
        "the matrix by manager": ("get", "kpi-matrix", {}, here | {"by": "manager"}, {}),
        "the workbook by manager": ("get", "kpi-workbook", {}, here | {"by": "manager"}, {}),
        "the matrix of all that is seen": ("get", "kpi-matrix", {}, MONTH, {}),
        "the charts of all that is seen": ("get", "kpi-charts", {}, MONTH, {}),
        "the base behind a chart": (
            "get", "kpi-chart-clients", {"key": "abcde"}, here | {"row": there.channel.code}, {}
        ),
        "efforts by another's channel": (
            "get", "kpi-efforts", {}, here | {"channel": there.channel.code, "kind": "none"}, {}
        ),
        "moves of all that is seen": ("get", "kpi-moves", {}, {"month": "2026-01"}, {}),
        "the letter": ("get", "kpi-digest", {}, {}, {}),
        "what is taken along": ("get", "answer-pack", {"pk": own.photo.sheet.campaign_id}, {}, {}),
        "how far another's clean-up is": (
            "get", "campaign-progress", {"pk": own.photo.sheet.campaign_id}, {"node": other.team.pk}, {}
        ),
        "what another's clean-up came to": (
            "get", "campaign-result", {"pk": own.photo.sheet.campaign_id}, {"node": other.team.pk}, {}
        ),
        "the decided requests": ("get", "request-decided", {}, {}, {}),
        "an export of everything": ("post", "client-export", {}, {"status": "all"}, {"columns": "all"}),
        "the palette": ("get", "palette", {}, {"search": other.word}, {}),
        "a visit of another": ("post", "visit-done", {"pk": other.visit.pk}, {}, {}),
    }  # fmt: skip


TRIES = (
    "targets of another region", "choosing another's clients", "choosing by another's list",
    "planning another's clients", "planning by another's selection", "planning, by another's selection",
    "giving a plan to another region", "tasks at another's clients", "another's contact",
    "removing another's contact", "another's next step", "moving a client there",
    "moving a client there by its form", "merging with another's client", "telling another's client apart",
    "approving another's answer", "approving two of another's answers", "returning another's answer",
    "deciding another's conflict", "approving another's request", "the segment of another person",
    "the map of another's segment", "the map of everything", "the list of another's manager",
    "the plans of another's manager", "clients behind, by another's manager",
    "clients behind, by another's channel", "almost, by another's channel", "the matrix by manager",
    "the workbook by manager", "the matrix of all that is seen", "the charts of all that is seen",
    "the base behind a chart", "efforts by another's channel", "moves of all that is seen", "the letter",
    "what is taken along", "how far another's clean-up is", "what another's clean-up came to", "the decided requests",
    "an export of everything", "the palette", "a visit of another",
)  # fmt: skip
IN_THE_REGION: dict[type[Any], str] = {
    Contact: "client__territory", Interaction: "client__territory", Visit: "client__territory",
    Plan: "client__territory", ChangeRequest: "client__territory", Sheet: "client__territory",
    Answer: "sheet__client__territory", Decision: "sheet__client__territory", Target: "territory",
}  # fmt: skip
BY_PEOPLE = ("pk", "version", "territory", "merged_into")  # ranks and status are derived when somebody looks


def stored(world: World) -> dict[str, list[dict[str, Any]]]:
    """All that hangs on the other region, and what of it anybody has chosen or was given to do."""
    there = world.outside.client
    found = {
        model.__name__: list(model.objects.filter(**{path: there.territory_id}).order_by("pk").values())
        for model, path in IN_THE_REGION.items()
    }
    found["Client"] = list(Client.objects.filter(territory=there.territory_id).order_by("pk").values(*BY_PEOPLE))
    found["given"] = list(Plan.objects.filter(manager=world.outside.person).values())
    found["chosen"] = list(Selection.objects.filter(ids__contains=[there.pk]).values("pk"))
    events = HistoryEvent.objects.filter(table="clients_client", row_id=there.pk).exclude(way=Way.JOB)
    found["history"] = list(events.order_by("pk").values("pk"))
    return found


@pytest.mark.parametrize("tried", TRIES)
def test_nothing_of_another_region_is_told_or_changed(world: World, tried: str) -> None:
    method, name, parts, query, body = crossing(world)[tried]
    for who in (role for role in ROLES if role != Role.ADMIN):
        browser = Browser()
        browser.cookies[settings.SESSION_COOKIE_NAME] = world.sessions[who]
        with transaction.atomic():
            before = stored(world)
            given: Asked = {"data": body} if method == "post" else {}
            answer = getattr(browser, method)(reverse(name, kwargs=parts), query_params=query, **given)
            told = _without(_text(answer), [str(value) for value in [*body.values(), *query.values()]])
            assert answer.status_code < 500, who
            assert world.outside.word not in told, f"{who} is told ({answer.status_code})"
            assert stored(world) == before, f"{who} changes it ({answer.status_code})"
            transaction.set_rollback(True)


def test_every_try_is_made(world: World) -> None:
    assert set(TRIES) == set(crossing(world))
