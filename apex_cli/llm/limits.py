"""Requests and tokens a minute: requests wait here, so that the provider rarely answers 429.

The limits are learned from the provider's `x-ratelimit-*` headers (OpenAI's form, which others copy); settings can
lower them. Each model has limits of its own.

Why not aiolimiter: it learns nothing from headers, and it has no way to pause all requests of a model after a 429.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from apex_cli.units import SECONDS

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]

_TICK = 0.001
"""Waits shorter than this, in seconds, are rounding."""
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


class TokenBucket:
    """A token bucket: it holds the amount of one minute and fills steadily. Without a limit it never waits."""

    def __init__(self, per_minute: int | None, now: float) -> None:
        self._configured = per_minute
        self._size = float(per_minute) if per_minute else None
        self._level = self._size or 0.0
        self._at = now

    def wait(self, amount: float, now: float) -> float:
        """Seconds until `amount` is available; an amount above the size counts as the size."""
        self._fill(now)
        if self._size is None:
            return 0.0
        return max(0.0, min(amount, self._size) - self._level) * 60.0 / self._size

    def take(self, amount: float) -> None:
        """Use `amount`. The level may become negative: later requests then wait longer."""
        if self._size is not None:
            self._level -= amount

    def learn(self, limit: float | None, remaining: float | None, now: float) -> None:
        """Adopt the provider's limit a minute and the rest of it. A configured limit is never raised."""
        self._fill(now)
        if limit is not None and limit > 0:
            size = min(limit, self._configured or limit)
            if self._size is None:
                self._level = size
            self._size = size
            self._level = min(self._level, size)
        if remaining is not None and self._size is not None:
            self._level = min(self._level, remaining)

    def _fill(self, now: float) -> None:
        if self._size is not None:
            self._level = min(self._size, self._level + (now - self._at) * self._size / 60.0)
        self._at = now


class ModelRateLimiter:
    """The requests to one model: at most `concurrency` at once, started in the order of their arrival."""

    def __init__(
        self, requests: int | None, tokens: int | None, *, concurrency: int, clock: Clock, sleep: Sleep
    ) -> None:
        self._concurrent = asyncio.Semaphore(concurrency)
        self._clock = clock
        self._sleep = sleep
        self._requests = TokenBucket(requests, clock())
        self._tokens = TokenBucket(tokens, clock())
        self._resume_at = 0.0
        self._queue = asyncio.Lock()

    @asynccontextmanager
    async def request(self, tokens: float) -> AsyncIterator[None]:
        """Wait until a request of about `tokens` may be sent; the block sends it."""
        async with self._concurrent:
            async with self._queue:
                while (seconds := self._seconds(tokens)) > _TICK:
                    await self._sleep(seconds)
                self._requests.take(1)
                self._tokens.take(tokens)
            yield

    def pause(self, seconds: float) -> None:
        """Start no request for `seconds`: the provider answered 429."""
        self._resume_at = max(self._resume_at, self._clock() + seconds)

    def learn(self, headers: Mapping[str, str]) -> None:
        """Adopt an answer's `x-ratelimit-*` headers; a missing or malformed one is ignored."""
        now = self._clock()
        for bucket, unit in ((self._requests, "requests"), (self._tokens, "tokens")):
            limit = _number(headers.get(f"x-ratelimit-limit-{unit}"))
            bucket.learn(limit, _number(headers.get(f"x-ratelimit-remaining-{unit}")), now)

    def _seconds(self, tokens: float) -> float:
        now = self._clock()
        return max(self._resume_at - now, self._requests.wait(1, now), self._tokens.wait(tokens, now))


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderLimits:
    """The rate limiters of a run, one for each model. Configured limits hold for each of them."""

    concurrency: int
    requests: int | None = None
    tokens: int | None = None
    clock: Clock = time.monotonic
    sleep: Sleep = asyncio.sleep
    _limiters: dict[str, ModelRateLimiter] = field(default_factory=dict)

    def limiter(self, model: str) -> ModelRateLimiter:
        """The rate limiter of `model`, the same one every time."""
        if model not in self._limiters:
            self._limiters[model] = ModelRateLimiter(
                self.requests, self.tokens, concurrency=self.concurrency, clock=self.clock, sleep=self.sleep
            )
        return self._limiters[model]


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a 429 or 503 asks to wait: `retry-after-ms`, `retry-after`, or when the used-up limit is full again.

    None when it does not say. A date in `retry-after` (RFC 9110) is not read: no provider sends one.
    """
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        seconds = _number(headers.get(name))
        if seconds is not None:
            return seconds * unit
    # OpenAI writes a duration as `17ms`, `1.204s` or `6m0s`.
    resets = [
        sum(
            float(number) * SECONDS[unit]
            for number, unit in _DURATION.findall(headers.get(f"x-ratelimit-reset-{what}", ""))
        )
        for what in ("requests", "tokens")
        if _number(headers.get(f"x-ratelimit-remaining-{what}")) == 0
    ]
    return max(resets, default=None)


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text else None
    except ValueError:
        return None
    return value if value is not None and 0 <= value < float("inf") else None
