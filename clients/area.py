"""An area of the map as a filter of the list: `?area=` in the address, a rectangle or a polygon.

Two points are the south-western and the north-eastern corner of a rectangle, three and more a polygon; each is
latitude~longitude in degrees, parted by `_`: 55.70~37.50_55.80~37.70. No sign of it needs escaping.
"""

import re
from math import floor
from typing import NamedTuple

from django.db.models import BooleanField, F, Func, Q, TextField, Value
from django.db.models.expressions import Combinable

MOST = 100  # points: an address stays below what gunicorn takes
POINT = re.compile(r"(-?\d{1,2}(?:\.\d{1,7})?)~(-?\d{1,3}(?:\.\d{1,7})?)", re.ASCII)


class Box(NamedTuple):
    """Degrees. West is never east of east: nothing goes round the 180th meridian."""

    south: float
    west: float
    north: float
    east: float

    def condition(self) -> Q:
        return Q(lat__range=(self.south, self.north), lon__range=(self.west, self.east))


WORLD = Box(-90, -180, 90, 180)


def _down(degrees: float) -> float:
    return floor(degrees * 1e6) / 1e6


class _Within(Func):
    """Whether a point lies in a polygon or on its edge, on the plane of longitude and latitude."""

    function = "poly_contain_pt"
    output_field = BooleanField()


class _Polygon(Func):
    template = "(%(expressions)s)::polygon"
    output_field = TextField()


class Area(NamedTuple):
    points: tuple[tuple[float, float], ...]  # latitude, longitude

    @classmethod
    def of(cls, text: str) -> "Area | None":
        """As an address has it; None for anything else."""
        found = [POINT.fullmatch(part) for part in text.split("_", MOST)]
        points = [(float(one[1]), float(one[2])) for one in found if one]
        if len(points) != len(found) or not 2 <= len(points) <= MOST:
            return None
        if any(abs(lat) > 90 or abs(lon) > 180 for lat, lon in points):
            return None
        if len(points) == 2 and (points[0][0] > points[1][0] or points[0][1] > points[1][1]):
            return None
        return cls(tuple(points))

    def __str__(self) -> str:
        return "_".join(f"{lat:.6f}~{lon:.6f}" for lat, lon in self.points)

    @classmethod
    def around(cls, box: Box) -> "Area":
        """A rectangle that holds the box, to a millionth of a degree (some 10 cm)."""
        return cls(((_down(box.south), _down(box.west)), (-_down(-box.north), -_down(-box.east))))

    @property
    def box(self) -> Box:
        """What it lies in."""
        lats, lons = zip(*self.points, strict=True)
        return Box(min(lats), min(lons), max(lats), max(lons))

    def condition(self) -> Q:
        """Clients in it. The box comes first in any case: an index finds it."""
        within = self.box.condition()
        if len(self.points) == 2:
            return within
        text = ",".join(f"({lon},{lat})" for lat, lon in self.points)
        point: Combinable = Func(F("lon"), F("lat"), function="point")
        return within & Q(_Within(_Polygon(Value(text)), point))
