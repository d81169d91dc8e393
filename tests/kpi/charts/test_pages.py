"""The page of charts and the lists behind their parts."""

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client as Browser
from django.utils import translation

from accounts.models import Role
from kpi import services
from kpi.charts import drawing, pages
from kpi.charts.selectors import Key
from territories.models import Territory
from tests import datasets, make
from tests.make import signed_in

ASKED = "territory=ROOT&from=2025-04&to=2025-06"
BEHIND = re.compile(r'href="(/kpi/charts/(\w+)/clients/\?[^"]+)"[^>]*>([^<]*)<')


@pytest.fixture(autouse=True)
def _plain_static_files(settings: Any) -> None:
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }


@pytest.fixture
def browser(load: Callable[..., int], tmp_path: Path) -> Browser:
    assert load(datasets.write(tmp_path / "set", 4)) == 0
    services.refresh()
    return signed_in(make.user(Role.ADMIN))


def text(browser: Browser, address: str, status: int = 200) -> str:
    answer = browser.get(address)
    assert answer.status_code == status
    return answer.content.decode()


def listed(browser: Browser, address: str) -> int:
    """How many clients all pages of a list show."""
    found = 0
    while address:
        page = text(browser, address)
        found += page.count("<tr data-row>")
        onward = re.search(r'href="([^"]+)">Next', page)
        address = urlsplit(address).path + unescape(onward[1]) if onward else ""
    return found


def test_every_chart_is_drawn_and_told_as_a_table(browser: Browser) -> None:
    page = text(browser, f"/kpi/charts/?{ASKED}")
    assert page.count('class="plot"') == 4
    assert page.count('class="cells"') == 2
    assert page.count("The same as a table") == len(Key)
    assert "style=" not in page


def test_every_number_of_the_tables_opens_as_many_clients(browser: Browser) -> None:
    page = text(browser, f"/kpi/charts/?{ASKED}")
    numbers = {
        unescape(address): int(re.sub(r"\D", "", shown)) for address, _key, shown in BEHIND.findall(page)
        if shown.strip()
    }  # fmt: skip
    assert {urlsplit(address).path.split("/")[3] for address in numbers} == {"flow", "abcde", "ranks", "rfm", "pareto"}
    seen = set()
    for address, number in numbers.items():
        kind = (urlsplit(address).path, number)
        if kind not in seen:  # the rest are told apart in test_numbers
            seen.add(kind)
            assert listed(browser, address) == number, address


@pytest.mark.parametrize("part", ["active", "lost", "potential", "closed"])
def test_the_flow_of_each_part_goes_from_its_start_to_its_end(browser: Browser, part: str) -> None:
    page = text(browser, f"/kpi/charts/?{ASKED}&part={part}")
    table = page[page.index('id="chart-flow"') : page.index('id="chart-abcde"')]
    rows = re.findall(r"<tr><th scope=\"row\">(.*?)</tr>", table, re.DOTALL)
    assert len(rows) == 12
    ends = []
    for row in rows:
        start, *moves, end = (int(cell) for cell in re.findall(r">(\d+)<", re.sub("[\u202f ]", "", row)))
        assert start + sum(moves[:3]) - sum(moves[3:]) == end
        ends.append((start, end))
    assert [end for _start, end in ends[:-1]] == [start for start, _end in ends[1:]], "nobody has moved territory"


def test_parts_in_drawings_and_tables_have_the_same_addresses(browser: Browser) -> None:
    page = text(browser, f"/kpi/charts/?{ASKED}")
    drawn = {unescape(one) for svg in re.findall(r"<svg class=\"plot\".*?</svg>", page, re.DOTALL)
             for one in re.findall(r'href="([^"]+)"', svg)}  # fmt: skip
    told = {unescape(one) for table in re.findall(r"<details class=\"chart-table\".*?</details>", page, re.DOTALL)
            for one in re.findall(r'href="([^"]+)"', table)}  # fmt: skip
    assert drawn
    assert drawn <= told


def test_a_part_that_nobody_is_in_or_that_does_not_exist_shows_nobody(browser: Browser) -> None:
    for row, column in (("Z", "A"), ("A", "none"), ("", "")):
        assert "Nobody is behind this number" in text(
            browser, f"/kpi/charts/rfm/clients/?{ASKED}&row={row}&column={column}"
        )
    for row in ("x", "99999", "1.5", "٣", ""):
        assert "Nobody is behind this number" in text(browser, f"/kpi/charts/pareto/clients/?{ASKED}&row={row}")
    assert "Nobody is behind this number" in text(browser, f"/kpi/charts/flow/clients/?{ASKED}&row=moon&column=active")
    assert "Nobody is behind this number" in text(browser, f"/kpi/charts/abcde/clients/?{ASKED}&row=A&column=moon")
    for key in ("base", "moon"):
        text(browser, f"/kpi/charts/{key}/clients/?{ASKED}", 404)


def test_periods_at_the_edges_of_the_calendar_are_shown(browser: Browser) -> None:
    for month in ("0001-01", "1900-02", "2031-12", "9999-12"):
        text(browser, f"/kpi/charts/?territory=ROOT&from={month}&to={month}")
        text(browser, f"/kpi/charts/flow/clients/?territory=ROOT&from={month}&to={month}&column=active")
    services.refresh()
    text(browser, "/kpi/charts/?territory=ROOT&from=1900-01&to=1999-12")
    text(browser, "/kpi/charts/?from=2025-13&to=2025-13", 400)


def test_who_sees_no_territory_is_told_so_and_what_one_may_not_see_is_404(browser: Browser) -> None:
    assert "No territory yet" in text(signed_in(make.user(Role.REP)), "/kpi/charts/")
    north = signed_in(make.user(Role.SUPERVISOR, Territory.objects.get(code="R1")))
    text(north, f"/kpi/charts/?{ASKED}", 404)
    text(north, f"/kpi/charts/ranks/clients/?{ASKED}&row=A&column=A", 404)
    assert "Регион «Север»" in text(north, "/kpi/charts/?from=2025-04&to=2025-06")


def test_the_matrix_and_the_charts_lead_to_each_other(browser: Browser) -> None:
    for here, there in (("/kpi/", "/kpi/charts/"), ("/kpi/charts/", "/kpi/")):
        link = re.search(rf'class="tab" href="{there}\?([^"]+)"', text(browser, f"{here}?{ASKED}"))
        assert link
        assert parse_qs(unescape(link[1])) == parse_qs(ASKED)


# --- drawing -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("most", [0, 1, 3, 4, 5, 9, 10, 11, 37, 99, 100, 101, 12345, 999_999, 1_000_001])
def test_a_scale_is_round_and_reaches_over_its_highest_value(most: int) -> None:
    values = [tick.value for tick in drawing.ticks(most)]
    assert values[0] == 0
    assert values[-1] >= max(most, 1)
    assert 2 <= len(values) <= drawing.TICKS + 1
    assert values[-2] < max(most, 1)
    assert re.fullmatch("[125]0*", str(values[1]))


def test_a_line_is_broken_where_a_value_is_unknown() -> None:
    _scale, (line,) = drawing.lines({"okb": [1, 2, None, 3, None, 4, 4]})
    assert [len(path.split()) for path in line.paths] == [2, 2]
    assert [dot.nth for dot in line.dots] == [0, 1, 3, 5, 6]


def test_segments_of_a_stack_are_as_high_as_their_numbers_and_touch_each_other() -> None:
    zero, (first, second) = drawing.stacks([((3, 1), (2, 0)), ((0, 0), (6, 2))])
    heights = {bar.nth: bar.height for bar in first.bars}
    assert heights == {
        0: pytest.approx(heights[1] * 3, abs=0.2),
        1: heights[1],
        2: pytest.approx(heights[1] * 2, abs=0.2),
    }
    assert first.bars[0].y + first.bars[0].height == pytest.approx(zero, abs=0.2)
    assert first.bars[1].y + first.bars[1].height == pytest.approx(first.bars[0].y, abs=0.2)
    assert second.bars[0].y == zero
    assert max(bar.y + bar.height for bar in second.bars) == pytest.approx(drawing.TOP + drawing.DEEP - 24, abs=0.2)


@pytest.mark.parametrize(
    ("value", "shown"), [(999, "999"), (1500, "1.5 k"), (-12_345, "−12 k"), (2_500_000, "2.5 m"), (10**10, "10 bn")]
)
def test_money_of_a_cell_is_short(value: int, shown: str) -> None:
    with translation.override("en"):
        assert pages.short(value).replace(",", ".") == shown
