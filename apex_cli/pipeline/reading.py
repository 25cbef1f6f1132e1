"""Reads a memory, whoever has it open: over the socket of the holder, else by opening the stores.

    the holder answers            → its answer
    no one has the home           → lock it, open the stores, answer, and answer others meanwhile
    it was locked just now        → the holder again, until it answers
    the holder dies or ends       → from the start, by itself

Who has opened the stores keeps them for the next question, until a writer waits for the home or nothing is asked. With
servers alone nothing is locked: the stores are opened.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from apex_cli.config import Settings
from apex_cli.embedded.home import Home
from apex_cli.errors import Locked, StoreError
from apex_cli.readers.client import NoAnswer, Refused, RemoteReader, SocketReader
from apex_cli.readers.protocol import Places
from apex_cli.stores.backends import postgres_server, uses_home

if TYPE_CHECKING:
    from apex_cli.stores.factory import Stores

IDLE_SECONDS = 30.0
"""How long the stores stay open after the last question."""
_SERVE_SECONDS = 5.0
"""How much longer, while other readers wait: opening the stores costs each of them more than the answer."""
_FINISH_SECONDS = 5.0
"""How long a writer waits for the answers under way. Those that take longer are asked again, of the writer."""
_POLL_SECONDS = 0.1
_JOINED = frozenset({"get", "facts", "search", "neighbours", "report", "portrait"})
"""Questions whose answers join what several stores hold. The others show what is there."""
_log = logging.getLogger(__name__)


class MemoryReader(RemoteReader):
    """`Reader` of the memory that the settings name, for one question or for days, inside of `async with`:

        async with MemoryReader(settings) as reader:
            await reader.facts("TRUCK-1")

    Any number of questions may be asked at once; few of them are under way, the others wait. None fails because the
    home changes hands: it is asked again. Raises `Locked` where a holder does not answer readers: an older version of
    apex, or one that has other settings; after `lock_timeout`.
    """

    def __init__(self, settings: Settings, *, idle_seconds: float = IDLE_SECONDS) -> None:
        self._settings = settings
        self._idle_seconds = idle_seconds
        self._home = Home(settings.home)
        self._remote = SocketReader(settings)
        self._places = Places()
        self._holding: _Holding | None = None
        self._is_open = False

    async def __aenter__(self) -> Self:
        self._is_open = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_open = False
        if self._holding is not None:
            await self._holding.end(serve=error is None)

    async def ask(self, question: str, **arguments: Any) -> Any:
        async with self._places.of(question):
            return await (self._find if uses_home(self._settings) else self._open)(question, arguments)

    async def _find(self, question: str, arguments: Mapping[str, Any]) -> Any:
        """The answer of the holder, which may become this process."""
        with suppress(NoAnswer, Refused):
            return await self._ask_holder(question, arguments)
        self._home.create()
        with self._home.waiting(reads=True) as waiting:
            while True:
                refused = ""
                try:
                    return await self._ask_holder(question, arguments)
                except NoAnswer:
                    pass
                except Refused as error:
                    refused = str(error)
                if not self._home.writer_waits():
                    # As the holder it is no longer among those who wait.
                    waiting.withdraw()
                    with suppress(Locked, NoAnswer):
                        return await self._ask_own(question, arguments)
                if not await waiting.pause(self._settings.lock_timeout, hopeless=bool(refused)):
                    raise self._home.locked(refused)

    async def _open(self, question: str, arguments: Mapping[str, Any]) -> Any:
        """The answer from stores on servers."""
        while True:
            with suppress(NoAnswer):
                return await self._ask_own(question, arguments)

    async def _ask_holder(self, question: str, arguments: Mapping[str, Any]) -> Any:
        if self._holding is None:
            return await self._remote.ask(question, **arguments)
        try:
            return await self._holding.answer(question, arguments)
        except Locked as error:
            raise NoAnswer from error

    async def _ask_own(self, question: str, arguments: Mapping[str, Any]) -> Any:
        if not self._is_open:
            raise RuntimeError("a memory is asked inside of `async with`")
        if self._holding is None:
            self._holding = _Holding(self._settings, self._home, self._idle_seconds)
            self._holding.task.add_done_callback(self._over)
        return await self._holding.answer(question, arguments)

    def _over(self, _: asyncio.Future[None]) -> None:
        self._holding = None


class _Holding:
    """The time for which this process has the stores open. It ends by itself; `task` is done when they are closed."""

    def __init__(self, settings: Settings, home: Home, idle_seconds: float) -> None:
        self._settings = settings
        self._home = home
        self._stores: asyncio.Future[Stores] = asyncio.get_running_loop().create_future()
        self._answering: set[asyncio.Future[Any]] = set()
        self._settling = asyncio.Lock()
        self._is_settled = not uses_home(settings)
        self._idle_seconds = idle_seconds
        self._asked = time.monotonic()
        self._wake = asyncio.Event()
        self._is_ending = False
        self.task = asyncio.ensure_future(self._hold())

    async def answer(self, question: str, arguments: Mapping[str, Any]) -> Any:
        """The answer. Raises `NoAnswer` if the holding ends before, when it has ended, and what opening raises."""
        stores = await asyncio.shield(self._stores)
        if not self._is_ending:
            work = asyncio.ensure_future(self._work(stores, question, arguments))
            self._answering.add(work)
            work.add_done_callback(self._answered)
            try:
                await asyncio.wait({work})
            finally:
                work.cancel()
            if not work.cancelled():
                return work.result()
        await asyncio.wait({self.task})
        raise NoAnswer

    async def end(self, *, serve: bool) -> None:
        """End it, and wait until the stores are closed. With `serve`, other readers that wait are answered before."""
        self._idle_seconds = 0.0
        self._asked = time.monotonic()
        self._is_ending = not serve
        self._wake.set()
        if not self._stores.done():
            self.task.cancel()
        await asyncio.wait({self.task})

    async def _work(self, stores: Stores, question: str, arguments: Mapping[str, Any]) -> Any:
        from apex_cli.readers.opened import StoresReader

        try:
            if question in _JOINED:
                await self._settle(stores)
            return await getattr(StoresReader(stores), question)(**arguments)
        except StoreError:
            # What is opened again may work again: an engine that died is started, for example.
            self._is_ending = True
            self._wake.set()
            raise

    def _answered(self, work: asyncio.Future[Any]) -> None:
        self._answering.discard(work)
        self._asked = time.monotonic()

    async def _hold(self) -> None:
        from apex_cli.pipeline.upgrade import open_upgraded

        try:
            async with open_upgraded(self._settings, reads=True) as stores:
                self._stores.set_result(stores)
                await self._last()
                self._is_ending = True
                await self._finish()
        except asyncio.CancelledError:
            self._stores.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - who asks gets it
            if self._stores.done():
                _log.warning("the stores were not closed in order: %s: %s", type(error).__name__, error)
            else:
                self._stores.set_exception(error)
                # No one may be left who waits for it.
                self._stores.exception()
        finally:
            self._is_ending = True

    async def _last(self) -> None:
        """Wait until it is to end. Who has opened the stores is answered first, even if a writer waits."""
        while True:
            # Other processes send no event.
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), _POLL_SECONDS)
            self._wake.clear()
            if self._is_over():
                return

    def _is_over(self) -> bool:
        if self._is_ending or self._home.writer_waits():
            return True
        idle = time.monotonic() - self._asked - self._idle_seconds
        return not self._answering and idle >= 0 and (idle >= _SERVE_SECONDS or not self._home.reader_waits())

    async def _finish(self) -> None:
        """Wait for the answers under way, and end those that take too long."""
        if self._answering:
            await asyncio.wait(set(self._answering), timeout=_FINISH_SECONDS)
        left = set(self._answering)
        for work in left:
            work.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _settle(self, stores: Stores) -> None:
        """Finish what a killed run left half-way. No one else can while this process has the home, and until then its
        records stand in two versions in the stores.
        """
        async with self._settling:
            if not self._is_settled:
                with suppress(StoreError):
                    if await stores.journal.open_sagas():
                        from apex_cli.pipeline.context import coordinator_for

                        await coordinator_for(self._settings, stores).recover()
                self._is_settled = True


async def has_memory(settings: Settings) -> bool:
    """Whether a run has made the memory that the settings name. Creates nothing.

    Raises `ConfigError` for a home that cannot be looked at, and `StoreUnavailable` where PostgreSQL does not answer.
    """
    home = Home(settings.home)
    if uses_home(settings):
        if not home.exists():
            return False
        # While the first run starts PostgreSQL, its data is not there yet.
        return not settings.postgres_url.embedded or home.has_postgres() or home.holder() is not None
    database = postgres_server(settings, create=False)
    try:
        await database.open()
        (row,) = await database.rows("SELECT to_regclass('record') IS NOT NULL AS there", {})
        return bool(row["there"])
    finally:
        await database.close()
