"""From records to what they say and its vectors: a batch at a time, off the event loop, one bad record alone.

Rules first, then the model for what has free text, then vectors.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from apex_cli.embed.apply import Embedding
from apex_cli.errors import RecordError, RunHalted
from apex_cli.model import Embedded, Extraction, Record
from apex_cli.pipeline.workers import DocumentWorkers
from apex_cli.run_stats import RunStats
from apex_cli.sources.registry import extract

if TYPE_CHECKING:
    from apex_cli.enrich.enricher import CachedEnricher, Read

_SLICE = 50
"""Records an extraction task takes at once: small enough to interleave, large enough not to matter."""

_OF_ONE_TEXT = frozenset({"llm_rejected", "llm_refused", "llm_too_long"})
"""Codes of what an embedder says of one text, and not of its server or of all texts."""

Extracted = Extraction | RecordError
Understood = Embedded | RecordError | RunHalted


class Transformer:
    """Extraction and embedding, with at most `concurrency` extraction tasks at a time. Close it at the end.

    Without `reading` there is no model: rules read everything.
    """

    def __init__(
        self,
        embedding: Embedding,
        *,
        concurrency: int,
        parse_timeout: float,
        reading: CachedEnricher | None = None,
        meter: RunStats | None = None,
    ) -> None:
        self._embedding = embedding
        self._reading = reading
        self._slots = asyncio.Semaphore(concurrency)
        self._workers = DocumentWorkers(parse_timeout)
        self._meter = meter or RunStats()

    def close(self) -> None:
        """End the worker processes."""
        self._workers.close()

    async def batch(self, records: Sequence[Record], kept: Mapping[int, Embedded]) -> list[Understood]:
        """Results in the order of `records`; `RunHalted` for those that nobody may read any more in this run.

        `kept` holds results of an earlier attempt by position: those are not paid for again.
        """
        large = [i for i, record in enumerate(records) if i not in kept and self._workers.wants(record)]
        fresh = [i for i in range(len(records)) if i not in kept and i not in large]
        slices = [fresh[start : start + _SLICE] for start in range(0, len(fresh), _SLICE)]
        with self._meter.stage("extract"):
            extracted = await asyncio.gather(
                *(self._extract([records[i] for i in part]) for part in slices),
                *(self._extract_large(records[i]) for i in large),
            )
        by_index: dict[int, Understood] = dict(kept)
        sound: list[tuple[int, Extraction]] = []
        for part, results in zip([*slices, *([i] for i in large)], extracted, strict=True):
            for index, result in zip(part, results, strict=True):
                if isinstance(result, RecordError):
                    by_index[index] = result
                else:
                    sound.append((index, result))
        with self._meter.stage("extract"):
            read = await self._read(records, sound)
        by_index.update((index, result) for index, result in read.items() if not isinstance(result, Extraction))
        fresh_texts = [(index, result) for index, result in read.items() if isinstance(result, Extraction)]
        with self._meter.stage("embed"):
            by_index.update(await self._embed(fresh_texts))
        return [by_index[index] for index in range(len(records))]

    async def _read(self, records: Sequence[Record], sound: Sequence[tuple[int, Extraction]]) -> dict[int, Read]:
        """The extractions, those of free text enriched by the model or replaced by what was kept of them."""
        read: dict[int, Read] = dict(sound)
        if self._reading is not None:
            wanted = [(index, extraction) for index, extraction in sound if self._reading.wants(records[index])]
            results = await self._reading.read([(records[index], extraction) for index, extraction in wanted])
            read.update((index, result) for (index, _), result in zip(wanted, results, strict=True))
        return read

    async def _extract(self, records: Sequence[Record]) -> list[Extracted]:
        async with self._slots:
            return await asyncio.to_thread(_extract_each, records)

    async def _extract_large(self, record: Record) -> list[Extracted]:
        async with self._slots:
            try:
                return [await self._workers.extract(record)]
            except RecordError as error:
                return [error]

    async def _embed(self, sound: Sequence[tuple[int, Extraction]]) -> dict[int, Understood]:
        """All in one call; where the server will not take one of the texts, its record is found by halves."""
        try:
            embedded = await self._embedding.apply([extraction for _, extraction in sound])
        except (RecordError, RunHalted) as error:
            if len(sound) == 1 or error.code not in _OF_ONE_TEXT:
                return {index: error for index, _ in sound}
            middle = len(sound) // 2
            return await self._embed(sound[:middle]) | await self._embed(sound[middle:])
        return {index: result for (index, _), result in zip(sound, embedded, strict=True)}


def _extract_each(records: Sequence[Record]) -> list[Extracted]:
    results: list[Extracted] = []
    for record in records:
        try:
            results.append(extract(record))
        except RecordError as error:
            results.append(error)
    return results
