"""How far a server's clock is from ours."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable


async def clock_skew(ask: Callable[[], Awaitable[float]]) -> float:
    """Seconds by which the server is ahead. `ask` returns its Unix time; half the round trip counts as the way back."""
    before = time.time()
    theirs = await ask()
    return round(theirs - (before + time.time()) / 2, 3)
