"""Where the marks of the charts stand, in units of their SVG; colours are the stylesheet's."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

WIDTH, HEIGHT = 640, 280
LEFT, RIGHT, TOP, BOTTOM = 66, 12, 22, 46
INNER, DEEP = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
GAP = 0.34  # of a bar's place
ROW = 44  # of a lying bar
TICKS = 4


class Tick(NamedTuple):
    value: int
    at: float


class Dot(NamedTuple):
    x: float
    y: float
    nth: int  # of the values


class Line(NamedTuple):
    css: str
    paths: list[str]  # points of its runs: where something isn't known the line is broken
    dots: list[Dot]


class Bar(NamedTuple):
    x: float
    y: float
    width: float
    height: float
    nth: int  # of the values of its stack


class Stack(NamedTuple):
    """A bar up and a bar down from the zero line, in segments."""

    middle: float
    bars: list[Bar]
    over: float  # where the sum is written
    under: float


def ticks(most: float, top: float = TOP, deep: float = DEEP) -> list[Tick]:
    """Round values from 0 up to `most` at the least, and where each stands."""
    step = 1
    while step * TICKS < most:
        # 1, 2, 5, 10, 20 …
        step = step * 5 // 2 if str(step)[0] == "2" else step * 2
    count = max(1, -int(-most // step))
    return [Tick(index * step, round(top + deep - deep * index / count, 1)) for index in range(count + 1)]


def middles(count: int) -> list[float]:
    """Where the places of `count` things side by side have their middles."""
    return [round(LEFT + INNER * (index + 0.5) / count, 1) for index in range(count)]


def lines(series: Mapping[str, Sequence[int | None]]) -> tuple[list[Tick], list[Line]]:
    """Lines over time by class, on one scale from 0."""
    scale = ticks(max((value or 0 for values in series.values() for value in values), default=0))
    top = scale[-1].value
    drawn = []
    for css, values in series.items():
        runs: list[list[Dot]] = [[]]
        for index, (x, value) in enumerate(zip(middles(len(values)), values, strict=True)):
            if value is None:
                runs.append([])
            else:
                runs[-1].append(Dot(x, round(TOP + DEEP * (1 - value / top), 1), index))
        paths = [" ".join(f"{dot.x},{dot.y}" for dot in run) for run in runs if len(run) > 1]
        drawn.append(Line(css, paths, [dot for run in runs for dot in run]))
    return scale, drawn


def stacks(values: Sequence[tuple[Sequence[int], Sequence[int]]]) -> tuple[float, list[Stack]]:
    """Bars of what came, up, and what went, down; and the height of the zero line."""
    up, down = (max((sum(both[way]) for both in values), default=0) for way in (0, 1))
    unit = DEEP / max(up + down, 1)
    zero = round(TOP + up * unit, 1)
    width = INNER / max(len(values), 1) * (1 - GAP)
    found = []
    for middle, (came, went) in zip(middles(len(values)), values, strict=True):
        bars, over, under = [], zero, zero
        for index, value in enumerate((*came, *went)):
            height = value * unit
            if index < len(came):
                over -= height
            if value:
                y = over if index < len(came) else under
                bars.append(Bar(round(middle - width / 2, 1), round(y, 1), round(width, 1), round(height, 1), index))
            if index >= len(came):
                under += height
        found.append(Stack(middle, bars, round(over - 5, 1), round(under + 15, 1)))
    return zero, found


def lying(rows: Sequence[Sequence[int]]) -> list[list[Bar]]:
    """Lying bars, a row each, on one scale from the left edge; `y` is that of the bar below its name."""
    most = max((sum(row) for row in rows), default=0) or 1
    room = WIDTH - 92  # the sum is written behind the bar
    found = []
    for number, row in enumerate(rows):
        bars, x = [], 0.0
        for index, value in enumerate(row):
            width = value / most * room
            if value:
                bars.append(Bar(round(x, 1), number * ROW + 18, round(width, 1), 20, index))
            x += width
        found.append(bars)
    return found


def share(across: float, up: float) -> Dot:
    """A point of a curve, both shares from 0 to 1."""
    return Dot(round(LEFT + INNER * across, 1), round(TOP + DEEP * (1 - up), 1), 0)
