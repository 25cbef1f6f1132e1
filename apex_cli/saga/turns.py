"""The order in which batches that commit side by side pass the pivot: that in which they began.

The graph names a thing after the key by which it came first. So a run that let batches overtake each other would give
things other ids than the next run of the same input.
"""

from __future__ import annotations

import asyncio


class Turn:
    """The place of one batch. Its pivots wait for the batch before, and the batch after it waits until it is `over`."""

    def __init__(self, before: asyncio.Event | None) -> None:
        self._before = before
        self.over = asyncio.Event()
        self.is_last = False
        """Whether no further pivot of this batch follows the next one."""

    async def come(self) -> None:
        """Wait until the batch before has passed its pivots."""
        if self._before is not None:
            await self._before.wait()

    def pass_on(self) -> None:
        """Call after each pivot: after the last one the next batch may go."""
        if self.is_last:
            self.over.set()


class Turns:
    """Gives turns, one to each batch, in the order of the calls."""

    def __init__(self) -> None:
        self._last: asyncio.Event | None = None

    def take(self) -> Turn:
        turn = Turn(self._last)
        self._last = turn.over
        return turn
