"""Keeps a long run's memory flat, and the garbage collector from walking through it again and again."""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress

_M_ARENA_MAX = -8
"""`mallopt(3)`, glibc's `malloc.h`."""
_ARENAS = 2
_COLLECT_AFTER = 50_000


def settle() -> None:
    """Call when a run's modules are loaded and its stores are open, before the first batch.

    What is loaded stays until the end, so the collector may leave it alone; and records are many small containers
    that die young, so it need not look after every 700 of them (Python's default). Left alone, it took 16 % of the
    graph's thread.
    """
    gc.collect()
    gc.freeze()
    _, middle, old = gc.get_threshold()
    gc.set_threshold(_COLLECT_AFTER, middle, old)


def limit_arenas() -> None:
    """Call before threads start. On glibc all threads then share one heap; elsewhere nothing happens.

    Else every thread that ever allocated keeps a heap of its own, with holes that no other thread can use.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)


def give_back() -> None:
    """Return freed pages to the system. On glibc only; elsewhere nothing happens. Takes some 10 ms.

    A batch's vectors and rows leave holes all over the heap, which glibc never gives back by itself.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
