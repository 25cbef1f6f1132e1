"""How much memory the engine may use, and how much address space where the process is limited (`RLIMIT_AS`).

The engine reserves addresses for the largest database that it may ever hold: 8 TiB, unless it is given another size, a
power of two. Reserved addresses cost no memory, but they count against the limit of the process (`ulimit -v`). Below
such a limit the database gets half of what is left, and must hold what is in the file with room to grow.

The buffer pool fills up to its size, whatever is needed, and a checkpoint fails where the pool cannot hold the columns
that it writes again. So the pool starts small, and the engine is opened with twice as much where it says that it needs
more.
"""

from __future__ import annotations

import os
import resource
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from apex_cli.errors import StoreUnavailable
from apex_cli.stores.graph.model.operations import STORE

FIRST_POOL_BYTES = 128 * 1024**2
LARGE_FILE_BYTES = 512 * 1024**2
"""From this size of the file on, the first pool is twice as large: the next checkpoint of a run needs that, and to grow
costs a checkpoint that fails and a replay of the log, 5 processor seconds at 100,000 records.
"""
LARGEST_POOL_BYTES = 1024**3
"""On any machine; on one with more than twice as much memory, half of that."""
LIMITED_POOL_BYTES = 256 * 1024**2
"""The pool of a process with a limit, from the start: what is opened again may find less room than before."""
SMALLEST_BYTES = 512 * 1024**2
_GROWTH = 4
"""The file, its log and the pages that a checkpoint copies share the reserved addresses."""


class PoolSizes(NamedTuple):
    """Bytes of the buffer pool: the first that the engine is opened with, and the largest that it may be given."""

    first: int
    largest: int


def pool_sizes(file: Path) -> PoolSizes:
    """What the pool of this file's database starts with, and how large it may become."""
    if resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY:
        return PoolSizes(LIMITED_POOL_BYTES, LIMITED_POOL_BYTES)
    memory = 0
    with suppress(OSError, ValueError):
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    first = FIRST_POOL_BYTES if _size_of(file) < LARGE_FILE_BYTES else 2 * FIRST_POOL_BYTES
    return PoolSizes(first, max(LARGEST_POOL_BYTES, memory // 2))


def database_bytes(file: Path) -> int | None:
    """The largest size of the database that fits into this process's limit; None where the engine is to choose.

    Raises `StoreUnavailable` where the limit leaves too little.
    """
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return None
    return within(limit, _used(), LIMITED_POOL_BYTES, _size_of(file))


def within(limit: int, used: int, buffer_pool_bytes: int, held: int) -> int:
    """The same from figures, all in bytes: the limit, what the process uses of it, the pool, and the file's size."""
    needed = max(SMALLEST_BYTES, _GROWTH * held)
    half = (limit - used - buffer_pool_bytes) // 2
    size = 1 << (half.bit_length() - 1) if half > 0 else 0
    if size < needed:
        least = used + buffer_pool_bytes + 2 * (1 << (needed - 1).bit_length())
        raise StoreUnavailable(
            f"{STORE}: the embedded graph engine needs address space, and this process may have {limit >> 20:,} MiB",
            hint=f"raise the limit, `ulimit -v unlimited` or {(least >> 10) + 1024} and more, "
            "or use a Neo4j server: APEX_GRAPH_URL",
        )
    return size


def _size_of(file: Path) -> int:
    with suppress(OSError):
        return file.stat().st_size
    return 0


def _used() -> int:
    """Addresses that the process holds now; 0 where the system does not say."""
    with suppress(OSError, ValueError, IndexError):
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
    return 0
