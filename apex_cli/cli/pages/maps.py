"""The geometry of a map of positions. It has no tiles, so it needs no network.

What is in the middle of the picture is drawn as wide as it is (an equirectangular projection around the middle of the
positions), with a grid of degrees and a scale.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apex_cli.cli.pages.charts import TextAt
from apex_cli.cli.pages.timelines import sentence
from apex_cli.model import EntityType, Predicate
from apex_cli.reports import Portrait
from apex_cli.stores.views import EntityView, FactView

_WIDTH, _HEIGHT = 760, 420
_MARGIN = 34
_LEAST_SPAN = 0.02
"""Degrees: a truck that stands is drawn in its surroundings, not all over the picture."""
_KM = 111.32
"""A degree of latitude in kilometres."""
Projection = Callable[[float, float], tuple[float, float]]
Box = tuple[float, float, float, float]
"""South, west, north and east, in degrees."""
_PLACES = (EntityType.LOCATION, EntityType.GEOFENCE, EntityType.STOP)


@dataclass(frozen=True, slots=True)
class Spot:
    """A position on the map; `is_last`: the newest. A place that does not move has no record."""

    x: float
    y: float
    says: str
    record_id: str
    is_last: bool


@dataclass(frozen=True, slots=True)
class MapView:
    """Positions, and the way between those of one vehicle. `grid` are lines of degrees: x1, y1, x2, y2 and a label."""

    width: float
    height: float
    spots: Sequence[Spot]
    paths: Sequence[str]
    grid: Sequence[tuple[float, float, float, float, TextAt]]
    scale: tuple[float, str]
    description: str


def places(portrait: Portrait) -> MapView | None:
    """The positions of the entity, and of what its drivers drove for it; None without any."""
    found: list[tuple[float, float, FactView]] = []
    for fact in (*portrait.facts, *portrait.trails):
        position = _position(fact.attributes)
        if position is not None and fact.predicate == Predicate.LOCATED_AT:
            found.append((*position, fact))
    fixed: list[tuple[float, float, EntityView, FactView]] = []
    for one in portrait.neighbourhood.neighbours:
        position = _position(one.entity.attributes)
        if position is not None and one.entity.type in _PLACES:
            fixed.append((*position, one.entity, one.facts[-1]))
    if not found and not fixed:
        return None
    project, box = _projection([*((lat, lon) for lat, lon, _ in found), *((lat, lon) for lat, lon, _, _ in fixed)])
    spots: list[Spot] = []
    names = portrait.record_names
    for index, (lat, lon, fact) in enumerate(found):
        record = portrait.newest.get(fact.id, "")
        spots.append(Spot(*project(lat, lon), sentence(fact, names.get(record, "")), record, index == len(found) - 1))
    for lat, lon, entity, fact in fixed:
        spots.append(Spot(*project(lat, lon), f"{entity.type} {entity.name}. {fact.sentence}", "", False))
    ways: dict[str, list[tuple[float, float]]] = {}
    for lat, lon, fact in found:
        ways.setdefault(fact.subject_id, []).append(project(lat, lon))
    paths = ["M" + " L".join(f"{x} {y}" for x, y in way) for way in ways.values() if len(way) > 1]
    says = (
        f"{len(spots):,} positions between {box[0]:.2f}°, {box[1]:.2f}° and {box[2]:.2f}°, {box[3]:.2f}°; north is up."
    )
    return MapView(_WIDTH, _HEIGHT, spots, paths, _grid(project, box), _scale(box), says)


def _position(attributes: Mapping[str, Any]) -> tuple[float, float] | None:
    lat, lon = attributes.get("latitude"), attributes.get("longitude")
    if not isinstance(lat, int | float) or not isinstance(lon, int | float):
        return None
    return (float(lat), float(lon)) if abs(lat) <= 90 and abs(lon) <= 180 else None


def _projection(spots: Sequence[tuple[float, float]]) -> tuple[Projection, Box]:
    """From degrees to the picture; and its corner in the south-west and in the north-east."""
    south, north = min(lat for lat, _ in spots), max(lat for lat, _ in spots)
    west, east = min(lon for _, lon in spots), max(lon for _, lon in spots)
    middle_lat, middle_lon = (south + north) / 2, (west + east) / 2
    narrow = max(0.05, math.cos(math.radians(middle_lat)))
    high, wide = max(north - south, _LEAST_SPAN), max((east - west) * narrow, _LEAST_SPAN)
    scale = min((_HEIGHT - 2 * _MARGIN) / high, (_WIDTH - 2 * _MARGIN) / wide)

    def project(lat: float, lon: float) -> tuple[float, float]:
        x = _WIDTH / 2 + (lon - middle_lon) * narrow * scale
        return round(x, 1), round(_HEIGHT / 2 - (lat - middle_lat) * scale, 1)

    half_high, half_wide = _HEIGHT / 2 / scale, _WIDTH / 2 / scale / narrow
    return project, (middle_lat - half_high, middle_lon - half_wide, middle_lat + half_high, middle_lon + half_wide)


def _grid(project: Projection, box: Box) -> list[tuple[float, float, float, float, TextAt]]:
    south, west, north, east = box
    step = _degrees(max(north - south, 1e-6) / 4)
    lines: list[tuple[float, float, float, float, TextAt]] = []
    for number in range(math.ceil(south / step), math.floor(north / step) + 1):
        _, y = project(number * step, west)
        lines.append((0, y, _WIDTH, y, TextAt(4, y - 3, f"{number * step:.6g}°")))
    step = _degrees(max(east - west, 1e-6) / 5)
    for number in range(math.ceil(west / step), math.floor(east / step) + 1):
        x, _ = project(south, number * step)
        lines.append((x, 0, x, _HEIGHT, TextAt(x + 3, _HEIGHT - 5, f"{number * step:.6g}°")))
    return lines


def _degrees(least: float) -> float:
    size = 10.0 ** math.floor(math.log10(least))
    return next(size * factor for factor in (1, 2, 5, 10) if size * factor >= least)


def _scale(box: Box) -> tuple[float, str]:
    """The length of a round number of kilometres in the picture."""
    per_km = _HEIGHT / ((box[2] - box[0]) * _KM)
    km = _degrees(90 / per_km)
    return round(km * per_km, 1), f"{km:g} km" if km >= 1 else f"{km * 1000:g} m"
