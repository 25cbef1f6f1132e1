"""How much the staging area holds: a running total against its limit, so that adding an item rescans nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable

from apex_cli.errors import StagingUnusable


class DiskUsage:
    """Bytes of payloads and kept extractions, against a limit; for use by many threads.

    `count` measures the area. It is asked at `measure`, and once more before anything is refused, since other processes
    add and remove as well: between two measurements their items are not seen, so together they may pass the limit by
    what they add in that time.
    """

    def __init__(self, limit: int, count: Callable[[], int]) -> None:
        self.limit = limit
        self._count = count
        self._held = 0
        self._drafted = 0
        self._mutex = threading.Lock()

    def measure(self) -> None:
        with self._mutex:
            self._held = self._count()

    def draft(self, size: int) -> None:
        """Set `size` bytes aside for an item being written. Raises `StagingUnusable` (`staging_full`) over it."""
        with self._mutex:
            if self._held + self._drafted + size > self.limit:
                self._held = self._count()
            used = self._held + self._drafted
            if used + size > self.limit:
                raise StagingUnusable(
                    f"the staging area is full: {used:,} of {self.limit:,} bytes are in use, {size:,} more do not fit",
                    code="staging_full",
                    hint="`apex staging clean` removes old failed items; APEX_STAGING_MAX_BYTES sets the limit",
                )
            self._drafted += size

    def settle(self, drafted: int, change: int) -> None:
        """Give back `drafted` bytes set aside, and count `change` bytes more (less, if negative) of items in place."""
        with self._mutex:
            self._drafted -= drafted
            self._held = max(0, self._held + change)
