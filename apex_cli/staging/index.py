"""What one process remembers of the staging directory, so that adding and removing an item scans nothing.

Both classes are safe for many threads. They see what was there at the opening and the changes of this process.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable

from apex_cli.errors import StagingUnusable
from apex_cli.staging import names

Key = tuple[str, str]
"""An item's folder: its source and its item id."""


class FailedRecords:
    """The items that hold one failed record, by hash of origin and of record id; whole inputs are not indexed.

    A failed record that another process has added since is not found. It stays until that record is retried, which
    finds it unchanged.
    """

    def __init__(self) -> None:
        self._by_origin: defaultdict[str, set[Key]] = defaultdict(set)
        self._by_record: defaultdict[str, set[Key]] = defaultdict(set)
        self._mutex = threading.Lock()

    def add(self, key: Key) -> None:
        """Index an item, unless it is a whole input."""
        if not names.is_record_item(key[1]):
            return
        with self._mutex:
            self._by_origin[names.origin_hash(key[1])].add(key)
            if record := names.record_hash(key[1]):
                self._by_record[record].add(key)

    def discard(self, key: Key) -> None:
        """Remove an item from the index, if it is there."""
        if not names.is_record_item(key[1]):
            return
        with self._mutex:
            _discard(self._by_origin, names.origin_hash(key[1]), key)
            if record := names.record_hash(key[1]):
                _discard(self._by_record, record, key)

    def of_origin(self, item_id: str) -> list[Key]:
        """The failed records of the input that `item_id` is, or belongs to."""
        with self._mutex:
            return list(self._by_origin.get(names.origin_hash(item_id), ()))

    def of_record(self, record_id: str) -> list[Key]:
        """The items that hold this record."""
        with self._mutex:
            return list(self._by_record.get(names.digest(record_id), ()))


def _discard(table: defaultdict[str, set[Key]], group: str, key: Key) -> None:
    keys = table.get(group)
    if keys is not None:
        keys.discard(key)
        if not keys:
            del table[group]


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
