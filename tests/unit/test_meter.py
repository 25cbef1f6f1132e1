"""What a run measures, and what a guard adds to it."""

from __future__ import annotations

import time

import pytest

from apex_cli.errors import StoreTerminal, StoreTransient
from apex_cli.run_stats import RunStats, StoreStats
from apex_cli.saga.participants import Breaker, Guard, RetryPolicy

QUICK = RetryPolicy(attempts=3, wait_initial=0.001, wait_max=0.002)


class Failing:
    """A store's call that fails so many times before it works."""

    def __init__(self, failures: int, error: type[StoreTransient | StoreTerminal] = StoreTransient) -> None:
        self.left = failures
        self.error = error

    async def __call__(self) -> None:
        self.left -= 1
        if self.left >= 0:
            raise self.error("graph", "no")


def guard(meter: StoreStats, *, failures: int = 5) -> Guard:
    breaker = Breaker("graph", failures=failures, cooldown=60)
    return Guard("graph", breaker, timeout=5, retry=QUICK, stats=meter)


async def test_tries_beyond_the_first_are_retries() -> None:
    meter = StoreStats()
    through = guard(meter)
    await through("commit", Failing(0))
    await through("commit", Failing(2))
    with pytest.raises(StoreTerminal):
        await through("settle", Failing(9, StoreTerminal))
    assert (meter.calls, meter.attempts, meter.retries, meter.trips) == (3, 5, 2, 0)
    assert set(meter.seconds) == {"commit", "settle"}


async def test_a_breaker_that_trips_is_counted_once() -> None:
    meter = StoreStats()
    through = guard(meter, failures=2)
    for _ in range(3):
        with pytest.raises(StoreTransient):
            await through("commit", Failing(99))
    assert meter.trips == 1
    # Refused at the door: no call and no time of the store.
    assert meter.calls == 1


def test_a_failed_probe_is_no_new_trip() -> None:
    now = 0.0
    breaker = Breaker("graph", failures=2, cooldown=60, clock=lambda: now)
    assert [breaker.failed(), breaker.failed()] == [False, True]
    now = 61.0
    breaker.admit()
    assert breaker.failed() is False
    now = 122.0
    breaker.admit()
    breaker.succeeded()
    assert [breaker.failed(), breaker.failed()] == [False, True]


def test_time_is_counted_also_when_the_work_fails() -> None:
    meter = RunStats()
    started = time.monotonic()

    def work() -> None:
        with meter.stage("embed"):
            begun = time.monotonic()
            while time.monotonic() - begun < 0.01:
                pass
            raise RuntimeError

    with pytest.raises(RuntimeError):
        work()
    with meter.stage("embed"):
        pass
    assert 0.01 <= meter.stages["embed"] <= time.monotonic() - started


def test_the_summary_leaves_out_what_is_nothing() -> None:
    meter = RunStats()
    assert meter.as_json() == {
        "stage_seconds": {},
        "store_seconds": {},
        "store_calls": {},
        "store_retries": {},
        "breaker_trips": {},
        "rollbacks": 0,
    }
    store = meter.store("cache")
    store.calls, store.attempts, store.trips = 2, 5, 1
    store.seconds["prepare"] += 1 / 3
    meter.store("graph").calls = 1
    meter.store("graph").attempts = 1
    meter.rollbacks = 4
    line = meter.as_json()
    assert line["store_seconds"] == {"cache": {"prepare": 0.333333}}
    assert (line["store_calls"], line["store_retries"]) == ({"cache": 2, "graph": 1}, {"cache": 3})
    assert (line["breaker_trips"], line["rollbacks"]) == ({"cache": 1}, 4)
