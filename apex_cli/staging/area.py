"""The folders of the staging area: found, read, put in place and taken away, each at one instant.

    root/<source>/<item_id>/payload<ext>, status.json, [extraction.bin]
    root/.tmp/<random>/            items being built or taken away; unlocked ones are what a crash left

An item appears and disappears by the rename of its folder, so none is ever half there.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from apex_cli.files import sync_folder, write_atomic, write_new
from apex_cli.staging import files, items, locks, names
from apex_cli.staging.index import FailedRecords, Key
from apex_cli.staging.items import Item, ItemStatus
from apex_cli.staging.usage import DiskUsage


@dataclass(slots=True)
class Draft:
    """A locked folder in which an item is built, and the bytes set aside for it."""

    path: Path
    lock: locks.FolderLock
    bytes: int = 0


class StagingArea:
    """The folders below `root`. Who calls `save` or `remove` holds the item's lock."""

    def __init__(self, root: Path, max_bytes: int) -> None:
        self.root = root.absolute()
        self.usage = DiskUsage(max_bytes, self._survey)
        self.records = FailedRecords()

    def open(self) -> None:
        """Make the area ready to take items. Raises `OSError` where it cannot be written or locked."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.root = self.root.resolve()
        self.sweep()
        with self.draft() as probe:
            write_new(probe.path / names.PAYLOAD, b"\n", durable=False)
        self.usage.measure()

    def folder(self, key: Key) -> Path:
        return self.root / key[0] / key[1]

    def sources(self) -> list[str]:
        """The source folders; links and hidden ones are none."""
        return [name for name in _folders(self.root) if not name.startswith(".")]

    def scan(self) -> Iterator[Key]:
        """Every folder that is called like an item, in no order."""
        for source in self.sources():
            for name in _folders(self.root / source):
                if names.is_item_id(name):
                    yield source, name

    def load(self, key: Key) -> Item | None:
        """The item as it is now, or None where there is none. One whose status is damaged counts as staged."""
        path = self.folder(key)
        payload = next((entry for entry in _files(path) if names.is_payload(entry.name)), None)
        if payload is None:
            return None
        try:
            found = payload.stat(follow_symlinks=False)
        except FileNotFoundError:
            return None
        item = Item(
            source=key[0],
            item_id=key[1],
            path=path,
            payload=path / payload.name,
            name=key[1],
            origin=str(path / payload.name),
            status=ItemStatus.STAGED,
            attempts=0,
            staged_at=datetime.fromtimestamp(found.st_mtime, UTC),
            bytes=found.st_size,
        )
        try:
            items.decode(item, files.read(path / names.STATUS, files.STATUS_LIMIT))
        except (OSError, ValueError):
            return item
        return item

    def held(self, key: Key) -> int:
        """Bytes of an item that count against the limit; 0 where there is none."""
        return _size(self.folder(key))

    def take(self, key: Key) -> locks.FolderLock | None:
        """Lock an item, or None: it is in use, or gone."""
        return locks.take(self.folder(key))

    def save(self, item: Item, *, durable: bool = False) -> None:
        write_atomic(item.path / names.STATUS, items.encode(item), durable=durable)

    def keep_extraction(self, item: Item, extraction: bytes) -> None:
        """Put `extraction` beside the payload, in the place of an earlier one."""
        before = _size(item.path)
        write_atomic(item.path / names.EXTRACTION, extraction)
        self.usage.settle(0, _size(item.path) - before)

    def remove(self, key: Key) -> None:
        """Take an item away at one instant; nothing happens where it is gone."""
        path, trash = self.folder(key), self._drafts() / secrets.token_hex(8)
        size = _size(path)
        try:
            path.rename(trash)
        except FileNotFoundError:
            size = 0
        self.usage.settle(0, -size)
        self.records.discard(key)
        files.remove_flat(trash)

    @contextmanager
    def draft(self) -> Iterator[Draft]:
        """A folder to build an item in; what is not placed is removed."""
        lock = None
        while lock is None:
            path = self._drafts() / secrets.token_hex(8)
            path.mkdir(mode=0o700)
            lock = locks.take(path)
        draft = Draft(path, lock)
        try:
            yield draft
        finally:
            self.usage.settle(draft.bytes, 0)
            files.remove_flat(path)
            lock.release()

    def admit(self, draft: Draft, size: int) -> None:
        """Set `size` bytes more aside for a draft. Raises `StagingUnusable` (`staging_full`) over the limit."""
        self.usage.draft(size)
        draft.bytes += size

    def place(self, draft: Draft, item: Item, *, durable: bool = False) -> Item:
        """Put a draft where `item` says. An item that lies there is replaced and its attempts are counted on.

        Returns the item in place, or the one that lies there, `busy`, when another run works on it.
        """
        write_new(draft.path / names.STATUS, items.encode(item), durable=durable)
        source = self.root / item.source
        _ensure_folder(source, durable=durable)
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
                self._settle(draft, size)
                break
            lock = locks.take(item.path)
            if lock is not None:
                try:
                    self._replace(draft, item, durable=durable)
                finally:
                    lock.release()
                break
            if os.path.lexists(item.path):
                there = self.load((item.source, item.item_id)) or item
                there.busy = True
                return there
        self.records.add((item.source, item.item_id))
        if durable:
            sync_folder(source)
        return item

    def sweep(self) -> None:
        """Remove what crashes left half-built or half-removed."""
        with os.scandir(self._drafts()) as entries:
            for entry in entries:
                path = Path(entry.path)
                if not entry.is_dir(follow_symlinks=False):
                    path.unlink(missing_ok=True)
                elif lock := locks.take(path):
                    files.remove_flat(path)
                    lock.release()

    def _replace(self, draft: Draft, item: Item, *, durable: bool) -> None:
        existing = self.load((item.source, item.item_id))
        if existing is not None:
            item.attempts += existing.attempts
            if existing.original == item.original:
                item.staged_at = min(item.staged_at, existing.staged_at)
        before = _size(item.path)
        fresh = [entry.name for entry in _files(draft.path) if entry.name != names.STATUS]
        for name in fresh:
            (draft.path / name).replace(item.path / name)
        self.save(item, durable=durable)
        for entry in _files(item.path):
            if entry.name not in fresh and entry.name != names.STATUS:
                Path(entry.path).unlink()
        if durable:
            sync_folder(item.path)
        self._settle(draft, _size(item.path) - before)

    def _settle(self, draft: Draft, change: int) -> None:
        self.usage.settle(draft.bytes, change)
        draft.bytes = 0

    def _drafts(self) -> Path:
        path = self.root / names.DRAFTS
        _ensure_folder(path)
        return path

    def _survey(self) -> int:
        total = 0
        for key in self.scan():
            self.records.add(key)
            total += self.held(key)
        return total


def _folders(path: Path) -> Iterator[str]:
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    yield entry.name
    except FileNotFoundError:
        return


def _files(folder: Path) -> list[os.DirEntry[str]]:
    """The regular files of a folder that is no link; none where there is no such folder."""
    try:
        if not stat.S_ISDIR(folder.lstat().st_mode):
            return []
        with os.scandir(folder) as entries:
            return [entry for entry in entries if entry.is_file(follow_symlinks=False)]
    except FileNotFoundError:
        return []


def _size(folder: Path) -> int:
    """Bytes of an item that count against the limit: its payload and its extraction."""
    total = 0
    for entry in _files(folder):
        if entry.name == names.EXTRACTION or names.is_payload(entry.name):
            try:
                total += entry.stat(follow_symlinks=False).st_size
            except FileNotFoundError:
                continue
    return total


def _ensure_folder(path: Path, *, durable: bool = False) -> None:
    """Make a private folder. Raises `NotADirectoryError` where something else, such as a link, is in its place."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        path.mkdir(mode=0o700, exist_ok=True)
        if durable:
            sync_folder(path.parent)
        return
    if not stat.S_ISDIR(mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
