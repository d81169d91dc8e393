"""/api/v1/clients/ (spec/exchange.md, API)."""

from typing import Any

import pytest
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from accounts.models import Role, User, Way
from accounts.services import acting
from clients.models import Client
from tests import make

pytestmark = pytest.mark.django_db


def api_of(person: User) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.create(user=person).key}", HTTP_ACCEPT_LANGUAGE="en")
    return client


@pytest.fixture
def shop() -> Client:
    return make.client(make.territory(), name="Лавка", phone="111")


@pytest.fixture
def api(shop: Client) -> APIClient:
    return api_of(make.user(Role.REP, shop.territory))


def patch(api: APIClient, shop: Client, match: str | None, **fields: Any) -> Any:
    headers = {"HTTP_IF_MATCH": match} if match is not None else {}
    return api.patch(f"/api/v1/clients/{shop.code}/", fields, format="json", **headers)


def test_nobody_gets_nothing() -> None:
    assert APIClient().get("/api/v1/clients/").status_code == 401


def test_a_token_ends_with_its_person(shop: Client, api: APIClient) -> None:
    with acting(actor=None, way=Way.COMMAND):
        User.objects.update(is_active=False)
    assert api.get("/api/v1/clients/").status_code == 401


def test_the_list_and_the_card_show_only_own_territories(shop: Client, api: APIClient) -> None:
    foreign = make.client(make.territory())
    assert [row["code"] for row in api.get("/api/v1/clients/").json()["results"]] == [shop.code]
    for path in (f"{foreign.code}/", f"{foreign.code}/history/", f"?territory={foreign.territory.code}"):
        assert api.get(f"/api/v1/clients/{path}").status_code == 404
    assert patch(api, foreign, '"1"', phone="2").status_code == 404


def test_the_list_goes_on_where_the_cursor_says(shop: Client, api: APIClient) -> None:
    codes = {shop.code} | {make.client(shop.territory).code for _number in range(60)}
    first = api.get("/api/v1/clients/").json()
    second = api.get("/api/v1/clients/", {"cursor": first["next"]}).json()
    assert (len(first["results"]), second["next"]) == (50, None)
    assert {row["code"] for page in (first, second) for row in page["results"]} == codes


def test_filters_that_make_no_sense_are_said_to(api: APIClient) -> None:
    for query in ("status=sleeping", "category=Z", "cursor=abc", "cursor=99999999999999999999"):
        assert api.get(f"/api/v1/clients/?{query}").status_code == 400, query


def test_a_search_takes_any_text(api: APIClient) -> None:
    for text in ("%", "_", "\\", "'", "лавка", "x" * 5000):
        assert api.get("/api/v1/clients/", {"search": text}).status_code == 200, text


def test_a_client_says_its_version_twice(shop: Client, api: APIClient) -> None:
    answer = api.get(f"/api/v1/clients/{shop.code}/")
    assert (answer["ETag"], answer.json()["version"]) == ('"1"', 1)


def test_a_change_without_if_match_is_428_and_changes_nothing(shop: Client, api: APIClient) -> None:
    assert patch(api, shop, None, phone="222").status_code == 428
    assert Client.objects.get().phone == "111"


def test_a_change_of_a_former_version_is_412_with_the_current_state(shop: Client, api: APIClient) -> None:
    assert patch(api, shop, '"1"', phone="222").json()["version"] == 2
    late = patch(api, shop, '"1"', phone="333")
    assert (late.status_code, late.json()["phone"], late["ETag"]) == (412, "222", '"2"')


def test_a_change_is_in_the_history_with_who_from_to_and_way(shop: Client, api: APIClient) -> None:
    patch(api, shop, '"1"', phone="222")
    event = api.get(f"/api/v1/clients/{shop.code}/history/").json()["results"][0]
    assert (event["who"], event["way"]) == (User.objects.get(role=Role.REP).username, "api")
    assert event["changes"] == [{"field": "phone", "from": "111", "to": "222"}]


def test_a_rep_may_not_change_what_supervisors_change(shop: Client, api: APIClient) -> None:
    assert patch(api, shop, '"1"', closed_on="2026-01-01").status_code == 403
    supervisor = api_of(make.user(Role.SUPERVISOR, shop.territory))
    assert patch(supervisor, shop, '"1"', closed_on="2026-01-01").status_code == 200


def test_wrong_values_are_400_by_field(shop: Client, api: APIClient) -> None:
    assert set(patch(api, shop, '"1"', lat=91).json()) == {"lat"}
    assert set(patch(api, shop, '"1"', status="active", nonsense=1).json()) == {"status", "nonsense"}
    assert patch(api, shop, '"1"', phone="\0").status_code == 400
    assert api.patch(
        f"/api/v1/clients/{shop.code}/", "[1]", content_type="application/json", HTTP_IF_MATCH='"1"'
    ).status_code == 400  # fmt: skip


def test_a_lone_dash_would_not_survive_a_dump_and_is_refused(shop: Client, api: APIClient) -> None:
    assert patch(api, shop, '"1"', phone=" - ").status_code == 400


def test_any_nonsense_is_400_or_412(shop: Client, api: APIClient) -> None:
    supervisor = api_of(make.user(Role.SUPERVISOR, shop.territory))
    assert patch(supervisor, shop, '"1"', channel="a\0").status_code == 400
    assert patch(supervisor, shop, '"' + "9" * 5000 + '"', phone="2").status_code == 412
    deep = supervisor.patch(
        f"/api/v1/clients/{shop.code}/", "[" * 100_000, content_type="application/json", HTTP_IF_MATCH='"1"'
    )
    assert deep.status_code == 400
