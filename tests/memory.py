"""Where temporary files of tests lie: in memory, where there is enough of it."""

from __future__ import annotations

import os
from pathlib import Path

import psutil  # type: ignore[import-untyped]

_SHARED_MEMORY = Path("/dev/shm")
_FREE_BYTES = 4 * 1024**3
_AVAILABLE_BYTES = 8 * 1024**3


def memory_folder() -> Path | None:
    """A folder in memory for the homes and files of tests, or None: there is none, or it is too small for them.

    Containers often have one of 64 MB in which no program may be executed.
    """
    if not os.access(_SHARED_MEMORY, os.W_OK):
        return None
    place = os.statvfs(_SHARED_MEMORY)
    if place.f_flag & os.ST_NOEXEC or place.f_bavail * place.f_frsize < _FREE_BYTES:
        return None
    return _SHARED_MEMORY if psutil.virtual_memory().available > _AVAILABLE_BYTES else None
