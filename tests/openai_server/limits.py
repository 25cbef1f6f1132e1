"""Token counts, nearly, and OpenAI's limits of requests and tokens a minute: two buckets that fill steadily.

Not by tiktoken: it downloads its vocabularies at first use, and a count that depends on the machine makes tests that
do. A token here is a run of up to eight letters, of up to three digits, or one other sign: within about a fifth of
o200k for English and JSON.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from tests.openai_server.errors import rate_limited

_TOKEN = re.compile(r"[^\W\d_]{1,8}|\d{1,3}|[^\w\s]|_")


@lru_cache(maxsize=4096)
def count_tokens(text: str) -> int:
    """How many tokens `text` has; 0 for an empty one."""
    return len(_TOKEN.findall(text))


def cut_tokens(text: str, limit: int) -> str:
    """The beginning of `text`: at most `limit` tokens."""
    for number, found in enumerate(_TOKEN.finditer(text)):
        if number == limit:
            return text[: found.start()]
    return text


@dataclass
class _Bucket:
    """Holds at most `size`, gains `size` a minute."""

    size: int
    level: float
    at: float

    def fill(self, now: float) -> None:
        self.level = min(self.size, self.level + (now - self.at) * self.size / 60)
        self.at = now

    def seconds_until(self, amount: float) -> float:
        return max(0.0, min(amount, self.size) - self.level) * 60 / self.size


class Limits:
    """The limits of one key; safe to use from any thread.

    They are always in the headers. Only with `enforced` does a request beyond them get a 429, whose `Retry-After`
    is the time until the buckets hold enough again. `clock` gives seconds; a test that counts exactly stops it.
    """

    clock: Callable[[], float]

    def __init__(self, requests: int = 10_000, tokens: int = 2_000_000, *, enforced: bool = False) -> None:
        self._lock = threading.Lock()
        self.clock = time.monotonic
        self.set(requests, tokens, enforced=enforced)

    def set(self, requests: int, tokens: int, *, enforced: bool) -> None:
        """New limits a minute, with full buckets."""
        if requests < 1 or tokens < 1:
            raise ValueError("a limit is 1 or more")
        now = self.clock()
        with self._lock:
            self._requests = _Bucket(requests, requests, now)
            self._tokens = _Bucket(tokens, tokens, now)
            self._enforced = enforced

    def take(self, tokens: int) -> None:
        """One request of so many tokens. Raises the 429 when limits are enforced and there is no room."""
        now = self.clock()
        with self._lock:
            self._requests.fill(now)
            self._tokens.fill(now)
            wait = max(self._requests.seconds_until(1), self._tokens.seconds_until(tokens))
            if self._enforced and wait > 0:
                raise rate_limited(round(wait + 0.001, 3))
            self._requests.level = max(0.0, self._requests.level - 1)
            self._tokens.level = max(0.0, self._tokens.level - tokens)

    def headers(self) -> dict[str, str]:
        """`x-ratelimit-limit-…`, `-remaining-…` and `-reset-…` (until the bucket is full), for requests and tokens."""
        now = self.clock()
        headers = {}
        with self._lock:
            for name, bucket in (("requests", self._requests), ("tokens", self._tokens)):
                bucket.fill(now)
                headers[f"x-ratelimit-limit-{name}"] = str(bucket.size)
                headers[f"x-ratelimit-remaining-{name}"] = str(int(bucket.level))
                headers[f"x-ratelimit-reset-{name}"] = duration(bucket.seconds_until(bucket.size))
        return headers


def duration(seconds: float) -> str:
    """As OpenAI writes it: `17ms`, `1.204s`, `6m0s`."""
    if seconds < 1:
        return f"{seconds * 1000:.0f}ms"
    minutes, rest = divmod(seconds, 60)
    return f"{minutes:.0f}m{rest:.0f}s" if minutes else f"{round(rest, 3):g}s"
