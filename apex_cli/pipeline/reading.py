"""Reads a memory, whoever has it open: over the socket of the holder, else by opening the stores.

    the holder answers            → its answer
    no one has the home           → lock it, open the stores, answer, and answer others meanwhile
    it was locked just now        → the holder again, until it answers
    the holder dies or ends       → from the start, by itself

With servers alone nothing is locked: the stores are opened.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from apex_cli.config import Settings
from apex_cli.embedded.home import Home
from apex_cli.errors import Locked, StoreError
from apex_cli.readers.client import NoAnswer, Refused, RemoteReader, SocketReader
from apex_cli.stores.backends import uses_home

if TYPE_CHECKING:
    from apex_cli.stores.factory import Stores

_SERVE_SECONDS = 5.0
_SERVE_POLL_SECONDS = 0.05
_JOINED = frozenset({"get", "facts", "search", "neighbours"})
"""Questions whose answers join what several stores hold. The others show what is there."""


class MemoryReader(RemoteReader):
    """`Reader` of the memory that the settings name. Raises `Locked` where a holder does not answer readers: an older
    version of apex, or one that has other settings; after `lock_timeout`.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._home = Home(settings.home)

    async def ask(self, question: str, **arguments: Any) -> Any:
        if not uses_home(self._settings):
            return await self._open_and_ask(question, arguments)
        remote = SocketReader(self._settings)
        try:
            return await remote.ask(question, **arguments)
        except (NoAnswer, Refused):
            self._home.create()
        with self._home.waiting(reads=True) as waiting:
            while True:
                refused = ""
                try:
                    return await remote.ask(question, **arguments)
                except NoAnswer:
                    pass
                except Refused as error:
                    refused = str(error)
                if not self._home.writer_waits():
                    # As the holder it is no longer among those who wait.
                    waiting.withdraw()
                    with suppress(Locked):
                        return await self._open_and_ask(question, arguments)
                if not await waiting.pause(self._settings.lock_timeout, hopeless=bool(refused)):
                    raise self._home.locked(refused)

    async def _open_and_ask(self, question: str, arguments: dict[str, Any]) -> Any:
        from apex_cli.pipeline.upgrade import open_upgraded
        from apex_cli.readers.opened import StoresReader

        async with open_upgraded(self._settings, reads=True) as stores:
            if question in _JOINED and uses_home(self._settings):
                await _settle(self._settings, stores)
            answer = await getattr(StoresReader(stores), question)(**arguments)
            await self._serve_others()
            return answer

    async def _serve_others(self) -> None:
        """Stay while others wait for an answer: opening the stores costs each of them more than the answer."""
        until = time.monotonic() + _SERVE_SECONDS
        # Other processes send no event.
        while time.monotonic() < until and self._home.reader_waits() and not self._home.writer_waits():  # noqa: ASYNC110
            await asyncio.sleep(_SERVE_POLL_SECONDS)


async def _settle(settings: Settings, stores: Stores) -> None:
    """Finish what a killed run left half-way. No one else can while this process has the home, and until then its
    records stand in two versions in the stores.
    """
    with suppress(StoreError):
        if await stores.journal.open_sagas():
            from apex_cli.pipeline.context import coordinator_for

            await coordinator_for(settings, stores).recover()
