"""The embedded servers together: started side by side, ended together, whatever happens in between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType

from apex_cli.stores.embedded.home import Home
from apex_cli.stores.embedded.postgres import EmbeddedPostgres
from apex_cli.stores.embedded.valkey import EmbeddedValkey


class EmbeddedServers:
    """PostgreSQL and Valkey of a home, as an async context manager. The caller holds the home's lock.

    Each server has a thread of its own, which lives as long as the server may: the kernel ends a server when the
    thread that started it ends, and a `stop` always comes after the `start` that it follows, cancelled or not.
    """

    def __init__(self, home: Home) -> None:
        self.postgres = EmbeddedPostgres(home.postgres)
        self.valkey = EmbeddedValkey(home.valkey)
        self._threads = [ThreadPoolExecutor(1, f"apex-{name}") for name in ("postgres", "valkey")]

    async def __aenter__(self) -> EmbeddedServers:
        """Start both. Raises `StoreUnavailable`; then, as after a cancellation, neither is running."""
        try:
            failures = await self._side_by_side(self.postgres.start, self.valkey.start)
            if failures:
                raise failures[0]
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    async def _stop(self) -> None:
        """End both, also when the waiting task is cancelled meanwhile. Raises what a `stop` raised."""
        stopping = asyncio.ensure_future(self._side_by_side(self.postgres.stop, self.valkey.stop))
        try:
            failures = await asyncio.shield(stopping)
        except asyncio.CancelledError:
            await stopping
            raise
        finally:
            for thread in self._threads:
                thread.shutdown(wait=True)
        if failures:
            raise failures[0]

    async def _side_by_side(self, *actions: Callable[[], None]) -> list[BaseException]:
        loop = asyncio.get_running_loop()
        jobs = [loop.run_in_executor(thread, action) for thread, action in zip(self._threads, actions, strict=True)]
        results = await asyncio.gather(*jobs, return_exceptions=True)
        return [result for result in results if isinstance(result, BaseException)]
