"""Asserts that work grows in proportion to the input.

Two sizes are compared in one run, by processor time, so neither a slow machine nor a busy one decides. The garbage
collector is off meanwhile: what it costs depends on everything that other tests left behind.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

_GROWTH = 4
_TRIES = 3


def assert_linear(work: Callable[[int], object], size: int) -> None:
    """Fail if `work(4 * size)` costs ten times `work(size)`: linear work costs 4 times as much, quadratic 16 times."""
    small = min(_seconds(work, size) for _ in range(_TRIES))
    large = min(_seconds(work, _GROWTH * size) for _ in range(_TRIES))
    assert large < 10 * small, f"{large / small:.1f} times the work for {_GROWTH} times the input"


def _seconds(work: Callable[[int], object], size: int) -> float:
    gc.collect()
    gc.disable()
    try:
        started = time.thread_time()
        work(size)
        return time.thread_time() - started
    finally:
        gc.enable()
