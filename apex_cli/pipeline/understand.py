"""From records to what they say and its vectors: a batch at a time, off the event loop, one bad record alone."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from apex_cli.embed.apply import Embedding
from apex_cli.errors import EmbedError, RecordError
from apex_cli.extract.rules import extract
from apex_cli.model import Embedded, Extraction, Record

_SLICE = 50
"""Records an extraction task takes at once: small enough to interleave, large enough not to matter."""


class Understanding:
    """Extraction and embedding, with at most `concurrency` extractions at a time."""

    def __init__(self, embedding: Embedding, *, concurrency: int) -> None:
        self._embedding = embedding
        self._slots = asyncio.Semaphore(concurrency)

    async def batch(self, records: Sequence[Record], kept: Mapping[int, Embedded]) -> list[Embedded | RecordError]:
        """Results in the order of `records`. `kept` holds results of an earlier attempt, by position: not paid again."""
        fresh = [index for index in range(len(records)) if index not in kept]
        slices = [fresh[start : start + _SLICE] for start in range(0, len(fresh), _SLICE)]
        extracted = await asyncio.gather(*(self._extract([records[i] for i in part]) for part in slices))
        by_index: dict[int, Embedded | RecordError] = dict(kept)
        sound: list[tuple[int, Extraction]] = []
        for part, results in zip(slices, extracted, strict=True):
            for index, result in zip(part, results, strict=True):
                if isinstance(result, RecordError):
                    by_index[index] = result
                else:
                    sound.append((index, result))
        by_index.update(await self._embed(sound))
        return [by_index[index] for index in range(len(records))]

    async def _extract(self, records: Sequence[Record]) -> list[Extraction | RecordError]:
        async with self._slots:
            return await asyncio.to_thread(_extract_each, records)

    async def _embed(self, sound: Sequence[tuple[int, Extraction]]) -> dict[int, Embedded | RecordError]:
        try:
            embedded = await self._embedding.apply([extraction for _, extraction in sound])
        except EmbedError as error:
            return {index: error for index, _ in sound}
        return {index: result for (index, _), result in zip(sound, embedded, strict=True)}


def _extract_each(records: Sequence[Record]) -> list[Extraction | RecordError]:
    results: list[Extraction | RecordError] = []
    for record in records:
        try:
            results.append(extract(record))
        except RecordError as error:
            results.append(error)
    return results
