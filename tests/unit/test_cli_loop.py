"""Signals and the event loop."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from apex_cli.cli.loop import Interrupted, run


def test_the_result_comes_back() -> None:
    async def work() -> int:
        return 5

    assert run(work()) == 5


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_cancels_and_the_clean_up_runs(number: int, code: int) -> None:
    cleaned = []

    async def work() -> None:
        try:
            os.kill(os.getpid(), number)
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.append(True)

    with pytest.raises(Interrupted) as caught:
        run(work())
    assert caught.value.exit_code == code
    assert cleaned == [True]


def test_work_that_can_stop_is_asked_first_and_ends_by_itself() -> None:
    asked = asyncio.Event()
    numbers = []

    def stop(number: int) -> None:
        numbers.append(number)
        asked.set()

    async def work() -> str:
        os.kill(os.getpid(), signal.SIGTERM)
        await asked.wait()
        return "settled"

    assert run(work(), stop=stop) == "settled"
    assert numbers == [signal.SIGTERM]


def test_the_second_signal_cancels_and_later_ones_do_not_disturb_the_clean_up() -> None:
    asked = asyncio.Event()
    cleaned = []

    async def work() -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            await asked.wait()
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.Event().wait()
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            for _ in range(20):
                await asyncio.sleep(0)
            cleaned.append(True)

    with pytest.raises(Interrupted) as caught:
        run(work(), stop=lambda _: asked.set())
    assert caught.value.exit_code == 130
    assert cleaned == [True]


def test_an_error_of_the_work_passes_through_and_the_handlers_are_gone() -> None:
    async def work() -> None:
        raise LookupError("x")

    with pytest.raises(LookupError):
        run(work())
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
