"""How much room on the disk the embedded stores need, and the check before anything is written.

The vector engine maps files with holes into memory. A write into a hole that the disk has no room for ends the process
with SIGBUS: no error comes back that could be reported. So the room is checked before a store opens and before each
batch. A new home takes about 80 MiB, opening one up to 32 MiB more (the next segment of a log); a commit writes its
records to the journal, the log and the data of PostgreSQL and of the graph, and to the vectors.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from apex_cli.errors import DiskFull

MIB = 1024**2
_BLOCK_BYTES = 512
"""The unit of `st_blocks` in stat(2)."""
NEW_HOME_BYTES = 256 * MIB
OPEN_BYTES = 96 * MIB
COMMIT_BYTES = 128 * MIB
COMMIT_FACTOR = 8
"""Bytes that a commit may write for each byte of its payloads."""


def used(path: Path) -> int:
    """Bytes of the disk that a folder takes, holes in files left out; 0 where it is not there. Follows no link."""
    total = 0
    waiting = [path]
    while waiting:
        # What goes away while it is counted, or may not be looked at, counts as nothing.
        with suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                with suppress(OSError):
                    total += entry.stat(follow_symlinks=False).st_blocks * _BLOCK_BYTES
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(Path(entry.path))
    return total


def require(path: Path, needed: int) -> None:
    """Raise `DiskFull` where the disk of `path`, which need not exist yet, has fewer than `needed` bytes free."""
    for place in (path, *path.parents):
        with suppress(OSError):
            usage = shutil.disk_usage(place)
            # Some network file systems do not know their size, and say 0.
            if usage.total and usage.free < needed:
                free, wanted = usage.free // MIB, -(-needed // MIB)
                raise DiskFull(
                    f"the disk is full: {path} has {free:,} MiB free, and {wanted:,} MiB are needed",
                    hint="free some space, or set APEX_HOME to another disk; what was not committed stays staged",
                )
            return
