"""What a crash leaves beside the database file, and which of it counts.

A commit writes its changes to the write-ahead log, then all pages of the new state to a shadow file, then the record
CHECKPOINT to the log, and only then touches the database file. Rows loaded by COPY are not in the log. So a log that
ends before that record holds half a transaction, which the engine would replay all the same. Every commit of ours
ends in a checkpoint, so nothing is lost by dropping such a log: the last checkpoint is what was committed last.

The log (Ladybug 0.22): 16 bytes of the database's id, one byte that says whether there are checksums, 8 bytes of
checksum, and then records: length (8 bytes, little endian), content, checksum (8 bytes). The first byte of a record's
content is its type. During a checkpoint the file is called `.wal.checkpoint`; emptied, it says that all is applied.
"""

from __future__ import annotations

import fcntl
import os
import struct
from pathlib import Path

_HEADER = 16 + 1 + 8
_LENGTH = struct.Struct("<Q")
_CHECKSUM = 8
_CHECKPOINT = 254


def drop_unfinished(database: Path) -> None:
    """Drop the log and the shadow pages of a commit that a crash cut short; leaves finished ones to the engine.

    Before the database is opened. Does nothing while a process has it open. Raises `OSError`.
    """
    logs = [log for suffix in (".wal", ".wal.checkpoint") if (log := _beside(database, suffix)).exists()]
    if not logs or not database.exists():
        return
    descriptor = os.open(database, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not any(_is_finished(log) for log in logs):
            for path in (*logs, _beside(database, ".shadow")):
                path.unlink(missing_ok=True)
    except BlockingIOError:
        return
    finally:
        os.close(descriptor)


def _is_finished(log: Path) -> bool:
    """Whether the last whole record is a checkpoint's, or the log is the emptied one of an applied checkpoint."""
    size = log.stat().st_size
    if size == 0:
        return log.suffix == ".checkpoint"
    kind = 0
    with log.open("rb") as file:
        place = _HEADER
        while place + _LENGTH.size + 1 <= size:
            file.seek(place)
            head = file.read(_LENGTH.size + 1)
            (length,) = _LENGTH.unpack(head[: _LENGTH.size])
            place += _LENGTH.size + length + _CHECKSUM
            if place > size:
                return False
            kind = head[-1]
    return kind == _CHECKPOINT


def _beside(database: Path, suffix: str) -> Path:
    return database.with_name(database.name + suffix)
