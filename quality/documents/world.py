"""The company whose papers are read: what its memory knows before they come.

Every name, number and address is invented: domains end in .example, telephones are 555-01xx. None of them stands in
the texts that the rules are tuned on.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from apex_cli.extract import keys

_CUSTOMERS = (
    "Tamarack Building Supply", "Osprey Bottling Company", "Redwater Seed & Grain", "Quillan Furniture Works",
    "Petrel Appliances Inc", "Harrow & Finch Paper", "Molinos del Valle S.A. de C.V.", "Cidrerie Beaumont Ltée",
)  # fmt: skip
_CARRIERS = (
    "Stonebridge Freightways LLC", "Gull Point Transfer", "Four Corners Reefer Inc", "Meridian Flatbed Co",
    "Autotransportes Quetzal S.A. de C.V.", "Transport Gagnier Inc", "Cottonwood Express", "Iron Mesa Logistics LLC",
)  # fmt: skip
_DRIVERS = (
    "Wendell Abara", "Katarzyna Nowak", "Luis Ocampo", "Shanice Boyd", "Étienne Roy", "Desmond Achebe",
    "Ingrid Solheim", "Paul Vandermeer",
)  # fmt: skip
PLACES = (
    ("Kansas City", "MO", "64120"), ("Laredo", "TX", "78045"), ("St. Louis", "MO", "63101"),
    ("Fort Wayne", "IN", "46803"),
    ("Salt Lake City", "UT", "84104"), ("Green Bay", "WI", "54304"), ("Chattanooga", "TN", "37406"),
    ("Brampton", "ON", "L6T 4M5"), ("Amarillo", "TX", "79101"), ("Oklahoma City", "OK", "73108"),
)  # fmt: skip
_ALPHABET = "ABCDEFGHJKLMNPRSTUVWXYZ"
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_VIN_VALUES = dict(zip("ABCDEFGH", range(1, 9), strict=True)) | dict(zip("JKLMN", range(1, 6), strict=True))
_VIN_VALUES |= {"P": 7, "R": 9} | dict(zip("STUVWXYZ", range(2, 10), strict=True))


@dataclass(frozen=True, slots=True)
class Known:
    """A thing that the memory knows. `keys` are aliases by which its node is found again."""

    type: str
    name: str
    keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class Load:
    """A known shipment, and who has to do with it."""

    number: str
    shipment: Known
    customer: Known
    carrier: Known
    driver: Known
    truck: Known
    vin: str
    mc: str
    phone: str
    origin: tuple[str, str, str]
    destination: tuple[str, str, str]

    def payload(self) -> dict[str, Any]:
        """The shipment as a flat object of Turvo."""
        return {
            "shipmentId": self.number,
            "customerName": self.customer.name,
            "carrierName": self.carrier.name,
            "carrierMc": f"MC-{self.mc}",
            "driverName": self.driver.name,
            "driverPhone": self.phone,
            "status": "Dispatched",
            "statusTime": "2026-03-02T15:00:00Z",
            "createdAt": "2026-03-01T12:00:00Z",
            "updatedAt": "2026-03-02T15:00:00Z",
            "origin": {"city": self.origin[0], "state": self.origin[1]},
            "destination": {"city": self.destination[0], "state": self.destination[1]},
        }

    def ping(self) -> dict[str, Any]:
        """Its truck as a reading."""
        return {
            "vehicle_id": self.truck.name,
            "vin": self.vin,
            "timestamp": "2026-03-02T15:10:00Z",
            "latitude": 39.1,
            "longitude": -94.6,
        }


def loads(rng: random.Random, count: int = 16) -> Sequence[Load]:
    """The shipments that are known, with numbers of several styles."""
    return [_load(rng, number) for number in range(count)]


def _load(rng: random.Random, index: int) -> Load:
    styles = (f"SHIP-2026-03-{2 + index % 20:02}-{index + 1:03}", f"LD-{61200 + 7 * index}", f"TW{880100 + 13 * index}")
    number = styles[index % 3]
    customer, carrier, driver = (names[index % len(names)] for names in (_CUSTOMERS, _CARRIERS, _DRIVERS))
    mc, phone = str(731_100 + 1_013 * (index % len(_CARRIERS))), f"816-555-01{10 + index % len(_DRIVERS)}"
    unit, vin = f"TRUCK-{4100 + 11 * (index % 8)}", _vin(index % 8)
    origin, destination = rng.sample(PLACES, 2)
    return Load(
        number,
        Known("Shipment", number, frozenset((f"shipment:id:{number}",))),
        Known("Customer", customer, frozenset((keys.source_name("customer", "turvo", customer),))),
        Known("Carrier", carrier, frozenset((keys.docket("mc", mc),))),
        Known("Driver", driver, frozenset((keys.phone("driver", f"1{phone.replace('-', '')}"),))),
        Known("Vehicle", unit, frozenset((keys.vehicle_unit(unit),))),
        vin,
        mc,
        phone,
        origin,
        destination,
    )


def _vin(index: int) -> str:
    made = f"1FUJGLD50LS{_ALPHABET[index]}X{4200 + index}"
    total = sum((_VIN_VALUES.get(one) or int(one)) * weight for one, weight in zip(made, _VIN_WEIGHTS, strict=True))
    return made[:8] + "0123456789X"[total % 11] + made[9:]
