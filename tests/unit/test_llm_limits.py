"""Requests and tokens a minute: what is waited for, and what is learned from headers."""

from __future__ import annotations

import asyncio

import pytest

from apex_cli.llm.limits import ModelRateLimiter, ProviderLimits, retry_after
from tests.llm_world import Clock


def limiter(
    clock: Clock, requests: int | None = None, tokens: int | None = None, concurrency: int = 100
) -> ModelRateLimiter:
    return ProviderLimits(
        concurrency=concurrency, requests=requests, tokens=tokens, clock=clock, sleep=clock.sleep
    ).limiter("model")


async def ask(model: ModelRateLimiter, times: int, tokens: float = 1) -> None:
    async def one() -> None:
        async with model.request(tokens):
            pass

    await asyncio.gather(*(one() for _ in range(times)))


async def test_requests_beyond_the_minutes_worth_wait_for_their_share() -> None:
    clock = Clock()
    model = limiter(clock, requests=60)
    await ask(model, 60)
    assert clock.slept == []
    await ask(model, 30)
    assert clock.now - 1000 == pytest.approx(30)


async def test_tokens_are_bounded_too() -> None:
    clock = Clock()
    model = limiter(clock, tokens=6000)
    await ask(model, 2, tokens=3000)
    assert clock.slept == []
    await ask(model, 1, tokens=1000)
    assert clock.now - 1000 == pytest.approx(10)


async def test_a_request_of_more_than_a_minutes_tokens_is_sent_from_a_full_bucket() -> None:
    clock = Clock()
    model = limiter(clock, tokens=600)
    await ask(model, 1, tokens=1200)
    assert clock.slept == []
    await ask(model, 1, tokens=1)
    assert clock.now - 1000 == pytest.approx(60.1)


async def test_limits_are_learned_from_headers() -> None:
    clock = Clock()
    model = limiter(clock)
    await ask(model, 1000)
    assert clock.slept == []
    model.learn({"x-ratelimit-limit-requests": "60", "x-ratelimit-remaining-requests": "0"})
    await ask(model, 2)
    assert clock.now - 1000 == pytest.approx(2)


async def test_a_configured_limit_is_never_raised_by_headers() -> None:
    clock = Clock()
    model = limiter(clock, requests=60)
    model.learn({"x-ratelimit-limit-requests": "6000", "x-ratelimit-remaining-requests": "5999"})
    await ask(model, 61)
    assert clock.now - 1000 == pytest.approx(1)


async def test_a_lower_limit_of_the_provider_holds() -> None:
    clock = Clock()
    model = limiter(clock, requests=6000)
    model.learn({"x-ratelimit-limit-requests": "60", "x-ratelimit-remaining-requests": "60"})
    await ask(model, 61)
    assert clock.now - 1000 == pytest.approx(1)


async def test_headers_that_are_no_numbers_teach_nothing() -> None:
    clock = Clock()
    model = limiter(clock)
    for word in ("", "many", "-1", "nan", "inf"):
        model.learn({"x-ratelimit-limit-requests": word, "x-ratelimit-remaining-requests": word})
    await ask(model, 1000)
    assert clock.slept == []


async def test_a_pause_is_everybodys() -> None:
    clock = Clock()
    limits = ProviderLimits(concurrency=5, clock=clock, sleep=clock.sleep)
    limits.limiter("model").pause(7)
    await ask(limits.limiter("other"), 3)
    assert clock.slept == []
    await ask(limits.limiter("model"), 3)
    assert clock.slept == [7]


async def test_no_more_than_the_concurrency_run_at_once() -> None:
    model = limiter(Clock(), concurrency=3)
    now, most = 0, 0
    full = asyncio.Barrier(3)

    async def one() -> None:
        nonlocal now, most
        async with model.request(1):
            now += 1
            most = max(most, now)
            await full.wait()
            now -= 1

    await asyncio.gather(*(one() for _ in range(9)))
    assert most == 3


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "2"}, 2.0),
        ({"retry-after": "2", "retry-after-ms": "1500"}, 1.5),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6m0s"}, 360.0),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1.204s"}, 1.204),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "17ms"}, 0.017),
        ({"x-ratelimit-remaining-requests": "9", "x-ratelimit-reset-requests": "17s"}, None),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait_is_read_from_headers(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == pytest.approx(seconds)
