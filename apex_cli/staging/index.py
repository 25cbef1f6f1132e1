"""Where failed records lie, by the input they came from and by the record they hold."""

from __future__ import annotations

import threading
from collections import defaultdict

from apex_cli.staging import names

Key = tuple[str, str]
"""Where an item lies: its source and its item id."""


class FailedRecords:
    """Failed records by hash of origin and of record id; whole inputs are not kept. For use by many threads.

    It knows what lay in the area at its opening and what this process did since. A record that another process kept
    meanwhile is not found; it stays until that record is retried, which finds it unchanged.
    """

    def __init__(self) -> None:
        self._by_origin: defaultdict[str, set[Key]] = defaultdict(set)
        self._by_record: defaultdict[str, set[Key]] = defaultdict(set)
        self._mutex = threading.Lock()

    def add(self, key: Key) -> None:
        if not names.is_record_item(key[1]):
            return
        with self._mutex:
            self._by_origin[names.origin_hash(key[1])].add(key)
            if record := names.record_hash(key[1]):
                self._by_record[record].add(key)

    def discard(self, key: Key) -> None:
        if not names.is_record_item(key[1]):
            return
        with self._mutex:
            _discard(self._by_origin, names.origin_hash(key[1]), key)
            if record := names.record_hash(key[1]):
                _discard(self._by_record, record, key)

    def of_origin(self, item_id: str) -> list[Key]:
        """The failed records of the input that `item_id` is or belongs to."""
        with self._mutex:
            return list(self._by_origin.get(names.origin_hash(item_id), ()))

    def of_record(self, record_id: str) -> list[Key]:
        """The items that hold the record."""
        with self._mutex:
            return list(self._by_record.get(names.digest(record_id), ()))


def _discard(table: defaultdict[str, set[Key]], group: str, key: Key) -> None:
    keys = table.get(group)
    if keys is not None:
        keys.discard(key)
        if not keys:
            del table[group]
