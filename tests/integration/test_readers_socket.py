"""The socket by itself: who is answered, and what those who mean harm can do."""

from __future__ import annotations

import asyncio
import fcntl
import os
import socket
import struct
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from apex_cli.config import Settings
from apex_cli.embedded.home import Home
from apex_cli.errors import Locked, StoreTransient
from apex_cli.pipeline.reading import MemoryReader
from apex_cli.readers import messages, server
from apex_cli.readers.client import HolderBug, NoAnswer, Refused, RemoteReader, SocketReader
from apex_cli.readers.server import serving
from apex_cli.stores.views import Probe
from apex_cli.typed_json import to_json
from apex_cli.verify import Discrepancy, DiscrepancyReport

LARGE = DiscrepancyReport(
    30_000, [Discrepancy(f"{number:036}", "graph", "stale", "x" * 100) for number in range(30_000)]
)


class Answers(RemoteReader):
    """A memory that answers `verify` with much, `history` after a while, `runs` with an error, and fails otherwise."""

    def __init__(self) -> None:
        self.going_on = 0
        self.most = 0
        self.cancelled = 0
        self.release = asyncio.Event()

    async def ask(self, question: str, **_: Any) -> Any:
        if question == "verify":
            return LARGE
        if question == "runs":
            raise StoreTransient("postgres", "gone", hint="look")
        if question == "check":
            return []
        if question == "history":
            return await self._slow()
        raise RuntimeError("a bug")

    async def _slow(self) -> Sequence[Any]:
        self.going_on += 1
        self.most = max(self.most, self.going_on)
        try:
            await self.release.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.going_on -= 1
        raise StoreTransient("postgres", "late")


@pytest.fixture
def settings(short_tmp: Path, tmp_path: Path) -> Settings:
    home = short_tmp / tmp_path.name
    home.mkdir()
    return Settings(home=home, staging_dir=home / "staging")


@pytest.fixture
def memory() -> Answers:
    return Answers()


@pytest.fixture
async def remote(settings: Settings, memory: Answers) -> AsyncIterator[SocketReader]:
    async with serving(settings, memory):
        yield SocketReader(settings)


def connected(settings: Settings) -> socket.socket:
    raw = socket.socket(socket.AF_UNIX)
    raw.connect(str(settings.home / "readers.sock"))
    raw.setblocking(False)
    return raw


async def send(raw: socket.socket, data: bytes) -> None:
    """As far as the other side takes it."""
    with suppress(ConnectionError):
        await asyncio.get_running_loop().sock_sendall(raw, data)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 - what is waited for is a number of several tasks
            await asyncio.sleep(0.01)


async def until_dropped(raw: socket.socket) -> tuple[float, bytes]:
    """Read to the end; the seconds it took, and what came."""
    begun = time.monotonic()
    came = b""
    try:
        while part := await asyncio.wait_for(asyncio.get_running_loop().sock_recv(raw, 65536), 30):
            came += part
    except ConnectionError:
        pass
    raw.close()
    return time.monotonic() - begun, came


async def test_large_answers_errors_and_bugs_arrive(remote: SocketReader) -> None:
    assert await remote.verify() == LARGE
    with pytest.raises(StoreTransient, match=r"^postgres: gone$") as caught:
        await remote.runs()
    assert (caught.value.hint, caught.value.store) == ("look", "postgres")
    with pytest.raises(HolderBug, match="RuntimeError: a bug"):
        await remote.search("x")


async def test_only_questions_are_answered(settings: Settings, remote: SocketReader) -> None:
    assert set(messages.QUESTIONS) == {
        *("search", "facts", "get", "history", "runs", "statistics", "check", "verify"),
        *("overview", "list_records", "list_entities", "neighbours", "report", "portrait", "export_page"),
    }
    for question in ("forget", "commit", "__init__", "ask", "_stores", ""):
        with pytest.raises(Refused, match="does not know this question"):
            await remote.ask(question)
    with pytest.raises(HolderBug, match="no arguments"):
        await remote.ask("verify", repair=True)


@pytest.mark.parametrize(
    ("changed", "why"),
    [({"namespace": "other"}, "has other settings"), ({"embedder": "e5"}, "has other settings")],
)
async def test_another_memory_is_not_read(
    settings: Settings, remote: SocketReader, changed: dict[str, Any], why: str
) -> None:
    with pytest.raises(Refused, match=why):
        await SocketReader(replace(settings, **changed)).check()
    assert await remote.check() == []


async def test_another_version_is_not_read(
    settings: Settings, remote: SocketReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = messages.Question("0.0.1 1", messages.memory_of(settings), "check", {})
    raw = connected(settings)
    await send(raw, messages.frame(messages.QUESTION, to_json(asked)))
    _, came = await until_dropped(raw)
    assert came[:1] == b"R"
    assert b"another version of apex" in came


def question(body: bytes, length: int | None = None, kind: bytes = b"Q") -> bytes:
    return kind + struct.pack(">I", len(body) if length is None else length) + body


HOSTILE = {
    "garbage": os.urandom(4096),
    "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "a huge length": question(b"", 0xFFFFFFFF),
    "one byte more than allowed": question(b"", messages.LONGEST_QUESTION + 1),
    "no json": question(b"{]"),
    "deep json": question(b"[" * 500_000),
    "json of another kind": question(b'{"apex": 7}'),
    "no question": question(b"{}", kind=b"A"),
    "nothing": b"",
}


@pytest.mark.parametrize("sent", HOSTILE.values(), ids=HOSTILE)
async def test_what_is_no_question_ends_the_connection_alone(
    settings: Settings, remote: SocketReader, sent: bytes
) -> None:
    raw = connected(settings)
    await send(raw, sent)
    with suppress(OSError):
        raw.shutdown(socket.SHUT_WR)
    seconds, came = await until_dropped(raw)
    assert seconds < 2
    assert came[:1] in (b"", b"R")
    assert await remote.check() == []


@pytest.mark.parametrize("sent", [b"", b"Q", question(b"{", 100)], ids=["silence", "half a head", "half a body"])
async def test_who_says_nothing_is_dropped(
    settings: Settings, memory: Answers, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(server, "_QUESTION_SECONDS", 0.2)
    async with serving(settings, memory):
        silent = [connected(settings) for _ in range(50)]
        for raw in silent:
            await send(raw, sent)
        assert await SocketReader(settings).check() == []
        for raw in silent:
            assert (await until_dropped(raw))[0] < 5


async def test_who_does_not_take_the_answer_is_dropped(
    settings: Settings, memory: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_SEND_SECONDS", 0.2)
    asked = messages.Question(messages.SPEAKER, messages.memory_of(settings), "verify", {})
    async with serving(settings, memory):
        deaf = [connected(settings) for _ in range(3)]
        for raw in deaf:
            await send(raw, messages.frame(messages.QUESTION, to_json(asked)))
        # One comparison at a time: the last one is answered when the others are dropped.
        assert await SocketReader(settings).verify() == LARGE
        for raw in deaf:
            raw.close()


async def test_few_questions_are_answered_at_once_and_those_of_readers_that_left_are_dropped(
    settings: Settings, memory: Answers, remote: SocketReader
) -> None:
    asked = messages.frame(
        messages.QUESTION,
        to_json(messages.Question(messages.SPEAKER, messages.memory_of(settings), "history", {"ident": "x"})),
    )
    raws = [connected(settings) for _ in range(20)]
    for raw in raws:
        await send(raw, asked)
    await until(lambda: memory.going_on == 4)
    await asyncio.sleep(0.1)
    assert memory.most == 4
    for raw in raws:
        raw.close()
    await until(lambda: not memory.going_on)
    assert memory.cancelled >= 4
    assert memory.most == 4
    assert await remote.check() == []


async def test_the_end_waits_for_answers_under_way(settings: Settings, memory: Answers) -> None:
    async with serving(settings, memory):
        asked = asyncio.ensure_future(SocketReader(settings).history("x"))
        await until(lambda: memory.going_on == 1)
        asyncio.get_running_loop().call_later(0.3, memory.release.set)
    assert not (settings.home / "readers.sock").exists()
    with pytest.raises(StoreTransient, match="late"):
        await asked


async def test_the_end_does_not_wait_for_ever(
    settings: Settings, memory: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_FINISH_SECONDS", 0.2)
    async with serving(settings, memory):
        asked = asyncio.ensure_future(SocketReader(settings).history("x"))
        silent = connected(settings)
        await until(lambda: memory.going_on == 1)
    with pytest.raises(NoAnswer):
        await asked
    assert memory.cancelled == 1
    assert (await until_dropped(silent))[1] == b""
    with pytest.raises(NoAnswer):
        await SocketReader(settings).check()


async def test_a_socket_that_a_killed_holder_left_is_replaced(settings: Settings, memory: Answers) -> None:
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(settings.home / "readers.sock"))
    left.close()
    with pytest.raises(NoAnswer):
        await SocketReader(settings).check()
    async with serving(settings, memory):
        assert (settings.home / "readers.sock").stat().st_mode & 0o777 == 0o600
        assert await SocketReader(settings).check() == []
    assert list(settings.home.iterdir()) == []


def test_no_other_user_may_speak() -> None:
    """By the kernel's word, whatever the mode of the socket."""
    assert messages.is_own(os.geteuid())
    assert not messages.is_own(os.geteuid() + 1)
    one, other = socket.socketpair()
    with one, other:
        assert messages.same_user(one)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
async def test_another_user_is_refused_at_a_socket_that_all_may_open(settings: Settings, memory: Answers) -> None:
    async with serving(settings, memory):
        for path in (settings.home / "readers.sock", settings.home):
            path.chmod(0o777)
        program = (
            "import os, socket, sys; os.setuid(65534); s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]);"
            "s.settimeout(20); print(s.recv(1))"
        )
        process = await asyncio.create_subprocess_exec(
            *("python3", "-c", program, str(settings.home / "readers.sock")), stdout=asyncio.subprocess.PIPE
        )
        out, _ = await process.communicate()
        assert out == b"b''\n"
        assert await SocketReader(settings).check() == []


async def checked(settings: Settings) -> Sequence[Probe]:
    async with MemoryReader(settings) as reader:
        return await reader.check()


@contextmanager
def locked(home: Path, text: str) -> Iterator[None]:
    """The lock of a home, held as another program holds it."""
    with (home / "lock").open("w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(text)
        file.flush()
        yield


@pytest.mark.parametrize(
    ("text", "named"),
    [('{"pid": 7, "host": "h", "started": "then"}', "pid 7 on h"), ("", "another run"), ("{]", "another run")],
    ids=["an older apex", "a backup", "nonsense"],
)
async def test_a_holder_that_answers_no_readers_locks_them_out(settings: Settings, text: str, named: str) -> None:
    with locked(settings.home, text), pytest.raises(Locked, match=f"in use by {named}"):
        await asyncio.wait_for(checked(settings), 10)


async def test_a_holder_of_another_memory_locks_readers_out_and_says_why(settings: Settings, memory: Answers) -> None:
    text = '{"pid": 7, "host": "h", "started": "then", "reads": false}'
    with locked(settings.home, text):
        async with serving(replace(settings, namespace="other"), memory):
            with pytest.raises(Locked, match="pid 7 on h, running since then, which has other settings"):
                await asyncio.wait_for(checked(settings), 10)


async def test_a_reader_waits_for_a_holder_that_is_starting(settings: Settings, memory: Answers) -> None:
    with locked(settings.home, '{"pid": 7, "host": "h", "started": "then", "reads": false}'):
        asked = asyncio.ensure_future(checked(settings))
        await until(Home(settings.home).reader_waits)
        async with serving(settings, memory):
            assert await asyncio.wait_for(asked, 10) == []
