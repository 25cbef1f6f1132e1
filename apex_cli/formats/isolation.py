"""Reads files in worker processes, so that no parser can crash, exhaust or hold up this one.

A launcher process is started when it is first needed, and forks the workers. A worker reads one file after the other.
It is killed, and the next file gets a new one, when it was silent for `ReadLimits.parse_timeout` seconds, or died.
"""

from __future__ import annotations

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
from typing import Any, BinaryIO, NamedTuple

from apex_cli.errors import ReadError
from apex_cli.formats import frames, memory
from apex_cli.formats.confinement import environment
from apex_cli.formats.format import FileInfo, Format
from apex_cli.formats.part import Part

_RECEIVED_BYTES = 256 * 1024
_LONGEST_IN_TIMEOUTS = 30
"""How many times `parse_timeout` one file may take as a whole, as long as it is heard of."""
_MOST_IDLE = 2
"""Workers that wait for a file: a mail and its attachments take turns with two."""
_LAUNCHER_SECONDS = 60.0
"""The longest that the launcher may take for an answer: it only forks and kills."""


class Isolation:
    """Runs formats in worker processes. Not for use by two threads at once. `close` ends all of them.

    `module` is what the launcher process runs; another one than `formats.launcher` knows more formats.
    """

    def __init__(self, module: str = "apex_cli.formats.launcher") -> None:
        self._module = module
        self._launcher: _Launcher | None = None
        self._idle: list[_Worker] = []

    def parts(self, format: Format, file: BinaryIO, info: FileInfo) -> Generator[Part, None, None]:
        """What `format.parts` yields.

        The time that the caller takes between two parts does not count. Other files may be read between two parts: an
        attachment is, while its mail waits. Raises `ReadError` as the format does, and `too_slow`, `too_large`
        (memory), `worker_died`.
        """
        worker = self._take(info)
        failure: ReadError | None = None
        sound = False
        try:
            with _on_disk(file) as descriptor:
                worker.ask(format.name, descriptor, info)
            deadline = time.monotonic() + info.limits.parse_timeout * _LONGEST_IN_TIMEOUTS
            while True:
                kind, fields, data = worker.receive(info, deadline)
                if kind == frames.ALIVE:
                    continue
                if kind == frames.END:
                    worker.peak, sound = fields, True
                    break
                if kind == frames.FAILED:
                    failure = frames.error_of(fields)
                    continue
                asked = time.monotonic()
                yield frames.decode_part(kind, fields, data)
                deadline += time.monotonic() - asked
        finally:
            # A reader that was left in the middle, or that failed, leaves frames behind that belong to no other file.
            if sound and len(self._idle) < _MOST_IDLE:
                self._idle.append(worker)
            else:
                worker.close()
        if failure is not None:
            raise failure

    def close(self) -> None:
        """End the workers and their launcher. Idempotent."""
        while self._idle:
            self._idle.pop().close()
        launcher, self._launcher = self._launcher, None
        if launcher is not None:
            launcher.close()

    def _take(self, info: FileInfo) -> _Worker:
        """A worker for a file. Raises `ReadError`."""
        if self._launcher is not None and not self._launcher.is_running():
            self.close()
        while self._idle:
            worker = self._idle.pop()
            if not memory.is_near(worker.peak, info.limits):
                return worker
            # If it died of another cause, its peak would be taken for that of this file.
            worker.close()
        try:
            if self._launcher is None:
                self._launcher = _Launcher(self._module)
            return self._launcher.start()
        except OSError as error:
            raise ReadError(
                f"{info.name}: no process could be started for its parser",
                hint="does this machine allow more processes?",
                code="worker_died",
            ) from error


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


class _Channel:
    """This side of a socket to another process. Its errors are `OSError`, among them `TimeoutError`."""

    def __init__(self) -> None:
        self._socket, self.theirs = socket.socketpair()
        self._held = bytearray()

    def send(self, kind: str, fields: Any = None, descriptors: tuple[int, ...] = ()) -> None:
        """A request, with open files."""
        request = frames.encode(kind, fields)
        self._socket.settimeout(_LAUNCHER_SECONDS)
        socket.send_fds(self._socket, [request[frames.HEADER.size :]], descriptors)

    def receive(self, until: float) -> tuple[str, Any, bytes]:
        """The next frame, until this time of the monotonic clock."""
        text, data = frames.HEADER.unpack(self._take(frames.HEADER.size, until))
        kind, fields = frames.decode(self._take(text, until))
        return kind, fields, self._take(data, until)

    def _take(self, size: int, until: float) -> bytes:
        while len(self._held) < size:
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._socket.settimeout(left)
            received = self._socket.recv(_RECEIVED_BYTES)
            if not received:
                raise ConnectionResetError
            self._held += received
        taken = bytes(self._held[:size])
        del self._held[:size]
        return taken

    def close(self) -> None:
        self._socket.close()
        self.theirs.close()


class _Death(NamedTuple):
    code: int
    """As `subprocess` has it: negative for a signal."""
    peak: int
    """The most bytes that it had in use."""
    words: str
    """The last of its standard error."""

    @property
    def how(self) -> str:
        if self.code >= 0:
            return f"exit code {self.code}"
        known = {each.value: each.name for each in signal.Signals}
        return known.get(-self.code, f"signal {-self.code}")


class _Launcher:
    def __init__(self, module: str) -> None:
        self._channel = _Channel()
        theirs = self._channel.theirs
        # Without -P, a file in the working directory that is called as a module would be run as that module.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", module, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment(),
        )
        theirs.close()

    def is_running(self) -> bool:
        return self._process.poll() is None

    def start(self) -> _Worker:
        """A new worker. Raises `OSError`."""
        channel = _Channel()
        try:
            pid = self._ask(frames.START, descriptors=(channel.theirs.fileno(),))
        except OSError:
            channel.close()
            raise
        channel.theirs.close()
        return _Worker(self, channel, pid)

    def end(self, pid: int) -> _Death | None:
        """End a worker; how it died, None where the launcher itself is gone."""
        try:
            return _Death(*self._ask(frames.END, pid))
        except OSError:
            self._process.kill()
            return None

    def _ask(self, kind: str, pid: int | None = None, descriptors: tuple[int, ...] = ()) -> Any:
        self._channel.send(kind, pid, descriptors)
        return self._channel.receive(time.monotonic() + _LAUNCHER_SECONDS)[1]

    def close(self) -> None:
        """End it. It ends the workers before, which nothing else does on macOS."""
        self._channel.close()
        try:
            self._process.wait(_LAUNCHER_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class _Worker:
    def __init__(self, launcher: _Launcher, channel: _Channel, pid: int) -> None:
        self.peak = 0
        """The most bytes that it had in use, of what its death will report."""
        self._launcher = launcher
        self._channel = channel
        self._pid = pid
        self._ended = False

    def ask(self, format: str, descriptor: int, info: FileInfo) -> None:
        """Let it read a file. Raises `ReadError`."""
        try:
            self._channel.send("read", [format, info.name[:1000], asdict(info.limits)], (descriptor,))
        except OSError as error:
            raise self._died(info) from error

    def receive(self, info: FileInfo, deadline: float) -> tuple[str, Any, bytes]:
        """The next frame. Raises `ReadError`."""
        try:
            return self._channel.receive(min(time.monotonic() + info.limits.parse_timeout, deadline))
        except TimeoutError as error:
            raise _too_slow(info) from error
        except OSError as error:
            raise self._died(info) from error

    def _died(self, info: FileInfo) -> ReadError:
        """What its death means. A library that gets no memory ends its process, with one of several signals."""
        death = self._launcher.end(self._pid)
        self._ended = True
        if death and (memory.is_near(death.peak, info.limits) or memory.says_lack(death.words)):
            return memory.too_much(info.name, info.limits)
        return ReadError(
            f"{info.name}: its parser died ({death.how if death else 'with the process that started it'})",
            hint="the file is damaged or made to do harm"
            if death and death.code != -signal.SIGKILL
            else "it was ended from outside: does this machine lack memory?",
            code="worker_died",
        )

    def close(self) -> None:
        self._channel.close()
        if not self._ended:
            self._launcher.end(self._pid)
            self._ended = True


def _too_slow(info: FileInfo) -> ReadError:
    silent = f"{info.limits.parse_timeout:g} s"
    return ReadError(
        f"{info.name}: its parser was silent for {silent}, or took {_LONGEST_IN_TIMEOUTS} times that",
        hint="split the file, or raise APEX_PARSE_TIMEOUT",
        code="too_slow",
    )
