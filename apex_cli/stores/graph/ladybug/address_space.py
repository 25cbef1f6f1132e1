"""How much address space the engine may reserve where the process is limited (`ulimit -v`, `RLIMIT_AS`).

The engine reserves addresses for the largest database that it may ever hold: 8 TiB, unless it is given another size, a
power of two. Reserved addresses cost no memory, but they count against the limit of the process. Below such a limit the
database gets half of what is left, and must hold what is in the file with room to grow.
"""

from __future__ import annotations

import os
import resource
from contextlib import suppress
from pathlib import Path

from apex_cli.errors import StoreUnavailable
from apex_cli.stores.graph.model.operations import STORE

BUFFER_POOL_BYTES = 256 * 1024**2
SMALLEST_BYTES = 512 * 1024**2
_GROWTH = 4
"""The file, its log and the pages that a checkpoint copies share the reserved addresses."""


def database_bytes(file: Path, buffer_pool_bytes: int = BUFFER_POOL_BYTES) -> int | None:
    """The largest size of the database in `file` that fits this process's limit; None where there is no limit.

    Raises `StoreUnavailable` where the limit leaves too little.
    """
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return None
    held = 0
    with suppress(OSError):
        held = file.stat().st_size
    return within(limit, _used(), buffer_pool_bytes, held)


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


def _used() -> int:
    """Addresses that the process holds now; 0 where the system does not say."""
    with suppress(OSError, ValueError, IndexError):
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
    return 0
