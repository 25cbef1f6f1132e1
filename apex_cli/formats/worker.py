"""What a worker process does: it reads files of isolated formats.

It gets open files over its socket, one after the other, and answers with their parts (`frames`). `launcher` forks it.
Its address space is limited, it can write no file, and it is killed from outside when it is silent for too long.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path
from typing import BinaryIO

from apex_cli.errors import ReadError
from apex_cli.formats import frames, memory, registry
from apex_cli.formats.format import FileInfo
from apex_cli.input_rules import ReadLimits

_LONGEST_REQUEST = 64 * 1024
_LONGEST_WORDS = 64 * 1024
_FLUSHED_BYTES = 256 * 1024
_ALIVE_SECONDS = 0.5


class _Answers:
    """Frames on their way out, sent in large pieces and at least twice a second."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._held = bytearray()
        self._sent = time.monotonic()

    def put(self, frame: bytes) -> None:
        self._held += frame
        if len(self._held) >= _FLUSHED_BYTES or time.monotonic() - self._sent > _ALIVE_SECONDS:
            self.flush()

    def alive(self) -> None:
        if time.monotonic() - self._sent > _ALIVE_SECONDS:
            self.put(frames.encode(frames.ALIVE))

    def flush(self) -> None:
        self._connection.sendall(self._held)
        self._held.clear()
        self._sent = time.monotonic()


def serve(connection: socket.socket, said: int) -> None:
    """Read files until the other end of the socket is closed. `said` is where one reads what standard error got."""
    # Warnings of Python are of no use to anyone here; what libraries in C++ and Rust say at their death is.
    with Path(os.devnull).open("w") as sys.stderr:
        while True:
            request, descriptors, _, _ = socket.recv_fds(connection, _LONGEST_REQUEST, 1)
            if not request:
                return
            _, (format, name, limits) = frames.decode(request)
            _forget(said)
            with os.fdopen(descriptors[0], "rb") as file:
                file.seek(0)
                _read(_Answers(connection), file, format, name, ReadLimits(**limits))


def _forget(said: int) -> None:
    """What was said of an earlier file says nothing of the next."""
    try:
        os.read(said, _LONGEST_WORDS)
    except BlockingIOError:
        return


def _read(answers: _Answers, file: BinaryIO, format: str, name: str, limits: ReadLimits) -> None:
    known = registry.by_name(format)
    assert known is not None
    memory.set_limit(limits)
    failure: ReadError | None = None
    try:
        for part in known.parts(file, FileInfo(name, limits, answers.alive)):
            answers.put(frames.encode_part(part, limits.max_document_bytes))
    except ReadError as error:
        failure = error
    except Exception as error:  # noqa: BLE001 - a parser of foreign bytes may raise anything
        failure = memory.too_much(name, limits) if memory.is_lack(error) else _parser_error(known.name, name, error)
    if failure is not None:
        answers.put(frames.encode(frames.FAILED, frames.error_fields(failure)))
    answers.put(frames.encode(frames.END, memory.forget_peak()))
    answers.flush()


def _parser_error(format: str, name: str, error: Exception) -> ReadError:
    said = " ".join(str(error).split())[:200] or type(error).__name__
    return ReadError(f"{name} cannot be read as {format}: {said}", hint="is the file damaged?", code="broken_file")
