"""Two different things on one id within a run: the second one fails alone, and nothing is overwritten.

Other JSON and rows of tables have ids that people gave. `1` may stand on two rows by mistake, or because that field is
not the row's id. Within one run it is known what came, so a later version can be distinguished from another thing:

    both have a time, and the times differ                     versions, unless they share neither shape nor fields
    from one input, and no time says which of them is later    a conflict
    from two inputs, likewise                                  versions if at least half of their values are the same
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from apex_cli.errors import IdentityConflict, StoreError
from apex_cli.extract.likeness import CLOSE, Fingerprint, fingerprint
from apex_cli.model import Record
from apex_cli.pipeline.context import Batch, RecordInProgress, RunContext, leave_pending
from apex_cli.pipeline.embed import fail
from apex_cli.results import RecordStatus
from apex_cli.sources.registry import named
from apex_cli.staging.names import origin_hash

REMEMBERED = 100_000
"""Records of a run that are remembered, the last ones: some 400 bytes each."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """A record of this run. `print` is None for content that the memory had: PostgreSQL has it, and its time."""

    origin: str
    content: str
    print: Fingerprint | None = None
    moment: datetime | None = None


class SeenRecords:
    """The records of one run with ids that people gave, by record id; the oldest are dropped."""

    def __init__(self, limit: int = REMEMBERED) -> None:
        self._limit = limit
        self._seen: dict[str, _Seen] = {}

    async def screen(self, context: RunContext, batch: Batch) -> None:
        """End the records of the batch that have the id of another thing. After extraction, which finds the times."""
        for each in batch.records:
            if not _is_checked(each):
                continue
            try:
                conflict = await self._conflict(context, each)
            except StoreError as error:
                context.end_early(error)
                leave_pending([each], error)
                continue
            if conflict is not None:
                fail(context, each, conflict)

    async def _conflict(self, context: RunContext, each: RecordInProgress) -> IdentityConflict | None:
        record = each.record
        known = self._seen.get(record.record_id)
        if each.extraction is None:
            if known is None:
                self._remember(record.record_id, _Seen(_origin(each), record.content_hash))
            return None
        dated = each.extraction.dated and each.extraction.event_time != record.observed_at
        moment = each.extraction.event_time if dated else None
        seen = _Seen(_origin(each), record.content_hash, fingerprint(record.payload), moment)
        if _was_refused(each) or (known is not None and known.print is None):
            known = await _stored(context, record, known, seen)
        if known is not None and known.content != seen.content and _is_another(known, seen):
            return IdentityConflict(f"another record of this run has the id {record.external_id} and other content")
        self._remember(record.record_id, seen)
        return None

    def _remember(self, record_id: str, seen: _Seen) -> None:
        self._seen[record_id] = seen
        if len(self._seen) > self._limit:
            del self._seen[next(iter(self._seen))]


def _is_checked(each: RecordInProgress) -> bool:
    """Records with ids that people gave that are to be committed, or that the memory has. One that is known by its
    content is no other's, and what comes out of an export was checked when it was first taken."""
    if not isinstance(each.source_data, Record) or each.record.exported is not None:
        return False
    if not named(each.record.source).ids_by_hand:
        return False
    if each.record.content_hash.startswith(each.record.external_id):
        return False
    return each.extraction is not None if each.result is None else each.result.status is RecordStatus.UNCHANGED


async def _stored(context: RunContext, record: Record, known: _Seen | None, seen: _Seen) -> _Seen | None:
    """What the memory has of the record: the version that was seen in this run, else the current one."""
    versions = (await context.stores.catalog.versions([record.record_id])).get(record.record_id, ())
    for version in versions:
        if version.content_hash == known.content if known is not None else version.current:
            origin = known.origin if known is not None else seen.origin
            moment = version.event_time if version.dated else None
            return _Seen(origin, version.content_hash, fingerprint(version.payload), moment)
    return known


def _is_another(known: _Seen, seen: _Seen) -> bool:
    """Whether the second cannot be taken for a version of the first."""
    if known.print is None or seen.print is None:
        return False
    if known.moment is not None and seen.moment is not None and known.moment != seen.moment:
        return not known.print.may_be(seen.print)
    return known.origin == seen.origin or known.print.values_shared(seen.print) < CLOSE


def _was_refused(each: RecordInProgress) -> bool:
    """Whether the record had the id of another one when it was read from its input."""
    item = each.origin.item
    return item is not None and item.kept is not None and item.kept.conflicted


def _origin(each: RecordInProgress) -> str:
    """The input of a record; that of one that failed earlier is the input it was in."""
    item = each.origin.item
    return origin_hash(item.item_id) if item is not None else ""
