"""Free text of records, read by a model and added to what the rules extract; each text is paid for once.

What is read out of a record is kept on disk at once, by content and by what made it. A rolled-back commit, a crash and
a retry find it there and ask no model again, whatever the memory contains by then.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

from apex_cli.enrich import llm_extraction, prompting
from apex_cli.enrich.ontology import ONTOLOGY_VERSION
from apex_cli.enrich.resolve import Known, resolved
from apex_cli.errors import RecordError, RunHalted
from apex_cli.extract.builder import Builder
from apex_cli.extract.cuts import LEFT_OUT
from apex_cli.llm.cache import AnswerCache
from apex_cli.llm.protocol import LanguageModel
from apex_cli.llm.usage import ModelUsageMeter
from apex_cli.model import Extraction, Record
from apex_cli.serialization import dump_extraction, load_extraction
from apex_cli.sources.registry import prose, rules_version

_AT_ONCE = 100
"""Records read at a time. Requests have a limit of their own; this bounds how many wait for them."""

Item = tuple[Record, Extraction]
Read = Extraction | RecordError | RunHalted


class ModelExtractor:
    """Reads messages and documents by the model. Structured records are left to the rules and cost nothing."""

    def __init__(self, model: LanguageModel, known: Known, meter: ModelUsageMeter) -> None:
        self._clients = prompting.clients(model)
        self._known = known
        self._meter = meter
        self.version = f"llm-{ONTOLOGY_VERSION}:{model.name}"

    async def enrich(self, record: Record, extraction: Extraction) -> Extraction:
        """The rules' extraction, with what the model reads out of the record's text.

        At most three requests for a text of one piece: entities, relations, and names that may be known already.
        Raises the errors of `LanguageModel.answer`, and `ExtractError`.
        """
        text = prose(record)
        with self._meter.scope() as usage:
            described = f"{record.source} {record.data_type}"
            answer = await prompting.read(self._clients, text, extraction.event_time, described)
            answer = llm_extraction.keep_grounded(answer, text, extraction.event_time)
            found = llm_extraction.to_entities(answer, record.source)
            found = await resolved(self._clients, self._known, found, record.source, text)
        builder = Builder.resumed(extraction)
        # The rules put the message or the document itself first.
        subject = builder.add(extraction.entities[0])
        llm_extraction.add(builder, subject, answer, found)
        enriched = builder.build(extraction.title, extraction.text, extraction.chunks, extraction.chunk_places)
        return replace(
            enriched,
            llm_calls=usage.calls,
            tokens=usage.tokens,
            cost_usd=usage.cost,
            notes=_notes(text, extraction),
        )


def _notes(text: str, by_rules: Extraction) -> tuple[str, ...]:
    if len(text) <= prompting.MOST_CHARACTERS:
        return by_rules.notes
    return *by_rules.notes, f"{LEFT_OUT}the model reads about the first {prompting.MOST_CHARACTERS:,} characters of it"


class CachedEnricher:
    """Reads many records by the model, or takes what was kept of them."""

    def __init__(self, extractor: ModelExtractor, cache: AnswerCache) -> None:
        self.version = f"{rules_version()}+{extractor.version}"
        self._extractor = extractor
        self._cache = cache
        self._limit = asyncio.Semaphore(_AT_ONCE)

    def wants(self, record: Record) -> bool:
        """Whether there is any text for the model."""
        return bool(prose(record).strip())

    async def kept(self, items: Sequence[Item]) -> frozenset[str]:
        """Ids of the records that need not be read again."""
        entries = await self._cache.get([self._key(item) for item in items])
        return frozenset(item[0].record_id for item in items if self._loaded(item, entries) is not None)

    async def read(self, items: Sequence[Item]) -> list[Read]:
        """One result for each record: its enriched extraction, kept or new, or why it could not be read.

        After a `RunHalted` the model is asked nothing more: the records that were not read yet get the same error.
        """
        entries = await self._cache.get([self._key(item) for item in items])
        halted: list[RunHalted] = []
        return list(await asyncio.gather(*(self._one(item, entries, halted) for item in items)))

    async def _one(self, item: Item, entries: Mapping[str, bytes], halted: list[RunHalted]) -> Read:
        kept = self._loaded(item, entries)
        if kept is not None:
            return kept
        async with self._limit:
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
        read = None if data is None else load_extraction(data, extractor=self.version)
        if read is None:
            return None
        # What the rules say of the record as a whole is not kept with the model's answer.
        record, rules = item
        notes = _notes(prose(record), rules)
        return replace(
            read,
            kind=rules.kind,
            whole=rules.whole,
            dated=rules.dated,
            ended=rules.ended,
            notes=notes,
            chunk_places=rules.chunk_places,
        )

    def _key(self, item: Item) -> str:
        record, extraction = item
        parts = (record.record_id, record.content_hash, extraction.event_time.isoformat(), self.version)
        return hashlib.blake2b("\0".join(parts).encode(), digest_size=32, person=b"apex-reading").hexdigest()
