"""Generated freight records, the same for the same seed: for the benchmark and the fault campaigns.

Pings of a fleet that moves along its lanes (some late), shipments, messages about them, and other JSON. Run
`python -m tests.generate COUNT > records.jsonl`.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

CITIES = [
    ("Chicago", "IL", 41.8781, -87.6298),
    ("Indianapolis", "IN", 39.7684, -86.1581),
    ("Columbus", "OH", 39.9612, -82.9988),
    ("Louisville", "KY", 38.2527, -85.7585),
    ("Nashville", "TN", 36.1627, -86.7816),
    ("Memphis", "TN", 35.1495, -90.0490),
    ("St. Louis", "MO", 38.6270, -90.1994),
    ("Kansas City", "MO", 39.0997, -94.5786),
    ("Dallas", "TX", 32.7767, -96.7970),
    ("Atlanta", "GA", 33.7490, -84.3880),
    ("Detroit", "MI", 42.3314, -83.0458),
    ("Milwaukee", "WI", 43.0389, -87.9065),
    ("Omaha", "NE", 41.2565, -95.9345),
    ("Tulsa", "OK", 36.1540, -95.9928),
    ("Cleveland", "OH", 41.4993, -81.6944),
    ("Pittsburgh", "PA", 40.4406, -79.9959),
]
STATUSES = ("tendered", "covered", "dispatched", "at_pickup", "in_transit", "delivered", "completed")
TRUCKS, CUSTOMERS, CARRIERS = 200, 500, 60
START = datetime(2025, 10, 1, tzinfo=UTC)


def records(count: int, seed: int = 1) -> Iterator[dict[str, Any]]:
    """`count` payloads: 40 % pings, 30 % shipments, 20 % messages, 10 % other JSON; every id is new."""
    rnd = random.Random(seed)
    shipped: list[str] = []
    for number in range(count):
        kind = rnd.random()
        if kind < 0.4:
            yield _ping(rnd, number)
        elif kind < 0.7 or not shipped:
            shipment = _shipment(rnd, number)
            shipped.append(shipment["shipmentId"])
            yield shipment
        elif kind < 0.9:
            yield _message(rnd, number, rnd.choice(shipped[-500:]))
        else:
            yield _invoice(rnd, number, rnd.choice(shipped[-500:]))


def updates(count: int, seed: int = 1, share: float = 0.5) -> Iterator[dict[str, Any]]:
    """New versions of a share of the shipments of `records(count, seed)`."""
    rnd = random.Random(seed + 1)
    for payload in records(count, seed):
        if "shipmentId" in payload and rnd.random() < share:
            yield {**payload, "status": "delivered", "statusTime": _time(_minute(payload) + 900)}


def write_jsonl(path: Path, count: int, seed: int = 1) -> Path:
    """`records` as JSON Lines."""
    with path.open("w", encoding="utf-8") as file:
        for payload in records(count, seed):
            file.write(json.dumps(payload) + "\n")
    return path


def _time(minute: float) -> str:
    return (START + timedelta(minutes=minute)).isoformat().replace("+00:00", "Z")


def _minute(payload: dict[str, Any]) -> float:
    return (datetime.fromisoformat(payload["updatedAt"]) - START).total_seconds() / 60


def _ping(rnd: random.Random, number: int) -> dict[str, Any]:
    truck = rnd.randrange(TRUCKS)
    late = rnd.random() < 0.03
    minute = number - (rnd.randrange(30, 600) if late else 0)
    # A truck stays on a leg for about 300 records of the stream, so that most pings of a leg extend one fact.
    city, state, latitude, longitude = CITIES[(truck + minute // 300) % len(CITIES)]
    ping: dict[str, Any] = {
        "vehicle_id": f"TRUCK-{6000 + truck}",
        "timestamp": _time(minute + number / 1e6),
        "latitude": round(latitude + rnd.uniform(-0.05, 0.05), 6),
        "longitude": round(longitude + rnd.uniform(-0.05, 0.05), 6),
        "speed_mph": rnd.randrange(0, 70),
        "heading": rnd.randrange(360),
    }
    if rnd.random() < 0.8:
        ping["address"] = f"{rnd.randrange(1, 400)} Mile Marker, {city}, {state}"
    if rnd.random() < 0.5:
        ping["engine_state"] = rnd.choice(("On", "On", "On", "Idle", "Off"))
    if rnd.random() < 0.3:
        ping["driver_id"] = f"D-{truck + (minute // 1000) % 3}"
        ping["driver_name"] = f"Driver {truck}"
    return ping


def _shipment(rnd: random.Random, number: int) -> dict[str, Any]:
    (origin, origin_state, *_), (target, target_state, *_) = rnd.sample(CITIES, 2)
    customer, carrier = rnd.randrange(CUSTOMERS), rnd.randrange(CARRIERS)
    return {
        "shipmentId": f"LD-{100000 + number}",
        "customerName": f"Customer {customer} Manufacturing Corp",
        "customerId": 800000 + customer,
        "carrierName": f"Carrier {carrier} Haulage Inc",
        "carrierMc": f"MC-{700000 + carrier}",
        "status": rnd.choice(STATUSES),
        "origin": {"city": origin, "state": origin_state},
        "destination": {"city": target, "state": target_state},
        "updatedAt": _time(number),
        "poNumbers": [f"PO-{number}"],
        "equipment": rnd.choice(("Van", "Reefer", "Flatbed")),
        "weight": rnd.randrange(1000, 44000),
    }


def _message(rnd: random.Random, number: int, shipment: str) -> dict[str, Any]:
    truck = f"TRUCK-{6000 + rnd.randrange(TRUCKS)}"
    text = rnd.choice(
        (
            f"Load {shipment} was delivered and signed for. POD to follow.",
            f"Driver of {truck} is running two hours late for load {shipment} because of snow near {CITIES[1][0]}.",
            f"Please confirm the pickup appointment for load {shipment}, truck {truck}.",
            f"Detention claim for load {shipment}: the dock was full from 8 to 11.",
        )
    )
    return {
        "message_id": f"MSG-{number}",
        "subject": f"About load {shipment}",
        "body": text,
        "sender": f"dispatch{rnd.randrange(CARRIERS)}@carrier.example",
        "to": ["ops@brokerage.example"],
        "sent_at": _time(number),
        "conversation_id": f"CNV-{number // 4}",
    }


def _invoice(rnd: random.Random, number: int, shipment: str) -> dict[str, Any]:
    city, state, *_ = rnd.choice(CITIES)
    return {
        "invoice_id": f"INV-{number}",
        "issued_at": _time(number),
        "load_number": shipment,
        "customer": {"name": f"Customer {rnd.randrange(CUSTOMERS)} Manufacturing Corp", "city": city, "state": state},
        "amount": round(rnd.uniform(400, 4000), 2),
        "currency": "USD",
    }


def main() -> None:
    for payload in records(int(sys.argv[1])):
        sys.stdout.write(json.dumps(payload) + "\n")


if __name__ == "__main__":
    main()
