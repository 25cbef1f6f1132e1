"""`python -m bench.llm`: what free text costs beside the time of the model, measured on the fake OpenAI server.

It judges nothing: the exit code is 1 only if a run of `apex` itself failed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.__main__ import machine, note, report, workplace
from bench.fake_openai import CHAT, FakeOpenAI, running
from bench.figures import Figure, rate, ratio
from bench.ingest import Apex, IngestFailedError
from tests.generate import CITIES

LATENCY = 0.5
CONCURRENCY = 20
CRASHED = 100


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; figures on stdout, progress on stderr."""
    options = _options(arguments)
    started = time.monotonic()
    with workplace(keep=options.keep) as folder, running() as fake:
        try:
            found = list(_measure(folder, fake, options.records, options.episodes))
        except IngestFailedError as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
    about = {**machine(), "records": options.records, "seconds": round(time.monotonic() - started, 1)}
    if options.json:
        print(json.dumps({"machine": about, "figures": {figure.name: figure.value for figure in found}}))
    else:
        print("\n".join(report(about, found)))
        print("\nThe model is a fake OpenAI server that answers at once, or after half a second where that is said.")
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.llm", description=__doc__)
    parser.add_argument("--records", type=int, default=600, metavar="N", help="messages of each ingest (600)")
    parser.add_argument("--episodes", type=int, default=60, metavar="N", help="messages for plain Graphiti (60)")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    parser.add_argument("--keep", action="store_true", help="keep the homes, and say where they are")
    return parser.parse_args(arguments)


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
    for home in ("quick", "slow"):
        _prepare(apex, folder, home)
    fake.reset(0.0)
    ours = apex.ingest(folder / "quick", file)
    calls = fake.counts()["requests"][CHAT]
    note(f"{episodes} messages by graphiti.add_episode")
    fake.reset(0.0)
    # Imported now, for Graphiti is heavy and the runs above are timed.
    from bench.graphiti import add_messages

    theirs = asyncio.run(add_messages(fake.url, folder, payloads[:episodes]))
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


def _prepare(apex: Apex, folder: Path, home: str) -> None:
    """Make a home whose stores are there already: what that takes is measured by `python -m bench`."""
    ping = {"vehicle_id": "TRUCK-1", "latitude": 41.9, "longitude": -87.6, "timestamp": "2025-10-25T14:00:00Z"}
    apex.ingest(folder / home, _write(folder / "ping.jsonl", [ping]))


def _write(path: Path, payloads: Sequence[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(payload) + "\n" for payload in payloads), encoding="utf-8")
    return path


if __name__ == "__main__":
    sys.exit(main())
