"""The invented company: customers, carriers, drivers, trucks and shipments, and their lives in time.

Every name, number and address here is invented: domains end in .example, telephones are 555-01xx, the check digits of
VINs are computed. What is easily mixed up is here on purpose:

- shipments SHIP-2025-10-06-002 and -020, trucks TRUCK-6502 and TRUCK-6520, unit 101 in two fleets;
- two customers, two carriers and two drivers of one name with ids of their own; one customer in many spellings;
- trucks without a VIN ("UNKNOWN"), carriers without a USDOT number ("0000000"), drivers with the telephone of their
  dispatcher or with none (000-000-0000).
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

T = TypeVar("T")
START = datetime(2025, 10, 6, 6, 0, tzinfo=UTC)
NO_PHONE, NO_VIN, NO_NUMBER = "000-000-0000", "UNKNOWN", "0000000"
_CUSTOMERS = (
    (
        "Acme Manufacturing Corp",
        "ACME MANUFACTURING CORP.",
        "Acme Manufacturing Corporation",
        "acme-manufacturing corp",
    ),
    ("Halcyon Paper Co", "Halcyon Paper Company", "HALCYON PAPER CO."),
    ("Boréal Épicerie Ltée", "Boreal Epicerie Ltee", unicodedata.normalize("NFD", "Boréal Épicerie Ltée")),
    ("Acme Trucking Supply LLC", "Acme Trucking Supply, L.L.C."),
    ("Delta Foods LLC",),
    ("Delta Foods LLC",),
    ("Prairie Oat Mills", "PRAIRIE OAT MILLS"),
)
_CARRIERS = (
    ("Lakeshore Haulage Inc", "LAKESHORE HAULAGE, INC."),
    ("Bluestem Transit LLC", "Bluestem Transit"),
    ("Star Line Transport, LLC",),
    ("Star Line Transport, LLC",),
    ("Transportes Sierra S.A. de C.V.", "TRANSPORTES SIERRA SA DE CV"),
)
_DRIVERS = (
    "Tomas Beltran", "Priya Nair", "Ines Calder", "Ines Calder", "Owen Marsh", "Lena Fischer", "Goran Petrov",
    "Mia Sato",
)  # fmt: skip
_CITIES = (
    ("Chicago", "IL", 41.8781, -87.6298, "America/Chicago"),
    ("Indianapolis", "IN", 39.7684, -86.1581, "America/Indiana/Indianapolis"),
    ("St. Louis", "MO", 38.627, -90.1994, "America/Chicago"),
    ("Denver", "CO", 39.7392, -104.9903, "America/Denver"),
    ("Kansas City", "MO", 39.0997, -94.5786, "America/Chicago"),
    ("Laredo", "TX", 27.5306, -99.4803, "America/Chicago"),
    ("Columbus", "OH", 39.9612, -82.9988, "America/New_York"),
)
_MANAGERS = ("Amara Diallo", "Hugo Lindqvist", "Sofia Marino")
_PINGS = 7
_FENCES = (("90210044", "Acme Indy DC - Gate 3"), ("90210045", "Halcyon Yard West"))
_STATUSES = (
    ("Tendered", "2101"), ("Covered", "2102"), ("Dispatched", "2103"), ("At pickup", "2104"), ("En route", "2105"),
    ("On Hold", "2140"), ("En route", "2105"), ("Delivered", "2107"),
)  # fmt: skip
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_VIN_VALUES = dict(zip("ABCDEFGH", range(1, 9), strict=True)) | dict(zip("JKLMN", range(1, 6), strict=True))
_VIN_VALUES |= {"P": 7, "R": 9} | dict(zip("STUVWXYZ", range(2, 10), strict=True))


@dataclass(frozen=True, slots=True)
class Company:
    """A customer or a carrier; `spellings` are one name, the first the usual one."""

    ref: str
    id: int
    spellings: Sequence[str]
    mc: str = ""
    is_namesake: bool = False
    """Whether another company has the same name: then only ids say which one is meant."""

    @property
    def name(self) -> str:
        return self.spellings[0]


@dataclass(frozen=True, slots=True)
class Driver:
    """`phone` may be shared with another driver, or be no telephone at all."""

    ref: str
    id: int
    name: str
    phone: str
    is_namesake: bool = False


@dataclass(frozen=True, slots=True)
class City:
    ref: str
    name: str
    state: str
    latitude: float
    longitude: float
    zone: str

    @property
    def label(self) -> str:
        return f"{self.name}, {self.state}"


@dataclass(frozen=True, slots=True)
class Fence:
    ref: str
    place: str
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Ping:
    """Where a truck is at a time. `fence` while it is inside of one; `leaves` where it is seen outside again."""

    at: datetime
    city: City
    latitude: float
    longitude: float
    mph: int
    fence: Fence | None = None
    leaves: bool = False


@dataclass(frozen=True, slots=True)
class Truck:
    """A truck. One of a `fleet` (an organisation) that only sends flat readings has no `samsara_id`."""

    ref: str
    unit: str
    samsara_id: str
    vin: str
    serial: str
    fleet: str
    pings: Sequence[Ping] = ()
    engine: Sequence[tuple[datetime, str]] = ()
    drivers: Sequence[tuple[datetime, tuple[str, str, str]]] = ()
    """Who drives it, since when: (ref, Samsara id, name)."""
    renamed: datetime | None = None

    def unit_at(self, time: datetime) -> str:
        """Its name: with a B at the end since it was renamed."""
        return self.unit if self.renamed is None or time < self.renamed else f"{self.unit}B"


@dataclass(frozen=True, slots=True)
class Stop:
    ref: str
    id: int
    kind: str
    city: City
    appointment: datetime
    arrival: datetime
    departed: datetime


@dataclass(frozen=True, slots=True)
class Shipment:
    """A shipment's life. `statuses` are (words, code, since); `customers`, `carriers` and `drivers` (since, who).

    It may be without a driver again, and back at a carrier or a status that it had before.
    """

    ref: str
    number: str
    turvo_id: int
    created: datetime
    customers: Sequence[tuple[datetime, Company]]
    carriers: Sequence[tuple[datetime, Company]]
    drivers: Sequence[tuple[datetime, Driver | None]]
    statuses: Sequence[tuple[str, str, datetime]]
    stops: Sequence[Stop]
    order: str
    manager: str
    is_flat: bool = False
    lost: Stop | None = None
    """A stop that was planned, and deleted before the delivery."""

    def customer_at(self, time: datetime) -> Company:
        """The customer at a time; the first before that."""
        return current(self.customers, time) or self.customers[0][1]

    def carrier_at(self, time: datetime) -> Company:
        """The carrier at a time; the first before that."""
        return current(self.carriers, time) or self.carriers[0][1]


@dataclass(slots=True)
class World:
    """Everything that there is."""

    customers: list[Company] = field(default_factory=list)
    carriers: list[Company] = field(default_factory=list)
    drivers: list[Driver] = field(default_factory=list)
    trucks: list[Truck] = field(default_factory=list)
    shipments: list[Shipment] = field(default_factory=list)


def make(rng: random.Random, *, trucks: int, api_shipments: int, flat_shipments: int) -> World:
    """A company of this size. The same generator state gives the same company."""
    cities = [City(f"city:{one[0]}", *one) for one in _CITIES]
    world = World(
        _companies("customer", _CUSTOMERS, 834100),
        _companies("carrier", _CARRIERS, 247100),
        [_driver(number, name) for number, name in enumerate(_DRIVERS)],
    )
    world.trucks = _trucks(rng, trucks, cities)
    for number in range(api_shipments + flat_shipments):
        world.shipments.append(_shipment(rng, number, world, cities, is_flat=number >= api_shipments))
    return world


def current(history: Sequence[tuple[datetime, T]], at: datetime) -> T | None:
    """What holds at a time; None before the first."""
    return next((value for since, value in reversed(history) if since <= at), None)


def _companies(kind: str, named: Sequence[Sequence[str]], first: int) -> list[Company]:
    firsts = [one[0] for one in named]
    return [
        Company(f"{kind}:{number}", first + number, one, str(611200 + 1009 * number), firsts.count(one[0]) > 1)
        for number, one in enumerate(named)
    ]


def _driver(number: int, name: str) -> Driver:
    # The first two share their dispatcher's telephone; the fifth and the sixth have none.
    phone = "+13125550100" if number < 2 else NO_PHONE if number in (4, 5) else f"+1312555{140 + number:04}"
    return Driver(f"driver:{number}", 7700 + number, name, phone, _DRIVERS.count(name) > 1)


def _trucks(rng: random.Random, count: int, cities: Sequence[City]) -> list[Truck]:
    fences = [Fence(f"fence:{id}", f"address:{id}", id, name) for id, name in _FENCES]
    made: list[Truck] = []
    units = ("TRUCK-6502", "TRUCK-6520", "TRUCK-6521", "TRUCK-6052")
    pairs = [(f"sdriver:{one}", str(51900077 + one), f"Nolan Reyes {chr(65 + one)}") for one in range(count)]
    for number in range(count):
        begin = START + timedelta(minutes=7 * number)
        # Trucks swap their drivers in pairs, both at the same time.
        other = number ^ 1 if number ^ 1 < count else number
        base = START + timedelta(minutes=7 * min(number, other))
        switch = base + timedelta(days=2, hours=3)
        drivers = [(base, pairs[number])] + ([(switch, pairs[other])] if other != number else [])
        made.append(
            Truck(
                f"truck:{number}",
                units[number] if number < len(units) else f"TRUCK-7{number:03}",
                str(281474990000101 + number),
                NO_VIN if number % 5 in (2, 3) else _vin(rng, number),
                f"GXR4T7KQ{number:02}",
                "",
                _pings(rng, begin, cities, fences[number % 2] if number % 3 == 0 else None),
                [(begin + timedelta(hours=11 * step), ("On", "Idle", "Off")[step % 3]) for step in range(3)],
                drivers,
                begin + timedelta(days=1, hours=12) if number % 4 == 1 else None,
            )
        )
    for fleet in ("48151", "48152"):
        begin = START + timedelta(minutes=3)
        made.append(Truck(f"truck:101@{fleet}", "101", "", "", "", fleet, _pings(rng, begin, cities, None)))
    return made


def _pings(rng: random.Random, begin: datetime, cities: Sequence[City], fence: Fence | None) -> list[Ping]:
    found: list[Ping] = []
    for step in range(_PINGS):
        # The last one is where it was two before: what lies between parts them.
        others = [one for one in cities if not found or one is not found[-1].city]
        city = found[4].city if step == _PINGS - 1 else rng.choice(others)
        at = begin + timedelta(hours=9 * step, minutes=rng.randrange(1, 50))
        north = round(city.latitude + rng.randrange(1, 90) / 1000, 4)
        east = round(city.longitude + rng.randrange(1, 90) / 1000, 4)
        inside = fence if step in (2, 3) else None
        found.append(Ping(at, city, north, east, rng.randrange(0, 70), inside, fence is not None and step == 4))
    return found


def _vin(rng: random.Random, number: int) -> str:
    vin = "1XKYD49X" + "0" + "PJ" + f"{rng.randrange(10, 99)}{1000 + number:04}"
    values = (int(char) if char.isdigit() else _VIN_VALUES[char] for char in vin)
    total = sum(value * weight for value, weight in zip(values, _VIN_WEIGHTS, strict=True))
    return vin[:8] + ("X" if total % 11 == 10 else str(total % 11)) + vin[9:]


def _assigned(
    number: int, times: Sequence[datetime], drivers: Sequence[Driver]
) -> list[tuple[datetime, Driver | None]]:
    """One driver; then another, or none."""
    after: list[tuple[datetime, Driver | None]] = [(times[3], drivers[1])] if number % 3 == 0 else []
    return [(times[2], drivers[0]), *([(times[5], None)] if number % 3 == 1 else after)]


def _shipment(rng: random.Random, number: int, world: World, cities: Sequence[City], *, is_flat: bool) -> Shipment:
    created = START + timedelta(hours=5 * number, minutes=rng.randrange(60))
    # 002 and 020, 003 and 030: near misses.
    half = number // 2 + 1 + number // 18
    shipment_number = f"SHIP-2025-10-06-{half * (10 if number % 2 else 1):03}"
    times = [created + timedelta(hours=h, minutes=rng.randrange(40)) for h in (1, 3, 8, 13, 15, 20, 23, 36)]
    statuses = [(word, code, at) for (word, code), at in zip(_STATUSES, times, strict=True)]
    ref = f"shipment:{number}"
    customer, other = rng.sample(world.customers, 2)
    first, second = rng.sample(world.carriers, 2)
    drivers = rng.sample(world.drivers, 2)
    start, end = rng.sample(list(cities), 2)
    again = times[1] + timedelta(hours=2)
    moved = number % 4 == 1
    return Shipment(
        ref,
        shipment_number,
        1000481900 + number,
        created,
        [(created, customer), *([(again, other)] if is_flat and moved else [])],
        [(times[0], first), *([(again, second), (times[4], first)][: 1 + number % 8 // 5] if moved else [])],
        _assigned(number, times, drivers),
        statuses,
        [
            Stop(
                f"stop:{number}:{place}",
                88120000 + 10 * number + place,
                kind,
                city,
                at + timedelta(minutes=30),
                at + timedelta(minutes=10),
                at + timedelta(minutes=65),
            )
            for place, (kind, city, at) in enumerate((("Pickup", start, times[3]), ("Delivery", end, times[-1])))
        ],
        f"PO-{773200 + number}",
        _MANAGERS[number % len(_MANAGERS)],
        is_flat,
        Stop(
            f"stop:{number}:2",
            88120002 + 10 * number,
            "Delivery",
            rng.choice(list(cities)),
            times[4],
            times[4],
            times[4],
        )
        if number % 5 in (2, 3)
        else None,
    )
