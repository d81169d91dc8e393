"""/api/v1/kpi/ (spec/exchange.md, API)."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import translation
from rest_framework.test import APIClient

from accounts.models import Role
from kpi.metrics import METRICS, Unit
from territories.models import Territory
from tests import datasets, make
from tests.clients.test_api import api_of

ASKED = {"from": "2025-01", "to": "2025-03"}


@pytest.fixture
def root(load: Callable[..., int], tmp_path: Path) -> Territory:
    datasets.write(tmp_path / "data", seed=7)
    assert load(tmp_path / "data") == 0
    return Territory.objects.get(parent=None)


@pytest.fixture
def api(root: Territory) -> APIClient:
    return api_of(make.user(Role.ANALYST, root))


@pytest.mark.parametrize("by", ["children", "channel", "category", "route"])
def test_the_api_answers_what_the_command_answers(
    api: APIClient, root: Territory, capsys: pytest.CaptureFixture[str], by: str
) -> None:
    capsys.readouterr()
    with translation.override("en"):  # as the API is asked
        call_command("kpi", territory=root.code, first="2025-01", last="2025-03", by=by, format="json")
    answer = api.get("/api/v1/kpi/", {**ASKED, "territory": root.code, "by": by})
    assert answer.json() == json.loads(capsys.readouterr().out)


def test_the_clients_behind_every_count_are_as_many_as_it_says(api: APIClient, root: Territory) -> None:
    numbers = api.get("/api/v1/kpi/", {**ASKED, "territory": root.code}).json()["metrics"]
    for metric in METRICS:
        if metric.unit is Unit.COUNT:
            query = {**ASKED, "territory": root.code}
            total, cursor = 0, ""
            while cursor is not None:
                page = api.get(f"/api/v1/kpi/{metric.key}/clients/", {**query, "cursor": cursor}).json()
                total += sum(row["measures"][metric.parts[0]] for row in page["results"])
                cursor = page["next"]
            assert total == numbers[metric.key], metric.key


def test_what_makes_no_sense_is_said_to(api: APIClient, root: Territory) -> None:
    for query, code in (
        ({"from": "2025-13"}, 400), ({"from": "2025-04"}, 400), ({"to": ""}, 400), ({"by": "moon"}, 400),
        ({"territory": "nowhere"}, 404), ({"territory": ""}, 400),
    ):  # fmt: skip
        assert api.get("/api/v1/kpi/", {**ASKED, "territory": root.code, **query}).status_code == code, query
    assert api.get("/api/v1/kpi/moon/clients/", {**ASKED, "territory": root.code}).status_code == 404
    for cursor in ("x", "NaN:1", "1:", "1"):
        query = {**ASKED, "territory": root.code, "cursor": cursor}
        assert api.get("/api/v1/kpi/akb/clients/", query).status_code == 400, cursor


def test_a_territory_one_may_not_see_does_not_exist(root: Territory) -> None:
    inside = root.children.first()
    assert inside is not None
    api = api_of(make.user(Role.SUPERVISOR, inside))
    assert api.get("/api/v1/kpi/", {**ASKED, "territory": inside.code}).status_code == 200
    assert api.get("/api/v1/kpi/", {**ASKED, "territory": root.code}).status_code == 404
    assert api.get("/api/v1/kpi/akb/clients/", {**ASKED, "territory": root.code}).status_code == 404


def test_the_schema_describes_every_address(api: APIClient) -> None:
    text = api.get("/api/v1/schema/").content.decode()
    for path in ("/clients/:", "/clients/{code}/:", "/clients/{code}/history/:", "/kpi/:", "/kpi/{key}/clients/:"):
        assert f"/api/v1{path}" in text
