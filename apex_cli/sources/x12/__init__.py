"""EDI by ASC X12: load tenders (204), answers to them (990), shipment status (214) and freight invoices (210)."""

from __future__ import annotations

from apex_cli.extract.identity import external_id, text_digest
from apex_cli.model import Extraction, JsonObject, Record
from apex_cli.sources.source import Source

_DATA_TYPES = {"204": "load_tender", "210": "freight_invoice", "214": "shipment_status", "990": "tender_response"}
# Where the number is that the sender knows the set's subject by: the shipment, or the invoice.
_NUMBERS = {"204": ("B2", 4), "210": ("B3", 2), "214": ("B10", 2), "990": ("B1", 2)}
_STATES = frozenset(("204", "210"))
_DIGEST_BYTES = 8


class _X12(Source):
    """`formats.x12` makes its payloads: one transaction set each, with its segments as lists of elements."""

    name = "x12"
    title = "EDI transaction sets (X12 204, 210, 214, 990)"
    data_types = tuple(_DATA_TYPES.values())
    id_field = "control_number"
    specificity = 3
    typical_fields = frozenset(("transaction_set", "segments"))

    def matches(self, payload: JsonObject) -> bool:
        return payload.get("transaction_set") in _DATA_TYPES and isinstance(payload.get("segments"), list)

    def identify(self, payload: JsonObject) -> tuple[str, str | None]:
        """A tender and an invoice are states: the sender's number names them, and a later one is a version. A status
        and an answer are events: their content names them, so one that is sent twice is one record."""
        kind = str(payload["transaction_set"])
        segments = [[str(element) for element in segment] for segment in payload["segments"] if segment]
        name, position = _NUMBERS[kind]
        head = next((segment for segment in segments if segment[0] == name), [])
        number = head[position] if position < len(head) else ""
        sender = str(payload.get("sender") or "")
        if kind in _STATES:
            return _DATA_TYPES[kind], external_id(f"{sender}/{number}") if number else None
        digest = text_digest("\n".join("\0".join(segment) for segment in segments), _DIGEST_BYTES)
        return _DATA_TYPES[kind], external_id("/".join(filter(None, (sender, number, digest))))

    def extract(self, record: Record) -> Extraction:
        from apex_cli.sources.x12 import mapping

        return mapping.extract(record)


SOURCE = _X12()
