"""Reads the labelled texts as the product does: by rules, and by rules and a model where there is one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.headerregistry import BaseHeader
from email.utils import parsedate_to_datetime
from typing import Any

from apex_cli.config import Settings
from apex_cli.enrich.enricher import ModelExtractor
from apex_cli.enrich.resolve import Candidate
from apex_cli.errors import RecordError
from apex_cli.extract.identity import content_hash
from apex_cli.llm.models import open_models
from apex_cli.llm.usage import ModelUsage
from apex_cli.model import Entity as ProductEntity
from apex_cli.model import EntityType, Extraction, Predicate, Record
from apex_cli.sources.registry import extract
from quality.labels import Labelled
from quality.scoring import SELF, Entity, Fact, Tallies, merged, score_entities, score_facts

_OBSERVED = datetime(2026, 6, 1, tzinfo=UTC)
"""When a text without a date is taken to have been written."""
_HIDDEN = frozenset({EntityType.VALUE, EntityType.MESSAGE, EntityType.DOCUMENT, EntityType.CONVERSATION})
"""Nodes that are no things of the text: the message or document itself, and words kept as a plain mention."""


@dataclass(frozen=True)
class Scores:
    """The tallies of all texts: entities by type, facts by predicate."""

    entities: Tallies
    facts: Tallies


@dataclass(frozen=True)
class Cost:
    """The usage of a model for all texts. `failed`: by text, its error; nothing counts as found in it."""

    model: str
    used: ModelUsage
    seconds: float
    failed: dict[str, str] = field(default_factory=dict)


class _NothingKnown:
    """An empty memory: each text is read without the others."""

    async def aliases(self, keys: Sequence[str]) -> frozenset[str]:  # noqa: ARG002 - the protocol's signature
        return frozenset()

    async def similar(self, entities: Sequence[ProductEntity]) -> Sequence[Sequence[Candidate]]:
        return [() for _ in entities]


def by_rules(texts: Sequence[Labelled]) -> Scores:
    """The rules' reading. Raises `ExtractError` where they cannot read a text, which would be a bug."""
    return _scored(texts, [extract(record_of(one)) for one in texts])


async def by_model(texts: Sequence[Labelled], settings: Settings) -> tuple[Scores, Cost]:
    """The reading of rules and model together, all texts at once within the settings' limits.

    Raises `ConfigError` when the server cannot be used, `RunHalted` when it stops answering or the budget ends.
    """
    async with open_models(settings) as models:
        await models.check()
        extractor = ModelExtractor(models.model, _NothingKnown(), models.meter)
        started = time.monotonic()
        read = await asyncio.gather(*(_read(extractor, one) for one in texts))
        seconds = time.monotonic() - started
        failed = {
            one.name: f"{result.code}: {result}"
            for one, result in zip(texts, read, strict=True)
            if isinstance(result, RecordError)
        }
        return _scored(texts, read), Cost(models.model.name, models.meter.total, seconds, failed)


async def _read(extractor: ModelExtractor, one: Labelled) -> Extraction | RecordError:
    record = record_of(one)
    try:
        return await extractor.enrich(record, extract(record))
    except RecordError as error:
        return error


def _scored(texts: Sequence[Labelled], read: Sequence[Extraction | RecordError]) -> Scores:
    pairs = [
        (one, None if isinstance(result, RecordError) else result) for one, result in zip(texts, read, strict=True)
    ]
    return Scores(
        merged(score_entities(one.entities, entities_of(result) if result else []) for one, result in pairs),
        merged(score_facts(one.entities, one.facts, facts_of(result) if result else []) for one, result in pairs),
    )


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
    """The things found, with every name and key (the last part of `type:kind:value`) that they go by."""
    return [
        Entity(entity.type.value, entity.name, tuple(key.split(":", 2)[2] for key in entity.keys))
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
