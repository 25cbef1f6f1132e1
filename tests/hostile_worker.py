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
from apex_cli.formats import registry, worker
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
        os.kill(os.getpid(), signal.SIGABRT)


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
    raise ValueError(" ".join(sorted(name for name in os.environ if name.startswith("APEX_"))) or "nothing")


_HARM: dict[str, Callable[[FileInfo], None]] = {
    "hang": _hang,
    "slow": _slow_but_alive,
    "eat": _eat,
    "abort": _abort_full,
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
    worker.main(int(sys.argv[1]))
