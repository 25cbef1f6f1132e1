"""The folders of staged items: found, read, put in place and removed, each in one step.

    root/<source>/<item_id>/payload<ext>, status.json
    root/.tmp/<random>/            drafts and removed items; those without a lock were left by a crash

An item appears and disappears by a rename of its folder, so no reader ever sees a part of one.
"""

from __future__ import annotations

import errno
import os
import secrets
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from apex_cli.errors import StagingUnusable
from apex_cli.files import PRIVATE_DIRECTORY, sync_folder, write_atomic, write_new
from apex_cli.staging import files, items, names
from apex_cli.staging.items import Item

Key = tuple[str, str]
"""An item's folder: its source and its item id."""
_STATUS_LIMIT = 256 * 1024


class FailedRecords:
    """The items that hold one failed record, by hash of origin and of record id; whole inputs are not indexed.

    Adding and removing an item scans nothing. A failed record that another process has added since the opening is not
    found. It stays until that record is retried, which finds it unchanged.
    """

    def __init__(self) -> None:
        self._groups: defaultdict[tuple[str, str], set[Key]] = defaultdict(set)
        self._mutex = threading.Lock()

    def add(self, key: Key) -> None:
        """Index an item, unless it is a whole input."""
        with self._mutex:
            for group in _groups(key):
                self._groups[group].add(key)

    def discard(self, key: Key) -> None:
        """Remove an item from the index, if it is there."""
        with self._mutex:
            for group in _groups(key):
                self._groups[group].discard(key)
                if not self._groups[group]:
                    del self._groups[group]

    def of_origin(self, item_id: str) -> list[Key]:
        """The failed records of the input that `item_id` is, or belongs to."""
        with self._mutex:
            return list(self._groups.get(("origin", names.origin_hash(item_id)), ()))

    def of_record(self, record_id: str) -> list[Key]:
        """The items that hold this record."""
        with self._mutex:
            return list(self._groups.get(("record", names.digest(record_id)), ()))


def _groups(key: Key) -> list[tuple[str, str]]:
    """Where an item is indexed: by its origin and, where it has one, by its record id."""
    if not names.is_record_item(key[1]):
        return []
    record = names.record_hash(key[1])
    return [("origin", names.origin_hash(key[1])), *([("record", record)] if record else [])]


class DiskUsage:
    """Bytes of payloads, against a limit.

    `count` measures the directory. It is called by `measure`, and once more before an item is refused, because other
    processes add and remove items too. Together, processes can exceed the limit by what they add between two counts.
    """

    def __init__(self, limit: int, count: Callable[[], int]) -> None:
        self.limit = limit
        self._count = count
        self._in_items = 0
        self._in_drafts = 0
        self._mutex = threading.Lock()

    def measure(self) -> None:
        """Count the bytes of all items."""
        with self._mutex:
            self._in_items = self._count()

    def reserve(self, size: int) -> None:
        """Reserve `size` bytes for a draft. Raises `StagingUnusable` (`staging_full`) over the limit."""
        with self._mutex:
            if self._in_items + self._in_drafts + size > self.limit:
                self._in_items = self._count()
            used = self._in_items + self._in_drafts
            if used + size > self.limit:
                raise StagingUnusable(
                    f"the staging directory is full: {used:,} of {self.limit:,} bytes are in use, "
                    f"{size:,} more do not fit",
                    code="staging_full",
                    hint="`apex staging clean` removes old failed items; APEX_STAGING_MAX_BYTES sets the limit",
                )
            self._in_drafts += size

    def settle(self, reserved: int, change: int) -> None:
        """Give back `reserved` bytes, and add `change` (may be negative) to the bytes of items."""
        with self._mutex:
            self._in_drafts -= reserved
            self._in_items = max(0, self._in_items + change)


@dataclass(slots=True)
class Draft:
    """A locked folder in which an item is built, and the bytes that are reserved for it.

    `moved`: the folder itself is the item's now. `placed` is the lock of the item in place, which is freed at the end
    of the draft unless it is taken.
    """

    path: Path
    lock: files.FolderLock
    usage: DiskUsage
    reserved: int = 0
    moved: bool = False
    placed: files.FolderLock | None = None

    def take(self) -> files.FolderLock | None:
        """The lock of the item in place, for the caller to free; None where it is not in place."""
        lock, self.placed = self.placed, None
        return lock

    def reserve(self, size: int) -> None:
        """Reserve `size` more bytes. Raises `StagingUnusable` (`staging_full`) over the limit."""
        self.usage.reserve(size)
        self.reserved += size


class ItemFolders:
    """The folders below `root`. A caller of `save` or `remove` holds the item's lock. Raises `OSError`."""

    def __init__(self, root: Path, max_bytes: int) -> None:
        self.root = root.absolute()
        self.usage = DiskUsage(max_bytes, self._index)
        self.records = FailedRecords()

    def open(self) -> None:
        """Make `root` if needed, and check that it can be written and locked."""
        self.root.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
        self.root = self.root.resolve()
        self.sweep()
        with self.draft() as probe:
            write_new(probe.path / names.PAYLOAD, b"\n", durable=False)
        self.usage.measure()

    def folder(self, key: Key) -> Path:
        return self.root / key[0] / key[1]

    def sources(self) -> list[str]:
        """The source folders; links and hidden ones are not among them."""
        return [name for name in files.folders_in(self.root) if not name.startswith(".")]

    def scan(self) -> Iterator[Key]:
        """Every folder with the name of an item, in no order."""
        for source in self.sources():
            for name in files.folders_in(self.root / source):
                if names.is_item_id(name):
                    yield source, name

    def load(self, key: Key) -> Item | None:
        """The item as it is now, or None where there is none. One that is damaged counts as failed.

        A copy of a file that stays is not synced, so a loss of power may take its status, its payload or parts of it.
        """
        path = self.folder(key)
        payload = next((entry for entry in files.files_in(path) if names.is_payload(entry.name)), None)
        if payload is None:
            return None
        try:
            found = payload.stat(follow_symlinks=False)
        except FileNotFoundError:
            return None
        item = self.new_item(key, payload.name, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))
        try:
            # A status that is longer is cut, and so is not JSON.
            items.decode(item, files.read_private(path / names.STATUS, _STATUS_LIMIT))
        except (OSError, ValueError):
            item.damage("what was known of this copy is lost, and it may not be all of its original")
        if item.cut:
            item.damage("this copy is not all of its original any more")
        return item

    def new_item(self, key: Key, payload: str, size: int, staged_at: datetime) -> Item:
        """A staged item of which nothing is known but its payload; its name and origin are those of its folder."""
        path = self.folder(key)
        origin = path / payload
        return Item(*key, path, origin, name=key[1], origin=str(origin), staged_at=staged_at, bytes=size)

    def used(self, key: Key) -> int:
        """Bytes of an item that count against the limit; 0 where there is none."""
        return _size(self.folder(key))

    def lock(self, key: Key) -> files.FolderLock | None:
        """Lock an item, or None: it is in use, or gone."""
        return files.lock_folder(self.folder(key))

    def save(self, item: Item, *, durable: bool = False) -> None:
        """Write the item's status."""
        write_atomic(item.path / names.STATUS, items.encode(item), durable=durable)

    def remove(self, key: Key) -> None:
        """Remove an item by one rename; nothing happens where it is gone."""
        path, trash = self.folder(key), self._drafts() / secrets.token_hex(8)
        size = _size(path)
        try:
            path.rename(trash)
        except FileNotFoundError:
            size = 0
        self.usage.settle(0, -size)
        self.records.discard(key)
        files.remove_folder(trash)

    @contextmanager
    def draft(self) -> Iterator[Draft]:
        """A folder in which the block builds an item; removed at its end unless `place` has moved it."""
        lock = None
        while lock is None:
            path = self._drafts() / secrets.token_hex(8)
            path.mkdir(mode=PRIVATE_DIRECTORY)
            lock = files.lock_folder(path)
        draft = Draft(path, lock, self.usage)
        try:
            yield draft
        finally:
            self.usage.settle(draft.reserved, 0)
            if not draft.moved:
                files.remove_folder(path)
                lock.release()
            if draft.placed is not None:
                draft.placed.release()

    def place(self, draft: Draft, item: Item, *, durable: bool = False) -> Item:
        """Move a draft to the folder of `item`. An item that is there is replaced; its attempts are added.

        Returns the item in place, or the one that is there, `busy`, when another run works on it.
        """
        write_new(draft.path / names.STATUS, items.encode(item), durable=durable)
        source = self.root / item.source
        files.ensure_folder(source, durable=durable)
        if durable:
            sync_folder(draft.path)
        while True:
            size = _size(draft.path)
            try:
                draft.path.rename(item.path)
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
            else:
                # The lock is that of the folder, wherever it is moved to.
                draft.placed, draft.moved = draft.lock, True
                self._settle(draft, size)
                break
            draft.placed = files.lock_folder(item.path)
            if draft.placed is not None:
                self._replace(draft, item, durable=durable)
                break
            if os.path.lexists(item.path):
                existing = self.load((item.source, item.item_id)) or item
                existing.busy = True
                return existing
            # The item went between the rename and the lock: try the rename again.
        self.records.add((item.source, item.item_id))
        if durable:
            sync_folder(source)
        return item

    def sweep(self) -> None:
        """Remove the drafts and removed items that crashes left."""
        with os.scandir(self._drafts()) as entries:
            for entry in entries:
                path = Path(entry.path)
                if not entry.is_dir(follow_symlinks=False):
                    path.unlink(missing_ok=True)
                elif lock := files.lock_folder(path):
                    files.remove_folder(path)
                    lock.release()

    def _replace(self, draft: Draft, item: Item, *, durable: bool) -> None:
        """Move a draft's files into the folder of an item that this process has locked.

        The folder cannot be exchanged in one step while its lock is held, because the lock is on the folder itself.
        So the payload comes first, then the status, then the files of the earlier item go.
        """
        existing = self.load((item.source, item.item_id))
        if existing is not None:
            item.attempts += existing.attempts
            if existing.original == item.original:
                item.staged_at = min(item.staged_at, existing.staged_at)
                item.failed_before = existing.failure.code if existing.failure else existing.failed_before
        before = _size(item.path)
        fresh = [entry.name for entry in files.files_in(draft.path) if entry.name != names.STATUS]
        for name in fresh:
            (draft.path / name).replace(item.path / name)
        self.save(item, durable=durable)
        for entry in files.files_in(item.path):
            if entry.name not in fresh and entry.name != names.STATUS:
                Path(entry.path).unlink()
        if durable:
            sync_folder(item.path)
        self._settle(draft, _size(item.path) - before)

    def _settle(self, draft: Draft, change: int) -> None:
        self.usage.settle(draft.reserved, change)
        draft.reserved = 0

    def _drafts(self) -> Path:
        path = self.root / names.DRAFTS
        files.ensure_folder(path)
        return path

    def _index(self) -> int:
        """Index every item; returns the bytes that count against the limit."""
        total = 0
        for key in self.scan():
            self.records.add(key)
            total += self.used(key)
        return total


def _size(folder: Path) -> int:
    """Bytes of an item that count against the limit: its payload."""
    total = 0
    for entry in files.files_in(folder):
        if names.is_payload(entry.name):
            try:
                total += entry.stat(follow_symlinks=False).st_size
            except FileNotFoundError:
                continue
    return total
