"""The socket of a holder: it answers the readers of other processes while it has the stores open.

Who connects cannot harm the holder: the kernel says that it is the same user, one question is read in bounded time and
size, few are answered at once, and a reader that does not take its answer is dropped. Only `Reader`'s questions exist
here, and none of them writes.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from apex_cli.config import Settings
from apex_cli.errors import ApexError, ConfigError
from apex_cli.readers import messages
from apex_cli.readers.messages import BadFrame, Question, frame, read_frame, same_user, socket_path
from apex_cli.readers.protocol import Places, Reader
from apex_cli.typed_json import from_json, to_json

_MOST_CONNECTIONS = 256
_ACCEPT_SECONDS = 0.2
_QUESTION_SECONDS = 5.0
_SEND_SECONDS = 10.0
_FINISH_SECONDS = 5.0
"""How long a holder that ends waits for the answers under way."""
_PRIVATE = 0o600


@asynccontextmanager
async def serving(settings: Settings, reader: Reader) -> AsyncIterator[None]:
    """Answer readers at the home of these settings, which this process has locked, by `reader` while the block lasts.

    At the end no further question is taken, and answers under way are finished, for a few seconds.
    """
    server = _ReaderServer(messages.memory_of(settings), reader)
    path = settings.home / messages.SOCKET_NAME
    listening = _listen(path)
    server.open(listening)
    try:
        yield
        server.close(path)
        await server.finish(_FINISH_SECONDS)
    finally:
        server.close(path)
        await server.finish(0)


def _listen(path: Path) -> socket.socket:
    """A socket that listens under this name, in place of one that a killed holder left.

    It gets its name when it is ready: until then readers find the old one, where no one listens, or none.
    """
    fresh = path.with_name(f"{path.name}.new")
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listening.setblocking(False)
        fresh.unlink(missing_ok=True)
        with socket_path(path.parent, fresh.name) as name:
            listening.bind(name)
        fresh.chmod(_PRIVATE)
        listening.listen(_MOST_CONNECTIONS)
        fresh.replace(path)
    except OSError as error:
        listening.close()
        raise ConfigError(
            f"readers cannot be answered at {path}: {error.strerror}",
            hint="put APEX_HOME on a file system that has unix sockets",
        ) from error
    return listening


@dataclass(slots=True)
class _ReaderServer:
    """The conversations of a holder. `memory` is what it can answer about: see `messages.memory_of`."""

    memory: str
    reader: Reader
    listening: socket.socket | None = None
    waiting: dict[asyncio.Future[None], socket.socket] = field(default_factory=dict)
    """Connections that have asked nothing yet."""
    answering: set[asyncio.Future[None]] = field(default_factory=set)
    places: Places = field(default_factory=Places)

    def open(self, listening: socket.socket) -> None:
        """Take connections from now on."""
        self.listening = listening
        asyncio.get_running_loop().add_reader(listening, self._accept)

    def close(self, path: Path) -> None:
        """Take no further ones. Idempotent."""
        path.unlink(missing_ok=True)
        if self.listening is not None:
            asyncio.get_running_loop().remove_reader(self.listening)
            self.listening.close()
            self.listening = None

    def _accept(self) -> None:
        # Neither `asyncio.start_server` nor `sock_accept`: ended at the wrong moment both lose an open connection.
        assert self.listening is not None
        try:
            connection, _ = self.listening.accept()
        except BlockingIOError:
            return
        except OSError:
            # No descriptors are left, for example. The loop would call again at once.
            asyncio.get_running_loop().remove_reader(self.listening)
            asyncio.get_running_loop().call_later(_ACCEPT_SECONDS, self._accept_again)
            return
        if len(self.waiting) + len(self.answering) >= _MOST_CONNECTIONS or not same_user(connection):
            connection.close()
            return
        task = asyncio.ensure_future(self._talk(connection))
        self.waiting[task] = connection
        task.add_done_callback(self._end)

    def _accept_again(self) -> None:
        if self.listening is not None:
            self.open(self.listening)

    def _end(self, task: asyncio.Future[None]) -> None:
        self.answering.discard(task)
        connection = self.waiting.pop(task, None)
        if connection is not None:
            connection.close()

    async def finish(self, seconds: float) -> None:
        """End all conversations: those without a question at once, answers under way after `seconds`."""
        for task in self.waiting:
            task.cancel()
        if self.answering and seconds:
            await asyncio.wait(self.answering, timeout=seconds)
        left = [*self.waiting, *self.answering]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _talk(self, connection: socket.socket) -> None:
        """One connection: one question, its answer. Whatever the other side does, this only ends."""
        task = asyncio.current_task()
        assert task is not None
        with suppress(BadFrame, TimeoutError, OSError):
            reader, writer = await asyncio.open_connection(sock=connection)
            try:
                async with asyncio.timeout(_QUESTION_SECONDS):
                    kind, body = await read_frame(reader, messages.LONGEST_QUESTION)
                if kind == messages.QUESTION:
                    self.answering.add(task)
                    del self.waiting[task]
                    await self._reply(body, reader, writer)
            finally:
                writer.close()

    async def _reply(self, body: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        refusal = self._refusal(body)
        if isinstance(refusal, str):
            await _send(writer, frame(messages.REFUSED, refusal.encode()))
            return
        work = asyncio.ensure_future(self._answer(refusal))
        # A reader says nothing after its question. When it ends, no one wants the answer.
        gone = asyncio.ensure_future(reader.read(1))
        try:
            while not work.done():
                await asyncio.wait({work, gone}, timeout=messages.WORKING_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                if gone.done():
                    return
                if not work.done():
                    await _send(writer, frame(messages.WORKING))
            for part in _frames(*work.result()):
                await _send(writer, part)
        finally:
            for one in (work, gone):
                one.cancel()
            await asyncio.gather(work, gone, return_exceptions=True)

    def _refusal(self, body: bytes) -> Question | str:
        """The question, or why it is not answered."""
        try:
            question = from_json(Question, body)
        except ValueError:
            return "was asked in words that it does not know"
        if question.apex != messages.SPEAKER:
            return f"is another version of apex ({messages.SPEAKER.partition(' ')[0]})"
        if question.memory != self.memory:
            return "has other settings (stores, namespace or embedding model)"
        return question if question.ask in messages.QUESTIONS else "does not know this question"

    async def _answer(self, question: Question) -> tuple[int, bytes]:
        """The kind of the last frame, and the body of all."""
        async with self.places.of(question.ask):
            try:
                arguments = messages.types_of(question.ask).read(question.arguments)
                value = await getattr(self.reader, question.ask)(**arguments)
                # In a thread: the text of a large answer takes a while, and the loop has other work.
                body = await asyncio.to_thread(to_json, value)
            except ApexError as error:
                return messages.FAILED, to_json(error)
            except Exception as error:  # noqa: BLE001 - a bug ends the question, not the holder
                return messages.BROKEN, f"{type(error).__name__}: {str(error)[:1000]}".encode("utf-8", "replace")
        if len(body) > messages.LONGEST_ANSWER:
            return messages.REFUSED, b"has a longer answer than it gives to other processes"
        return messages.LAST, body


def _frames(kind: int, body: bytes) -> Iterator[bytes]:
    """The frames of an answer or an error."""
    size = messages.PART_BYTES
    last = max(0, (len(body) - 1) // size * size) if kind == messages.LAST else 0
    for start in range(0, last, size):
        yield frame(messages.PART, body[start : start + size])
    yield frame(kind, body[last:])


async def _send(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    async with asyncio.timeout(_SEND_SECONDS):
        await writer.drain()
