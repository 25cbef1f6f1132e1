"""Readers beside a run on embedded stores: none fails, none waits for its end, and none sees half a record."""

from __future__ import annotations

import asyncio
import json
import random
import re
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from apex_cli.config import Settings, load
from apex_cli.embedded.home import Home
from apex_cli.pipeline.reading import MemoryReader
from apex_cli.readers.protocol import Reader
from tests.acceptance.apex import new_home, run, spawn, verified
from tests.generate import records, write_jsonl
from tests.holders import holding
from tests.profiles import lose

pytestmark = pytest.mark.embedded

SHIPMENTS, VERSIONS = 6, 25
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
CARRIER = re.compile(r"Carrier (\d+) Haulage")
Ask = Callable[[Reader, str], Awaitable[int]]


@pytest.fixture
def home(short_tmp: Path) -> Iterator[Path]:
    with new_home(short_tmp) as place:
        yield place


def settings_of(home: Path, **flags: Any) -> Settings:
    return load({"home": home, **flags}, cwd=home.parent, environ={})


def time_of(version: int) -> datetime:
    return BEGIN + timedelta(hours=version)


def write_versions(path: Path, versions: int = VERSIONS) -> Path:
    """Every shipment so often, each time hauled by another carrier, whose number is that of the version."""
    with path.open("w", encoding="utf-8") as file:
        for version in range(versions):
            for number in range(SHIPMENTS):
                payload = {
                    "shipmentId": f"KW-{number}",
                    "customerName": "Prairie Oat Mills",
                    "carrierName": f"Carrier {version} Haulage",
                    "status": "en_route",
                    "updatedAt": time_of(version).isoformat(),
                }
                file.write(json.dumps(payload) + "\n")
    return path


def carrier(text: str) -> int:
    """The version that a text is of: it names one carrier."""
    [found] = set(CARRIER.findall(text))
    return int(found)


async def get(reader: Reader, name: str) -> int:
    """The version of a record, which must be the same in all four stores."""
    view = await reader.get(f"turvo:{name}")
    version = carrier(view.version.payload["carrierName"])
    assert view.differing == ()
    assert view.graph is not None
    assert view.cache is not None
    [current] = [fact.object for fact in view.graph.facts if fact.predicate == "HAULED_BY" and fact.invalid_at is None]
    hauled = {carrier(fact.object) for fact in view.graph.facts if fact.predicate == "HAULED_BY"}
    assert (carrier(current), hauled) == (version, set(range(version + 1)))
    assert (view.graph.saga_id, view.cache["saga_id"]) == (view.version.saga_id, view.version.saga_id)
    assert view.cache["revision"] == view.version.revision
    assert [(point.visible, point.saga_id, carrier(point.text)) for point in view.points] == [
        (True, view.version.saga_id, version)
    ]
    return version


async def facts(reader: Reader, name: str) -> int:
    """The version of a record, by its facts and their sources: the graph's times and PostgreSQL's are one."""
    answer = await reader.facts(name, everything=True)
    assert answer.differing == 0
    [now] = [one for one in answer.now.facts if one.fact.predicate == "HAULED_BY"]
    version = carrier(now.fact.object)
    assert (now.fact.valid_at, now.last_seen, now.sources) == (time_of(version), time_of(version), (f"turvo:{name}",))
    past = [one for one in answer.history.facts if one.fact.predicate == "HAULED_BY"]
    assert [(carrier(one.fact.object), one.last_seen) for one in past] == [(n, time_of(n)) for n in range(version)]
    [customer] = [one for one in answer.now.facts if one.fact.predicate == "FOR_CUSTOMER"]
    assert customer.last_seen == time_of(version)
    return version


async def history(reader: Reader, name: str) -> int:
    """The newest version of a record in its history, which has all before it."""
    views = (await reader.history(f"turvo:{name}")).versions
    assert [view.version.event_time for view in views] == [time_of(version) for version in range(len(views))]
    assert [view.version.current for view in views] == [False] * (len(views) - 1) + [True]
    return len(views) - 1


async def search(reader: Reader, name: str) -> int:
    """The version of a record that a search shows."""
    result = await reader.search(name, limit=SHIPMENTS)
    assert result.left_out == []
    assert Counter(hit.external_id for hit in result.hits).most_common(1)[0][1] == 1
    [hit] = [hit for hit in result.hits if hit.external_id == name]
    return carrier(hit.text)


async def ask_on(reader: Reader, ask: Ask, name: str, ended: asyncio.Event) -> list[int]:
    """Ask until the run has ended; the versions that were seen."""
    seen: list[int] = []
    while not ended.is_set():
        seen.append(await ask(reader, name))
    seen.append(await ask(reader, name))
    return seen


async def ended(process: Any) -> int:
    return int(await asyncio.to_thread(process.wait))


@pytest.mark.parametrize(
    ("others", "batch"), [(0, 100), pytest.param(10_000, 500, marks=[pytest.mark.campaign, pytest.mark.timeout(900)])]
)
async def test_every_answer_is_of_one_version_in_all_stores(home: Path, others: int, batch: int) -> None:
    """While the versions of some shipments go in, spread among `others` that nothing is asked about."""
    run(home, "ingest", write_versions(home.parent / "first.jsonl", 1), "-q").expect(0)
    versions = write_versions(home.parent / "versions.jsonl").read_text(encoding="utf-8").splitlines()
    rest = [json.dumps(payload) for payload in records(others)]
    share = -(-len(rest) // len(versions))
    lines = [line for n, version in enumerate(versions) for line in (version, *rest[n * share : (n + 1) * share])]
    (home.parent / "all.jsonl").write_text("\n".join(lines), encoding="utf-8")
    process = spawn(home, "ingest", "all.jsonl", "-q", "--batch-size", str(batch))
    over = asyncio.Event()
    async with MemoryReader(settings_of(home)) as reader:
        asking = [ask_on(reader, ask, f"KW-{number}", over) for number in range(3) for ask in (get, facts)]
        asking += [ask_on(reader, ask, "KW-5", over) for ask in (history, search)]
        work = asyncio.gather(*asking)
        try:
            code = await ended(process)
        finally:
            over.set()
        answers = await work
    _, err = process.communicate()
    assert (code, err) == (0, b"")
    for seen in answers:
        assert seen == sorted(seen), "a reader never goes back to an older version"
        assert seen[-1] == VERSIONS - 1
    # The readers did see the memory change.
    assert len({version for seen in answers for version in seen}) > 5
    assert verified(home) == SHIPMENTS + others


async def test_fifty_readers_beside_a_run(home: Path) -> None:
    write_versions(home.parent / "few.jsonl", 3)
    run(home, "ingest", "few.jsonl", "-q").expect(0)
    process = spawn(home, "ingest", write_jsonl(home.parent / "many.jsonl", 800), "-q")
    settings = settings_of(home)

    async def one(number: int) -> None:
        async with MemoryReader(settings) as reader:
            for ask in random.Random(number).sample([get, facts, history], 3):
                assert await ask(reader, f"KW-{number % SHIPMENTS}") == 2
            await reader.runs()
            await reader.statistics()

    async def command(*arguments: str) -> str:
        asked = spawn(home, *arguments)
        out, err = await asyncio.to_thread(asked.communicate)
        assert (asked.returncode, err) == (0, b""), err
        return out.decode()

    verbs = (("get", "turvo:KW-1"), ("facts", "KW-2"), ("search", "oat"), ("runs",), ("metrics",), ("verify",))
    await asyncio.gather(*map(one, range(50)), *(command(*verb) for verb in verbs))
    code = await ended(process)
    _, err = process.communicate()
    assert (code, err) == (0, b"")
    assert verified(home) == 800 + SHIPMENTS


async def test_readers_outlive_the_holder_that_is_killed(home: Path) -> None:
    write_versions(home.parent / "all.jsonl")
    run(home, "ingest", write_versions(home.parent / "first.jsonl", 1), "-q").expect(0)
    over = asyncio.Event()
    rnd = random.Random(7)
    async with MemoryReader(settings_of(home)) as reader:
        asks = enumerate((get, facts, history, get, facts))
        work = asyncio.gather(*(ask_on(reader, ask, f"KW-{number}", over) for number, ask in asks))
        try:
            for _ in range(4):
                process = spawn(home, "ingest", "all.jsonl", "-q", "--batch-size", "60")
                await until_held(home, process.pid)
                await asyncio.sleep(rnd.uniform(0.2, 2.5))
                process.send_signal(signal.SIGKILL)
                await ended(process)
                process.communicate()
            last = spawn(home, "ingest", "all.jsonl", "-q")
            code = await ended(last)
        finally:
            over.set()
        answers = await work
    assert (code, last.communicate()[1]) == (0, b"")
    for seen in answers:
        assert seen == sorted(seen)
        assert seen[-1] == VERSIONS - 1
    assert verified(home) == SHIPMENTS


async def until_held(home: Path, pid: int) -> None:
    """Wait until this process has the home, or has ended."""
    await until(lambda: f"pid {pid} " in str(Home(home).holder()))


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110 - another process makes it true
            await asyncio.sleep(0.02)


async def test_a_writer_waits_for_a_mere_reader(home: Path) -> None:
    write_versions(home.parent / "all.jsonl", 1)
    run(home, "ingest", "all.jsonl", "-q").expect(0)
    with holding(home, reads=True):
        waiting = spawn(home, "ingest", write_versions(home.parent / "two.jsonl", 2), "--json")
        await until(Home(home).writer_waits)
        # Those who come now are answered by the reader that has the home.
        async with MemoryReader(settings_of(home)) as reader:
            assert await get(reader, "KW-1") == 0
        assert waiting.poll() is None
    out, err = await asyncio.to_thread(waiting.communicate)
    assert (waiting.returncode, err) == (0, b"")
    assert json.loads(out.splitlines()[-1])["updated"] == SHIPMENTS


def test_what_stays_different_is_answered_and_said(home: Path) -> None:
    run(home, "ingest", write_versions(home.parent / "first.jsonl", 1), "-q").expect(0)
    lose(home, "cache")
    found = run(home, "get", "turvo:KW-1", "--json").expect(0)
    assert found.lines[0]["stores"]["cache"] is None
    assert found.stderr == "warning: another version than in PostgreSQL: cache; `apex verify` compares all records\n"
