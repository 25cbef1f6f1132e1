"""The same thing asked twice at the same time is fetched once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeVar

W = TypeVar("W")
R = TypeVar("R")


class SingleFlight(Generic[W, R]):
    """Joins those who want a result by key to the fetch that is on its way.

    A fetch goes on when those who wait for it are cancelled, for it is paid for all the same; `close` ends it.
    """

    def __init__(self, fetch: Callable[[Mapping[str, W]], Awaitable[Mapping[str, R]]]) -> None:
        self._fetch = fetch
        self._on_the_way: dict[str, asyncio.Task[Mapping[str, R]]] = {}

    async def get(self, wanted: Mapping[str, W]) -> dict[str, R]:
        """The results by key. What nobody is fetching yet is fetched together; its error is everybody's who waits."""
        fresh = {key: what for key, what in wanted.items() if key not in self._on_the_way}
        if fresh:
            task = asyncio.ensure_future(self._run(fresh))
            self._on_the_way.update(dict.fromkeys(fresh, task))
            # Seen here, so that nothing is logged when all who waited were cancelled.
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
        tasks = {key: self._on_the_way[key] for key in wanted}
        for task in set(tasks.values()):
            await asyncio.shield(task)
        return {key: task.result()[key] for key, task in tasks.items()}

    async def close(self) -> None:
        """Cancel what is on its way."""
        tasks = set(self._on_the_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, wanted: Mapping[str, W]) -> Mapping[str, R]:
        try:
            return await self._fetch(wanted)
        finally:
            for key in wanted:
                self._on_the_way.pop(key, None)
