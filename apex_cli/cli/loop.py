"""The only place that runs an event loop, and what signals do to it.

Python's own answer to SIGTERM skips every `finally`, and with it the engines' orderly stop; so both signals are taken
by the loop. Where the work knows how to stop by itself the first signal asks it to, and the second cancels it;
elsewhere the first cancels. After that the clean-up is under way and further signals change nothing.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from apex_cli.cli.errors import Interrupted

_T = TypeVar("_T")
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def run(work: Callable[[], Coroutine[Any, Any, _T]], *, stop: Callable[[int], None] | None = None) -> _T:
    """Run `work` to its end. `stop`, if given, is told the first signal's number and the work goes on.

    Raises `Interrupted` when a signal cancelled it.
    """
    return asyncio.run(_supervised(work, stop))


async def _supervised(work: Callable[[], Coroutine[Any, Any, _T]], stop: Callable[[int], None] | None) -> _T:
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(work())
    received: list[int] = []

    def on_signal(number: int) -> None:
        received.append(number)
        if stop is not None and len(received) == 1:
            stop(number)
        elif len(received) == (1 if stop is None else 2):
            task.cancel()

    for number in _SIGNALS:
        loop.add_signal_handler(number, on_signal, number)
    try:
        return await task
    except asyncio.CancelledError:
        if received:
            raise Interrupted(received[0]) from None
        raise
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
