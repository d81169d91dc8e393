"""The map: what is on it, by mouse, by keyboard and on a phone, and what is taken from it into the list."""

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from clients.area import Area
from tests.browser.conftest import NARROW, Open
from tests.browser.test_accessibility import assert_accessible, assert_accessible_at_both_widths
from tests.browser.test_keyboard import press_until
from tests.browser.test_list import codes_listed

pytestmark = pytest.mark.browser
Row = dict[str, Any]


def opened(open_as: Open, role: str = "head", query: str = "status=all", **options: Any) -> Page:
    page = open_as(role, f"/client-list/map/?{query}", **options)
    expect(page.locator("#in-view h2")).to_have_text(re.compile("^На карте"))
    return page


def in_view(page: Page) -> int:
    return int(re.sub(r"\D", "", page.locator("#in-view h2").inner_text()))


def changed(page: Page, act: Callable[[], Any]) -> None:
    """Do something, and wait for what is in view then."""
    with page.expect_response(re.compile("/client-list/map/view/")):
        act()
    expect(page.locator(".htmx-request")).to_have_count(0)


def placed(rows: list[Row]) -> list[Row]:
    return [one for one in rows if one["lat"] is not None and one["lon"] is not None]


def area_of(page: Page) -> Area:
    area = Area.of(parse_qs(urlsplit(page.url).query)["area"][0])
    assert area is not None
    return area


def drag(page: Page, *shares: tuple[float, float]) -> None:
    """Draw on the map from point to point, each by its share of width and height."""
    box = page.locator("#map").bounding_box()
    assert box
    points = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in shares]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=6)
    with page.expect_navigation():
        page.mouse.up()
    expect(page.locator("#in-view h2")).to_have_text(re.compile("^На карте"))


def test_the_list_leads_to_the_map_of_its_filter_and_back(open_as: Open, register: list[Row]) -> None:
    page = open_as("head", "/clients/?status=lost&category=A&category=B")
    page.get_by_role("link", name="Карта", exact=True).click()
    expected = [one for one in placed(register) if one["status"] == "lost" and one["category"] in ("A", "B")]
    expect(page.locator("#in-view h2")).to_have_text(re.compile(f"^На карте {len(expected)} клиент"))
    numbers = page.locator("#in-view [data-mark]").evaluate_all(
        "all => all.map(one => one.dataset.kinds.split(' ').reduce((sum, part) => sum + Number(part), 0))"
    )
    assert sum(numbers) == len(expected)
    expect(page.locator("#map .cluster, #map .spot")).to_have_count(len(numbers))
    page.get_by_role("link", name="К списку").click()
    assert parse_qs(urlsplit(page.url).query) == {"status": ["lost"], "category": ["A", "B"]}


def test_a_group_opens_into_smaller_ones_down_to_a_client_and_its_card(open_as: Open) -> None:
    page = opened(open_as)
    for _turn in range(12):
        group = page.locator("#in-view [data-zoom]").last
        if not group.is_visible():
            break
        before = in_view(page)
        changed(page, group.click)
        assert in_view(page) <= before
    spot = page.locator("#map .spot").first
    spot.click(force=True)
    link = page.locator(".leaflet-popup-content a").first
    expect(link).to_be_focused()
    name = link.inner_text()
    assert_accessible(page)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    page.go_back()
    expect(page.locator("#map .spot").first).to_be_visible()  # the same part of the map


@pytest.mark.parametrize(
    ("tool", "way"),
    [
        ("Прямоугольник", [(0.05, 0.05), (0.55, 0.6)]),
        ("Лассо", [(0.1, 0.1), (0.6, 0.05), (0.7, 0.5), (0.2, 0.65)]),
    ],
)
def test_what_is_drawn_becomes_a_filter_of_the_list(
    open_as: Open, register: list[Row], tool: str, way: list[tuple[float, float]]
) -> None:
    page = opened(open_as)
    page.get_by_role("button", name=tool).click()
    drag(page, *way)
    area = area_of(page)
    assert (len(area.points) == 2) == (tool == "Прямоугольник")
    taken = in_view(page)
    assert 0 < taken < len(placed(register))
    if len(area.points) == 2:
        box = area.box
        expected = {
            one["code"] for one in placed(register)
            if box.south <= one["lat"] <= box.north and box.west <= one["lon"] <= box.east
        }  # fmt: skip
        assert len(expected) == taken
    page.get_by_role("link", name="Показать выбранных в списке").click()
    codes = codes_listed(page)
    assert len(codes) == taken
    if len(area.points) == 2:
        assert set(codes) == expected
    page.locator("summary", has_text="Область").click()
    page.get_by_role("link", name="Показать на карте").click()
    assert area_of(page) == area
    expect(page.locator("#in-view h2")).to_have_text(re.compile(f"^На карте {taken} клиент"))
    expect(page.locator("path.map-area")).to_have_count(1)
    assert_accessible_at_both_widths(page)
    page.get_by_role("link", name="Снять выбор").click()
    expect(page.locator("#in-view h2")).to_have_text(re.compile(f"^На карте {len(placed(register))} клиент"))


def test_the_map_is_moved_zoomed_and_selected_from_by_keyboard_alone(open_as: Open) -> None:
    page = opened(open_as)
    page.locator("[data-take]").focus()
    assert press_until(page, "#map") == 1
    places = [parse_qs(urlsplit(page.url).query)["at"]]
    for key in ("ArrowRight", "ArrowDown", "+", "+", "-"):
        changed(page, lambda key=key: page.keyboard.press(key))
        places.append(parse_qs(urlsplit(page.url).query)["at"])
    assert len({place[0] for place in places[:5]}) == 5  # each key does something
    zooms = [int(place[0].rsplit("~")[2]) for place in places]
    assert [after - before for before, after in pairwise(zooms)] == [0, 0, 1, 1, -1]
    page.goto("/client-list/map/?status=all")
    expect(page.locator("#in-view [data-zoom]").first).to_be_visible()
    press_until(page, "[data-zoom]", most=60)
    changed(page, lambda: page.keyboard.press("Enter"))
    expect(page.locator("#in-view h2")).to_be_focused()
    expect(page.locator("#map-said")).to_have_text(page.locator("#in-view h2").inner_text())
    page.locator("[data-take]").focus()
    seen = in_view(page)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Показать выбранных в списке")).to_be_visible()
    assert in_view(page) == seen


def test_marks_are_where_their_clients_are(open_as: Open) -> None:
    page = opened(open_as)
    places = page.evaluate("""() => {
        const drawn = [...document.querySelectorAll("#map .cluster, #map .spot")];
        return [...document.querySelectorAll("#in-view [data-mark]")].map((line, i) => {
            const box = drawn[i].getBoundingClientRect();
            return [...line.dataset.at.split(" ").map(Number), box.x + box.width / 2, box.y + box.height / 2];
        });
    }""")
    west, east = min(places, key=lambda one: one[1]), max(places, key=lambda one: one[1])
    assert east[1] - west[1] > 0.5
    for _lat, lon, x, _y in places:
        assert x == pytest.approx(west[2] + (lon - west[1]) / (east[1] - west[1]) * (east[2] - west[2]), abs=2)
    heights = [y for _lat, _lon, _x, y in sorted(places, reverse=True)]
    assert heights == sorted(heights)


def test_escape_leaves_the_drawing(open_as: Open) -> None:
    page = opened(open_as)
    page.get_by_role("button", name="Лассо").click()
    expect(page.get_by_role("button", name="Лассо")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Лассо")).to_have_attribute("aria-pressed", "false")
    expect(page.locator("#map.is-drawing")).to_have_count(0)


@pytest.mark.parametrize(("by", "shapes"), [("status", ".map-mark"), ("category", ".grade")])
def test_kinds_differ_by_shape_or_letter_and_the_legend_says_which(open_as: Open, by: str, shapes: str) -> None:
    page = opened(open_as, "rep", f"status=all&by={by}", size=NARROW)
    legend = page.locator(".map-legend [data-kind]")
    looks = legend.locator(shapes).evaluate_all("all => all.map(one => one.innerHTML)")
    assert len(looks) == legend.count() == len(set(looks)) >= 4
    expect(page.locator(f"#map {shapes}").first).to_be_visible()
    assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0
    assert_accessible(page)


def test_without_tiles_there_are_degrees_a_scale_and_the_names_of_territories(open_as: Open) -> None:
    page = opened(open_as)
    expect(page.locator("#map .map-degree").first).to_have_text(re.compile(r"^\d[\d,]*° (в\. д\.|с\. ш\.)$"))
    expect(page.locator("#map .leaflet-control-scale-line")).to_have_text(re.compile(r"^\d+ к?м$"))
    expect(page.locator("#map .map-name").first).not_to_be_empty()
    assert page.locator("#map img").count() == 0
