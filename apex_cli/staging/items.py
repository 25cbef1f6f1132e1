"""A staged item, its form on the disk (`status.json`), and figures about all items."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from apex_cli.input_rules import UNSAID, Naming
from apex_cli.model import Record
from apex_cli.staging import names

TEXT_LIMIT = 4000
"""Characters kept of a failure's message, hint and locator: they can quote a hostile payload."""


class ItemStatus(StrEnum):
    """The state of an item.

    `STAGED` waits for a run. `FAILED` waits for a retry. `PROCESSING` is worked on; without a lock, a crash left it.
    """

    STAGED = "staged"
    PROCESSING = "processing"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ItemFailure:
    """Why an item failed, when (aware UTC) and in which stage. `retriable`: it may succeed later without a change."""

    code: str
    message: str
    hint: str | None
    stage: str
    retriable: bool
    at: datetime
    locator: str | None


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """Identifies a file, to find out whether a path still names the file that was read from it."""

    device: int
    inode: int
    size: int
    modified_ns: int

    @classmethod
    def of(cls, found: os.stat_result) -> FileIdentity:
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


@dataclass(frozen=True, slots=True)
class KeptRecord:
    """Which record a failed one is, as it was read from its input: its payload alone may not say it again.

    `conflicted` is set where another record of the input has its id and nothing says which of them is the later one.
    """

    source: str
    data_type: str
    external_id: str
    content_hash: str
    conflicted: bool = False

    @classmethod
    def of(cls, record: Record, *, conflicted: bool) -> KeptRecord:
        """What is kept of a record beside its payload."""
        return cls(record.source, record.data_type, record.external_id, record.content_hash, conflicted)


@dataclass(slots=True)
class Item:
    """One staged item, as it was when it was last read.

    `path` is its folder, `payload` the file in it, `bytes` the payload's size. `name` is for people. `origin` is the
    original's absolute path, or `-` for a stream; a failed record has that of its input. `staged_at` (aware UTC) is
    when the input arrived; retries keep it. `forced_source` is the source that the user named (None: recognise it),
    `naming` what else the user said. `consume`: the original, identified by `original`, is removed once all is
    committed. `record_id` is set where the item holds one failed record with a known id, `kept` says what it was.
    `failed_before` is the code with which this very file failed when it was staged before. `busy`: another run works on
    this item, so it cannot be claimed. `claimed`: it was claimed when it was added, and the next `claim` succeeds.
    `cut`: the payload is shorter than it was, so it is never read; its original is still there, because only copies of
    files that stay are not synced.
    """

    source: str
    item_id: str
    path: Path
    payload: Path
    name: str
    origin: str
    staged_at: datetime
    bytes: int
    status: ItemStatus = ItemStatus.STAGED
    attempts: int = 0
    failure: ItemFailure | None = None
    forced_source: str | None = None
    consume: bool = False
    record_id: str | None = None
    original: FileIdentity | None = None
    naming: Naming = UNSAID
    kept: KeptRecord | None = None
    failed_before: str | None = None
    busy: bool = False
    claimed: bool = False
    cut: bool = False

    def damage(self, message: str) -> None:
        """Mark it as failed: what a loss of power has left of it is not read by itself."""
        hint = "ingest its original again" if self.cut else "ingest its original again, or run `apex staging retry`"
        failure = ItemFailure(
            "staging_damaged", message, hint, "read", retriable=False, at=self.staged_at, locator=None
        )
        self.status, self.failure = ItemStatus.FAILED, failure

    @property
    def is_record(self) -> bool:
        """Whether this is one failed record and not a whole input."""
        return names.is_record_item(self.item_id)

    def replace_with(self, other: Item) -> None:
        """Copy every field of `other`."""
        for each in fields(self):
            setattr(self, each.name, getattr(other, each.name))


def encode(item: Item) -> bytes:
    """The content of `status.json`: all that does not follow from the folder itself."""
    failure = item.failure
    original = item.original
    kept = item.kept
    document = {
        "version": 1,
        "bytes": item.bytes,
        "name": item.name,
        "origin": item.origin,
        "status": item.status.value,
        "attempts": item.attempts,
        "staged_at": item.staged_at.isoformat(),
        "forced_source": item.forced_source,
        "consume": item.consume,
        "record_id": item.record_id,
        "failed_before": item.failed_before,
        "collection": item.naming.collection,
        "id_fields": item.naming.id_fields,
        "given_name": item.naming.name,
        "kept": kept
        and {
            "source": kept.source,
            "data_type": kept.data_type,
            "external_id": kept.external_id,
            "content_hash": kept.content_hash,
            "conflicted": kept.conflicted,
        },
        "original": original and [original.device, original.inode, original.size, original.modified_ns],
        "failure": failure
        and {
            "code": failure.code,
            "message": failure.message[:TEXT_LIMIT],
            "hint": failure.hint and failure.hint[:TEXT_LIMIT],
            "stage": failure.stage,
            "retriable": failure.retriable,
            "at": failure.at.isoformat(),
            "locator": failure.locator and failure.locator[:TEXT_LIMIT],
        },
    }
    return json.dumps(document).encode("ascii")


def decode(item: Item, content: bytes) -> None:
    """Fill `item` from the content of its `status.json`. Raises `ValueError`, changing nothing, if damaged."""
    try:
        document: dict[str, Any] = json.loads(content)
        status = ItemStatus(document["status"])
        attempts = int(document["attempts"])
        staged_at = _time(document["staged_at"])
        failure = _failure(document["failure"])
        original = FileIdentity(*map(int, document["original"])) if document["original"] else None
        name, origin = str(document["name"]), str(document["origin"])
        forced_source, record_id = _text(document["forced_source"]), _text(document["record_id"])
        consume = bool(document["consume"])
        # Items of earlier versions have none of these.
        naming, kept, failed_before = _naming(document), _kept(document.get("kept")), document.get("failed_before")
        size = int(document.get("bytes", 0))
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"{names.STATUS} is damaged: {error}") from error
    item.status, item.attempts, item.staged_at, item.failure = status, attempts, staged_at, failure
    item.cut = item.bytes < size
    item.name, item.origin, item.original, item.consume = name, origin, original, consume
    item.forced_source, item.record_id = forced_source, record_id
    item.naming, item.kept, item.failed_before = naming, kept, _text(failed_before)


def _failure(document: dict[str, Any] | None) -> ItemFailure | None:
    if not document:
        return None
    return ItemFailure(
        code=str(document["code"]),
        message=str(document["message"]),
        hint=_text(document["hint"]),
        stage=str(document["stage"]),
        retriable=bool(document["retriable"]),
        at=_time(document["at"]),
        locator=_text(document["locator"]),
    )


def _naming(document: dict[str, Any]) -> Naming:
    fields = tuple(map(str, document.get("id_fields") or ()))
    return Naming(_text(document.get("collection")), fields, _text(document.get("given_name")))


def _kept(document: dict[str, Any] | None) -> KeptRecord | None:
    if not document:
        return None
    return KeptRecord(
        source=str(document["source"]),
        data_type=str(document["data_type"]),
        external_id=str(document["external_id"]),
        content_hash=str(document["content_hash"]),
        conflicted=bool(document["conflicted"]),
    )


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return time


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
