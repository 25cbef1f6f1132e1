"""Turvo: shipments, one flat record for each."""

from __future__ import annotations

from collections.abc import Mapping

from apex_cli.model import Extraction, JsonObject, Record
from apex_cli.sources.source import Source

_COMPANIONS = ("customer_name", "customer", "carrier_name", "carrier", "status", "origin", "destination")
_ERROR = frozenset(("errorMessage", "errorCode"))


class _Turvo(Source):
    name = "turvo"
    title = "Turvo shipments"
    data_types = ("shipment",)
    id_field = "shipment_id"

    def matches(self, payload: JsonObject) -> bool:
        """A `shipment_id` together with a customer, a carrier, a status, an origin or a destination."""
        return payload.get("shipment_id") is not None and any(payload.get(key) is not None for key in _COMPANIONS)

    def extract(self, record: Record) -> Extraction:
        from apex_cli.sources.turvo import mapping

        return mapping.extract(record)

    def skip_reason(self, payload: JsonObject) -> str | None:
        """An error of the API: a `status`, and `details` that hold only the error."""
        details = payload.get("details")
        is_error = isinstance(details, Mapping) and bool(details) and details.keys() <= _ERROR
        return "error answer" if is_error and payload.keys() == {"status", "details"} else None


SOURCE = _Turvo()
