"""What Front's payloads become: their records, and what each states, by the names of things."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from apex_cli.extract.field_names import snake_keys
from apex_cli.model import Extraction, Record
from apex_cli.sources.frontapp import SOURCE
from apex_cli.sources.registry import classify, extract

CASES = Path(__file__).parent / "cases"
OBSERVED = datetime(2026, 6, 1, 12, tzinfo=UTC)
OLD: dict[str, Any] = {
    "_links": {"self": "https://api2.frontapp.com/events/evt_1"},
    "id": "evt_1",
    "type": "inbound",
    "emitted_at": 1518309200,
    "conversation": {
        "_links": {"self": "https://api2.frontapp.com/conversations/cnv_keep"},
        "id": "2x9c5v",
        "subject": "Load 44120 late",
        "status": "unassigned",
        "assignee": None,
        "tags": [],
        "created_at": 1518309203.872,
    },
    "source": {"_meta": {"type": "inboxes"}, "data": [{"id": "inb_1", "name": "Support@"}]},
    "target": {
        "_meta": {"type": "message"},
        "data": {
            "_links": {
                "self": "https://api2.frontapp.com/messages/msg_2",
                "related": {
                    "conversation": "https://api2.frontapp.com/conversations/cnv_keep",
                    "message_replied_to": "https://api2.frontapp.com/messages/msg_1?referer=x",
                },
            },
            "id": "msg_2",
            "type": "email",
            "is_inbound": False,
            "created_at": 1518309200,
            "blurb": "On it.",
            "body": "<div>On it, PO 88412.</div>",
            "text": "On it, PO 88412.\n",
            "metadata": {},
            "author": {"id": "tea_1", "email": "leela@bluestem.example", "first_name": "Leela", "last_name": "Brito"},
            "recipients": [
                {"_links": {"related": {"contact": None}}, "handle": "support@bluestem.example", "role": "from"},
                {"handle": "@northyard", "role": "to"},
                {"handle": "boss@bluestem.example", "role": "bcc"},
                {"handle": "claims@bluestem.example", "role": "reply-to"},
            ],
            "attachments": [],
        },
    },
}
CONVERSATION: dict[str, Any] = {
    "_links": {"self": "https://api2.frontapp.com/conversations/cnv_1"},
    "id": "cnv_1",
    "subject": "Load SHIP-2025-10-19-002",
    "status": "assigned",
    "assignee": {"id": "tea_1", "email": "priya@acme.example", "first_name": "Priya", "last_name": "Raman"},
    "recipient": {"handle": "+13125550142", "role": "from"},
    "tags": [{"id": "tag_1", "name": "detention", "created_at": 1682538996.5}],
    "links": [{"id": "top_1", "name": "Kumquat order", "external_url": "https://app.example/1"}],
    "custom_fields": {"Lane": "Fargo to Omaha"},
    "created_at": 1760899000.112,
}


def payload(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CASES / name).read_text())
    return found


def skip_reason(value: Any) -> str | None:
    return SOURCE.skip_reason(snake_keys(value))


def opened(value: Any) -> Iterator[Any]:
    """The records in a payload, as reading opens it."""
    if skip_reason(value) is None:
        rows = SOURCE.unpack(snake_keys(value))
        if rows is None:
            yield value
        else:
            for row in rows:
                yield from opened(row)


def extracted(value: dict[str, Any]) -> Extraction:
    source, data_type, external_id = classify(value)
    return extract(Record(source, data_type, external_id, value, "", OBSERVED, "test.json:1"))


def ids(value: Any) -> list[tuple[str, str, str]]:
    return [classify(one) for one in opened(value)]


def claims(found: Extraction) -> set[tuple[str, str]]:
    names = {entity.key: entity.name for entity in found.entities}
    return {(claim.predicate.value, names[claim.object]) for claim in found.claims}


def entities(found: Extraction) -> set[tuple[str, str]]:
    return {(entity.type.value, entity.name) for entity in found.entities}
