"""X12: what a load tender, an answer to it, a status and a freight invoice state of their shipment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from apex_cli.errors import ExtractError
from apex_cli.extract import clean, entities
from apex_cli.extract.builder import Builder
from apex_cli.model import Extraction, JsonObject, Record, RecordKind
from apex_cli.sources.x12 import codes, invoice, response, status, tender
from apex_cli.sources.x12.transaction import Statement, Transaction, at, moment

_Mapping = Callable[[Statement, Transaction], None]
_SETS: dict[str, tuple[str, int, RecordKind, _Mapping, str]] = {
    "204": ("B2", 4, RecordKind.STATE, tender.state, "Load tender"),
    "990": ("B1", 2, RecordKind.EVENT, response.state, "Answer to a load tender"),
    "214": ("B10", 2, RecordKind.EVENT, status.state, "Status"),
    "210": ("B3", 3, RecordKind.STATE, invoice.state, "Freight invoice"),
}


def extract(record: Record) -> Extraction:
    """What one transaction set states.

    Raises `ExtractError`: `no_shipment` without a shipment's number, `unreadable_time` for a date that cannot be read.
    """
    payload = record.payload
    head_name, position, kind, state, what = _SETS[str(payload["transaction_set"])]
    found = Transaction.of(payload)
    head = found.first(head_name)
    shipment_number = clean.line(at(head, position)) or clean.line(at(head, 1) if head_name == "B10" else "")
    entity = entities.shipment(shipment_id=shipment_number)
    if entity is None:
        raise ExtractError(
            f"{head_name}-{position:02} has no shipment number", hint="ask the sender to fill it in", code="no_shipment"
        )
    whole = head_name != "B2" or at(found.first("B2A"), 1) in codes.WHOLE
    time = status.last_time(found) if head_name == "B10" else None
    builder = Builder.of(record, time or _sent(payload), kind=kind, whole=whole)
    about = Statement(builder, builder.add(entity), entity.name, record.source)
    state(about, found)
    about.say(*(clean.line(" ".join(note[1:])) for note in found.all("NTE", "K1")))
    title = f"{what} {at(head, 2)} for {entity.name}" if head_name == "B3" else f"{what} of {entity.name}"
    sender = clean.line(str(payload.get("sender") or ""))
    text = f"{title} (EDI {payload['transaction_set']}{f' from {sender}' if sender else ''}): {'; '.join(about.words)}."
    return builder.build(clean.line(title), text)


def _sent(payload: JsonObject) -> datetime | None:
    date, _, time = str(payload.get("sent") or "").partition(" ")
    return moment(date, time, "UT", where="GS")
