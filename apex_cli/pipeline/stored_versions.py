"""From versions in PostgreSQL back to records, extractions and plans. No language model is asked, but for vectors."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence, Set
from dataclasses import replace
from typing import TYPE_CHECKING

from apex_cli.config import Settings
from apex_cli.embed.apply import check_vectors
from apex_cli.errors import ApexError, RecordError, RunHalted, StoreTransient
from apex_cli.extract import clean
from apex_cli.extract.stated import extraction_of
from apex_cli.model import Embedded, Extraction, Plan, Record, RecordKind
from apex_cli.sources.registry import extract
from apex_cli.stores.postgres.catalog import StoredVersion

if TYPE_CHECKING:
    from apex_cli.stores.factory import Stores

_log = logging.getLogger(__name__)


def record_of(version: StoredVersion, namespace: str) -> Record:
    """The record as it arrived."""
    return Record(
        source=version.source,
        data_type=version.data_type,
        external_id=version.external_id,
        payload=version.payload,
        content_hash=version.content_hash,
        observed_at=version.observed_at,
        locator=f"record {version.record_id}",
        namespace=namespace,
        stored_id=version.record_id,
    )


def journalled(version: StoredVersion) -> Extraction:
    """What a version was committed with, without the chunks: the graph holds none."""
    return extraction_of(
        version.extraction,
        event_time=version.event_time,
        kind=RecordKind(version.kind),
        whole=version.whole,
        dated=version.dated,
        title=version.title,
        text=version.text,
    )


def extraction_again(version: StoredVersion, record: Record) -> Extraction:
    """What a version was committed with: text by the rules, entities and claims from the journal.

    A model may have extracted some of them. It is not asked again.
    """
    stated = journalled(version)
    try:
        found = extract(record)
    except RecordError:
        # The rules of today refuse what those of its time took. Its text is there.
        return replace(stated, chunks=clean.pieces(version.text) or (version.title,))
    return replace(stated, title=found.title, text=found.text, chunks=found.chunks, chunk_places=found.chunk_places)


class Restoration:
    """`saga.participants.Restore`: records, chunks and vectors of sagas whose prepared data was lost."""

    def __init__(self, settings: Settings, stores: Stores) -> None:
        self._settings = settings
        self._stores = stores

    async def __call__(self, plans: Sequence[Plan], pointless: Set[str]) -> list[Plan]:
        """The plans with their records, and those of the sagas in `pointless` with vectors.

        Left out is a plan whose text the rules of today cut into another number of chunks.
        """
        stored = await self._stores.catalog.versions([plan.record_id for plan in plans])
        versions = {version.saga_id: version for each in stored.values() for version in each}
        found = [plan for plan in plans if plan.saga_id in versions]
        made = await asyncio.to_thread(lambda: [self._with_record(plan, versions[plan.saga_id]) for plan in found])
        return await self._with_vectors([plan for plan in made if plan is not None], pointless)

    def _with_record(self, plan: Plan, version: StoredVersion) -> Plan | None:
        import numpy as np

        record = record_of(version, self._settings.namespace)
        extraction = extraction_again(version, record)
        if len(extraction.chunks) != plan.chunks:
            _log.warning("%s has other chunks than before; `apex verify --repair` writes it again", record.locator)
            return None
        embedding = self._stores.embedding
        model = plan.model or embedding.embedder.name
        none = np.empty((0, embedding.models[model].dimensions), dtype=np.float32)
        return replace(plan, record=record, embedded=Embedded(extraction, model, none))

    async def _with_vectors(self, plans: Sequence[Plan], pointless: Set[str]) -> list[Plan]:
        restored = {plan.saga_id: plan for plan in plans}
        texts: dict[str, list[tuple[Plan, Embedded]]] = {}
        for plan in plans:
            if plan.saga_id in pointless and plan.embedded is not None:
                texts.setdefault(plan.embedded.model, []).append((plan, plan.embedded))
        for name, some in texts.items():
            embedder = self._stores.embedding.models[name]
            chunks = [text for _, embedded in some for text in embedded.extraction.chunks]
            try:
                matrix = await embedder.embed(chunks)
                check_vectors(matrix, len(chunks), embedder.dimensions)
            except (RecordError, RunHalted) as error:
                raise _without_model(error, len(some)) from error
            start = 0
            for plan, embedded in some:
                rows = matrix[start : start + plan.chunks]
                restored[plan.saga_id] = replace(plan, embedded=replace(embedded, chunk_vectors=rows))
                start += plan.chunks
        return list(restored.values())


def _without_model(error: ApexError, records: int) -> StoreTransient:
    return StoreTransient(
        "vectors", f"the vectors of {records:,} records were lost and cannot be made again: {error.message}"
    )
