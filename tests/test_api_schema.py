"""The API does what its schema says, whatever it is sent: schemathesis, in this process, on the tests' own database."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.core.cache import cache
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, settings
from rest_framework.authtoken.models import Token
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.models import Role, Way
from accounts.services import acting
from clients.models import Client, Contact
from config.wsgi import application
from kpi import services
from tests import make

CHECKS = (
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance,
)  # fmt: skip
EXAMPLES = 12  # an operation and role; each is asked as it comes and about what is there


@pytest.fixture
def one_connection(db: None) -> Iterator[None]:
    """The test's transaction outlives every request, as it does under Django's own test client."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture(params=[Role.ADMIN, Role.REP])
def schema(one_connection: None, request: pytest.FixtureRequest, settings: Any) -> Any:
    settings.API_RATE = settings.BAD_TOKEN_RATE = settings.SIGN_IN_RATE._replace(times=10**6)
    cache.clear()
    place = make.territory(code="place")
    client = make.client(
        place, code="shop", channel=make.channel(), counterparty=make.counterparty(), lost_reason="debt", status="lost"
    )
    with acting(actor=None, way=Way.COMMAND):
        Contact.objects.create(client=client, full_name="Somebody")
    services.period_current(date(2026, 1, 1), date(2026, 3, 31))
    person = make.user(request.param, *([] if request.param == Role.ADMIN else [place]))
    headers = {"Authorization": f"Token {Token.objects.create(user=person).key}"}
    loaded = schemathesis.openapi.from_wsgi("/api/v1/schema/?format=json", application, headers=headers)
    loaded.config.update(headers=headers)
    return loaded


def test_the_schema_is_made_without_a_warning(tmp_path: Path) -> None:
    """Each would make `check --deploy` complain."""
    call_command("spectacular", file=str(tmp_path / "schema.yml"), fail_on_warn=True, validate=True)


lazy = schemathesis.pytest.from_fixture("schema")


@lazy.parametrize()
@settings(
    max_examples=EXAMPLES, derandomize=True, deadline=None, database=None, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
def test_every_answer_is_one_that_the_schema_tells_of(case: Case) -> None:
    case.call_and_validate(checks=CHECKS)
    there: dict[str, Any] = {"code": "shop", "key": "flow" if "/charts/" in case.path else "okb"}
    case.path_parameters = {name: there.get(name, value) for name, value in (case.path_parameters or {}).items()}
    if "territory" in (case.query or {}):
        case.query = {**case.query, "territory": "place"}
    if "to" in (case.query or {}):
        case.query |= {"from": "2026-01", "to": "2026-03"}
    if case.method == "PATCH":
        case.headers["If-Match"] = f'"{Client.objects.get(code="shop").version}"'
    case.call_and_validate(checks=CHECKS)
