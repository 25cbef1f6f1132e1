"""What goes over the socket of a home: one question and one answer a connection, in frames; and who may speak there.

A frame is one byte for its kind, four for the length of its body (big endian), and the body:

    reader → holder    Q   the question, one JSON object: {"apex", "memory", "ask", "arguments"}
    holder → reader    W   empty, every few seconds while the holder works on the answer
                       A   a part of the answer's JSON
                       Z   the last part
                       E   instead of an answer: the JSON of the `ApexError` that the question ended with
                       R   the question is refused; the body says why in words
                       B   a bug: an exception that is no `ApexError`; the body is its type and text

Nothing is ever unpickled or evaluated. Bodies are read as the type that the question's answer has, and lengths are
checked before anything is read.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import socket
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, get_type_hints

from apex_cli import __version__
from apex_cli.config import Settings
from apex_cli.readers.protocol import Reader
from apex_cli.typed_json import from_plain

PROTOCOL = 1
SOCKET_NAME = "readers.sock"
LONGEST_QUESTION = 1024**2
PART_BYTES = 256 * 1024
LONGEST_ANSWER = 512 * 1024**2
WORKING_SECONDS = 2.0
"""Between two signs of life of a holder that works on an answer."""
SPEAKER = f"{__version__} {PROTOCOL}"
"""Both sides must be the same program: the types of answers are not versioned."""
QUESTIONS = tuple(name for name in vars(Reader) if not name.startswith("_"))

QUESTION, WORKING, PART, LAST, FAILED, REFUSED, BROKEN = b"QWAZERB"
_HEAD = struct.Struct(">BI")
_UCRED = struct.Struct("iII")
_LONGEST_NAME = 100


class BadFrame(Exception):
    """The other side does not speak this protocol, or ended in the middle of a frame."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question as it arrives. `apex` is the `SPEAKER` of the other side, `memory` what it wants to read."""

    apex: str
    memory: str
    ask: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class QuestionTypes:
    """The types of a question's arguments, by name, and of its answer."""

    arguments: Mapping[str, Any]
    answer: Any

    def read(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments of a question. Raises `ValueError`."""
        if unknown := given.keys() - self.arguments.keys():
            raise ValueError(f"no arguments {sorted(unknown)}")
        return {name: from_plain(self.arguments[name], value) for name, value in given.items()}


@cache
def types_of(ask: str) -> QuestionTypes:
    """The types of one of `QUESTIONS`."""
    method = getattr(Reader, ask)
    hints = get_type_hints(method)
    names = list(inspect.signature(method).parameters)[1:]
    return QuestionTypes({name: hints[name] for name in names}, hints["return"])


def memory_of(settings: Settings) -> str:
    """What these settings read: two processes with the same text have the same stores, namespace and models."""
    parts = (
        *(settings.namespace, settings.graph_url, settings.postgres_url, settings.qdrant_url, settings.redis_url),
        *(settings.embedder, settings.embedding_model),
    )
    return sha256("\n".join(map(str, parts)).encode("utf-8", "surrogateescape")).hexdigest()


def frame(kind: int, body: bytes = b"") -> bytes:
    """One frame."""
    return _HEAD.pack(kind, len(body)) + body


async def read_frame(reader: asyncio.StreamReader, longest: int) -> tuple[int, bytes]:
    """The next frame: its kind and its body. Raises `BadFrame` for one that is longer, and at the end."""
    try:
        kind, length = _HEAD.unpack(await reader.readexactly(_HEAD.size))
        if length > longest:
            raise BadFrame(f"a frame of {length:,} bytes")
        return kind, await reader.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError) as error:
        raise BadFrame("the other side has ended") from error


@contextmanager
def socket_path(folder: Path, name: str) -> Iterator[str]:
    """A name by which a socket in `folder` is reached, while the block lasts.

    The kernel takes 108 bytes at most (`sun_path` in unix(7)). Where the path is longer, the folder is opened, and
    named as this process' descriptor.
    """
    plain = str(folder / name)
    if len(os.fsencode(plain)) < _LONGEST_NAME:
        yield plain
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}/{name}"
    finally:
        os.close(descriptor)


def same_user(connection: socket.socket) -> bool:
    """Whether the other side runs as the user of this process, by the kernel's word (SO_PEERCRED in unix(7)).

    Where the kernel does not say, the mode of the socket and of its folder alone keep others out.
    """
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return True
    _, uid, _ = _UCRED.unpack(connection.getsockopt(socket.SOL_SOCKET, option, _UCRED.size))
    return is_own(uid)


def is_own(uid: int) -> bool:
    """Whether this is the user of this process. Not even root speaks for another: what it wrote would be root's."""
    return uid == os.geteuid()
