"""The staging directory: every input that is ingested is an item in it, so that a crash at any moment loses none.

    add → staged → claim → processing → complete → removed
                     ↑          ├→ fail → failed → retry, or added again, or clean
                     └ release ─┘

A process that works on an item holds its lock (see `files`). An item with the status `processing` and without a lock
was left by a crash, and the next run takes it.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Set
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from apex_cli.errors import ReadError
from apex_cli.files import write_new
from apex_cli.input_rules import UNSAID, Naming
from apex_cli.staging import files, names
from apex_cli.staging.folders import Draft, Key
from apex_cli.staging.items import Item, ItemFailure, ItemStatus, KeptRecord
from apex_cli.staging.upkeep import StagingUpkeep

STREAM_ORIGIN = "-"


class StagingDirectory(StagingUpkeep):
    """The staging directory at `root` as the process of a run uses it; other processes may use it at the same time.

    All methods are synchronous and safe for many threads. Each raises `StagingUnusable` on an error of the disk.
    """

    def __init__(self, root: Path, *, max_bytes: int) -> None:
        super().__init__(root, max_bytes=max_bytes)
        self._claimed: dict[Key, files.FolderLock] = {}
        self._mutex = threading.Lock()

    def open(self) -> None:
        """Make the directory if needed (mode 0700), and check that it can be written, locked and measured.

        Needed before an item is added, claimed or removed by record.
        """
        with files.staging_errors(self.root):
            self._folders.open()

    def close(self) -> None:
        """Free all locks. Claimed items keep the status `processing`; the next run takes them."""
        with self._mutex:
            claimed, self._claimed = self._claimed, {}
        for lock in claimed.values():
            lock.release()

    def add(
        self,
        path: Path,
        *,
        source: str,
        forced_source: str | None,
        consume: bool,
        naming: Naming = UNSAID,
        claim: bool = False,
    ) -> Item:
        """Stage a file by a copy. A file that was dropped into the directory is moved; an item's payload is that item.

        The same origin always gives the same item. An earlier one is replaced: its failure goes, its attempts count
        on. The item is returned `busy`, and nothing is staged, when another run works on it. With `consume`, `complete`
        removes the original. With `claim` the new item is claimed before it is in place, which saves writing its status
        twice; the next `claim` of it succeeds. Raises `ReadError` for what is not a readable regular file, and
        `StagingUnusable` (`staging_full`) over the limit.
        """
        with files.staging_errors(self.root):
            resolved, origin = files.resolve_input(path)
            inside = resolved.is_relative_to(self.root)
            if inside and (item := self._item_of_payload(resolved)):
                return item
            with self._folders.draft() as draft:
                payload = draft.path / names.payload_name(path.suffix)
                original = None
                # A dropped file keeps its first name until the item is in place: a crash between the two loses nothing.
                if not (inside and files.link_input(resolved, payload)):
                    original = files.copy_input(resolved, payload, draft.reserve, durable=inside)
                item_id = names.input_id(path.name, str(origin))
                item = self._new_item(
                    payload,
                    source,
                    item_id,
                    name=path.name,
                    origin=str(origin),
                    forced_source=forced_source,
                    naming=naming,
                )
                if not inside:
                    item.consume, item.original = consume, original
                placed = self._placed(draft, item, durable=inside, claim=claim)
                if inside and not placed.busy:
                    resolved.unlink(missing_ok=True)
                return placed

    def add_stream(
        self,
        stream: BinaryIO,
        *,
        source: str,
        forced_source: str | None,
        name: str = "stdin",
        extension: str = ".jsonl",
        naming: Naming = UNSAID,
    ) -> Item:
        """Stage the content of a stream, durable when this returns. Streams of the same bytes are the same item.

        Raises `ReadError` where the stream fails, and `StagingUnusable` (`staging_full`) when it grows over the limit.
        """
        content = hashlib.blake2b()

        def read(size: int) -> bytes:
            chunk = stream.read(size)
            content.update(chunk)
            return chunk

        with files.staging_errors(self.root), self._folders.draft() as draft:
            payload = draft.path / names.payload_name(extension)
            files.copy_stream(read, name, payload, draft.reserve, durable=True)
            item_id = names.input_id(name, STREAM_ORIGIN, content.digest())
            item = self._new_item(
                payload, source, item_id, name=name, origin=STREAM_ORIGIN, forced_source=forced_source, naming=naming
            )
            return self._folders.place(draft, item, durable=True)

    def add_object(
        self,
        stream: BinaryIO,
        *,
        origin: str,
        name: str,
        source: str,
        forced_source: str | None,
        naming: Naming = UNSAID,
    ) -> Item:
        """Stage an object that is no local file; `origin` is its URL. For replacing and errors see `add`."""
        with files.staging_errors(self.root), self._folders.draft() as draft:
            payload = draft.path / names.payload_name(PurePosixPath(name).suffix)
            files.copy_stream(stream.read, name, payload, draft.reserve, durable=False)
            item = self._new_item(
                payload,
                source,
                names.input_id(PurePosixPath(name).name, origin),
                name=name,
                origin=origin,
                forced_source=forced_source,
                naming=naming,
            )
            return self._folders.place(draft, item)

    def add_record(
        self,
        parent: Item,
        *,
        locator: str,
        source: str,
        payload: bytes,
        failure: ItemFailure,
        record_id: str | None,
        extension: str,
        kept: KeptRecord | None = None,
    ) -> Item:
        """Stage one failed record of `parent` as an item of its own, durable when this returns.

        The limit does not apply: the record was admitted with its input. Where `parent` itself is one failed record,
        this is `fail`, and `parent` is returned.
        """
        if parent.is_record:
            self.fail(parent, failure)
            return parent
        with files.staging_errors(self.root), self._folders.draft() as draft:
            target = draft.path / names.payload_name(extension)
            write_new(target, payload)
            item_id = names.record_item_id(parent.item_id, locator, payload, record_id)
            item = self._new_item(
                target,
                source,
                item_id,
                name=locator,
                origin=parent.origin,
                forced_source=parent.forced_source,
                naming=parent.naming,
            )
            item.kept = kept
            item.status, item.failure, item.attempts = ItemStatus.FAILED, failure, 1
            item.staged_at, item.record_id = parent.staged_at, record_id
            return self._folders.place(draft, item, durable=True)

    def failed_before(
        self, parent: Item, *, locator: str, source: str, payload: bytes | None, record_id: str | None
    ) -> str | None:
        """The code with which a failed record of `parent` failed in an earlier run with these very bytes; None where it
        did not. Without a payload this is asked of the whole input.
        """
        if payload is None or parent.is_record:
            return parent.failure.code if parent.failure else parent.failed_before
        key = source, names.record_item_id(parent.item_id, locator, payload, record_id)
        with files.staging_errors(self.root):
            found = self._folders.load(key)
        return found.failure.code if found is not None and found.failure is not None else None

    def claim(self, item: Item) -> bool:
        """Take an item for this process and count an attempt; `item` is then as it is on the disk.

        False where another process has it, this one has it already, or it is gone.
        """
        if item.claimed:
            item.claimed = False
            return True
        key = item.source, item.item_id
        with files.staging_errors(self.root):
            lock = None if item.busy else self._folders.lock(key)
            if lock is None:
                return False
            try:
                found = self._folders.load(key)
                if found is None:
                    lock.release()
                    return False
                found.status = ItemStatus.PROCESSING
                found.attempts += 1
                self._folders.save(found)
            except BaseException:
                lock.release()
                raise
        item.replace_with(found)
        with self._mutex:
            self._claimed[key] = lock
        return True

    def fail(self, item: Item, failure: ItemFailure) -> None:
        """Mark a claimed item as failed as a whole."""
        with self._last_step(item):
            item.status, item.failure = ItemStatus.FAILED, failure
            self._folders.save(item)

    def release(self, item: Item) -> None:
        """Make a claimed item `staged` again: the work on it was interrupted."""
        with self._last_step(item):
            item.status = ItemStatus.STAGED
            self._folders.save(item)

    def complete(self, item: Item, *, keep_children: Set[str] = frozenset()) -> bool:
        """Remove a claimed item: its records are committed, or failed and staged as the items `keep_children`.

        Earlier items of the same origin go too: the same file staged under another source, and failed records that
        did not fail again. A retriable one with a record id stays: had the record been committed now, `remove_record`
        would have removed it. An item that is itself in `keep_children` stays.
        With `consume`, the original is removed once all of it is committed. Returns False if the original had to stay
        because it is no longer the file that was staged.
        """
        if item.item_id in keep_children:
            return True
        with self._last_step(item):
            if not item.is_record:
                children = [key for key in self._folders.records.of_origin(item.item_id) if key[1] not in keep_children]
                self._remove_due(children, lambda child: not _may_succeed_later(child))
                others = [(source, item.item_id) for source in self._folders.sources() if source != item.source]
                self._remove_due(others, lambda _: True)
            self._folders.remove((item.source, item.item_id))
        if not item.consume or item.original is None or keep_children:
            return True
        return files.remove_original(Path(item.origin), item.original)

    def remove_record(self, record_id: str, *, observed_at: datetime | None = None) -> int:
        """Remove the failed items of a record that was committed; returns how many.

        Items in use stay. With `observed_at`, that of the committed version, items that were staged later stay: they
        hold a newer version. Scans nothing.
        """
        with files.staging_errors(self.root):
            keys = self._folders.records.of_record(record_id)
            return len(self._remove_due(keys, lambda item: observed_at is None or item.staged_at <= observed_at))

    def _placed(self, draft: Draft, item: Item, *, durable: bool, claim: bool) -> Item:
        if not claim:
            return self._folders.place(draft, item, durable=durable)
        item.status, item.attempts = ItemStatus.PROCESSING, 1
        placed = self._folders.place(draft, item, durable=durable)
        if not placed.busy and (lock := draft.take()) is not None:
            with self._mutex:
                self._claimed[item.source, item.item_id] = lock
            placed.claimed = True
        return placed

    def _new_item(
        self,
        payload: Path,
        source: str,
        item_id: str,
        *,
        name: str,
        origin: str,
        forced_source: str | None,
        naming: Naming,
    ) -> Item:
        """The item that a draft with this payload becomes when it is placed."""
        key = names.slug(source), item_id
        item = self._folders.new_item(key, payload.name, payload.stat().st_size, datetime.now(UTC))
        item.name, item.origin, item.forced_source, item.naming = name, origin, forced_source, naming
        return item

    def _item_of_payload(self, resolved: Path) -> Item | None:
        """The item with this payload, a file in the directory; None for a file that was dropped into the directory.

        Raises `ReadError` for the directory's own files.
        """
        parts = resolved.relative_to(self.root).parts
        is_item = len(parts) > 2 and names.is_item_id(parts[1])
        if is_item:
            item = self._folders.load((parts[0], parts[1]))
            if item is not None and item.payload == resolved:
                return item
        if is_item or names.DRAFTS in parts[:1]:
            raise ReadError(f"{resolved} belongs to the staging directory itself", code="staging_internal")
        return None

    @contextmanager
    def _last_step(self, item: Item) -> Iterator[None]:
        """The last step on a claimed item: its lock is free afterwards, also after an error."""
        with self._mutex:
            lock = self._claimed.pop((item.source, item.item_id), None)
        if lock is None:
            raise ValueError(f"{item.item_id} is not claimed by this process")
        try:
            with files.staging_errors(self.root):
                yield
        finally:
            lock.release()


def _may_succeed_later(item: Item) -> bool:
    return item.record_id is not None and item.failure is not None and item.failure.retriable
