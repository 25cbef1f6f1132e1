"""Stage 1, read: from the paths of a request to batches of records. Every input goes through the staging directory.

A synchronous generator, drained by one worker thread: one input is staged and read at a time, and no more of it is in
memory than one batch.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PurePath

from apex_cli import faults
from apex_cli.config import Settings
from apex_cli.errors import ApexError, ReadError
from apex_cli.formats.isolation import Isolation
from apex_cli.input_rules import ReadLimits
from apex_cli.model import Record
from apex_cli.pipeline.context import STDIN, Batch, InputProgress, InputStream, RecordInProgress, RunContext
from apex_cli.pipeline.inputs import NamedInput, opened
from apex_cli.pipeline.synced_names import NOWHERE, FileNames
from apex_cli.reading.files import Found, Rejected, Skipped, Young
from apex_cli.reading.kinds import refusal, refusal_of
from apex_cli.reading.objects import FoundObject, is_url, shown
from apex_cli.reading.read import read_input, sniff, sniff_source
from apex_cli.sources.registry import AUTO, JSON, lone_record_id
from apex_cli.staging import Item
from apex_cli.staging.directory import STREAM_ORIGIN

BATCH_BYTES = 32 * 1024**2
FIRST_BATCH = 125
"""Records of a run's first batch, whose results come soon. Each full batch doubles the next, up to the setting."""
MODEL_BATCH = 250
"""Most records of a batch that a language model reads: a request to end waits for its answers."""


class InputReader:
    """Takes the inputs of a run one after the other; `batches` is the work.

    `seen` counts inputs, `young` files skipped by `--min-age`, `empty` inputs with nothing to ingest, `busy` files that
    another run works on.
    """

    def __init__(self, context: RunContext, files: Iterator[NamedInput]) -> None:
        self._context = context
        self._settings = context.settings
        self._request = context.request
        self._forced = None if context.request.source == AUTO else context.request.source
        self._staging = context.staging
        self._files = files
        self._limits = read_limits(context.settings)
        self._left = context.request.limit
        self._isolation = Isolation()
        self._names = FileNames(context.settings)
        self._taken: list[InputProgress] = []
        self.seen = 0
        self.young = 0
        self.empty = 0
        self.busy = 0

    @property
    def cut(self) -> bool:
        """Whether the limit of records was reached: there may be more."""
        return self._left == 0

    def batches(self) -> Iterator[Batch]:
        """Batches, until the inputs or the limit are used up, or the run is stopping. They grow: see `FIRST_BATCH`.

        An error that ends the run, such as `StagingUnusable`, is raised after the batch of all that was read before it.
        """
        batch = Batch()
        most = (
            self._settings.batch_size if self._context.enricher is None else min(self._settings.batch_size, MODEL_BATCH)
        )
        limit = min(FIRST_BATCH, most)
        refused: ApexError | None = None
        try:
            for event in self._events():
                if isinstance(event, InputProgress):
                    batch.ended.append(event)
                    continue
                batch.records.append(event)
                batch.bytes += event.size
                if len(batch.records) >= limit or batch.bytes >= BATCH_BYTES:
                    yield batch
                    batch, limit = Batch(), min(2 * limit, most)
                    self._taken = self.unfinished()
        except ApexError as error:
            refused = error
        if batch.records or batch.ended:
            yield batch
        if refused is not None:
            raise refused

    def _events(self) -> Iterator[RecordInProgress | InputProgress]:
        """Records, and each input after its last record."""
        for origins in (self._staged_earlier(), self._named()):
            for origin in origins:
                if isinstance(origin, InputProgress):
                    yield from self._records(origin)
                yield origin
                if self._exhausted():
                    return

    def _records(self, origin: InputProgress) -> Iterator[RecordInProgress]:
        item = origin.item
        assert item is not None
        self._context.progress.in_hand = item.name
        if item.origin == STREAM_ORIGIN and not item.bytes:
            # An empty pipe is fine; an empty file is a mistake, and fails.
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
            isolation=self._isolation,
            naming=item.naming,
        )
        empty = True
        for found in reads:
            if self._exhausted():
                reads.close()
                return
            if self._left is not None:
                self._left -= 1
            origin.read += 1
            empty = empty and isinstance(found, Skipped)
            yield RecordInProgress(origin, _as_kept(found, item) if item.is_record else found)
        origin.exhausted = True
        self.empty += empty

    def _exhausted(self) -> bool:
        return self._context.stopping or self._left == 0

    def _staged_earlier(self) -> Iterator[InputProgress]:
        """Items of earlier runs, oldest first, but for inputs that this request names again."""
        roots = [path if is_url(path) else str(Path(path).absolute()) for path in self._request.paths if path != STDIN]
        for item in self._staging.waiting(retriable_failed=True, all_failed=self._request.retry_failed):
            if not item.is_record and self._is_named_again(item.origin, roots):
                continue
            yield from self._claimed(item)

    def _is_named_again(self, origin: str, roots: list[str]) -> bool:
        only = self._request.only
        return _named_again(origin, roots) if only is None or is_url(origin) else Path(origin) in only

    def _named(self) -> Iterator[InputProgress | RecordInProgress]:
        # All streams are staged before the first one is read: they cannot be read again.
        for item in [self._staged_stream(stream) for stream in self._request.named_streams()]:
            yield from self._claimed(item)
        for found in self._files:
            if isinstance(found, Young):
                self.young += 1
            elif isinstance(found, Rejected):
                yield self._refused(found, found.locator)
            else:
                staged = self._staged_object(found) if isinstance(found, FoundObject) else self._staged_file(found)
                if isinstance(staged, RecordInProgress):
                    yield staged
                    continue
                if staged.busy:
                    self.busy += 1
                    busy = ReadError(f"{found.name}: another run is working on it", code="in_use")
                    yield self._refused(Rejected(found.name, busy))
                place = found.url if isinstance(found, FoundObject) else str(found.path)
                yield from self._claimed(staged, place)

    def _staged_stream(self, stream: InputStream) -> Item:
        forced = None if stream.source == AUTO else stream.source
        return self._staging.add_stream(
            stream.file,
            source=forced or JSON,
            forced_source=forced,
            name=stream.name,
            extension=PurePath(stream.name).suffix,
            naming=stream.naming,
        )

    def _staged_file(self, found: Found) -> Item | RecordInProgress:
        """The staged item of a file; what to report where it is not staged."""
        refused = refusal(found, self._request.source)
        if refused is not None:
            return self._refused(refused, str(found.path), _bytes_of(found.path))
        source = sniff_source(found.path, found.name, self._request.source)
        faults.reach_in_thread("staging.put.before")
        try:
            item = self._staging.add(
                found.path,
                source=source,
                forced_source=self._forced,
                consume=self._request.consume,
                naming=self._request.naming,
                claim=True,
            )
        except ReadError as error:
            return self._refused(Rejected(found.name, error), str(found.path), _bytes_of(found.path))
        faults.reach_in_thread("staging.put.after")
        return item

    def _staged_object(self, found: FoundObject) -> Item | RecordInProgress:
        """The same of an object, which is fetched only where it can be read."""
        try:
            with opened(found) as (head, stream):
                refused = refusal_of(head, found.name, self._request.source, is_named=found.is_named)
                if refused is not None:
                    return self._refused(refused, found.url)
                head.seek(0)
                source = sniff(head, found.name, self._request.source)
                faults.reach_in_thread("staging.put.before")
                item = self._staging.add_object(
                    stream,
                    origin=found.url,
                    name=found.name,
                    source=source,
                    forced_source=self._forced,
                    naming=self._request.naming,
                )
        except ReadError as error:
            return self._refused(Rejected(found.name, error), found.url)
        faults.reach_in_thread("staging.put.after")
        return item

    def _refused(self, found: Rejected | Skipped, place: str | None = None, size: int = 0) -> RecordInProgress:
        """An input that was never staged. `place` is its path or address, where its refusal may be the same again."""
        self.seen += 1
        file = NOWHERE if place is None else self._names.of(place)
        return RecordInProgress(InputProgress(None, file, bytes=size, read=1, exhausted=True), found)

    def _claimed(self, item: Item, now: str | None = None) -> Iterator[InputProgress]:
        """The item as an input, if no other live run is working on it. `now`: this file or object holds it now."""
        if self._staging.claim(item):
            self.seen += 1
            place = None if item.origin == STREAM_ORIGIN or item.consume else now or item.origin
            file = NOWHERE if place is None else self._names.of(place)
            origin = InputProgress(item, file, now is not None, bytes=item.bytes)
            self._taken.append(origin)
            if now is None:
                self._context.progress.take_earlier(origin)
            yield origin

    def close(self) -> None:
        """End the worker process that parses files. Idempotent."""
        self._isolation.close()

    def unfinished(self) -> list[InputProgress]:
        """Inputs that were taken and did not come to their end."""
        return [origin for origin in self._taken if not origin.closed]


def read_limits(settings: Settings) -> ReadLimits:
    """The reading limits of these settings."""
    return ReadLimits(
        max_record_bytes=settings.max_record_bytes,
        max_document_bytes=settings.max_document_bytes,
        max_depth=settings.max_depth,
        parse_timeout=settings.parse_timeout,
        parse_memory=settings.parse_memory,
        max_unpacked_bytes=settings.max_unpacked_bytes,
    )


def _as_kept(found: Record | Rejected | Skipped, item: Item) -> Record | Rejected | Skipped:
    """One failed record of an earlier run, as what it was in its input."""
    kept = item.kept
    if isinstance(found, Record) and kept is not None and found.content_hash == kept.content_hash:
        return replace(
            found,
            locator=item.name,
            data_type=kept.data_type,
            external_id=kept.external_id,
            stored_id=item.record_id or lone_record_id(kept.source, kept.external_id, found.namespace),
        )
    return replace(found, locator=item.name)


def _bytes_of(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_size
    return 0


def _named_again(origin: str, roots: list[str]) -> bool:
    """Whether this request reads the input again. An object counts as there: asking for each would take its time."""
    if is_url(origin):
        return any(is_url(root) and origin.startswith(shown(root).partition("*")[0]) for root in roots)
    path = Path(origin)
    return any(path.is_relative_to(root) for root in roots if not is_url(root)) and path.exists()
