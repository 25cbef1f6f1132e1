"""Looking after the staging area: what lies in it, what a crash left, what is old enough to go."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Set
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from apex_cli.staging import names
from apex_cli.staging.area import StagingArea
from apex_cli.staging.index import Key
from apex_cli.staging.items import Item, ItemStatus


@dataclass(slots=True)
class ItemCount:
    """A number of items, the bytes of their payloads, and when the one of longest stay arrived (None without any)."""

    count: int = 0
    bytes: int = 0
    oldest: datetime | None = None

    def add(self, item: Item) -> None:
        self.count += 1
        self.bytes += item.bytes
        self.oldest = min(self.oldest or item.staged_at, item.staged_at)


@dataclass(slots=True)
class Stats:
    """The staging area in figures: sizes in bytes, times aware UTC.

    `used` is what counts against `limit`: payloads and kept extractions. `free` is what the disk has left, None while
    the area does not exist. `failed_in` counts failed items by the stage that failed. `newest` says when the item of
    shortest stay arrived, None in an empty area.
    """

    limit: int
    free: int | None
    used: int = 0
    total: ItemCount = field(default_factory=ItemCount)
    by_status: dict[ItemStatus, ItemCount] = field(
        default_factory=lambda: {status: ItemCount() for status in ItemStatus}
    )
    by_source: dict[str, ItemCount] = field(default_factory=dict)
    failed_in: dict[str, ItemCount] = field(default_factory=dict)
    newest: datetime | None = None

    @property
    def oldest(self) -> datetime | None:
        """When the item of longest stay arrived."""
        return self.total.oldest


def all_items(area: StagingArea) -> Iterator[Item]:
    """Every item, in no order, one in hand at a time."""
    for key in area.scan():
        item = area.load(key)
        if item is not None:
            yield item


def stats(area: StagingArea) -> Stats:
    free = None
    with suppress(FileNotFoundError):
        free = shutil.disk_usage(area.root).free
    found = Stats(limit=area.usage.limit, free=free)
    for item in all_items(area):
        found.total.add(item)
        found.by_status[item.status].add(item)
        found.by_source.setdefault(item.source, ItemCount()).add(item)
        if item.status is ItemStatus.FAILED and item.failure is not None:
            found.failed_in.setdefault(item.failure.stage, ItemCount()).add(item)
        found.used += area.held((item.source, item.item_id))
        found.newest = max(found.newest or item.staged_at, item.staged_at)
    return found


def leftovers(area: StagingArea, *, retriable_failed: bool, all_failed: bool) -> Iterator[Item]:
    """Items to be worked on that no live process holds, in order of arrival."""

    def wanted(item: Item) -> bool:
        if item.status is not ItemStatus.FAILED or all_failed:
            return True
        return retriable_failed and (item.failure is None or item.failure.retriable)

    waiting = sorted((item.staged_at, item.source, item.item_id) for item in all_items(area) if wanted(item))
    for _, source, item_id in waiting:
        item = area.load((source, item_id))
        if item is not None and wanted(item) and _free(area, (source, item_id)):
            yield item


def clean(area: StagingArea, *, older_than: float, statuses: Set[ItemStatus], dry_run: bool) -> list[Item]:
    """Remove items by age (since they failed, else since they arrived) and status, and broken remains of any age."""
    now = datetime.now(UTC)

    def due(item: Item) -> bool:
        since = item.failure.at if item.status is ItemStatus.FAILED and item.failure else item.staged_at
        return item.status in statuses and (now - since).total_seconds() >= older_than

    if not dry_run and area.root.exists():
        area.sweep()
    return _remove(area, area.scan(), due, dry_run=dry_run)


def drop(area: StagingArea, item_ids: Iterable[str]) -> list[Item]:
    """Remove failed items by name."""
    return _remove(area, _named(area, item_ids), lambda item: item.status is ItemStatus.FAILED)


def _remove(
    area: StagingArea, keys: Iterable[Key], due: Callable[[Item], bool], *, dry_run: bool = False
) -> list[Item]:
    """Remove what is due and nobody works on, and broken remains; what is due is looked at again under its lock."""
    removed = []
    for key in keys:
        item = area.load(key)
        if item is not None and not due(item):
            continue
        lock = area.take(key)
        if lock is None:
            continue
        try:
            item = area.load(key)
            if item is None or due(item):
                if not dry_run:
                    area.remove(key)
                if item is not None:
                    removed.append(item)
        finally:
            lock.release()
    return removed


def retry(area: StagingArea, item_ids: Iterable[str] | None) -> int:
    """Set failed items back to staged: those named, or all."""
    changed = 0
    for key in area.scan() if item_ids is None else _named(area, item_ids):
        item = area.load(key)
        if item is None or item.status is not ItemStatus.FAILED:
            continue
        lock = area.take(key)
        if lock is None:
            continue
        try:
            item = area.load(key)
            if item is not None and item.status is ItemStatus.FAILED:
                item.status, item.failure = ItemStatus.STAGED, None
                area.save(item)
                changed += 1
        finally:
            lock.release()
    return changed


def _named(area: StagingArea, item_ids: Iterable[str]) -> Iterator[Key]:
    sources = area.sources()
    for item_id in item_ids:
        if names.is_item_id(item_id):
            yield from ((source, item_id) for source in sources)


def _free(area: StagingArea, key: Key) -> bool:
    lock = area.take(key)
    if lock is not None:
        lock.release()
    return lock is not None
