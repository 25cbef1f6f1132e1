"""The only place that runs an event loop, and what signals do to it.

Python's own answer to SIGTERM and SIGHUP skips every `finally`, and so the engines' orderly stop. Therefore the loop
handles these signals and SIGINT. Where the work can stop by itself, the first signal asks it to and the second cancels
it. Elsewhere the first cancels. After that the clean-up runs, and further signals change nothing.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from apex_cli.exit_codes import of_signal

_T = TypeVar("_T")
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(Exception):
    """The work was cancelled by a signal and has cleaned up. `exit_code` is 128 + the signal's number."""

    def __init__(self, number: int) -> None:
        super().__init__(f"interrupted by {signal.Signals(number).name}")
        self.exit_code = of_signal(number)


def run(work: Coroutine[Any, Any, _T], *, stop: Callable[[int], None] | None = None) -> _T:
    """Run `work` to its end. `stop`, if given, gets the first signal's number, and the work goes on.

    Raises `Interrupted` when a signal cancelled it.
    """
    import asyncio  # Here, for it takes a third of the time of `apex --help`, which runs no loop.

    received: list[int] = []

    def on_signal(number: int) -> None:
        received.append(number)
        if stop is not None and len(received) == 1:
            stop(number)
        elif len(received) == (1 if stop is None else 2):
            task.cancel()

    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        task = loop.create_task(work)
        for number in _SIGNALS:
            loop.add_signal_handler(number, on_signal, number)
        try:
            return loop.run_until_complete(task)
        except asyncio.CancelledError:
            if received:
                raise Interrupted(received[0]) from None
            raise
        finally:
            for number in _SIGNALS:
                loop.remove_signal_handler(number)
