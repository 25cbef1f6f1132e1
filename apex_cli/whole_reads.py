"""Reads that join several stores, and show each record wholly old or wholly new.

Between the pivot of a saga and its end, the graph holds the new version of a record, and PostgreSQL, the vectors and
the cache may still show the old one. The stores say which saga wrote what they hold, and a read compares that.

The graph is read first, and waits its turn behind the pivots. The others then come to the version that it showed: what
has passed the pivot goes on to its end. They stay there until the next saga of the record has passed its own pivot. So
they are looked at a few times for one view of the graph, before the graph is read again.

A difference that stays although no saga is open is none of a saga, but of a store that was changed by others. It is
answered as it is, and `apex verify` reports it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from apex_cli.stores.journal import Journal

T = TypeVar("T")
V = TypeVar("V")

Differences = frozenset[tuple[str, ...]]
"""What differs in an answer: record id, then what each store says of it."""

SECONDS = 10.0
"""How long a read waits for sagas under way; then it answers with what it has."""
_PAUSES = (0.0, 0.005, 0.01, 0.02, 0.04, 0.08)
"""Seconds before each look at the other stores."""


async def read_whole(
    journal: Journal, view: Callable[[], Awaitable[V]], join: Callable[[V], Awaitable[tuple[T, Differences]]]
) -> tuple[T, Differences]:
    """The first answer of `join` without a difference, or one whose differences stay.

    `view` reads the graph, `join` adds what the other stores say of the same records now.
    """
    deadline = time.monotonic() + SECONDS
    before: Differences = frozenset()
    while True:
        seen = await view()
        for pause in _PAUSES:
            await asyncio.sleep(pause)
            answer, differences = await join(seen)
            if not differences:
                return answer, differences
        if time.monotonic() > deadline:
            return answer, differences
        if differences == before and not await journal.open_sagas(sorted({one[0] for one in differences})):
            return answer, differences
        before = differences
