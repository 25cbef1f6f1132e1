"""The staging area: everything that an ingest works on passes through it, and a crash at any moment loses none of it.

    put → staged → claim → processing → complete → gone
                     ↑          ├→ fail → failed → retry, or staged anew, or clean
                     └ release ─┘

Working on an item means holding its lock (see `locks`), which dies with its holder: an item that says `processing` and
is not locked was left by a crash and is taken up again. All methods are synchronous and may be called from many
threads; each raises `StagingUnusable` where the disk refuses.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Set
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from apex_cli.files import open_regular
from apex_cli.staging import files, intake, locks, names, upkeep
from apex_cli.staging.area import StagingArea
from apex_cli.staging.index import Key
from apex_cli.staging.items import FileIdentity, Item, ItemFailure, ItemStatus


class Staging:
    """One process's hand on the staging area at `root`, which other processes may share."""

    def __init__(self, root: Path, *, max_bytes: int) -> None:
        self._area = StagingArea(root, max_bytes)
        self._held: dict[Key, locks.FolderLock] = {}
        self._mutex = threading.Lock()

    @property
    def root(self) -> Path:
        return self._area.root

    def open(self) -> None:
        """Make the area if need be (mode 0700) and see that it can be written, locked and measured.

        Needed before anything is put, claimed or resolved; `items`, `stats`, `clean`, `drop` and `retry` do without, so
        that a full disk can be looked at and cleaned.
        """
        with files.usable(self.root):
            self._area.open()

    def close(self) -> None:
        """Let go of all that is held. Claimed items stay `processing`, for the next run to take up."""
        with self._mutex:
            held, self._held = self._held, {}
        for lock in held.values():
            lock.release()

    def put(self, path: Path, *, source: str, forced_source: str | None, consume: bool) -> Item:
        """Stage a file: copied in; moved, where it already lies in the area; as it is, where it is an item's payload.

        The same origin always gives the same item: an earlier one is replaced, its failure cleared, its attempts
        counted on. The item comes back `busy` when another run works on it; nothing was staged then.
        Raises `ReadError` for what is no readable regular file, `StagingUnusable` (`staging_full`) over the limit.
        """
        with files.usable(self.root):
            return intake.put_file(self._area, path, source=source, forced_source=forced_source, consume=consume)

    def put_stream(
        self,
        stream: BinaryIO,
        *,
        source: str,
        forced_source: str | None,
        name: str = "stdin",
        extension: str = ".jsonl",
    ) -> Item:
        """Stage all that a stream gives, on the disk when this returns. Streams of the same bytes are the same item.

        Raises `ReadError` where the stream fails and `StagingUnusable` (`staging_full`) when it grows over the limit.
        """
        with files.usable(self.root):
            return intake.put_stream(
                self._area, stream, source=source, forced_source=forced_source, name=name, extension=extension
            )

    def put_record(
        self,
        parent: Item,
        *,
        locator: str,
        source: str,
        payload: bytes,
        failure: ItemFailure,
        record_id: str | None,
        extraction: bytes | None,
        extension: str,
    ) -> Item:
        """Keep one failed record of `parent` alone, on the disk when this returns.

        The size limit does not stop it, for the record was already let in with its input. For a parent that itself
        is one failed record this is `fail`, and the parent is what comes back.
        """
        if parent.is_record:
            self.fail(parent, failure, extraction=extraction)
            return parent
        with files.usable(self.root):
            return intake.put_record(
                self._area,
                parent,
                locator=locator,
                source=source,
                payload=payload,
                failure=failure,
                record_id=record_id,
                extraction=extraction,
                extension=extension,
            )

    def claim(self, item: Item) -> bool:
        """Take an item for this process and count an attempt; `item` becomes what lies on the disk now.

        False where another process holds it, this one does already, or it is gone.
        """
        key = item.source, item.item_id
        with files.usable(self.root):
            lock = None if item.busy else self._area.take(key)
            if lock is None:
                return False
            try:
                found = self._area.load(key)
                if found is None:
                    lock.release()
                    return False
                found.status = ItemStatus.PROCESSING
                found.attempts += 1
                self._area.save(found)
            except BaseException:
                lock.release()
                raise
        item.become(found)
        with self._mutex:
            self._held[key] = lock
        return True

    def fail(self, item: Item, failure: ItemFailure, *, extraction: bytes | None = None) -> None:
        """A claimed item failed as a whole: its error (and an extraction, so none is paid for twice) stay beside it."""
        with self._finishing(item):
            if extraction is not None:
                self._area.keep_extraction(item, extraction)
            item.status, item.failure = ItemStatus.FAILED, failure
            self._area.save(item)

    def release(self, item: Item) -> None:
        """Give a claimed item back as `staged`: the work was interrupted, nothing is lost."""
        with self._finishing(item):
            item.status = ItemStatus.STAGED
            self._area.save(item)

    def complete(self, item: Item, *, keep_children: Set[str] = frozenset()) -> bool:
        """All of a claimed item is committed, or kept alone in items whose ids are `keep_children`: it goes.

        What its origin left earlier goes too: the same file staged under another source, and failed records that did
        not fail again. Kept are retriable ones with a record id: had they been read again and committed,
        `resolve_record` would have taken them. An item named in `keep_children` itself stays.
        With `consume` the original goes once all of it is committed, if it is still the very file that was staged;
        False if it had to stay although all is committed.
        """
        if item.item_id in keep_children:
            return True
        with self._finishing(item):
            if not item.is_record:
                for child in self._area.records.of_origin(item.item_id):
                    if child[1] not in keep_children:
                        self._discard(child, unless_promising=True)
                for source in self._area.sources():
                    if source != item.source:
                        self._discard((source, item.item_id))
            self._area.remove((item.source, item.item_id))
        if not item.consume or item.original is None or keep_children:
            return True
        return _consume(Path(item.origin), item.original)

    def resolve_record(self, record_id: str, *, observed_at: datetime | None = None) -> int:
        """A record was committed: failed items that hold it go. Returns how many.

        With `observed_at`, of the committed version, items staged later stay: they hold a newer version. Items in use
        stay too. Cheap where there is none.
        """
        with files.usable(self.root):
            return sum(self._discard(key, staged_until=observed_at) for key in self._area.records.of_record(record_id))

    def extraction(self, item: Item) -> bytes | None:
        """What `put_record` or `fail` kept of the item's extraction, or None."""
        with files.usable(self.root):
            try:
                with open_regular(item.path / names.EXTRACTION, follow_links=False) as file:
                    return file.read()
            except FileNotFoundError:
                return None

    def excerpt(self, item: Item, limit: int) -> bytes:
        """The first `limit` bytes of an item's payload; none where it is gone."""
        with files.usable(self.root):
            try:
                with open_regular(item.payload, follow_links=False) as file:
                    return file.read(limit)
            except FileNotFoundError:
                return b""

    def take_up(self, *, retriable_failed: bool, all_failed: bool) -> Iterator[Item]:
        """What waits for work and no live process holds, in order of arrival; failed items only when asked for.

        Items are looked up when the iteration begins and read again when they are given out; claim them.
        """
        with files.usable(self.root):
            yield from upkeep.leftovers(self._area, retriable_failed=retriable_failed, all_failed=all_failed)

    def items(self) -> Iterator[Item]:
        """Every item, in no order; none where the area does not exist."""
        with files.usable(self.root):
            yield from upkeep.all_items(self._area)

    def stats(self) -> upkeep.Stats:
        """The area in figures, from one walk through it."""
        with files.usable(self.root):
            return upkeep.stats(self._area)

    def clean(self, *, older_than: float, statuses: Set[ItemStatus], dry_run: bool) -> list[Item]:
        """Remove items of `statuses` that are `older_than` seconds or more, and what crashes left broken.

        Age counts from the failure, else from arrival. Nothing in use is touched. Returns the items removed, or,
        with `dry_run`, those that would be.
        """
        with files.usable(self.root):
            return upkeep.clean(self._area, older_than=older_than, statuses=statuses, dry_run=dry_run)

    def drop(self, item_ids: Iterable[str]) -> list[Item]:
        """Remove failed items, whatever their age; returns those removed. What is in use or has not failed stays."""
        with files.usable(self.root):
            return upkeep.drop(self._area, item_ids)

    def retry(self, item_ids: Iterable[str] | None = None) -> int:
        """Set failed items (None: all) back to `staged`; returns how many. Unknown ids and items in use are skipped."""
        with files.usable(self.root):
            return upkeep.retry(self._area, item_ids)

    @contextmanager
    def _finishing(self, item: Item) -> Iterator[None]:
        """The last act on a claimed item; its lock is free afterwards, whatever happens."""
        with self._mutex:
            lock = self._held.pop((item.source, item.item_id), None)
        if lock is None:
            raise ValueError(f"{item.item_id} is not claimed by this process")
        try:
            with files.usable(self.root):
                yield
        finally:
            lock.release()

    def _discard(self, key: Key, *, unless_promising: bool = False, staged_until: datetime | None = None) -> bool:
        """Remove an item that nobody works on, unless it shall stay."""
        lock = self._area.take(key)
        if lock is None:
            return False
        try:
            item = self._area.load(key)
            if item is not None:
                promising = item.record_id is not None and item.failure is not None and item.failure.retriable
                newer = staged_until is not None and item.staged_at > staged_until
                if newer or (unless_promising and promising):
                    return False
            self._area.remove(key)
            return True
        finally:
            lock.release()


def _consume(origin: Path, original: FileIdentity) -> bool:
    try:
        if FileIdentity.of(origin.lstat()) != original:
            return False
        origin.unlink()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
