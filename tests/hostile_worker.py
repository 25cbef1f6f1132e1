"""A worker process that knows one more format, whose files say what harm they do: for the tests of `Isolation`."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from apex_cli.errors import ReadError
from apex_cli.formats import launcher, registry
from apex_cli.formats.format import FileInfo, Format
from apex_cli.formats.part import Block, Document, Object, Part


class HostileFormat(Format):
    """Does what its file says: `hang`, `kill`, `eat` and so on. `read:TEXT` is a document of that text."""

    name = "hostile"
    isolated = True

    def parts(self, file: BinaryIO, info: FileInfo) -> Iterator[Part]:
        verb, _, argument = file.read().decode().partition(":")
        if verb == "read":
            yield Document([Block(argument)])
        elif verb == "rows":
            for number in range(int(argument)):
                yield Object({"row": number, "filler": "x" * 1_000})
        elif verb == "row then":
            yield Object({"row": 1})
            _HARM[argument](info)
        else:
            _HARM[verb](info)


def _hang(info: FileInfo) -> None:
    while True:
        time.sleep(0.05)


def _slow_but_alive(info: FileInfo) -> None:
    while True:
        time.sleep(0.05)
        info.alive()


def _eat(info: FileInfo) -> None:
    held = []
    while True:
        held.append(bytearray(16 * 1024**2))


def _abort_full(info: FileInfo) -> None:
    """What a C++ library does that gets no memory: it ends its process."""
    held = []
    try:
        while True:
            held.append(bytearray(b"x") * (16 * 1024**2))
    except MemoryError:
        os.abort()


def _double(info: FileInfo) -> None:
    """A buffer that is doubled until that fails, which is the end of the process."""
    held = bytearray(b"x") * 1024**2
    try:
        while True:
            held *= 2
    except MemoryError:
        os.abort()


def _abort_at_once(info: FileInfo) -> None:
    """What a library in Rust does that gets no memory for a size that a file declares: nothing of it is in use."""
    os.write(2, b"memory allocation of 412316860416 bytes failed\n")
    os.abort()


def _abort(info: FileInfo) -> None:
    os.abort()


def _hold(info: FileInfo) -> None:
    """Fills most of its memory, gives it back, and is read."""
    bytearray(b"x") * (400 * 1024**2)


def _chatter(info: FileInfo) -> None:
    for _ in range(10_000):
        try:
            os.write(2, b"Warning: out of memory, using less\n")
        except BlockingIOError:
            return


def _kill(info: FileInfo) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def _leave(info: FileInfo) -> None:
    os._exit(7)


def _recurse(info: FileInfo) -> None:
    _recurse(info)


def _fail(info: FileInfo) -> None:
    raise ValueError("the table\nis odd")


def _refuse(info: FileInfo) -> None:
    raise ReadError("it is locked", hint="unlock it", code="encrypted")


def _write(info: FileInfo) -> None:
    Path(info.name).write_text("harm")


def _see(info: FileInfo) -> None:
    seen = [f"{name}={value}" for name, value in sorted(os.environ.items()) if name.startswith(("APEX_", "ORT_"))]
    raise ValueError(" ".join(seen))


_HARM: dict[str, Callable[[FileInfo], None]] = {
    "hang": _hang,
    "slow": _slow_but_alive,
    "eat": _eat,
    "abort": _abort,
    "abort full": _abort_full,
    "double": _double,
    "abort at once": _abort_at_once,
    "hold": _hold,
    "chatter": _chatter,
    "kill": _kill,
    "leave": _leave,
    "recurse": _recurse,
    "fail": _fail,
    "refuse": _refuse,
    "write": _write,
    "see": _see,
}


if __name__ == "__main__":
    registry.register(HostileFormat())
    launcher.main(int(sys.argv[1]))
