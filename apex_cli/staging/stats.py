"""Counts, sizes and ages of the items in the staging directory."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from apex_cli.staging.items import Item, ItemStatus


@dataclass(slots=True)
class ItemCount:
    """A number of items, the bytes of their payloads, and when the oldest of them arrived (None without any)."""

    count: int = 0
    bytes: int = 0
    oldest: datetime | None = None

    def add(self, item: Item) -> None:
        """Count one more item."""
        self.count += 1
        self.bytes += item.bytes
        self.oldest = min(self.oldest or item.staged_at, item.staged_at)


@dataclass(slots=True)
class StagingStats:
    """The staging directory in figures: sizes in bytes, times aware UTC.

    `used` counts against `limit`: payloads. `free` is the free space of the disk, None while the
    directory does not exist. `failed_in` counts failed items by the stage that failed. `newest` is when the newest
    item arrived, None without any.
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
        """When the oldest item arrived; None without any."""
        return self.total.oldest

    def add(self, item: Item, used: int) -> None:
        """Count one more item, of which `used` bytes count against the limit."""
        self.total.add(item)
        self.by_status[item.status].add(item)
        self.by_source.setdefault(item.source, ItemCount()).add(item)
        if item.status is ItemStatus.FAILED and item.failure is not None:
            self.failed_in.setdefault(item.failure.stage, ItemCount()).add(item)
        self.used += used
        self.newest = max(self.newest or item.staged_at, item.staged_at)
