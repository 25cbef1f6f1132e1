"""Labelled texts as the records that an ingest would make of them, and extractions as what is scored."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from email.headerregistry import BaseHeader
from email.utils import parsedate_to_datetime
from typing import Any

from apex_cli.extract.identity import content_hash
from apex_cli.model import EntityType, Extraction, Predicate, Record
from quality.labels import Labelled
from quality.scoring import SELF, Entity, Fact

_OBSERVED = datetime(2026, 2, 28, tzinfo=UTC)
"""When a text without a date is taken to have been written."""
_HIDDEN = frozenset({EntityType.VALUE, EntityType.MESSAGE, EntityType.DOCUMENT, EntityType.CONVERSATION})
"""Nodes that are no things of the text: the message or document itself, and words kept as a plain mention."""


def record_of(one: Labelled) -> Record:
    """An e-mail as a Front message, its header lines as the fields that Front gives; a document as it is."""
    if one.kind == "document":
        payload: dict[str, Any] = {"path": f"/{one.name}.txt", "format": "text", "content": one.text}
        source = data_type = "document"
    else:
        head = one.headers()
        sent = head["Date"]
        payload = {
            "message_id": one.name,
            "subject": str(head["Subject"] or ""),
            "body": one.body(),
            "sender": next(iter(_addresses(head["From"])), ""),
            "to": _addresses(head["To"]),
            "cc": _addresses(head["Cc"]),
            **({"sent_at": parsedate_to_datetime(str(sent)).isoformat()} if sent else {}),
        }
        source, data_type = "frontapp", "message"
    return Record(source, data_type, one.name, payload, content_hash(payload), _OBSERVED, f"{one.name}.txt")


def _addresses(header: BaseHeader | None) -> list[str]:
    return [str(address) for address in getattr(header, "addresses", ())]


def entities_of(extraction: Extraction) -> list[Entity]:
    """The things found, with every name and key that they go by."""
    return [
        Entity(entity.type.value, entity.name, tuple(_ids(entity.keys)))
        for entity in extraction.entities
        if entity.type not in _HIDDEN
    ]


def facts_of(extraction: Extraction) -> list[Fact]:
    """The facts found; what is kept as a plain mention, of no type, is none."""
    known = {entity.key: entity for entity in extraction.entities}
    self_key = extraction.entities[0].key
    found = []
    for claim in extraction.claims:
        target = known[claim.object]
        if target.type in _HIDDEN and claim.predicate is Predicate.MENTIONS:
            continue
        subject = SELF if claim.subject == self_key else known[claim.subject].name
        found.append(Fact(subject, claim.predicate.value, target.name))
    return found


def _ids(keys: tuple[str, ...]) -> Iterator[str]:
    """The last part of each key, `type:kind:value`."""
    return (key.split(":", 2)[2] for key in keys)
