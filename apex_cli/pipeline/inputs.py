"""From the paths of a request to batches of records: every input goes through the staging directory first.

A synchronous generator, drained by one worker thread: one input is staged and read at a time, and no more of it is in
memory than one batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from apex_cli import faults
from apex_cli.config import Settings
from apex_cli.errors import ApexError, ReadError
from apex_cli.limits import ReadLimits
from apex_cli.model import Record
from apex_cli.pipeline.request import STDIN, IngestRequest
from apex_cli.reading.files import Found, Rejected, Young
from apex_cli.reading.read import read_input, sniff_source
from apex_cli.sources.registry import AUTO, JSON
from apex_cli.staging import Item, StagingDirectory
from apex_cli.staging.directory import STREAM_ORIGIN


@dataclass(slots=True)
class Input:
    """One staged item and how far its records have come. `item` is None for what never reached the staging directory.

    `read` is counted by the reading thread, `told` by the event loop: neither ever writes the other's. `extraction` is
    what an earlier attempt at a record kept alone has paid for already.
    """

    item: Item | None
    extraction: bytes | None = None
    read: int = 0
    told: int = 0
    exhausted: bool = False
    closed: bool = False
    failed: list[str] = field(default_factory=list)

    @property
    def settled(self) -> bool:
        return self.exhausted and self.told == self.read


@dataclass(frozen=True, slots=True)
class ReadResult:
    """One record, or what could not be read, and the input that it came from."""

    origin: Input
    what: Record | Rejected


@dataclass(slots=True)
class ReadBatch:
    """Up to a batch of reads, and the inputs that came to their end with it."""

    reads: list[ReadResult] = field(default_factory=list)
    ended: list[Input] = field(default_factory=list)
    bytes: int = 0


class InputReader:
    """Takes a request's inputs one after the other; `batches` is what there is to do."""

    BATCH_BYTES = 32 * 1024**2

    def __init__(
        self,
        settings: Settings,
        request: IngestRequest,
        files: Iterator[Found | Young | Rejected],
        staging: StagingDirectory,
        stopped: Callable[[], bool],
    ) -> None:
        self._settings = settings
        self._request = request
        self._files = files
        self._staging = staging
        self._stopped = stopped
        self._limits = limits(settings)
        self._left = request.limit
        self._ended = False
        self.seen = 0
        self.young = 0
        self.empty = 0
        self._taken: list[Input] = []

    def batches(self) -> Iterator[ReadBatch]:
        """Batches of reads, until the inputs, the limit or the patience of `stopped` are used up, or `stop` is called.

        Raises what ends the run, such as `StagingUnusable`, after the batch of all that was read before it.
        """
        batch = ReadBatch()
        refused: ApexError | None = None
        try:
            for event in self._events():
                if isinstance(event, Input):
                    batch.ended.append(event)
                    continue
                batch.reads.append(event)
                batch.bytes += event.what.size if isinstance(event.what, Record) else len(event.what.raw or b"")
                if len(batch.reads) >= self._settings.batch_size or batch.bytes >= self.BATCH_BYTES:
                    yield batch
                    batch = ReadBatch()
                    self._taken = self.unfinished()
        except ApexError as error:
            refused = error
        if batch.reads or batch.ended:
            yield batch
        if refused is not None:
            raise refused

    def stop(self) -> None:
        """Read no further record. From any thread."""
        self._ended = True

    def _events(self) -> Iterator[ReadResult | Input]:
        """Reads, and after its last read each input that came to its end."""
        for origins in (self._leftovers(), self._paths()):
            for origin in origins:
                if isinstance(origin, Input):
                    yield from self._records(origin)
                yield origin
                if self._exhausted():
                    return

    def _records(self, origin: Input) -> Iterator[ReadResult]:
        item = origin.item
        assert item is not None
        if item.origin == STREAM_ORIGIN and not item.bytes:
            # A program that had nothing to say; a file without content is a mistake.
            origin.exhausted = True
            self.empty += 1
            return
        reads = read_input(
            item.payload,
            name=item.payload.name if item.is_record else item.name,
            origin=item.origin,
            source=item.forced_source or AUTO,
            observed_at=item.staged_at,
            limits=self._limits,
            namespace=self._settings.namespace,
        )
        for what in reads:
            if self._exhausted():
                reads.close()
                return
            if self._left is not None:
                self._left -= 1
            origin.read += 1
            yield ReadResult(origin, replace(what, locator=item.name) if item.is_record else what)
        origin.exhausted = True
        self.empty += not origin.read

    def _exhausted(self) -> bool:
        return self._ended or self._stopped() or self._left == 0

    def _leftovers(self) -> Iterator[Input]:
        """What earlier runs left, oldest first; inputs that this request brings again anyway are not read twice."""
        roots = [Path(path).absolute() for path in self._request.paths if path != STDIN]
        for item in self._staging.waiting(retriable_failed=True, all_failed=self._request.retry_failed):
            if not item.is_record and _comes_again(item.origin, roots):
                continue
            yield from self._claimed(item)

    def _paths(self) -> Iterator[Input | ReadResult]:
        request = self._request
        forced = None if request.source == AUTO else request.source
        if STDIN in request.paths and request.stdin is not None:
            yield from self._claimed(
                self._staging.add_stream(request.stdin, source=forced or JSON, forced_source=forced, name="stdin.jsonl")
            )
        for found in self._files:
            if isinstance(found, Young):
                self.young += 1
            elif isinstance(found, Rejected):
                yield self._refused(found)
            else:
                source = sniff_source(found.path, found.name, request.source)
                faults.reach_in_thread("staging.put.before")
                try:
                    item = self._staging.add(found.path, source=source, forced_source=forced, consume=request.consume)
                except ReadError as error:
                    yield self._refused(Rejected(found.name, error))
                    continue
                faults.reach_in_thread("staging.put.after")
                if item.busy:
                    busy = ReadError(f"{found.name}: another run is working on it", code="in_use")
                    yield self._refused(Rejected(found.name, busy))
                yield from self._claimed(item)

    def _refused(self, rejected: Rejected) -> ReadResult:
        """An input that never reached the staging directory."""
        self.seen += 1
        return ReadResult(Input(None, read=1, exhausted=True), rejected)

    def _claimed(self, item: Item) -> Iterator[Input]:
        """The item as an input, if no other live run is working on it."""
        if self._staging.claim(item):
            self.seen += 1
            origin = Input(item, extraction=self._staging.extraction(item) if item.is_record else None)
            self._taken.append(origin)
            yield origin

    def unfinished(self) -> list[Input]:
        """Inputs that were taken and have not come to their end."""
        return [origin for origin in self._taken if not origin.closed]


def limits(settings: Settings) -> ReadLimits:
    """The reading limits of these settings."""
    return ReadLimits(
        max_record_bytes=settings.max_record_bytes,
        max_document_bytes=settings.max_document_bytes,
        max_depth=settings.max_depth,
    )


def _comes_again(origin: str, roots: list[Path]) -> bool:
    path = Path(origin)
    return any(path.is_relative_to(root) for root in roots) and path.exists()
