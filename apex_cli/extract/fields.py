"""Lenient reading of JSON fields: one field may be a string in one record, and a number, list or object in the next."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from apex_cli.extract import clean, cuts

_EXACT_FLOAT = 2**53
_MAX_BITS = 128
_MAX_ITEMS = 10_000
"""Of one list: far beyond what one thing has; more are the rows of a page that was not opened."""


def scalar(value: object) -> str | None:
    """A string or number as one clean line; None for anything else and for what is empty."""
    if isinstance(value, str):
        # A long one stays whole: the key of a long value ends in the hash of the whole.
        return (clean.line(value) if len(value) <= clean.NAME_LIMIT else value.strip()) or None
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int):
        return str(value) if value.bit_length() <= _MAX_BITS else None
    if isinstance(value, float) and math.isfinite(value):
        return str(int(value)) if value.is_integer() and abs(value) < _EXACT_FLOAT else repr(value)
    return None


def label(value: object) -> str | None:
    """A scalar, or the scalar inside `{"name": …}` or `{"value": …}`."""
    if value is None or isinstance(value, str):
        # Before the test for an object, which costs most.
        return scalar(value)
    return pick(value, "name", "value") if isinstance(value, Mapping) else scalar(value)


def pick(payload: Mapping[str, Any], *names: str) -> str | None:
    """The first of these fields that is a string or number and not empty."""
    for name in names:
        value = payload.get(name)
        if value is not None and (found := scalar(value)):
            return found
    return None


def number(value: object) -> float | None:
    """A finite number, also from a string; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and len(value) > 40:
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def position(latitude: object, longitude: object) -> tuple[float, float] | None:
    """Both in degrees where they are a place on earth, (0, 0) included; else None."""
    north, east = number(latitude), number(longitude)
    if north is None or east is None or not (-90 <= north <= 90 and -180 <= east <= 180):
        return None
    return north, east


def objects(value: object) -> list[Mapping[str, Any]]:
    """The objects of a list (the first 10,000), or the one object itself."""
    if isinstance(value, Mapping):
        return [value]
    if isinstance(value, list):
        return [item for item in _first(value) if isinstance(item, Mapping)]
    return []


def items(value: object) -> list[Any]:
    """The items of a list (the first 10,000), or the one value itself; nothing for null."""
    if isinstance(value, list):
        return _first(value)
    return [] if value is None else [value]


def scalars(value: object) -> list[str]:
    """The strings and numbers of a list, or of a comma separated string, as clean lines."""
    found = _first(value.split(",")) if isinstance(value, str) else items(value)
    return [text for item in found if (text := label(item))]


def _first(items: list[Any]) -> list[Any]:
    if len(items) > _MAX_ITEMS:
        cuts.left_out(f"{len(items) - _MAX_ITEMS:,} of the {len(items):,} items of a list")
    return items[:_MAX_ITEMS]
