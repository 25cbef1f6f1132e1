"""A TCP proxy in front of a server. It can refuse, cut and delay connections, and drop or hold back data.

It runs in a thread of its own, so it works while a test waits for a process. One proxy serves any number of
connections. A change of mode applies to open connections too.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

T = TypeVar("T")

BOLT_COMMIT = b"\x00\x02\xb0\x12\x00\x00"
"""Bolt's COMMIT message: a chunk of two bytes and the end mark."""
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""`struct linger`: on, no time; closing such a socket sends RST, see socket(7)."""


class Trigger:
    """Waits for requests in this order on one connection; then holds the last one back, or drops its answer."""

    def __init__(self, requests: tuple[bytes, ...], loop: asyncio.AbstractEventLoop, *, hold: bool) -> None:
        self.requests = requests
        self._loop = loop
        self._fired = threading.Event()
        self._go_on = asyncio.Event()
        self.holds = hold

    def wait(self, seconds: float) -> bool:
        """Wait until the request is held back, or the answer dropped. False if that takes longer."""
        return self._fired.wait(seconds)

    def let_go(self) -> None:
        """Forward the request that is held back, if its connection is still open."""
        self._loop.call_soon_threadsafe(self._go_on.set)

    async def held(self) -> None:
        """Wait for `let_go`."""
        self._fired.set()
        await self._go_on.wait()

    def lost(self) -> None:
        """Note that the answer is dropped."""
        self._fired.set()


@dataclass(eq=False)
class _Connection:
    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    trigger: Trigger | None = None
    passed: int = 0
    """How many of the trigger's requests have been seen on this connection."""
    tail: bytes = b""
    answers_lost: bool = False

    def completes(self, trigger: Trigger, data: bytes) -> bool:
        """Whether this data completes the last request of the trigger. Requests may come in pieces."""
        if self.trigger is not trigger:
            self.trigger, self.passed, self.tail = trigger, 0, b""
        window = self.tail + data
        for request in trigger.requests[self.passed :]:
            before, found, rest = window.partition(request)
            if not found:
                self.tail = before[1 - len(request) :] if len(request) > 1 else b""
                return False
            self.passed += 1
            window = rest
        return True

    def cut(self) -> None:
        """Reset both ends at once: data in flight is lost."""
        for writer in (self.client, self.server):
            opened = writer.get_extra_info("socket")
            with contextlib.suppress(OSError):
                opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            writer.transport.abort()


class Proxy:
    """Listens on a port of 127.0.0.1 and forwards bytes to `target`. With `tls` its clients must use TLS."""

    def __init__(self, target: tuple[str, int], tls: ssl.SSLContext | None = None) -> None:
        self._target = target
        self._tls = tls
        self._deaf = False
        self._delay = 0.0
        self._trigger: Trigger | None = None
        self._open: set[_Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy")
        self._thread.start()
        self.port = 0
        self.restore()

    def url(self, url: str) -> str:
        """A server's URL with this proxy in place of the server."""
        parts = urlsplit(url)
        credentials, at, _ = parts.netloc.rpartition("@")
        return urlunsplit(parts._replace(netloc=f"{credentials}{at}127.0.0.1:{self.port}"))

    def restore(self) -> None:
        """Accept connections and forward everything. Connections that were deaf are cut."""
        self._call(self._restore())

    def refuse(self) -> None:
        """Refuse new connections and cut the open ones."""
        self._call(self._refuse())

    def cut(self) -> None:
        """Cut the open connections; new ones are accepted."""
        self._call(self._cut())

    def deafen(self) -> None:
        """Accept, read and drop: clients get neither an answer nor an error."""
        self._deaf = True

    def slow_down(self, seconds: float) -> None:
        """Hold back every piece of data this long, in both directions."""
        self._delay = seconds

    def hold(self, *requests: bytes) -> Trigger:
        """Hold the last of these requests back, once, when they come in this order on one connection."""
        return self._armed(Trigger(requests, self._loop, hold=True))

    def lose_answer(self, *requests: bytes) -> Trigger:
        """Once, when these requests come in this order on one connection: forward the last one, drop its answer and cut
        the connection.
        """
        return self._armed(Trigger(requests, self._loop, hold=False))

    def _armed(self, trigger: Trigger) -> Trigger:
        self._trigger = trigger
        return trigger

    def close(self) -> None:
        """Cut everything and end the thread."""
        self._call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _restore(self) -> None:
        if self._deaf:
            await self._cut()
        self._deaf, self._delay, self._trigger = False, 0.0, None
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port, ssl=self._tls)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _refuse(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._cut()

    async def _cut(self) -> None:
        for connection in list(self._open):
            connection.cut()

    async def _end(self) -> None:
        await self._refuse()
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            from_server, to_server = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        connection = _Connection(writer, to_server)
        self._open.add(connection)
        try:
            async with asyncio.TaskGroup() as pumps:
                pumps.create_task(self._requests(reader, connection))
                pumps.create_task(self._answers(from_server, connection))
        finally:
            self._open.discard(connection)
            connection.cut()

    async def _requests(self, reader: asyncio.StreamReader, connection: _Connection) -> None:
        async for data in self._pieces(reader):
            trigger = self._trigger
            if trigger is not None and connection.completes(trigger, data):
                self._trigger = None
                connection.answers_lost = not trigger.holds
                if trigger.holds:
                    await trigger.held()
            connection.server.write(data)
        connection.server.close()

    async def _answers(self, reader: asyncio.StreamReader, connection: _Connection) -> None:
        async for data in self._pieces(reader):
            if connection.answers_lost:
                assert connection.trigger is not None
                connection.trigger.lost()
                connection.cut()
                return
            connection.client.write(data)
        connection.client.close()

    async def _pieces(self, reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(1 << 16):
                if self._delay:
                    await asyncio.sleep(self._delay)
                if not self._deaf:
                    yield data


@contextlib.contextmanager
def proxied(url: str, tls: ssl.SSLContext | None = None) -> Iterator[tuple[Proxy, str]]:
    """A proxy in front of the server at `url`, and the URL that leads through it."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    proxy = Proxy((parts.hostname, parts.port), tls)
    try:
        yield proxy, proxy.url(url)
    finally:
        proxy.close()
