"""The cache on disk: durable, shared, bounded, and forgiving; and fetching once at a time."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from apex_cli.errors import ConfigError
from apex_cli.llm.cache import FILE, AnswerCache, SingleFlight


@asynccontextmanager
async def opened(directory: Path, max_bytes: int = 1 << 30) -> AsyncIterator[AnswerCache]:
    cache = AnswerCache(directory, max_bytes=max_bytes)
    await cache.open()
    try:
        yield cache
    finally:
        await cache.close()


async def test_what_was_put_is_there_in_the_next_run(tmp_path: Path) -> None:
    async with opened(tmp_path / "c") as cache:
        assert await cache.get(["a", "b"]) == {}
        await cache.put({"a": b"1", "b": b"2"})
        await cache.put({"b": b"3"})
    async with opened(tmp_path / "c") as cache:
        assert await cache.get(["a", "b", "c"]) == {"a": b"1", "b": b"3"}


async def test_only_its_owner_may_look(tmp_path: Path) -> None:
    (tmp_path / "c").mkdir(mode=0o755)
    async with opened(tmp_path / "c") as cache:
        await cache.put({"a": b"1"})
        modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "c").iterdir()}
    assert (tmp_path / "c").stat().st_mode & 0o777 == 0o700
    assert set(modes.values()) == {0o600}
    assert FILE in modes


async def test_many_keys_and_many_at_once(tmp_path: Path) -> None:
    entries = {f"k{number}": os.urandom(100) for number in range(2_500)}
    async with opened(tmp_path) as cache:
        await asyncio.gather(*(cache.put({key: value}) for key, value in entries.items()))
        assert await cache.get(list(entries)) == entries


async def test_the_oldest_go_when_it_is_full(tmp_path: Path) -> None:
    limit = 400_000
    async with opened(tmp_path, limit) as cache:
        for number in range(200):
            await cache.put({f"k{number}": os.urandom(10_000)})
        there = await cache.get([f"k{number}" for number in range(200)])
    kept = sorted(int(key[1:]) for key in there)
    assert kept == list(range(kept[0], 200))
    assert 20 <= len(kept) <= 40
    assert (tmp_path / FILE).stat().st_size < 2 * limit


async def test_a_file_that_is_no_database_is_replaced(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"not a database at all, but long enough to be looked at" * 100)
    async with opened(tmp_path) as cache:
        assert await cache.get(["a"]) == {}
        await cache.put({"a": b"1"})
        assert await cache.get(["a"]) == {"a": b"1"}


async def test_damage_found_while_reading_is_a_miss(tmp_path: Path) -> None:
    async with opened(tmp_path) as cache:
        await cache.put({f"k{number}": bytes(4_000) for number in range(200)})
    with (tmp_path / FILE).open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(600_000))
    async with opened(tmp_path) as cache:
        assert await cache.get([f"k{number}" for number in range(200)]) == {}
        await cache.put({"a": b"1"})
        assert await cache.get(["a"]) == {"a": b"1"}


async def test_closing_waits_for_what_is_to_be_written(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path, max_bytes=1 << 30)
    await cache.open()
    puts = [asyncio.create_task(cache.put({f"k{number}": b"x"})) for number in range(50)]
    await asyncio.sleep(0)
    await cache.close()
    await asyncio.gather(*puts)
    async with opened(tmp_path) as again:
        assert len(await again.get([f"k{number}" for number in range(50)])) == 50


async def test_a_cache_that_cannot_be_opened_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ConfigError, match=r"the cache .* cannot be opened"):
        await AnswerCache(tmp_path / "file" / "c", max_bytes=1).open()


PUT = """
import asyncio, sys
from pathlib import Path
from apex_cli.llm.cache import AnswerCache

async def main():
    cache = AnswerCache(Path(sys.argv[1]), max_bytes=1 << 30)
    await cache.open()
    for number in range(50):
        await cache.put({f"{sys.argv[2]}-{number}": sys.argv[2].encode()})
    await cache.close()

asyncio.run(main())
"""


async def test_processes_share_it(tmp_path: Path) -> None:
    running = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", PUT, str(tmp_path), name) for name in ("a", "b", "c")
    ]
    assert [await process.wait() for process in running] == [0, 0, 0]
    keys = [f"{name}-{number}" for name in ("a", "b", "c") for number in range(50)]
    async with opened(tmp_path) as cache:
        assert len(await cache.get(keys)) == 150


async def test_a_busy_file_is_a_miss_and_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apex_cli.llm.cache._BUSY_SECONDS", 0.01)
    async with opened(tmp_path) as cache:
        other = sqlite3.connect(tmp_path / FILE, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        await cache.put({"a": b"1"})
        other.execute("ROLLBACK")
        other.close()
        assert await cache.get(["a"]) == {}


async def test_the_same_is_fetched_once_at_a_time() -> None:
    fetched: list[list[str]] = []
    both = asyncio.Barrier(2)

    async def fetch(wanted: Mapping[str, int]) -> Mapping[str, int]:
        fetched.append(list(wanted))
        if len(fetched) <= 2:
            await both.wait()
        return {key: value * 2 for key, value in wanted.items()}

    once = SingleFlight(fetch)
    first = asyncio.create_task(once.get({"a": 1, "b": 2}))
    second = asyncio.create_task(once.get({"b": 2, "c": 3}))
    assert await first == {"a": 2, "b": 4}
    assert await second == {"b": 4, "c": 6}
    assert fetched == [["a", "b"], ["c"]]
    assert await once.get({"a": 1}) == {"a": 2}
    assert len(fetched) == 3


async def test_a_fetch_outlives_the_one_who_asked_and_its_error_is_everybodys() -> None:
    go = asyncio.Event()
    done: list[str] = []

    async def fetch(wanted: Mapping[str, int]) -> Mapping[str, int]:
        await go.wait()
        done.extend(wanted)
        if "bad" in wanted:
            raise ValueError("bad")
        return wanted

    once = SingleFlight(fetch)
    task = asyncio.create_task(once.get({"a": 1}))
    await asyncio.sleep(0)
    task.cancel()
    again = asyncio.create_task(once.get({"a": 1}))
    bad = [asyncio.create_task(once.get({"bad": 1})) for _ in range(2)]
    await asyncio.sleep(0)
    go.set()
    assert await again == {"a": 1}
    assert [type(one) for one in await asyncio.gather(*bad, return_exceptions=True)] == [ValueError, ValueError]
    assert sorted(done) == ["a", "bad"]
    assert task.cancelled()
