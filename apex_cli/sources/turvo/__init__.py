"""Turvo: shipments, and the customers and carriers of its lists."""

from __future__ import annotations

from collections.abc import Sequence

from apex_cli.model import Extraction, JsonObject, Record
from apex_cli.sources.source import Source
from apex_cli.sources.turvo import shapes


class _Turvo(Source):
    name = "turvo"
    title = "Turvo shipments"
    data_types = ("shipment", "customer", "carrier")
    typical_fields = frozenset(
        ("shipment_id", "custom_id", "customer_name", "carrier_name", "customer_order", "carrier_order", "global_route",
         "phase", "lane", "start_date", "end_date", "ltl_shipment", "transportation", "net_customer_costs",
         "net_carrier_costs", "net_revenue", "status_history", "contributors", "origin", "destination", "equipment")
    )  # fmt: skip

    def matches(self, payload: JsonObject) -> bool:
        """A shipment in any layout of `shapes`, or a row of a list of customers or carriers."""
        return shapes.kind(payload) is not None

    def identify(self, payload: JsonObject) -> tuple[str, str | None]:
        """The number of a shipment, else Turvo's own id; see `shapes`."""
        kind = shapes.kind(payload)
        if kind is None:
            return "shipment", shapes.own_id(payload, shapes.IDS[:-1])
        return kind, shapes.own_id(shapes.body(payload))

    def by_key(self, payload: JsonObject) -> tuple[str, str] | None:
        """The number of a shipment, with Turvo's own id beside it or without."""
        is_key = payload.keys() <= set(shapes.IDS) and shapes.number(payload) is not None
        found = shapes.own_id(payload) if is_key else None
        return ("shipment", found) if found else None

    def extract(self, record: Record) -> Extraction:
        from apex_cli.sources.turvo import mapping

        return mapping.extract(record)

    def skip_reason(self, payload: JsonObject) -> str | None:
        """An error of the API, or a page of a list without a row."""
        return shapes.skip_reason(payload)

    def unpack(self, payload: JsonObject) -> Sequence[JsonObject] | None:
        """The rows of a page, or the shipment in an answer of the API."""
        return shapes.unpack(payload)


SOURCE = _Turvo()
