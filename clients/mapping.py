"""What the map of a client list shows of a box: each client while they are few, else how many there are in each square
of a grid that the zoom sets. However many clients there are, the answer stays short (docs/decisions/068)."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from math import cos, hypot, radians
from typing import NamedTuple

from django.db import connection
from django.db.models import Count, Max, Min, Q

from accounts.models import User
from clients.area import Box
from clients.listing import Listing
from clients.models import Category, Status
from clients.querysets import ClientQuerySet
from territories.selectors import tree

EACH = 150  # clients: up to here each is shown by itself
SQUARE = 72  # pixels of the screen: the least width of a square
TILE = 256  # pixels that the world is wide at zoom 0
SQUARES = 24  # at most so many beside and above each other, whatever zoom and box are asked for
NAMES = 12  # of territories, written on the map
KINDS = {"status": Status.values, "category": [*Category.values, ""]}
NOWHERE = Q(lat=None) | Q(lon=None)


class Extent(NamedTuple):
    """Where clients are; `box` is None if none has coordinates, `missing` is how many have none."""

    box: Box | None
    placed: int
    missing: int


class Person(NamedTuple):
    """A client as a popup shows it."""

    code: str
    name: str
    address: str
    status: str
    category: str


class Mark(NamedTuple):
    """What stands at one place: so many clients, of each kind in the order of KINDS, in `box`; `people` if each is
    shown by itself, `near` the territory whose clients are nearest."""

    lat: float
    lon: float
    box: Box
    clients: int
    kinds: list[int]
    people: list[Person]
    near: str = ""


class Name(NamedTuple):
    """A territory, where its clients in the box are on the average."""

    name: str
    lat: float
    lon: float
    clients: int


class View(NamedTuple):
    clients: int
    kinds: list[int]  # of all in the box, in the order of KINDS
    marks: list[Mark]
    names: list[Name]


class _Part(NamedTuple):
    """The clients of one kind in a square: their mean place, what they lie in, the least id."""

    kind: str
    clients: int
    lat: float
    lon: float
    south: float
    west: float
    north: float
    east: float
    least: int


def extent(found: ClientQuerySet) -> Extent:
    """Where the clients of a list are."""
    row = found.order_by().aggregate(
        all=Count("pk"), placed=Count("pk", filter=~NOWHERE), south=Min("lat", filter=~NOWHERE),
        west=Min("lon", filter=~NOWHERE), north=Max("lat", filter=~NOWHERE), east=Max("lon", filter=~NOWHERE),
    )  # fmt: skip
    box = Box(row["south"], row["west"], row["north"], row["east"]) if row["placed"] else None
    return Extent(box, row["placed"], row["all"] - row["placed"])


def view(listing: Listing, box: Box, zoom: int, by: str) -> View:
    """What there is of the list in the box. `by` is a name of KINDS."""
    found = listing.found().filter(box.condition())
    marks, alone, places = _squares(found, box, zoom, by)
    names = _names(listing.user, places, min(NAMES, len(marks)))
    clients = sum(mark.clients for mark in marks)
    kinds = [sum(mark.kinds[place] for mark in marks) for place in range(len(KINDS[by]))]
    if clients <= EACH:
        marks = _each(found, by)
    else:
        marks = [mark for mark in marks if mark.clients > 1] + _each(found.among(alone), by)
    marks.sort(key=lambda mark: (-mark.clients, mark.people[:1]))
    return View(clients, kinds, [mark._replace(near=_nearest(mark, names)) for mark in marks], names)


def _squares(
    found: ClientQuerySet, box: Box, zoom: int, by: str
) -> tuple[list[Mark], list[int], dict[int, tuple[int, float, float]]]:
    """The squares of the box that hold clients; the ids of those that are alone in theirs; for each territory how many
    clients it has in the box, and their mean latitude and longitude. All in one pass."""
    wide = max(SQUARE * 360 / (TILE * 2**zoom), (box.east - box.west) / SQUARES, 1e-6)
    # Of Mercator: a degree of latitude is so much longer on the screen. Rounded, so that squares stay while one pans.
    high = max(wide * round(cos(radians((box.south + box.north) / 2)) * 8 + 0.5) / 8, (box.north - box.south) / SQUARES)
    text, parameters = found.order_by().values_list("pk", "lat", "lon", by, "territory_id").query.sql_with_params()
    squares: dict[tuple[int, int], list[_Part]] = defaultdict(list)
    places: dict[int, tuple[int, float, float]] = {}
    with connection.cursor() as cursor:
        # OFFSET 0 hides from the planner that x and y come of columns with a million values: it sorts them otherwise,
        # which takes three times as long.
        cursor.execute(
            "SELECT x, y, kind, place, count(*), avg(lat), avg(lon), min(lat), min(lon), max(lat), max(lon), min(id)"
            " FROM (SELECT floor(lon / %s)::int AS x, floor(lat / %s)::int AS y, id, lat, lon, kind, place"
            f" FROM ({text}) one (id, lat, lon, kind, place) OFFSET 0) squared"
            " GROUP BY GROUPING SETS ((x, y, kind), (place))",
            [wide, high, *parameters],
        )
        for x, y, kind, place, *numbers in cursor.fetchall():
            if x is None:
                places[place] = (numbers[0], numbers[1], numbers[2])
            else:
                squares[x, y].append(_Part(kind, *numbers))
    marks = []
    for parts in squares.values():
        clients = sum(part.clients for part in parts)
        counts = {part.kind: part.clients for part in parts}
        lat = sum(part.clients * part.lat for part in parts) / clients
        lon = sum(part.clients * part.lon for part in parts) / clients
        inside = Box(
            min(part.south for part in parts), min(part.west for part in parts),
            max(part.north for part in parts), max(part.east for part in parts),
        )  # fmt: skip
        marks.append(Mark(lat, lon, inside, clients, [counts.get(kind, 0) for kind in KINDS[by]], []))
    alone = [parts[0].least for parts in squares.values() if len(parts) == 1 and parts[0].clients == 1]
    return marks, alone, places


def _each(found: ClientQuerySet, by: str) -> list[Mark]:
    """Each of them; those at the very same place together."""
    rows = found.order_by("name_sort", "pk").values_list("lat", "lon", *Person._fields)
    spots: dict[tuple[float, float], list[Person]] = defaultdict(list)
    for lat, lon, *rest in rows:
        spots[lat, lon].append(Person(*rest))
    return [
        Mark(lat, lon, Box(lat, lon, lat, lon), len(people),
             [sum(getattr(one, by) == kind for one in people) for kind in KINDS[by]], people)
        for (lat, lon), people in spots.items()
    ]  # fmt: skip


def _names(user: User, places: dict[int, tuple[int, float, float]], most: int) -> list[Name]:
    """The territories to be written on the map: of the tree's levels the lowest that has no more than `most` here."""
    nodes = {node.pk: node for node in tree(user)}
    best: list[Name] = []
    shown: dict[int, tuple[int, float, float]] = {pk: sums for pk, sums in places.items() if pk in nodes}
    deepest = max((nodes[pk].depth for pk in shown), default=-1)
    for depth in range(deepest + 1):
        level: dict[int, list[tuple[int, float, float]]] = defaultdict(list)
        for pk, sums in shown.items():
            node = nodes[pk]
            while node.depth > depth and node.parent_id is not None:
                node = nodes[node.parent_id]
            level[node.pk].append(sums)
        if best and len(level) > most:
            break
        best = [_mean(nodes[pk].name, parts) for pk, parts in level.items()]
    best.sort(key=lambda name: -name.clients)
    return best[:NAMES]


def _mean(name: str, parts: Collection[tuple[int, float, float]]) -> Name:
    clients = sum(number for number, _lat, _lon in parts)
    lat, lon = (sum(part[0] * part[at] for part in parts) / clients for at in (1, 2))
    return Name(name, lat, lon, clients)


def _nearest(mark: Mark, names: Iterable[Name]) -> str:
    wide = cos(radians(mark.lat))
    away = ((hypot(name.lat - mark.lat, (name.lon - mark.lon) * wide), name.name) for name in names)
    return min(away, default=(0, ""))[1]
