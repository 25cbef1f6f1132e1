"""Durations, sizes, portions and times as users write them: read from text, and written for people."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime

SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
"""Seconds in each unit of a duration."""
A_DURATION = "a duration such as 30s, 5m, 24h or 7d"
A_SIZE = "a size such as 64k, 32M or 10G"

A_PORTION = "a number such as 25, or a percentage such as 10%"

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)?")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(|b|k|kb|m|mb|g|gb|kib|mib|gib)", re.I)
_PORTION = re.compile(r"(\d{1,9})|(\d{1,3}(?:\.\d{1,6})?)\s*%", re.ASCII)


@dataclass(frozen=True, slots=True)
class Portion:
    """So many of a whole: a `number`, else `percent` of it, 0 to 100."""

    number: int | None = None
    percent: float | None = None

    def of(self, total: int) -> int:
        """How many of `total`. A percentage is rounded up: 10% of 3 is 1."""
        return self.number if self.number is not None else math.ceil(total * (self.percent or 0.0) / 100)

    def __str__(self) -> str:
        return f"{self.percent:g}%" if self.number is None else str(self.number)


def parse_portion(text: str) -> Portion:
    """A portion from `25` or `10%`. Raises `ValueError`."""
    match = _PORTION.fullmatch(text.strip())
    if match is None or (match[2] and float(match[2]) > 100):
        raise ValueError(f"{text!r} is not {A_PORTION}")
    return Portion(number=int(match[1])) if match[1] else Portion(percent=float(match[2]))


def parse_duration(text: str) -> float:
    """Seconds from `90`, `500ms`, `30s`, `5m`, `24h` or `7d`. Raises `ValueError`."""
    match = _DURATION.fullmatch(text.strip().lower())
    if match is None:
        raise ValueError(f"{text!r} is not {A_DURATION}")
    return float(match[1]) * SECONDS[match[2] or "s"]


def parse_moment(text: str) -> datetime:
    """An aware UTC time from RFC 3339, a date (its midnight), or a date and time without a zone (taken as UTC).

    Raises `ValueError`.
    """
    try:
        found = datetime.fromisoformat(text.strip())
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is not a time such as 2025-10-19 or 2025-10-19T14:30:00Z") from error


def parse_size(text: str) -> int:
    """Bytes from `1048576`, `64k`, `32M` or `10GiB` (powers of 1024). Raises `ValueError`."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not {A_SIZE}")
    power = {"": 0, "b": 0, "k": 1, "m": 2, "g": 3}[match[2][:1].lower()]
    return int(float(match[1]) * 1024**power)


def exact_duration(seconds: float) -> str:
    """`2m`, `24h`, `1.5s`: in the largest unit that needs no fraction, as `parse_duration` reads it."""
    unit = next((unit for unit in ("h", "m") if seconds and seconds % SECONDS[unit] == 0), "s")
    return f"{seconds / SECONDS[unit]:g}{unit}"


def exact_size(count: int) -> str:
    """`10G`, `32M`, `100000`: in the largest unit that needs no fraction, as `parse_size` reads it."""
    units = ((1024**power, unit) for power, unit in ((3, "G"), (2, "M"), (1, "k")))
    factor, unit = next((each for each in units if count and count % each[0] == 0), (1, ""))
    return f"{count // factor}{unit}"


def format_size(count: int) -> str:
    """`512 B`, `1.5 KiB`, `10.0 GiB` (IEC 80000-13 binary prefixes)."""
    if count < 1024:
        return f"{count} B"
    value = float(count)
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        value /= 1024
        if value < 1024:
            return f"{value:.1f} {unit}"
    return f"{value / 1024:.1f} PiB"


def format_duration(seconds: float) -> str:
    """`45s`, `12m`, `5h`, `3d`: one whole unit, rounded down."""
    for unit in ("d", "h", "m"):
        if seconds >= SECONDS[unit]:
            return f"{int(seconds // SECONDS[unit])}{unit}"
    return f"{max(0, int(seconds))}s"
