"""Turvo: shipments, one flat record for each."""

from __future__ import annotations

from collections.abc import Mapping

from apex_cli.model import Extraction, JsonObject, Record
from apex_cli.sources.source import Source

_COMPANIONS = ("customerName", "customer", "carrierName", "carrier", "status", "origin", "destination")
_ERROR = frozenset(("errorMessage", "errorCode"))


class _Turvo(Source):
    name = "turvo"
    title = "Turvo shipments"
    data_types = ("shipment",)
    id_field = "shipmentId"

    def matches(self, payload: JsonObject) -> bool:
        """A `shipmentId` together with a customer, a carrier, a status, an origin or a destination."""
        return payload.get("shipmentId") is not None and any(payload.get(key) is not None for key in _COMPANIONS)

    def extract(self, record: Record) -> Extraction:
        from apex_cli.sources.turvo import mapping

        return mapping.extract(record)

    def is_empty_answer(self, payload: JsonObject) -> bool:
        """An error of the API: a `Status`, and `details` that hold only the error."""
        details = payload.get("details")
        is_error = isinstance(details, Mapping) and bool(details) and details.keys() <= _ERROR
        return is_error and payload.keys() == {"Status", "details"}


SOURCE = _Turvo()
