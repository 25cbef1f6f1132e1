"""The three seed payloads of the domain: one position, one shipment, one message about that shipment."""

from __future__ import annotations

from typing import Any

TRUCK = "TRUCK-6520"
SHIPMENT_ID = "SHIP-2025-10-19-002"
MESSAGE_ID = "MSG-2025-10-19-003"

PING: dict[str, Any] = {
    "latitude": 41.8781,
    "longitude": -87.6298,
    "timestamp": "2025-10-19T14:23:00Z",
    "vehicle_id": TRUCK,
    "speed_mph": 55,
}
SHIPMENT: dict[str, Any] = {
    "shipmentId": SHIPMENT_ID,
    "customerName": "Acme Manufacturing Corp",
    "status": "in_transit",
    "origin": {"city": "Chicago", "state": "IL"},
    "destination": {"city": "Indianapolis", "state": "IN"},
}
MESSAGE: dict[str, Any] = {
    "message_id": MESSAGE_ID,
    "subject": "Delivery Confirmation",
    "body": f"Shipment {SHIPMENT_ID} delivered successfully.",
    "sender": "dispatch@acme-trucking.com",
}
SEEDS = (PING, SHIPMENT, MESSAGE)

PING_KEY = f"samsara:{TRUCK}@2025-10-19T14:23:00Z"
SHIPMENT_KEY = f"turvo:{SHIPMENT_ID}"
MESSAGE_KEY = f"frontapp:{MESSAGE_ID}"


def shipment(number: int, **changes: Any) -> dict[str, Any]:
    """A shipment of its own, like the seed."""
    return {**SHIPMENT, "shipmentId": f"SHIP-2025-10-20-{number:03d}", **changes}


def ping(vehicle: str, time: str, latitude: float, longitude: float, **changes: Any) -> dict[str, Any]:
    """A position of a vehicle."""
    return {"vehicle_id": vehicle, "timestamp": time, "latitude": latitude, "longitude": longitude, **changes}


WANDERER = "TRUCK-0042"
VIN = "1XKYD49X7PJ304417"
WANDERING = (
    ping(WANDERER, "2025-10-19T10:00:00Z", 41.8781, -87.6298, address="Chicago, IL", vin=VIN),
    ping(WANDERER, "2025-10-19T12:00:00Z", 41.5934, -87.3464, address="Gary, IN"),
)
"""A vehicle in two places, known by a VIN as well."""

TWIN_LAKES = shipment(900, customerName="Twin Lakes", carrierName="Twin Lakes")
"""A customer and a carrier of the same name."""
