"""Which record a document is: by its content and its place. Before extraction; after the commit its place is noted.

    content that was last seen at this place                 the same record, unchanged
    content of a document elsewhere: a copy, moved, renamed  that record, with one more place
    other content at a known place                           a new version of the record there
        unless they share next to nothing, the place was vacated, or the old text is still at another place
    anything else                                            a new record

A new record is called after its content. Races between runs end in a second record of one content, never in a lost one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from apex_cli.config import Settings
from apex_cli.errors import RecordError, StoreError
from apex_cli.extract.likeness import same_text
from apex_cli.input_rules import ReadLimits
from apex_cli.model import Record
from apex_cli.pipeline.context import STDIN, Batch, RecordInProgress, RunContext, leave_pending
from apex_cli.pipeline.read import read_limits
from apex_cli.reading.read import document_digest
from apex_cli.results import DONE, RecordStatus
from apex_cli.sources.registry import DOCUMENT
from apex_cli.stores.factory import Stores
from apex_cli.stores.postgres.places import KnownDocument, Place, Resident, Sighting

_SUFFIX_DIGITS = 8


async def resolve(context: RunContext, batch: Batch) -> None:
    """Give each document of the batch the identity of the record that it is. Left pending where PostgreSQL fails."""
    documents = _documents(batch)
    if not documents:
        return
    try:
        found = await identified(context.settings, context.stores, [(each.record, place) for each, place in documents])
        for (each, _), record in zip(documents, found, strict=True):
            each.source_data = record
    except StoreError as error:
        context.end_early(error)
        leave_pending([each for each, _ in documents], error)


async def identified(settings: Settings, stores: Stores, documents: Sequence[tuple[Record, Place]]) -> Sequence[Record]:
    """Documents, each with the identity of the record that it is. Raises `StoreError`."""
    found = await _look_up(stores, documents)
    records = []
    for record, place in documents:
        known = await _record_of(settings, stores, record, place, found)
        if known is not None:
            records.append(replace(record, external_id=known.external_id, stored_id=known.record_id))
        elif _is_taken(record, found):
            # The plain id belongs to a document that began with this content and has moved on.
            name = f"{record.external_id}-{place.key[:_SUFFIX_DIGITS]}"
            records.append(replace(record, external_id=name, stored_id=None))
        else:
            records.append(record)
    return records


async def note_places(context: RunContext, batch: Batch) -> None:
    """Note where the batch's documents are that the memory has. What cannot be noted stays pending for the next run."""
    done = [
        (each, place)
        for each, place in _documents(batch)
        if each.result and each.result.status in DONE - {RecordStatus.FORGOTTEN}
    ]
    if not done:
        return
    sightings = [
        Sighting(place, each.record.record_id, each.record.content_hash, _is_consumed(each)) for each, place in done
    ]
    try:
        await context.stores.places.remember(sightings)
    except StoreError as error:
        context.end_early(error)
        leave_pending([each for each, _ in done], error)


@dataclass(frozen=True, slots=True)
class _Found:
    """What the memory has of the places and contents of a batch."""

    residents: Sequence[Resident]
    by_id: dict[str, KnownDocument]

    def at(self, place: Place) -> Resident | None:
        """The document that may still be at a place."""
        return next((one for one in self.residents if one.occupied and one.place == place.key), None)

    def with_content(self, content_hash: str) -> KnownDocument | None:
        """A document whose current content this is, or whose content it was at one of its places."""
        same = [one.document for one in self.residents if one.content_hash == content_hash]
        return next((one for one in same if one.current == content_hash), same[0] if same else None)


async def _look_up(stores: Stores, documents: Sequence[tuple[Record, Place]]) -> _Found:
    places = sorted({place.key for _, place in documents})
    contents = sorted({record.content_hash for record, _ in documents})
    residents, by_id = await asyncio.gather(
        stores.places.find(places, contents),
        stores.places.by_external_id(sorted({record.external_id for record, _ in documents})),
    )
    return _Found(residents, dict(by_id))


async def _record_of(
    settings: Settings, stores: Stores, record: Record, place: Place, found: _Found
) -> KnownDocument | None:
    """The record that a document is; None for a new one."""
    there = found.at(place)
    if there is not None and there.content_hash == record.content_hash:
        return there.document
    known = found.with_content(record.content_hash)
    if known is not None:
        return known
    named = found.by_id.get(record.external_id)
    if named is not None and named.current in (None, record.content_hash):
        # Forgotten, which the commit decides about; or committed by a run that was killed before it noted the place.
        return named
    if there is not None and await _is_version(settings, stores, record, place, there.document):
        return there.document
    return None


async def _is_version(settings: Settings, stores: Stores, record: Record, place: Place, known: KnownDocument) -> bool:
    """Whether the text at a place is a version of the document that was there, and not a copy that was changed."""
    versions = await stores.catalog.by_id([known.record_id])
    if known.record_id not in versions:
        return False
    payload = versions[known.record_id].payload
    if not await asyncio.to_thread(same_text, str(payload["content"]), str(record.payload["content"])):
        return False
    others = await stores.places.elsewhere(known.record_id, place.key)
    return not await asyncio.to_thread(_is_still_at, others, str(payload["format"]), read_limits(settings))


def _is_still_at(places: Sequence[tuple[str, str]], format: str, limits: ReadLimits) -> bool:
    """Whether one of these files holds the content that was last seen there. False for one that cannot be read."""
    for shown, content_hash in places:
        try:
            path = Path(shown)
            if path.is_absolute() and document_digest(path, format, limits) == content_hash:
                return True
        except (OSError, RecordError):
            continue
    return False


def _is_taken(record: Record, found: _Found) -> bool:
    named = found.by_id.get(record.external_id)
    return named is not None and named.current != record.content_hash


def _documents(batch: Batch) -> list[tuple[RecordInProgress, Place]]:
    """The documents of a batch that could be read, with their places. Those of an export have theirs."""
    return [
        (each, _place(each))
        for each in batch.records
        if isinstance(each.source_data, Record) and each.record.source == DOCUMENT and each.record.exported is None
    ]


def _place(each: RecordInProgress) -> Place:
    item = each.origin.item
    if item is None or item.origin == STDIN:
        return Place.of_stream(item.naming.name if item else None, each.record.content_hash)
    return Place.of_path(str(each.record.payload["path"]))


def _is_consumed(each: RecordInProgress) -> bool:
    item = each.origin.item
    return item is not None and item.consume
