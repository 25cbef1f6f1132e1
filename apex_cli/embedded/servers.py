"""The embedded servers together: started side by side and always stopped together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

from apex_cli.embedded.home import Home
from apex_cli.embedded.postgres import EmbeddedPostgres
from apex_cli.embedded.process import EmbeddedServer
from apex_cli.embedded.valkey import EmbeddedValkey


class EmbeddedServers:
    """PostgreSQL and Valkey of a home, each only if wanted, as an async context manager. With `valkey_later` Valkey
    starts only by `start_valkey`.

    The caller has locked the home. Each server has a thread of its own for its calls, for two reasons: the
    kernel ends a server when the thread that started it ends, and `stop` must follow `start` after a cancellation too.
    """

    def __init__(self, home: Home, *, postgres: bool = True, valkey: bool = True, valkey_later: bool = False) -> None:
        self.postgres = EmbeddedPostgres(home.postgres)
        self.valkey = EmbeddedValkey(home.valkey)
        wanted: list[EmbeddedServer] = [*([self.postgres] if postgres else []), *([self.valkey] if valkey else [])]
        self._threads = {server: ThreadPoolExecutor(1, f"apex-{server.name}") for server in wanted}
        self.valkey_later = valkey_later
        self._starting: asyncio.Future[None] | None = None

    async def __aenter__(self) -> EmbeddedServers:
        """Start them. Raises `StoreUnavailable`; then, as after a cancellation, none is running."""
        try:
            now = [server for server in self._threads if not (self.valkey_later and server is self.valkey)]
            failures = await self._side_by_side(now, lambda server: server.start)
            if failures:
                raise failures[0]
            if self.postgres in now:
                self._threads[self.postgres].submit(self.postgres.drop_templates)
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    async def start_valkey(self) -> Path:
        """Start Valkey, once however often this is called, and return its socket. Raises `StoreUnavailable`."""
        if self._starting is None:
            loop = asyncio.get_running_loop()
            self._starting = loop.run_in_executor(self._threads[self.valkey], self.valkey.start)
        await asyncio.shield(self._starting)
        return self.valkey.socket_path

    async def _stop(self) -> None:
        """End them, also when the waiting task is cancelled meanwhile. Raises what a `stop` raised."""
        stopping = asyncio.ensure_future(self._side_by_side([*self._threads], lambda server: server.stop))
        try:
            failures = await asyncio.shield(stopping)
        except asyncio.CancelledError:
            await stopping
            raise
        finally:
            for thread in self._threads.values():
                thread.shutdown(wait=True)
        if failures:
            raise failures[0]

    async def _side_by_side(
        self, servers: Sequence[EmbeddedServer], action: Callable[[EmbeddedServer], Callable[[], None]]
    ) -> list[BaseException]:
        loop = asyncio.get_running_loop()
        jobs = [loop.run_in_executor(self._threads[server], action(server)) for server in servers]
        results = await asyncio.gather(*jobs, return_exceptions=True)
        return [result for result in results if isinstance(result, BaseException)]
