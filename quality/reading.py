"""Reads the labelled texts as the product does: by rules, and by rules and a model where there is one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from apex_cli.config import Settings
from apex_cli.enrich.enricher import ModelExtractor
from apex_cli.enrich.resolve import Candidate
from apex_cli.errors import RecordError
from apex_cli.llm.models import open_models
from apex_cli.llm.usage import ModelUsage
from apex_cli.model import Entity, Extraction
from apex_cli.sources.registry import extract
from quality.labels import Labelled
from quality.records import entities_of, facts_of, record_of
from quality.scoring import Tallies, merged, score_entities, score_facts

T = TypeVar("T")


@dataclass(frozen=True)
class Scores:
    """How well all texts were read: entities by type, facts by predicate."""

    entities: Tallies
    facts: Tallies


@dataclass(frozen=True)
class Cost:
    """What a model took for all texts. `failed`: by text, why it could not be read; then nothing is found in it."""

    model: str
    used: ModelUsage
    seconds: float
    failed: dict[str, str] = field(default_factory=dict)


class _NothingKnown:
    """The memory of a first ingest: each text is read for itself."""

    async def aliases(self, keys: Sequence[str]) -> frozenset[str]:  # noqa: ARG002 - the protocol's signature
        return frozenset()

    async def similar(self, entities: Sequence[Entity]) -> Sequence[Sequence[Candidate]]:
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
            one.name: f"{told.code}: {told}"
            for one, told in zip(texts, read, strict=True)
            if isinstance(told, RecordError)
        }
        return _scored(texts, read), Cost(models.model.name, models.meter.total, seconds, failed)


async def _read(extractor: ModelExtractor, one: Labelled) -> Extraction | RecordError:
    record = record_of(one)
    try:
        return await extractor.enrich(record, extract(record))
    except RecordError as error:
        return error


def _scored(texts: Sequence[Labelled], read: Sequence[Extraction | RecordError]) -> Scores:
    pairs = list(zip(texts, read, strict=True))
    return Scores(
        merged(score_entities(one.entities, _found(told, entities_of)) for one, told in pairs),
        merged(score_facts(one.entities, one.facts, _found(told, facts_of)) for one, told in pairs),
    )


def _found(told: Extraction | RecordError, items: Callable[[Extraction], list[T]]) -> list[T]:
    return [] if isinstance(told, RecordError) else items(told)
