"""The worker process that reads files of isolated formats: `python -m apex_cli.formats.worker FD`.

It gets open files over the socket `FD`, one after the other, and answers with their parts (`frames`). It lives as long
as the process that started it. Its address space is limited, it can write no file, and it is killed from outside when
it is silent for too long.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import socket
import sys
import time
from typing import BinaryIO

from apex_cli.errors import ReadError
from apex_cli.formats import frames, registry
from apex_cli.formats.format import FileInfo
from apex_cli.input_rules import ReadLimits

_LONGEST_REQUEST = 64 * 1024
_FLUSHED_BYTES = 256 * 1024
_ALIVE_SECONDS = 0.5
_PR_SET_PDEATHSIG = 1


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


def main(descriptor: int) -> None:
    """Serve until the other end of the socket is closed."""
    _confine()
    connection = socket.socket(fileno=descriptor)
    while True:
        request, descriptors, _, _ = socket.recv_fds(connection, _LONGEST_REQUEST, 1)
        if not request:
            return
        _, (format, name, limits) = frames.decode(request)
        with os.fdopen(descriptors[0], "rb") as file:
            file.seek(0)
            _serve(_Answers(connection), file, format, name, ReadLimits(**limits))


def _serve(answers: _Answers, file: BinaryIO, format: str, name: str, limits: ReadLimits) -> None:
    known = registry.by_name(format)
    assert known is not None
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    memory = limits.parse_memory if most == resource.RLIM_INFINITY else min(limits.parse_memory, most)
    resource.setrlimit(resource.RLIMIT_AS, (memory, most))
    try:
        for part in known.parts(file, FileInfo(name, limits, answers.alive)):
            answers.put(frames.encode_part(part, limits.max_document_bytes))
        last = frames.encode(frames.END)
    except ReadError as error:
        last = frames.encode(frames.FAILED, frames.error_fields(error))
    except MemoryError:
        last = frames.encode(frames.FAILED, frames.error_fields(frames.too_much_memory(name, limits)))
    except Exception as error:  # noqa: BLE001 - a parser of foreign bytes may raise anything
        last = frames.encode(frames.FAILED, frames.error_fields(_parser_error(known.name, name, error)))
    answers.put(last)
    answers.flush()


def _parser_error(format: str, name: str, error: Exception) -> ReadError:
    said = " ".join(str(error).split())[:200] or type(error).__name__
    return ReadError(f"{name} cannot be read as {format}: {said}", hint="is the file damaged?", code="broken_file")


def _confine() -> None:
    """Die with the parent, write no file and no core, and leave Ctrl-C to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


if __name__ == "__main__":
    main(int(sys.argv[1]))
