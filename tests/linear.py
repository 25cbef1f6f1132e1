"""Asserts that work grows in proportion to the input, and measures the memory it takes.

Two sizes are compared in one run, by processor time, so neither a slow machine nor a busy one decides. The garbage
collector is off meanwhile: what it costs depends on everything that other tests left behind.
"""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")

_GROWTH = 4
_TRIES = 3


def assert_linear(work: Callable[[int], object], size: int) -> None:
    """Fail if `work(4 * size)` costs ten times `work(size)`: linear work costs 4 times as much, quadratic 16 times.

    The least time of each size counts. Most work shows at the first try that it is linear; the others are for noise.
    """
    work(size)  # What is imported or compiled at the first use is no part of the work.
    small = large = float("inf")
    for _ in range(_TRIES):
        small = min(small, _seconds(work, size))
        large = min(large, _seconds(work, _GROWTH * size))
        if large < 10 * small:
            return
    raise AssertionError(f"{large / small:.1f} times the work for {_GROWTH} times the input")


def peak_memory(work: Callable[[], Result]) -> tuple[Result, int]:
    """What `work` returns, and the most bytes of Python objects it holds at once. Measured work is 4 times as slow."""
    tracemalloc.start()
    try:
        return work(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _seconds(work: Callable[[int], object], size: int) -> float:
    gc.disable()
    try:
        started = time.thread_time()
        work(size)
        return time.thread_time() - started
    finally:
        gc.enable()
