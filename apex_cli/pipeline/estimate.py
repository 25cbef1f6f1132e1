"""Estimates what free text would cost, for `--dry-run`. No model is asked.

It counts what an ingest would still pay: unchanged records and texts that were read before cost nothing. The first
question of a text is the one an ingest would ask. Its answer is unknown, so the next questions are about two made-up
entities. Therefore the figures are estimates.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from apex_cli.config import Settings
from apex_cli.enrich import prompting
from apex_cli.enrich.enricher import CachedEnricher, ModelExtractor
from apex_cli.enrich.prompting import clients
from apex_cli.enrich.resolve import Candidate
from apex_cli.errors import RecordError
from apex_cli.llm.models import Models, forecast
from apex_cli.llm.protocol import Prompt
from apex_cli.llm.usage import ModelUsage
from apex_cli.model import Entity, Extraction, Record
from apex_cli.pipeline.upgrade import open_upgraded
from apex_cli.sources.registry import prose

Item = tuple[Record, Extraction]

_ANSWERS: Mapping[str, Mapping[str, Any]] = {
    "ExtractedEntities": {
        "extracted_entities": [
            {"name": "SHIP-0000-00-00-001", "entity_type_id": 1},
            {"name": "A Company Name", "entity_type_id": 6},
        ]
    },
    "ExtractedEdges": {"edges": []},
}


class Estimate:
    """Adds up what records would cost. Give it some at a time; `usage` is the sum."""

    def __init__(self, models: Models, settings: Settings) -> None:
        self._models = models
        self._settings = settings
        self._enricher = CachedEnricher(ModelExtractor(models.model, _NothingKnown(), models.meter), models.cache)
        self.usage = ModelUsage()

    def wants(self, record: Record) -> bool:
        """Whether a model would be asked about it at all."""
        return self._enricher.wants(record)

    async def add(self, items: Sequence[Item]) -> None:
        """Count these records in."""
        unchanged = await self._unchanged(items)
        fresh = [item for item in items if item[0].record_id not in unchanged]
        kept = await self._enricher.kept(fresh)
        asked = _Asked(self._models.model.name)
        for item in fresh:
            if item[0].record_id not in kept:
                await _ask(asked, item)
        self.usage.add(await forecast(self._models, asked.prompts))

    async def _unchanged(self, items: Sequence[Item]) -> frozenset[str]:
        """Records that are stored with this content. A home that is not there yet is not made for this."""
        if not items or (self._settings.postgres_url.embedded and not self._settings.home.is_dir()):
            return frozenset()
        async with open_upgraded(self._settings, self._models) as stores:
            known = await stores.journal.current_hashes([record.record_id for record, _ in items])
        return frozenset(record.record_id for record, _ in items if known.get(record.record_id) == record.content_hash)


async def _ask(asked: _Asked, item: Item) -> None:
    record, extraction = item
    try:
        await prompting.read(
            clients(asked), prose(record), extraction.event_time, f"{record.source} {record.data_type}"
        )
    except RecordError:
        return


class _Asked:
    """A language model that notes the questions and answers with next to nothing."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.prompts: list[Prompt] = []

    async def answer(self, prompt: Prompt) -> Mapping[str, Any]:
        self.prompts.append(prompt)
        return _ANSWERS[prompt.name]


class _NothingKnown:
    """A memory without names: `resolve.Known` where nothing is resolved."""

    async def aliases(self, keys: Iterable[str]) -> frozenset[str]:  # noqa: ARG002 - the protocol's signature
        return frozenset()

    async def similar(self, entities: Sequence[Entity]) -> Sequence[Sequence[Candidate]]:
        return [() for _ in entities]
