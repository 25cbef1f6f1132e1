"""What the stages of one ingest share, and one record on its way through them."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

from apex_cli.config import Settings
from apex_cli.errors import ApexError
from apex_cli.extract.cuts import LEFT_OUT
from apex_cli.input_rules import UNSAID, Naming
from apex_cli.model import Embedded, EntityType, Extraction, Record
from apex_cli.pipeline.progress import Progress
from apex_cli.pipeline.stored_versions import Restoration
from apex_cli.pipeline.synced_names import NOWHERE
from apex_cli.reading.files import Rejected, Skipped
from apex_cli.reading.selection import EVERYTHING, Selection
from apex_cli.results import RecordResult, RecordStatus, RunSummary
from apex_cli.run_stats import RunStats
from apex_cli.saga.coordinator import Coordinator
from apex_cli.saga.locks import RecordLocks
from apex_cli.saga.participants import Participants
from apex_cli.sources.registry import DOCUMENT
from apex_cli.units import Portion

if TYPE_CHECKING:
    from apex_cli.enrich.enricher import CachedEnricher
    from apex_cli.pipeline.sync import SyncRun
    from apex_cli.staging import Item, StagingDirectory
    from apex_cli.staging.refusals import Refusals
    from apex_cli.stores.factory import Stores

STDIN = "-"
DEFAULT_MAX_FORGET = Portion(percent=10.0)
EXTRACTORS = ("auto", "rules", "llm")


@dataclass(slots=True)
class Stop:
    """A request to end early. `signal` is the signal's number, 0 if there was none."""

    event: asyncio.Event = field(default_factory=asyncio.Event)
    signal: int = 0

    def __call__(self, signal: int) -> None:
        self.signal = self.signal or signal
        self.event.set()


@dataclass(frozen=True, slots=True)
class InputStream:
    """An input that is no file: read once, by the thread that stages it. `source` may be `auto`."""

    file: BinaryIO
    source: str
    naming: Naming

    @property
    def name(self) -> str:
        """What it is called: as its name says, a document or JSON Lines."""
        return self.naming.name or ("stdin" if self.source == DOCUMENT else "stdin.jsonl")


@dataclass(frozen=True, slots=True)
class IngestRequest:
    """One ingest. `paths` may hold `-` for `stdin`; `min_age` is seconds; `limit` counts records.

    `streams` come before the paths, and the standard input before them; they are asked for one at a time.

    `naming` is of the inputs that the paths name, not of items that were staged before; so is `selection`, which says
    what of a directory is taken. `extractor` is one of
    `EXTRACTORS`. With `llm_batch` models answer in the next run, at half the price. `again` takes content that the
    memory has, or has forgotten, once more. With `sync`, what earlier runs with it took from the paths, and is no
    longer there, is forgotten, if it is not more than `max_forget`. With `only`, of the files that the paths hold,
    these alone are taken.
    """

    paths: tuple[str, ...]
    source: str = "auto"
    extractor: str = "auto"
    llm_batch: bool = False
    limit: int | None = None
    consume: bool = False
    min_age: float = 0.0
    retry_failed: bool = False
    again: bool = False
    sync: bool = False
    max_forget: Portion = DEFAULT_MAX_FORGET
    stdin: BinaryIO | None = None
    streams: Iterable[InputStream] = ()
    naming: Naming = UNSAID
    selection: Selection = EVERYTHING
    only: frozenset[Path] | None = None
    run_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def named_streams(self) -> Iterator[InputStream]:
        """The inputs that are no files."""
        if STDIN in self.paths and self.stdin is not None:
            yield InputStream(self.stdin, self.source, self.naming)
        yield from self.streams

    def uses_model(self, settings: Settings) -> bool:
        """Whether a model reads free text: always with `llm`, with `auto` where a key or a server is configured."""
        return settings.has_model if self.extractor == "auto" else self.extractor == "llm"


class Observer(Protocol):
    """Follows a run. Called on the event loop; must return quickly."""

    def phase(self, text: str) -> None:
        """A new phase has begun ("starting the stores")."""

    def outcome(self, outcome: RecordResult) -> None:
        """A record has come to its end. Called exactly once for each record."""


@dataclass(slots=True)
class RunContext:
    """What all stages of one run share. Only the event loop changes it, except for `InputProgress.read`.

    `worker` is the one thread that reads inputs and changes the staging directory. `under_way` counts the versions of
    each record between extraction and commit. `enricher` is None for a run without a model, `sync` for one without
    `--sync` where no run had it before. `refusals` are the inputs that were refused before they were staged.
    `progress` is for the observer. `unfinished_exports` are records out of an export of which a version was not taken,
    and why.
    """

    settings: Settings
    request: IngestRequest
    observer: Observer
    stop: Stop
    summary: RunSummary
    staging: StagingDirectory
    stores: Stores
    coordinator: Coordinator
    worker: Executor
    refusals: Refusals
    enricher: CachedEnricher | None = None
    sync: SyncRun | None = None
    progress: Progress = field(default_factory=Progress)
    under_way: Counter[str] = field(default_factory=Counter)
    unfinished_exports: dict[str, ApexError] = field(default_factory=dict)
    stop_reason: ApexError | None = None
    read_error: ApexError | None = None

    @property
    def stopping(self) -> bool:
        """Whether no further record is to be read. May be asked from any thread."""
        return self.stop_reason is not None or self.stop.event.is_set()

    def end_early(self, reason: ApexError) -> None:
        """Read no further records, and settle what is in flight. The first reason counts."""
        self.stop_reason = self.stop_reason or reason


@dataclass(slots=True)
class InputProgress:
    """One input and how far its records have come. `item` is None for an input that was never staged.

    `read` is counted by the reading thread, `reported` by the event loop: neither writes the other's. `kept` are the
    ids of failed records that were staged as items of their own. `file` is what holds the records (`synced_names`), and
    `is_current` whether the input is what the file holds now, and not what an earlier run staged. `failed`: not all of
    it was taken. `skipped` counts what holds nothing to ingest. `counted` of its `bytes` are in `Progress`.
    """

    item: Item | None
    file: bytes = NOWHERE
    is_current: bool = False
    bytes: int = 0
    counted: int = 0
    read: int = 0
    reported: int = 0
    skipped: int = 0
    failed: bool = False
    exhausted: bool = False
    closed: bool = False
    kept: list[str] = field(default_factory=list)

    def note(self, status: RecordStatus) -> None:
        """Take into account how one of its records ended."""
        self.failed |= status is RecordStatus.FAILED
        self.skipped += status is RecordStatus.SKIPPED

    @property
    def is_understood(self) -> bool:
        """Whether nothing in it failed, and it holds more than what is skipped, such as the error answer of an API."""
        return not self.failed and (self.read == 0 or self.skipped < self.read)

    @property
    def finished(self) -> bool:
        """Whether every record of the input was read and reported."""
        return self.exhausted and self.reported == self.read


@dataclass(slots=True)
class RecordInProgress:
    """One record, or what could not be read, from reading to its result.

    Each stage fills in one field: `extraction`, `embedded`, `result`. A record with a `result` skips what follows.
    `counted` is set while `RunContext.under_way` counts it.
    """

    origin: InputProgress
    source_data: Record | Rejected | Skipped
    started: float = field(default_factory=time.monotonic)
    extraction: Extraction | None = None
    embedded: Embedded | None = None
    result: RecordResult | None = None
    counted: bool = False

    @property
    def record(self) -> Record:
        """The record. Only for one that could be read."""
        assert isinstance(self.source_data, Record)
        return self.source_data

    @property
    def size(self) -> int:
        """How many bytes it has, as far as that is known."""
        if isinstance(self.source_data, Rejected):
            return len(self.source_data.raw or b"")
        return self.source_data.size if isinstance(self.source_data, Record) else 0

    def end(self, status: RecordStatus, error: ApexError | None = None, stage: str | None = None) -> None:
        """Set the result, with everything that is known of the record by now."""
        milliseconds = round((time.monotonic() - self.started) * 1000, 1)
        if isinstance(self.source_data, Skipped):
            self.result = describe_skipped(self.source_data)
            return
        if isinstance(self.source_data, Rejected):
            source = self.origin.item.source if self.origin.item else "unknown"
            self.result = RecordResult(status, None, error, stage, self.source_data.locator, source, ms=milliseconds)
            return
        self.result = describe(self.source_data, self.extraction, status, error, stage, milliseconds)


@dataclass(slots=True)
class Batch:
    """Records that pass the stages together, and the inputs that ended with them. `bytes` is the size of payloads."""

    records: list[RecordInProgress] = field(default_factory=list)
    ended: list[InputProgress] = field(default_factory=list)
    bytes: int = 0

    def open(self) -> list[RecordInProgress]:
        """The records without a result."""
        return [record for record in self.records if record.result is None]


def describe_skipped(skipped: Skipped) -> RecordResult:
    """The result of an object that holds nothing to ingest."""
    left_out = (skipped.note,) if skipped.note.startswith(LEFT_OUT) else ()
    return RecordResult(
        RecordStatus.SKIPPED,
        locator=skipped.locator,
        source=skipped.source,
        note=f"{skipped.note}: {skipped.detail}" if skipped.detail else skipped.note,
        skipped_because=skipped.note,
        left_out=left_out,
        unsupported=skipped.unsupported,
    )


def describe(
    record: Record,
    extraction: Extraction | None,
    status: RecordStatus,
    error: ApexError | None = None,
    stage: str | None = None,
    ms: float = 0.0,
) -> RecordResult:
    """The result of a record, with its identity and how much was extracted from it."""
    notes = (*record.notes, *(extraction.notes if extraction else ()))
    return RecordResult(
        status=status,
        record_id=record.record_id,
        error=error,
        stage=stage,
        locator=record.locator,
        source=record.source,
        data_type=record.data_type,
        external_id=record.external_id,
        entities=sum(entity.type is not EntityType.VALUE for entity in extraction.entities) if extraction else 0,
        facts=sum(1 for claim in extraction.claims if claim.object) if extraction else 0,
        vectors=len(extraction.chunks) if extraction else 0,
        llm_calls=extraction.llm_calls if extraction else 0,
        tokens=extraction.tokens if extraction else 0,
        cost_usd=round(extraction.cost_usd, 6) if extraction else 0.0,
        ms=ms,
        note="; ".join(notes if record.looks_like is None else (*notes, _not_recognised(record.looks_like))) or None,
        left_out=tuple(note for note in notes if note.startswith(LEFT_OUT)),
        assumed=tuple(note for note in notes if not note.startswith(LEFT_OUT)),
        looks_like=record.looks_like,
    )


def _not_recognised(looks_like: str) -> str:
    return f"not recognised as a known source{f', looks like {looks_like}' if looks_like else ''}"


def coordinator_for(
    settings: Settings, stores: Stores, *, run_id: str | None = None, stats: RunStats | None = None
) -> Coordinator:
    """The saga's coordinator over opened stores."""
    parts = Participants(
        journal=stores.journal,
        graph=stores.graph,
        vectors=stores.vectors,
        cache=stores.cache,
        timeout=settings.store_timeout,
        restore=Restoration(settings, stores),
        stats=stats,
    )
    locks = RecordLocks(stores.cache, stores.lock_owner)
    owns_journal = settings.postgres_url.embedded
    return Coordinator(parts, locks, run_id=run_id, group_id=settings.namespace, owns_journal=owns_journal)


def leave_pending(records: Iterable[RecordInProgress], reason: ApexError) -> None:
    """End records as pending: their inputs stay staged for the next run."""
    for record in records:
        record.end(RecordStatus.PENDING, reason)
