"""The fake OpenAI server of OpenAI's API as a process of its own: its time is not taken from whoever asks it."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
KEY = "sk-test-fake"
MODEL = "gpt-4.1-mini"
CHAT = "/v1/chat/completions"
_PLENTY = {"requests_per_minute": 10_000_000, "tokens_per_minute": 10_000_000_000}


class FakeOpenAI:
    """A running fake at `url`."""

    def __init__(self, url: str) -> None:
        self.url = url

    def environment(self, **variables: str) -> dict[str, str]:
        """The variables that lead `apex` to it."""
        return {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": self.url, "APEX_LLM_MODEL": MODEL, **variables}

    def counts(self) -> dict[str, Any]:
        """What it was asked since `reset`."""
        return self._control("counts", None)

    def reset(self, latency: float) -> None:
        """Counts back to zero; from now on every answer takes `latency` seconds. The limits it reports never matter."""
        self._control("reset", {})
        self._control("settings", {"latency": latency, "enforce_limits": False, **_PLENTY})

    def _control(self, what: str, body: dict[str, Any] | None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        url = f"{self.url.removesuffix('/v1')}/control/{what}"
        with urllib.request.urlopen(urllib.request.Request(url, data)) as answer:  # noqa: S310 - our own, by http
            counts: dict[str, Any] = json.load(answer)
        return counts


@contextmanager
def running() -> Iterator[FakeOpenAI]:
    """Start it, and end it afterwards."""
    command = [sys.executable, "-m", "tests.openai_server", "--api-key", KEY]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield FakeOpenAI(process.stdout.readline().strip())
        finally:
            process.terminate()
