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


def test_a_territory_one_may_not_see_is_as_unknown_as_none(shop: Client) -> None:
    api, foreign = api_of(make.user(Role.SUPERVISOR, shop.territory)), make.territory()
    refused = patch(api, shop, '"1"', territory=foreign.code)
    assert refused.status_code == 400
    assert refused.json() == {"territory": ["There is none with this code."]}


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


def test_what_a_rep_may_not_change_at_once_waits_as_a_request(shop: Client, api: APIClient) -> None:
    answer = patch(api, shop, '"1"', closed_on="2026-01-01", phone="222")
    assert (answer.status_code, answer["ETag"], answer.json()["phone"], answer.json()["closed_on"]) == (
        202, '"2"', "222", None,
    )  # fmt: skip
    (waiting,) = answer.json()["requests"]
    assert (waiting["field"], waiting["old"], waiting["new"], waiting["state"]) == (
        "closed_on", None, "2026-01-01", "open",
    )  # fmt: skip
    shop.refresh_from_db()
    supervisor = api_of(make.user(Role.SUPERVISOR, shop.territory))
    assert patch(supervisor, shop, '"2"', closed_on="2026-01-01").status_code == 200


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


def test_a_client_is_added_and_gets_a_code(shop: Client, api: APIClient) -> None:
    body = {"name": "Новая", "territory": shop.territory.code}
    answer = api.post("/api/v1/clients/", body, format="json")
    assert (answer.status_code, answer["ETag"], answer.json()["name"]) == (201, '"1"', "Новая")
    assert api.get(f"/api/v1/clients/{answer.json()['code']}/").status_code == 200
    for wrong in ({"territory": "elsewhere"}, {"code": shop.code}, {"status": "active"}, {"name": ""}):
        assert api.post("/api/v1/clients/", body | wrong, format="json").status_code == 400, wrong
    assert api.post("/api/v1/clients/", [body], format="json").status_code == 400


def test_a_supervisor_decides_about_many_requests_at_once(shop: Client, api: APIClient) -> None:
    supervisor = api_of(make.user(Role.SUPERVISOR, shop.territory))
    patch(api, shop, '"1"', closed_on="2026-01-01", is_target=False)
    waiting = supervisor.get("/api/v1/requests/", {"whose": "to_decide", "state": "open"}).json()["results"]
    assert {each["field"] for each in waiting} == {"closed_on", "is_target"}
    ids = {each["field"]: each["id"] for each in waiting}

    def decide(**body: Any) -> Any:
        return supervisor.post("/api/v1/requests/decisions/", body, format="json")

    assert decide(requests=[ids["is_target"]], decision="decline").json().keys() == {"reason"}
    (turned_down,) = decide(requests=[ids["is_target"]], decision="decline", reason="It is one").json()
    assert (turned_down["done"], turned_down["request"]["state"]) == (True, "declined")
    late, done = decide(requests=list(ids.values()), decision="approve").json()
    if late["request"]["field"] != "is_target":
        late, done = done, late
    assert (late["done"], late["why"] != "", done["done"]) == (False, True, True)
    shop.refresh_from_db()
    assert (str(shop.closed_on), shop.is_target) == ("2026-01-01", True)
    mine = api.get("/api/v1/requests/", {"whose": "mine"}).json()["results"]
    assert {each["field"]: each["state"] for each in mine} == {"is_target": "declined", "closed_on": "approved"}
    assert api.post(f"/api/v1/requests/{ids['closed_on']}/withdrawal/").json()["done"] is False
    assert supervisor.post(f"/api/v1/requests/{ids['closed_on']}/withdrawal/").status_code == 404
    assert api.get("/api/v1/requests/", {"state": "lost"}).status_code == 400
