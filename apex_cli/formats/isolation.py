"""Reads files in a worker process, so that no parser can crash, exhaust or hold up this one.

One worker is started when it is first needed, and reads one file after the other. It is killed, and the next file gets
a new one, when it was silent for `ReadLimits.parse_timeout` seconds, or died.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, BinaryIO

from apex_cli.errors import ReadError
from apex_cli.formats import frames
from apex_cli.formats.format import FileInfo, Format
from apex_cli.formats.part import Part
from apex_cli.input_rules import ReadLimits

_RECEIVED_BYTES = 256 * 1024
_FRUGAL = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
_SILENT = {"ORT_DISABLE_TELEMETRY": "1"}
"""onnxruntime, which OCR needs, reports its use to its maker otherwise, and keeps an id of the machine."""
_LONGEST_IN_TIMEOUTS = 30
"""How many times `parse_timeout` one file may take as a whole, as long as it is heard of."""


class Isolation:
    """Runs formats in a worker process. Not for use by two threads at once. `close` ends the worker.

    `module` is what the process runs; another one than `formats.worker` knows more formats.
    """

    def __init__(self, module: str = "apex_cli.formats.worker") -> None:
        self._module = module
        self._worker: _Worker | None = None

    def parts(self, format: Format, file: BinaryIO, info: FileInfo) -> Generator[Part, None, None]:
        """What `format.parts` yields.

        The time that the caller takes between two parts does not count. Other files may be read between two parts: an
        attachment is, while its mail waits. Raises `ReadError` as the format does, and `too_slow`, `too_large`
        (memory), `worker_died`.
        """
        if self._worker is None:
            self._worker = _Worker(self._module)
        worker, self._worker = self._worker, None
        sound = False
        try:
            with _on_disk(file) as descriptor:
                worker.ask(format.name, descriptor, info)
            deadline = time.monotonic() + info.limits.parse_timeout * _LONGEST_IN_TIMEOUTS
            while True:
                kind, fields, data = worker.receive(info.name, info.limits, deadline)
                if kind == frames.ALIVE:
                    continue
                if kind in (frames.END, frames.FAILED):
                    sound = True
                    break
                asked = time.monotonic()
                yield frames.decode_part(kind, fields, data)
                deadline += time.monotonic() - asked
        finally:
            # A reader that was left in the middle, or that failed, leaves frames behind that belong to no other file.
            # A file that was read meanwhile may have left its own worker.
            if sound and self._worker is None:
                self._worker = worker
            else:
                worker.close()
        if kind == frames.FAILED:
            raise frames.error_of(fields)

    def close(self) -> None:
        """End the worker. Idempotent."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.close()


@contextmanager
def _on_disk(file: BinaryIO) -> Iterator[int]:
    """A descriptor of the file; one that is only in memory is copied to a file without a name."""
    try:
        descriptor = file.fileno()
    except OSError:
        with tempfile.TemporaryFile() as copy:
            position = file.tell()
            shutil.copyfileobj(file, copy)
            copy.flush()
            file.seek(position)
            yield copy.fileno()
    else:
        yield descriptor


class _Worker:
    def __init__(self, module: str) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_environment(),
            )
        self._held = bytearray()

    def ask(self, format: str, descriptor: int, info: FileInfo) -> None:
        request = frames.encode("read", [format, info.name[:1000], asdict(info.limits)])
        try:
            socket.send_fds(self._socket, [request[frames.HEADER.size :]], [descriptor])
        except OSError as error:
            raise self._died(info.name, info.limits) from error

    def receive(self, name: str, limits: ReadLimits, deadline: float) -> tuple[str, Any, bytes]:
        """The next frame. Raises `ReadError`."""
        until = min(time.monotonic() + limits.parse_timeout, deadline)
        header = self._take(frames.HEADER.size, name, limits, until)
        text, data = frames.HEADER.unpack(header)
        kind, fields = frames.decode(self._take(text, name, limits, until))
        return kind, fields, self._take(data, name, limits, until)

    def _take(self, size: int, name: str, limits: ReadLimits, until: float) -> bytes:
        while len(self._held) < size:
            left = until - time.monotonic()
            if left <= 0:
                raise _too_slow(name, limits)
            self._socket.settimeout(left)
            try:
                received = self._socket.recv(_RECEIVED_BYTES)
            except TimeoutError as error:
                raise _too_slow(name, limits) from error
            except OSError as error:
                raise self._died(name, limits) from error
            if not received:
                raise self._died(name, limits)
            self._held += received
        taken = bytes(self._held[:size])
        del self._held[:size]
        return taken

    def _died(self, name: str, limits: ReadLimits) -> ReadError:
        """What its death means. A library that gets no memory ends its process, with one of several signals."""
        code = self._process.wait()
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return ReadError(
            f"{name}: its parser died ({how})",
            hint="the file is damaged, made to do harm, or needs more memory than "
            f"{limits.parse_memory:,} bytes (APEX_PARSE_MEMORY)",
            code="worker_died",
        )

    def close(self) -> None:
        self._socket.close()
        self._process.kill()
        self._process.wait()


def _too_slow(name: str, limits: ReadLimits) -> ReadError:
    return ReadError(
        f"{name}: its parser was silent for {limits.parse_timeout:g} s, or took {_LONGEST_IN_TIMEOUTS} times that",
        hint="split the file, or raise APEX_PARSE_TIMEOUT",
        code="too_slow",
    )


def _environment() -> dict[str, str]:
    """The worker needs no secret and no fault point of this process.

    Threads of a parser have no heaps and thread pools of their own: these take address space, which is limited.
    """
    keep = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "LD_LIBRARY_PATH")
    return {name: os.environ[name] for name in keep if name in os.environ} | _FRUGAL | _SILENT
