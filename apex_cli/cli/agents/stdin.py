"""Standard input as lines that a signal can interrupt.

The SDK reads it in a thread that Python waits for at its end. That thread sleeps until the agent writes or closes the
pipe, so a process that is asked to stop would not. This one is a daemon, on a descriptor of its own: descriptor 0 is
the null device meanwhile, so that processes that are started here do not read the agent's messages.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import suppress

_READ_BYTES = 64 * 1024
_LONGEST_LINE = 4 * 1024**2
_WAITING = 16
"""Lines that are read before they are asked for."""


async def lines() -> AsyncIterator[str]:
    """The lines of standard input, to its end. One that is longer than 4 MB ends it, too: no message is."""
    if sys.stdin is None:
        return  # It was closed from the start: descriptor 0 is something else by now.
    descriptor = _own()
    queue: asyncio.Queue[str | None] = asyncio.Queue(_WAITING)
    loop = asyncio.get_running_loop()

    def put(line: bytes | None) -> None:
        text = None if line is None else line.decode("utf-8", "replace")
        asyncio.run_coroutine_threadsafe(queue.put(text), loop).result()

    def read() -> None:
        rest = b""
        # The loop may be gone at any of these steps.
        with suppress(RuntimeError, OSError, asyncio.CancelledError):
            while (chunk := os.read(descriptor, _READ_BYTES)) and len(rest) <= _LONGEST_LINE:
                *whole, rest = (rest + chunk).split(b"\n")
                for line in whole:
                    put(line)
            if rest and len(rest) <= _LONGEST_LINE:
                put(rest)
            put(None)

    threading.Thread(target=read, name="stdin", daemon=True).start()
    while (line := await queue.get()) is not None:
        yield line


def _own() -> int:
    """A descriptor of standard input for this module alone."""
    own = os.dup(0)
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    os.close(nowhere)
    return own
