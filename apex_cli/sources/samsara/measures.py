"""Measured values in one unit each, with the value and unit that the source gave beside it.

Samsara gives speeds in miles per hour (readings), kilometres per hour (alerts) and metres per second (streams, Kafka).
Here every speed is `speed_mph`, two decimals; a converted one keeps the original as `speed_kph` or `speed_mps`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apex_cli.extract import fields

_MPH_OF_KPH = 1 / 1.609344
_MPH_OF_MPS = 3600 / 1609.344
_MILES_OF_METERS = 1 / 1609.344
_DECIMALS = 2
# Name of a field: the attribute that keeps it, and how many miles per hour one is. The first that is there counts.
_SPEEDS = {
    "speed_mph": ("speed_mph", 1.0),
    "speed_miles_per_hour": ("speed_mph", 1.0),
    "gps_speed_meters_per_second": ("speed_mps", _MPH_OF_MPS),
    "speed_meters_per_second": ("speed_mps", _MPH_OF_MPS),
    "speed_mps": ("speed_mps", _MPH_OF_MPS),
    "speed_kilometers_per_hour": ("speed_kph", _MPH_OF_KPH),
    "current_speed_kilometers_per_hour": ("speed_kph", _MPH_OF_KPH),
    "speed_kph": ("speed_kph", _MPH_OF_KPH),
    "speed_kmh": ("speed_kph", _MPH_OF_KPH),
}
_SHOWN = {"speed_kph": "km/h", "speed_mps": "m/s"}


def speed(reading: Mapping[str, Any]) -> tuple[dict[str, float], str | None]:
    """The speed of a reading as attributes, and the field that gave it; empty and None without one.

    `{"gps_speed_meters_per_second": 24.6}` gives `{"speed_mph": 55.03, "speed_mps": 24.6}`.
    """
    for name, (kept, factor) in _SPEEDS.items():
        value = fields.number(reading.get(name))
        if value is not None:
            return {"speed_mph": value if kept == "speed_mph" else round(value * factor, _DECIMALS), kept: value}, name
    return {}, None


def speed_phrase(found: Mapping[str, float]) -> str:
    """ "moving at 55.03 mph (24.6 m/s)"."""
    original = next((f" ({fields.scalar(found[name])} {unit})" for name, unit in _SHOWN.items() if name in found), "")
    return f"moving at {fields.scalar(found['speed_mph'])} mph{original}"


def miles(meters: float) -> float:
    """A distance in metres as miles, two decimals."""
    return round(meters * _MILES_OF_METERS, _DECIMALS)
