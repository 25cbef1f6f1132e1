"""A TCP relay between a client and a server of the tests, which can cut what runs through it."""

from __future__ import annotations

import asyncio
import ssl
from typing import Self
from urllib.parse import urlsplit

COMMIT = b"\x00\x02\xb0\x12\x00\x00"
"""Bolt's message, in a chunk of two bytes and the mark of its end."""


class Relay:
    """Listens on a port of its own, at `url`, and passes everything on to the server of the given URL.

    With a context its clients must speak TLS.
    """

    def __init__(self, url: str, context: ssl.SSLContext | None = None) -> None:
        self._scheme, self._to = urlsplit(url).scheme, (urlsplit(url).hostname or "", urlsplit(url).port or 0)
        self._context = context
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._losing: bytes | None = None

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"{self._scheme}://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._join, "127.0.0.1", 0, ssl=self._context)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        await self.cut()
        await self._server.wait_closed()

    async def cut(self) -> None:
        """End every connection at once, without a goodbye."""
        for writer in list(self._writers):
            writer.transport.abort()

    def lose_answer_to(self, message: bytes) -> None:
        """Pass the next such message on, and cut the connection instead of passing an answer back."""
        self._losing = message

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(*self._to)
        lost = asyncio.Event()
        self._writers |= {writer, back}
        await asyncio.gather(self._pass(reader, back, lost, forth=True), self._pass(there, writer, lost, forth=False))
        self._writers -= {writer, back}

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, lost: asyncio.Event, *, forth: bool
    ) -> None:
        try:
            while data := await reader.read(65536):
                if not forth and lost.is_set():
                    await self.cut()
                    return
                if forth and self._losing is not None and self._losing in data:
                    self._losing = None
                    lost.set()
                writer.write(data)
                await writer.drain()
            writer.close()
        except OSError:
            writer.transport.abort()
