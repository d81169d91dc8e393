"""The map of the client list: what is in an area, and what the server makes of the part that is shown."""

import random
import re
from collections import Counter
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest
from django.http import QueryDict
from django.urls import reverse

from accounts.models import Role
from clients import mapping
from clients.area import WORLD, Area, Box
from clients.listing import Listing
from clients.models import Category, Status
from tests import make
from tests.clients.test_exports import export, lines

pytestmark = pytest.mark.django_db
LASSO = "55~37_55.9~37.2_55.5~37.5_55.9~37.9_55.1~38"  # with a bay in it
TOWN = Box(54, 36, 57, 39)


def inside(lat: float, lon: float, points: tuple[tuple[float, float], ...]) -> bool:
    """Whether a ray to the north meets the edge an odd number of times; for points that are on no edge."""
    odd = False
    for (south, west), (north, east) in zip(points, points[1:] + points[:1], strict=True):
        if (west > lon) != (east > lon) and lat < south + (lon - west) / (east - west) * (north - south):
            odd = not odd
    return odd


class Town:
    """Two hundred clients on two routes, some nowhere, and one of somebody else among them."""

    def __init__(self) -> None:
        dice = random.Random(5)
        self.region = make.territory(name="Town")
        routes = [make.territory(self.region, name=f"Route {number}") for number in (1, 2)]
        self.clients = [
            make.client(
                routes[number % 2], status=dice.choice(Status.values), category=dice.choice(["", *Category.values]),
                lat=None if number % 20 == 0 else dice.uniform(55, 56), lon=dice.uniform(37, 38),
            )
            for number in range(200)
        ]  # fmt: skip
        self.foreign = make.client(make.territory(name="Omega"), name="Omega", lat=55.5, lon=37.1, status="active")
        self.head = make.user(Role.HEAD, self.region)

    def listing(self, query: str = "status=all") -> Listing:
        return Listing(QueryDict(query), self.head)

    def placed(self, status: str = "") -> list[Any]:
        return [one for one in self.clients if one.lat is not None and one.status in (status or Status.values)]


@pytest.fixture
def town() -> Town:
    return Town()


@pytest.mark.parametrize(
    "text",
    ["", "55~37", "55~37_", "55~37_x", "91~0_92~1", "0~181_1~182", "56~37_55~38", "55~38_56~37", "5e1~3_6~7",
     "nan~1_2~3", "1~2;3~4", "٥~1_6~2", "1~2_3~4\n", "_".join(["1~1"] * 101), "1.12345678~2_3~4"],
)  # fmt: skip
def test_what_is_no_area_is_left_out_of_the_address(town: Town, text: str) -> None:
    assert Area.of(text) is None
    assert town.listing(urlencode({"status": "all", "area": text})).found().count() == len(town.clients)


def test_an_area_is_written_as_it_is_read() -> None:
    for text in (LASSO, "55~37_56~38", "-33.9~-180_0~0"):
        area = Area.of(text)
        assert area is not None
        assert Area.of(str(area)) == area
        assert re.fullmatch(r"[\w.~-]+", str(area))


@pytest.mark.parametrize("text", [LASSO, "55.2~37.3_55.6~37.7"])
def test_the_list_of_an_area_holds_the_clients_in_it_and_no_others(town: Town, text: str) -> None:
    area = Area.of(text)
    assert area is not None
    (south, west), (north, east) = area.points[0], area.points[-1]
    points = area.points if len(area.points) > 2 else ((south, west), (north, west), (north, east), (south, east))
    expected = {one.pk for one in town.placed() if inside(one.lat, one.lon, points)}
    assert 10 < len(expected) < 190
    listing = town.listing(f"status=all&area={text}")
    assert set(listing.found().values_list("pk", flat=True)) == expected
    counts = listing.tabs()
    assert counts is not None
    assert counts["all"].number == len(expected)
    assert parse_qs(listing.state())["area"] == [text]


def test_an_area_goes_into_the_export_and_into_a_segment(town: Town, settings: Any, tmp_path: Any) -> None:
    settings.FILES_DIR = tmp_path
    browser = make.signed_in(town.head)
    area = "55.2~37.3_55.6~37.7"
    expected = set(town.listing(f"status=all&area={area}").found().values_list("code", flat=True))
    assert {line.split(",")[0] for line in lines(export(browser, f"status=all&area={area}"))[1:]} == expected
    browser.post(reverse("segment-new"), {"state": f"status=all&area={area}", "name": "Centre"})
    saved = town.head.segments.get()
    assert set(town.listing(saved.query).found().values_list("code", flat=True)) == expected


def test_a_rectangle_round_clients_holds_each_of_them() -> None:
    dice = random.Random(3)
    for _turn in range(200):
        lat, lon = dice.uniform(-89, 89), dice.uniform(-179, 179)
        area = Area.of(str(Area.around(Box(lat, lon, lat, lon))))
        assert area is not None
        assert area.box.south <= lat <= area.box.north
        assert area.box.west <= lon <= area.box.east
        assert area.box.north - area.box.south < 3e-6


@pytest.mark.parametrize("by", mapping.KINDS)
@pytest.mark.parametrize("zoom", [0, 7, 11, 18])
def test_the_squares_hold_every_client_of_the_box_once(town: Town, zoom: int, by: str) -> None:
    view = mapping.view(town.listing(), TOWN, zoom, by)
    placed = town.placed()
    assert view.clients == len(placed) == sum(mark.clients for mark in view.marks)
    kinds = Counter(getattr(one, by) for one in placed)
    assert view.kinds == [kinds[kind] for kind in mapping.KINDS[by]]
    assert [sum(mark.kinds[at] for mark in view.marks) for at in range(len(view.kinds))] == view.kinds
    for mark in view.marks:
        within = [
            one for one in placed
            if mark.box.south <= one.lat <= mark.box.north and mark.box.west <= one.lon <= mark.box.east
        ]  # fmt: skip
        assert len(within) == mark.clients == sum(mark.kinds)
        assert mark.lat == pytest.approx(sum(one.lat for one in within) / len(within))
        if mark.clients == 1:
            assert [person.code for person in mark.people] == [within[0].code]


def test_few_clients_are_shown_one_by_one_and_those_of_one_place_together(town: Town) -> None:
    placed = town.placed("lost")
    twin = make.client(placed[0].territory, status="lost", lat=placed[0].lat, lon=placed[0].lon)
    view = mapping.view(town.listing("status=lost"), TOWN, 3, "status")
    assert view.clients == len(placed) + 1 <= mapping.EACH
    spots = {(mark.lat, mark.lon): {person.code for person in mark.people} for mark in view.marks}
    assert spots.pop((placed[0].lat, placed[0].lon)) == {placed[0].code, twin.code}
    assert spots == {(one.lat, one.lon): {one.code} for one in placed[1:]}


@pytest.mark.parametrize("box", [WORLD, TOWN, Box(55, 37, 55, 37), Box(-90, -180, 90, -179.99)])
@pytest.mark.parametrize("zoom", [0, 18])
def test_no_box_and_no_zoom_make_more_squares_than_a_screen_holds(town: Town, box: Box, zoom: int) -> None:
    view = mapping.view(town.listing(), box, zoom, "status")
    assert len(view.marks) <= max(mapping.EACH, (mapping.SQUARES + 1) ** 2) < 2000


def test_the_map_names_territories_that_the_person_may_see(town: Town) -> None:
    names = mapping.view(town.listing(), TOWN, 11, "status").names
    assert {name.name for name in names} == {"Route 1", "Route 2"}
    assert {name.name for name in mapping.view(town.listing(), TOWN, 0, "status").names} == {"Town"}


def test_somebody_elses_clients_are_on_no_map(town: Town) -> None:
    browser = make.signed_in(town.head)
    for name in ("client-map", "client-map-view"):
        answer = browser.get(reverse(name), {"status": "all", "box": "54~36_57~39", "zoom": "18"})
        assert answer.status_code == 200
        assert b"Omega" not in answer.content


def test_where_none_has_coordinates_the_map_leads_to_those_without() -> None:
    route = make.territory()
    make.client(route, status="active")
    browser = make.signed_in(make.user(Role.REP, route))
    page = browser.get(reverse("client-map")).content.decode()
    assert "No coordinates" in page
    assert 'id="map"' not in page
    (address,) = re.findall(r'href="([^"]*flag=no-coordinates)"><', page) or re.findall(
        r'btn-primary" href="([^"]*)"', page
    )
    assert b"Client " in browser.get(address.replace("&amp;", "&")).content


def test_tiles_are_asked_for_only_where_a_server_is_set(town: Town, settings: Any) -> None:
    browser = make.signed_in(town.head)
    assert 'data-tiles=""' in browser.get(reverse("client-map")).content.decode()
    settings.MAP_TILES_URL = "https://tiles.example/{z}/{x}/{y}.png"
    assert 'data-tiles="https://tiles.example/{z}/{x}/{y}.png"' in browser.get(reverse("client-map")).content.decode()


def test_only_the_map_loads_what_the_map_needs(town: Town) -> None:
    browser = make.signed_in(town.head)
    assert "leaflet" in browser.get(reverse("client-map")).content.decode()
    assert "leaflet" not in browser.get(reverse("client-list")).content.decode()
