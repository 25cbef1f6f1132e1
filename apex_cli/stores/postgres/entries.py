"""What one attempt on a record writes to the journal, and the plan that it makes for the other stores."""

from __future__ import annotations

import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from typing import Any

from apex_cli.extract.stated import extraction_of, stated_of
from apex_cli.model import (
    Embedded,
    Plan,
    PlanKind,
    Record,
    RecordKind,
    RecordVersion,
    Superseded,
)
from apex_cli.stores.journal import SagaState
from apex_cli.stores.postgres.connection import Row, pg_json
from apex_cli.text_cleaning import replace_unencodable
from apex_cli.versions import KnownVersion, Placement, place

_MOMENT = timedelta(microseconds=1)
COPY_SAGA = (
    "COPY saga (saga_id, record_id, run_id, kind, state, epoch, revision, superseded, replaces, current_version,"
    " base_version, lasting) FROM STDIN"
)
COPY_VERSION = (
    "COPY record_version (saga_id, record_id, revision, content_hash, event_time, observed_at, title, text,"
    " payload, extraction, chunks, kind, whole, dated, replaced_by, model) FROM STDIN"
)


@dataclass(frozen=True)
class JournalledVersion:
    """A version as the journal has it. Its entities and claims are read only where they are needed."""

    known: KnownVersion
    stated: Any

    @classmethod
    def of(cls, row: Row) -> JournalledVersion:
        """From a row of `record_version`."""
        return cls(
            KnownVersion(
                saga_id=str(row["saga_id"]),
                content_hash=row["content_hash"],
                as_of=row["event_time"],
                kind=RecordKind(row["kind"]),
                whole=row["whole"],
                dated=row["dated"],
                chunks=row["chunks"],
                claims=len(row["extraction"]["claims"]),
                replaced=row["replaced_by"] is not None,
                observed_at=row["observed_at"],
                model=row["model"],
            ),
            row["extraction"],
        )

    @cached_property
    def version(self) -> RecordVersion:
        """What it states: without its text, its chunks and its vectors."""
        known = self.known
        extraction = extraction_of(
            self.stated, event_time=known.as_of, kind=known.kind, whole=known.whole, dated=known.dated
        )
        return RecordVersion(known.saga_id, extraction)


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A plan, and for `WRITE` where its version stands among those of the record.

    `lasting`: what a `FORGET` removes is not taken again.
    """

    plan: Plan
    placement: Placement | None = None
    lasting: bool = True

    def saga_row(self, run_id: str | None, state: SagaState) -> tuple[Any, ...]:
        """The row for `COPY_SAGA`."""
        plan, placed = self.plan, self.placement
        superseded = [old.saga_id for old in plan.superseded]
        after = (placed.replaces, placed.current, placed.base) if placed else (None, None, None)
        saga = (plan.saga_id, plan.record_id, run_id, plan.kind.value, state.value, plan.epoch, plan.revision)
        return (*saga, superseded, *after, self.lasting)

    def version_row(self) -> tuple[Any, ...]:
        """The row for `COPY_VERSION`."""
        plan, placed = self.plan, self.placement
        assert plan.record is not None
        assert plan.embedded is not None
        assert placed is not None
        record, extraction = plan.record, plan.embedded.extraction
        return (
            plan.saga_id,
            plan.record_id,
            plan.revision,
            record.content_hash,
            extraction.event_time,
            record.observed_at,
            replace_unencodable(extraction.title),
            replace_unencodable(extraction.text),
            pg_json(record.payload),
            pg_json(stated_of(extraction)),
            plan.chunks,
            extraction.kind.value,
            extraction.whole,
            extraction.dated,
            None if placed.states else placed.current,
            plan.model,
        )


def random_uuids(count: int) -> list[str]:
    """UUIDs of version 4 (RFC 9562). To ask the system once for each would let other threads in as often."""
    noise = os.urandom(16 * count)
    return [str(uuid.UUID(bytes=noise[start : start + 16], version=4)) for start in range(0, len(noise), 16)]


def write(
    saga_id: str,
    record: Record,
    embedded: Embedded,
    epoch: int,
    revision: int,
    known: Sequence[JournalledVersion],
    group_id: str,
    *,
    again: bool,
) -> JournalEntry | None:
    """The attempt to write a version, after `epoch` and `revision`; None for content that the memory has.

    `known` are the record's versions in order of arrival; for `again` see `versions.place`.
    """
    if record.exported is not None and not again and any(_is_same(record, embedded, one.known) for one in known):
        return None
    if record.exported is None:
        embedded = _succeeding(record, embedded, [version.known for version in known])
    extraction = embedded.extraction
    new = KnownVersion(
        saga_id=saga_id,
        content_hash=record.content_hash,
        as_of=extraction.event_time,
        kind=extraction.kind,
        whole=extraction.whole,
        dated=extraction.dated,
        chunks=len(extraction.chunks),
        claims=len(extraction.claims),
    )
    took_again = record.exported is not None and record.exported.again
    placed = place([version.known for version in known], new, again=again or took_again)
    if placed is None:
        return None
    others = {version.saga_id for version in placed.others}
    plan = Plan(
        saga_id=saga_id,
        record_id=record.record_id,
        epoch=epoch + 1,
        revision=revision + 1,
        kind=PlanKind.WRITE,
        group_id=group_id,
        chunks=new.chunks,
        superseded=placed.superseded,
        record=record,
        embedded=embedded,
        model=embedded.model,
        position=placed.position,
        history=tuple(version.version for version in known if version.known.saga_id in others),
        current=placed.current == saga_id,
        shown=saga_id in (placed.current, placed.base),
        states=placed.states,
    )
    return JournalEntry(plan, placed)


def _is_same(exported: Record, embedded: Embedded, known: KnownVersion) -> bool:
    """Whether a version out of an export is this one: of the same content, staged at that time, as of that time."""
    version = (exported.content_hash, exported.observed_at, embedded.extraction.event_time)
    return version == (known.content_hash, known.observed_at, known.as_of)


def _succeeding(record: Record, embedded: Embedded, known: Sequence[KnownVersion]) -> Embedded:
    """A state without a time of its own, as of its staging where the record has other content already.

    The first version may count from the date in its id. A later one is not as of that date, and of two that were staged
    together the second one follows the first.
    """
    extraction = embedded.extraction
    counted = [version for version in known if not version.replaced]
    if extraction.dated or extraction.kind is RecordKind.EVENT or not counted:
        return embedded
    newest = max(counted, key=lambda version: version.order)
    if newest.content_hash == record.content_hash or extraction.event_time > newest.as_of:
        return embedded
    # One that was staged before the newest is late; one that was staged with it, or after it, follows it.
    follows = newest.observed_at is None or record.observed_at >= newest.observed_at
    as_of = max(record.observed_at, newest.as_of + _MOMENT) if follows else record.observed_at
    claims = tuple(
        replace(claim, valid_at=as_of) if claim.valid_at == extraction.event_time else claim
        for claim in extraction.claims
    )
    return replace(embedded, extraction=replace(extraction, event_time=as_of, claims=claims))


def removal(
    saga_id: str,
    record_id: str,
    epoch: int,
    revision: int,
    known: Sequence[JournalledVersion],
    group_id: str,
    *,
    lasting: bool,
) -> JournalEntry:
    """The attempt to forget a record with all its versions."""
    plan = Plan(
        saga_id=saga_id,
        record_id=record_id,
        epoch=epoch + 1,
        revision=revision + 1,
        kind=PlanKind.FORGET,
        group_id=group_id,
        chunks=0,
        superseded=tuple(
            Superseded(version.known.saga_id, version.known.chunks, version.known.model) for version in known
        ),
    )
    return JournalEntry(plan, lasting=lasting)
