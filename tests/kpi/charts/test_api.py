"""/api/v1/kpi/charts/: the same numbers as the page, the same rights."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import Role
from kpi import services
from kpi.charts.selectors import Key
from territories.models import Territory
from tests import datasets, make
from tests.clients.test_api import api_of

ASKED = {"territory": "ROOT", "from": "2025-04", "to": "2025-06"}


@pytest.fixture
def api(load: Callable[..., int], tmp_path: Path) -> APIClient:
    assert load(datasets.write(tmp_path / "data", seed=7)) == 0
    services.refresh()
    return api_of(make.user(Role.ANALYST, Territory.objects.get(parent=None)))


def clients(api: APIClient, key: str, **cell: str) -> int:
    found, cursor = 0, ""
    while cursor is not None:
        page = api.get(f"/api/v1/kpi/charts/{key}/clients/", {**ASKED, **cell, "cursor": cursor}).json()
        found, cursor = found + len(page["results"]), page["next"]
    return found


@pytest.mark.parametrize("key", ["abcde", "ranks", "rfm"])
def test_the_clients_of_every_cell_are_as_many_as_it_says(api: APIClient, key: str) -> None:
    chart = api.get(f"/api/v1/kpi/charts/{key}/", ASKED).json()
    assert (chart["chart"], chart["as_of"]) == (key, "2025-06-30")
    codes = [{axis["code"] for axis in chart[name]} for name in ("rows", "columns")]
    assert chart["cells"]
    for cell in chart["cells"]:
        assert cell["row"] in codes[0]
        assert cell["column"] in codes[1]
        assert clients(api, key, row=cell["row"], column=cell["column"]) == cell["clients"]


def test_the_base_is_that_of_the_matrix(api: APIClient) -> None:
    *_before, last = api.get("/api/v1/kpi/charts/base/", ASKED).json()["points"]
    metrics = api.get("/api/v1/kpi/", ASKED).json()["metrics"]
    assert last == {
        "from": "2025-04-01", "to": "2025-06-30", "okb": metrics["okb"], "akb": metrics["akb"],
        "stable_akb": metrics["stable_akb"],
    }  # fmt: skip


def test_the_flow_and_the_curve_count_their_clients(api: APIClient) -> None:
    last = api.get("/api/v1/kpi/charts/flow/", ASKED).json()["months"][-1]
    assert (last["month"], last["as_of"]) == ("2025-06-01", "2025-06-30")
    assert sum(move["clients"] for move in last["moves"]) == len(list(make_clients()))
    for move in last["moves"]:
        assert clients(api, "flow", row=move["before"], column=move["after"]) == move["clients"]
    curve = api.get("/api/v1/kpi/charts/pareto/", ASKED).json()
    assert curve["steps"][-1] == {
        "row": curve["steps"][-1]["row"], "clients": curve["clients"] - curve["idle"], "margin": curve["margin"],
    }  # fmt: skip
    for step in curve["steps"][::5]:
        assert clients(api, "pareto", row=step["row"]) == step["clients"]


def make_clients() -> Any:
    from clients.models import Client

    return Client.objects.all()


def test_a_change_is_in_the_answer_at_once(load: Callable[..., int], api: APIClient) -> None:
    def active() -> int:
        moves = api.get("/api/v1/kpi/charts/flow/", ASKED).json()["months"][-1]["moves"]
        return sum(move["clients"] for move in moves if move["after"] == "active")

    before = active()
    load(clients="code,name,territory_code\nNEW,New,R1\n")
    load(invoices="invoice,date,client_code,sku,quantity,amount\nNEW,2025-06-30,NEW,0001,1,10\n")
    assert active() == before + 1


def test_a_territory_one_may_not_see_does_not_exist_and_nonsense_is_400(api: APIClient) -> None:
    north = api_of(make.user(Role.SUPERVISOR, Territory.objects.get(code="R1")))
    for key in Key:
        assert api.get(f"/api/v1/kpi/charts/{key.value}/", ASKED).status_code == 200
        assert north.get(f"/api/v1/kpi/charts/{key.value}/", ASKED).status_code == 404
        assert north.get(f"/api/v1/kpi/charts/{key.value}/", {**ASKED, "territory": "R1"}).status_code == 200
        assert api.get(f"/api/v1/kpi/charts/{key.value}/", {**ASKED, "from": "2025-13"}).status_code == 400
        assert api.get(f"/api/v1/kpi/charts/{key.value}/", {"territory": "ROOT"}).status_code == 400
    assert api.get("/api/v1/kpi/charts/moon/", ASKED).status_code == 404
    assert api.get("/api/v1/kpi/charts/base/clients/", ASKED).status_code == 404
    assert api.get("/api/v1/kpi/charts/ranks/clients/", {**ASKED, "cursor": "x"}).status_code == 400


def test_the_schema_describes_every_chart(api: APIClient) -> None:
    schema = api.get("/api/v1/schema/?format=json").json()
    answer = schema["paths"]["/api/v1/kpi/charts/{key}/"]["get"]["responses"]["200"]["content"]["application/json"]
    chart = schema["components"]["schemas"][answer["schema"]["$ref"].rsplit("/", 1)[1]]
    assert set(chart["discriminator"]["mapping"]) == {key.value for key in Key}
    assert "/api/v1/kpi/charts/{key}/clients/" in schema["paths"]
