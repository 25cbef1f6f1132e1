"""Turvo: shipments, one flat record for each."""

from __future__ import annotations

from apex_cli.extract.ids import external_id
from apex_cli.model import JsonObject

DATA_TYPE = "shipment"
_COMPANIONS = ("customerName", "customer", "carrierName", "carrier", "status", "origin", "destination")


def matches(payload: JsonObject) -> bool:
    """A `shipmentId` together with a customer, a carrier, a status, an origin or a destination."""
    return payload.get("shipmentId") is not None and any(payload.get(key) is not None for key in _COMPANIONS)


def identify(payload: JsonObject) -> tuple[str, str | None]:
    """Data type and external id: the `shipmentId`."""
    return DATA_TYPE, external_id(payload.get("shipmentId"))
