"""Free text read by a model, many records at once, each paid for once.

What is read out of a record is kept on disk at once, by content and by what made it: a commit that is rolled back, a
crash and a retry find it there and ask nobody, whatever the memory knows by then.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence

from apex_cli.embed.codec import dump_extraction, load_extraction
from apex_cli.enrich.extractor import ModelExtractor
from apex_cli.errors import RecordError, RunHalted
from apex_cli.llm.cache import AnswerCache
from apex_cli.model import Extraction, Record
from apex_cli.sources.rules import RULES_VERSION

_AT_ONCE = 100
"""Records in hand at a time. Requests have a limit of their own; this bounds what waits for them."""

Item = tuple[Record, Extraction]
Read = Extraction | RecordError | RunHalted


class CachedEnricher:
    """The model's part of understanding records."""

    def __init__(self, extractor: ModelExtractor, cache: AnswerCache) -> None:
        self.version = f"{RULES_VERSION}+{extractor.version}"
        self._extractor = extractor
        self._cache = cache
        self._slots = asyncio.Semaphore(_AT_ONCE)

    def wants(self, record: Record) -> bool:
        """Whether the model has anything to read in it."""
        return self._extractor.wants(record)

    async def kept(self, items: Sequence[Item]) -> frozenset[str]:
        """Ids of the records that need not be read again."""
        entries = await self._cache.get([self._key(item) for item in items])
        return frozenset(item[0].record_id for item in items if self._loaded(item, entries) is not None)

    async def read(self, items: Sequence[Item]) -> list[Read]:
        """For each record what was read out of it before, or is now, or why it could not be read.

        After a `RunHalted` nothing further is asked: the records that were not read yet get the same.
        """
        entries = await self._cache.get([self._key(item) for item in items])
        halted: list[RunHalted] = []
        return list(await asyncio.gather(*(self._one(item, entries, halted) for item in items)))

    async def _one(self, item: Item, entries: Mapping[str, bytes], halted: list[RunHalted]) -> Read:
        kept = self._loaded(item, entries)
        if kept is not None:
            return kept
        async with self._slots:
            if halted:
                return halted[0]
            try:
                read = await self._extractor.enrich(*item)
            except RecordError as error:
                return error
            except RunHalted as error:
                halted.append(error)
                return error
        await self._cache.put({self._key(item): dump_extraction(read, extractor=self.version)})
        return read

    def _loaded(self, item: Item, entries: Mapping[str, bytes]) -> Extraction | None:
        data = entries.get(self._key(item))
        return None if data is None else load_extraction(data, extractor=self.version)

    def _key(self, item: Item) -> str:
        record, extraction = item
        parts = (record.record_id, record.content_hash, extraction.event_time.isoformat(), self.version)
        return hashlib.blake2b("\0".join(parts).encode(), digest_size=32, person=b"apex-reading").hexdigest()
