"""Looking at staged items, and removing those that are due. Works on a full disk, for nothing is written but states."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Set
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from apex_cli.staging import files, names
from apex_cli.staging.folders import ItemFolders, Key
from apex_cli.staging.items import Item, ItemStatus, StagingStats


class StagingUpkeep:
    """The items of the staging directory at `root`, which may not exist. Nothing needs to be opened before.

    All methods are synchronous and safe for many threads. Each raises `StagingUnusable` on an error of the disk.
    """

    def __init__(self, root: Path, *, max_bytes: int) -> None:
        self._folders = ItemFolders(root, max_bytes)

    @property
    def root(self) -> Path:
        return self._folders.root

    def excerpt(self, item: Item, limit: int) -> bytes:
        """The first `limit` bytes of an item's payload; empty where it is gone."""
        with files.staging_errors(self.root):
            try:
                return files.read_private(item.payload, limit)
            except FileNotFoundError:
                return b""

    def waiting(self, *, retriable_failed: bool, all_failed: bool) -> Iterator[Item]:
        """Items that no live process works on, in order of arrival; failed ones only as the arguments allow.

        The order is that at the start of the iteration; each item is read again before it is yielded. Claim them.
        """

        def wanted(item: Item) -> bool:
            if item.cut:
                return False
            if item.status is not ItemStatus.FAILED or all_failed:
                return True
            return retriable_failed and (item.failure is None or item.failure.retriable)

        order = sorted((item.staged_at, item.source, item.item_id) for item in self.items() if wanted(item))
        for _, source, item_id in order:
            with files.staging_errors(self.root):
                item = self._folders.load((source, item_id))
                lock = self._folders.lock((source, item_id)) if item is not None and wanted(item) else None
            if item is not None and lock is not None:
                lock.release()
                yield item

    def items(self) -> Iterator[Item]:
        """Every item, in no order; none where the directory does not exist."""
        with files.staging_errors(self.root):
            for key in self._folders.scan():
                item = self._folders.load(key)
                if item is not None:
                    yield item

    def stats(self) -> StagingStats:
        """Counts, sizes and ages, from one scan."""
        stats = StagingStats(limit=self._folders.usage.limit, free=None)
        with files.staging_errors(self.root):
            with suppress(FileNotFoundError):
                stats.free = shutil.disk_usage(self.root).free
            for item in self.items():
                stats.add(item, self._folders.used((item.source, item.item_id)))
        return stats

    def clean(self, *, older_than: float, statuses: Set[ItemStatus], dry_run: bool) -> list[Item]:
        """Remove items of `statuses` that are at least `older_than` seconds old, and what crashes left.

        The age counts from the failure, otherwise from the arrival. Items in use stay. Returns the removed items or,
        with `dry_run`, those that would be removed.
        """
        now = datetime.now(UTC)

        def due(item: Item) -> bool:
            since = item.failure.at if item.status is ItemStatus.FAILED and item.failure else item.staged_at
            return item.status in statuses and (now - since).total_seconds() >= older_than

        with files.staging_errors(self.root):
            if not dry_run and self.root.exists():
                self._folders.sweep()
            return self._remove_due(self._folders.scan(), due, dry_run=dry_run)

    def drop(self, item_ids: Iterable[str]) -> list[Item]:
        """Remove failed items of any age; returns them. Items that are in use or have not failed stay."""
        with files.staging_errors(self.root):
            return self._remove_due(self._keys(item_ids), _has_failed)

    def retry(self, item_ids: Iterable[str] | None = None) -> int:
        """Make failed items (None: all) `staged` again; returns how many. Unknown ids and items in use are skipped."""
        changed = 0
        with files.staging_errors(self.root):
            for key in self._folders.scan() if item_ids is None else self._keys(item_ids):
                if not _has_failed(self._folders.load(key)) or (lock := self._folders.lock(key)) is None:
                    continue
                with lock:
                    item = self._folders.load(key)
                    if item is not None and _has_failed(item):
                        item.status, item.failure = ItemStatus.STAGED, None
                        self._folders.save(item)
                        changed += 1
        return changed

    def _keys(self, item_ids: Iterable[str]) -> Iterator[Key]:
        sources = self._folders.sources()
        for item_id in item_ids:
            if names.is_item_id(item_id):
                yield from ((source, item_id) for source in sources)

    def _remove_due(self, keys: Iterable[Key], due: Callable[[Item], bool], *, dry_run: bool = False) -> list[Item]:
        """Remove the items that are due and not in use, and return them. Remains of broken items are removed too."""
        removed = []
        for key in keys:
            item = self._folders.load(key)
            if (item is not None and not due(item)) or (lock := self._folders.lock(key)) is None:
                continue
            with lock:
                # Read again: it may have changed until it was locked.
                item = self._folders.load(key)
                if item is not None and not due(item):
                    continue
                if not dry_run:
                    self._folders.remove(key)
                if item is not None:
                    removed.append(item)
        return removed


def _has_failed(item: Item | None) -> bool:
    return item is not None and item.status is ItemStatus.FAILED
