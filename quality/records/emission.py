"""Payloads that were emitted, with the gold that follows from them, and how times are written."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from quality.records.company import City
from quality.records.gold import Gold

Payload = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Emitted:
    """One payload. `family` says into which files it may go: `turvo.detail`, `table.invoices`."""

    family: str
    payload: Mapping[str, Any]


@dataclass(slots=True)
class Emission:
    """Everything emitted so far. `rng` decides between shapes."""

    rng: random.Random
    gold: Gold = field(default_factory=Gold)
    emitted: list[Emitted] = field(default_factory=list)

    def add(self, family: str, payload: Mapping[str, Any]) -> None:
        """One more payload."""
        self.emitted.append(Emitted(family, payload))

    def city(self, city: City) -> str:
        """The location of a city."""
        return self.gold.thing(city.ref, "Location", city.label, city.label.replace(".", ""))

    def position(self, latitude: float, longitude: float) -> str:
        """The location of a position."""
        name = f"{latitude:.4f},{longitude:.4f}"
        return self.gold.thing(f"position:{name}", "Location", name)


def utc(time: datetime) -> str:
    """`2025-10-06T08:00:00Z`."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def spelled(rng: random.Random, time: datetime) -> str | int:
    """A time in one of the spellings that say their zone: UTC, an offset, seconds or milliseconds since 1970."""
    choice = rng.randrange(5)
    if choice == 1:
        return time.astimezone(timezone(timedelta(hours=-5))).isoformat()
    if choice == 2:
        return int(time.timestamp()) * 1000
    return time.strftime("%Y-%m-%dT%H:%M:%S.000+00:00") if choice == 3 else utc(time)


def local(time: datetime, zone: str) -> str:
    """The time on a clock in this zone, without saying so: the zone stands beside it."""
    return time.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M:%S")
