"""Retries, time limits and breakers."""

from __future__ import annotations

import asyncio

import pytest

from apex_cli import faults
from apex_cli.errors import ConfigError, StoreTerminal, StoreTransient
from apex_cli.saga.participants import Breaker, Guard, RetryPolicy

QUICK = RetryPolicy(attempts=3, wait_initial=0.001, wait_max=0.002)


class Flaky:
    """A store's call that fails so many times before it works."""

    def __init__(self, failures: int, error: type[StoreTransient | StoreTerminal] = StoreTransient) -> None:
        self.failures = failures
        self.error = error
        self.calls = 0

    async def __call__(self) -> str:
        self.calls += 1
        if self.calls <= self.failures:
            raise self.error("graph", "no")
        return "yes"


def guard(*, failures: int = 5, timeout: float = 5.0) -> Guard:
    return Guard("graph", Breaker("graph", failures=failures, cooldown=60), timeout=timeout, retry=QUICK)


def opened(breaker: Breaker) -> bool:
    return breaker.is_open


async def test_a_passing_failure_is_tried_again() -> None:
    call = Flaky(2)
    assert await guard()("commit", call) == "yes"
    assert call.calls == 3


async def test_retries_end() -> None:
    call = Flaky(99)
    with pytest.raises(StoreTransient):
        await guard()("commit", call)
    assert call.calls == 3


@pytest.mark.parametrize("idempotent", [True, False])
async def test_what_will_fail_again_or_may_not_be_repeated_is_tried_once(idempotent: bool) -> None:
    call = Flaky(99, StoreTerminal if idempotent else StoreTransient)
    with pytest.raises((StoreTerminal, StoreTransient)):
        await guard()("commit", call, idempotent=idempotent)
    assert call.calls == 1


async def test_a_step_that_takes_too_long_is_a_passing_failure() -> None:
    async def never() -> None:
        await asyncio.Event().wait()

    with pytest.raises(StoreTransient, match="took longer"):
        await guard(timeout=0.01)("commit", never, idempotent=False)


async def test_the_breaker_refuses_until_one_probe_works() -> None:
    now = 0.0
    breaker = Breaker("graph", failures=2, cooldown=60, clock=lambda: now)
    breaker.failed()
    assert opened(breaker) is False
    breaker.failed()
    assert opened(breaker) is True
    with pytest.raises(StoreTransient, match="not tried"):
        breaker.admit()
    now = 61.0
    breaker.admit()
    with pytest.raises(StoreTransient):
        breaker.admit()
    breaker.failed()
    assert opened(breaker) is True
    now = 122.0
    breaker.admit()
    breaker.succeeded()
    breaker.admit()
    assert opened(breaker) is False


@pytest.mark.parametrize("spec", ["nowhere:kill", "graph.commit.before", "graph.commit.before:burn", "x:kill:y"])
def test_a_fault_that_names_no_point_is_refused(spec: str) -> None:
    with pytest.raises(ConfigError):
        faults.arm(spec)


async def test_a_fault_waits_for_its_turn_and_stays(request: pytest.FixtureRequest) -> None:
    request.addfinalizer(lambda: faults.arm(None))
    faults.arm("graph.commit.before:error:2")
    await faults.reach("graph.commit.before")
    await faults.reach("graph.commit.after")
    for _ in range(2):
        with pytest.raises(StoreTransient, match="injected"):
            await faults.reach("graph.commit.before")
