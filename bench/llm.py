"""`python -m bench.llm`: what free text costs beside the time of the model, measured on the fake OpenAI server.

It judges nothing: the exit code is 1 only if a run of `apex` itself failed.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.__main__ import argument_parser, note, run
from bench.figures import Figure, rate, ratio
from bench.ingest import Apex
from tests.generate import CITIES

LATENCY = 0.5
CONCURRENCY = 20
CRASHED = 100
EXPLAINED = ("", "The model is a fake OpenAI server that answers at once, or after half a second where that is said.")
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; figures on stdout, progress on stderr."""
    parser = argument_parser("python -m bench.llm", __doc__, 600, "messages of each ingest (600)")
    parser.add_argument("--episodes", type=int, default=60, metavar="N", help="messages for plain Graphiti (60)")
    parser.add_argument("--keep", action="store_true", help="keep the homes, and say where they are")
    options = parser.parse_args(arguments)

    def measure(folder: Path) -> list[Figure]:
        with running() as fake:
            return list(_measure(folder, fake, options.records, options.episodes))

    return run(options, measure, EXPLAINED)


def messages(count: int) -> Iterator[dict[str, Any]]:
    """Messages of three things and two facts each, no two alike; some carriers and cities come back."""
    for number in range(count):
        city, state, *_ = CITIES[number % len(CITIES)]
        carrier = f"{NAMES[number % len(NAMES)]} {KINDS[number // len(NAMES) % len(KINDS)]}"
        yield {
            "message_id": f"MSG-{number:05}",
            "subject": "Update",
            "body": f"SHIP-2025-10-25-{number:05} is hauled by {carrier} and is going to {city}, {state}.",
            "sender": "dispatch@acme-trucking.com",
            "sent_at": "2025-10-25T15:00:00Z",
        }


NAMES = ("Alder", "Birch", "Cedar", "Dogwood", "Elmwood", "Fernhill", "Ginkgo", "Hawthorn", "Ironwood", "Juniper")
KINDS = ("Freight", "Trucking", "Logistics", "Haulage", "Express", "Cartage")


def _measure(folder: Path, fake: FakeOpenAI, records: int, episodes: int) -> Iterator[Figure]:
    payloads = list(messages(records))
    file = _write(folder / "mail.jsonl", payloads)
    apex = Apex(folder, **fake.environment(APEX_CONCURRENCY=str(CONCURRENCY)))
    note(f"{records:,} messages")
    # Make two homes whose stores are there already: what that takes is measured by `python -m bench`.
    ping = {"vehicle_id": "TRUCK-1", "latitude": 41.9, "longitude": -87.6, "timestamp": "2025-10-25T14:00:00Z"}
    for home in ("quick", "slow"):
        apex.ingest(folder / home, _write(folder / "ping.jsonl", [ping]))
    fake.reset(0.0)
    ours = apex.ingest(folder / "quick", file)
    calls = fake.counts()["requests"][CHAT]
    note(f"{episodes} messages by graphiti.add_episode")
    fake.reset(0.0)
    # Imported now, for Graphiti is heavy and the runs above are timed.
    from bench.graphiti import add_messages

    theirs = asyncio.run(add_messages(fake.url, KEY, MODEL, folder, payloads[:episodes]))
    their_calls = fake.counts()["requests"][CHAT]
    note(f"{records:,} messages, {LATENCY} s an answer")
    fake.reset(LATENCY)
    slow = apex.ingest(folder / "slow", file)
    ideal = fake.counts()["requests"][CHAT] * LATENCY / CONCURRENCY
    note("killed before its commit, and again")
    fake.reset(0.0)
    # One batch: of a next one, what the model was just being asked would be lost with the process.
    batch = _write(folder / "batch.jsonl", payloads[:CRASHED])
    killed = Apex(folder, **fake.environment(APEX_FAULT="graph.commit.before:kill"))
    killed.ingest_killed(folder / "killed", batch)
    apex.ingest(folder / "killed", batch)
    repeated = len(fake.counts()["repeated"])
    yield Figure("calls", "requests a message (3 things, 2 facts)", calls / records, "", "<= 3")
    yield Figure("graphiti_calls", "  by graphiti.add_episode", their_calls / episodes, "")
    yield Figure("ours", "messages, end to end", rate(records, ours.seconds), "/s")
    yield Figure("theirs", "  by graphiti.add_episode", rate(episodes, theirs), "/s")
    yield Figure(
        "ratio", "  ratio of the two", ratio(rate(records, ours.seconds), rate(episodes, theirs)), "", "aim: 3"
    )
    yield Figure("slow", f"messages, {LATENCY} s an answer", slow.seconds, "s")
    yield Figure("ideal", f"  requests x {LATENCY} s / {CONCURRENCY} at once", ideal, "s")
    yield Figure("share", "  share of that ideal", ratio(ideal, slow.seconds), "", "aim: 0.8")
    yield Figure("repeated", "requests repeated after a crash between extraction and commit", repeated, "", "0")


def _write(path: Path, payloads: Sequence[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(payload) + "\n" for payload in payloads), encoding="utf-8")
    return path


if __name__ == "__main__":
    sys.exit(main())
