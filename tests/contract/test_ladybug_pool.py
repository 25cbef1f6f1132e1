"""What apex relies on where the engine's buffer pool is too small: it says so, and the file and its log stay whole."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import ladybug
import pyarrow as pa  # type: ignore[import-untyped]
import pytest

from apex_cli.errors import StoreTransient
from apex_cli.stores.graph.ladybug import engine
from apex_cli.stores.graph.ladybug.address_space import PoolSizes
from apex_cli.stores.graph.ladybug.engine import LadybugEngine
from apex_cli.stores.graph.ladybug.transaction import LadybugTransaction
from apex_cli.stores.graph.model.operations import Access

REPOSITORY = Path(__file__).parents[2]
MIB = 1024**2
ROWS = 1_000
FULL = "The buffer pool is full"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "probe.lbug"


@contextmanager
def opened(path: Path, pool: int) -> Iterator[ladybug.Connection]:
    """A connection to the engine itself, opened as apex opens it, with a pool of so many MiB."""
    database = ladybug.Database(
        path, buffer_pool_size=pool * MIB, max_num_threads=2, auto_checkpoint=False, throw_on_wal_replay_failure=False
    )
    try:
        connection = ladybug.Connection(database)
        connection.execute("CALL force_checkpoint_on_close=false")
        yield connection
        connection.close()
    finally:
        database.close()


def value(number: int, version: int) -> str:
    return f"{number} in version {version}, and {number * 7919 % 10_007} " * 20


def put(graph: LadybugTransaction | ladybug.Connection, start: int, version: int) -> None:
    """New rows, and a change of every second of those that are before them."""
    run = graph.run if isinstance(graph, LadybugTransaction) else graph.execute
    new = range(start, start + ROWS)
    run("LOAD FROM $df CREATE (:N {id: id, v: v})", {"df": table(new, version)})
    run("LOAD FROM $df MATCH (n:N {id: id}) SET n.v = v", {"df": table(range(0, start, 2), version)})


def table(numbers: range, version: int) -> pa.Table:
    ids = pa.array(list(numbers), pa.int64())
    return pa.table({"id": ids, "v": pa.array([value(number, version) for number in numbers], pa.string())})


def expected(versions: int) -> dict[int, str]:
    """What `versions` calls of `put` leave, with starts of 0, ROWS, 2 * ROWS, …"""
    rows = {number: value(number, number // ROWS) for number in range(versions * ROWS)}
    last = versions - 1
    return rows | {number: value(number, last) for number in range(0, last * ROWS, 2)}


def rows(graph: LadybugTransaction | ladybug.Connection) -> dict[int, str]:
    question = "MATCH (n:N) RETURN n.id AS id, n.v AS v"
    if isinstance(graph, LadybugTransaction):
        return {row["id"]: row["v"] for row in graph.rows(question)}
    result: Any = graph.execute(question)
    return dict(result.get_all())


def make(graph: LadybugTransaction | ladybug.Connection) -> None:
    run = graph.run if isinstance(graph, LadybugTransaction) else graph.execute
    run("CREATE NODE TABLE N (id INT64 PRIMARY KEY, v STRING)")


def filled(path: Path, versions: int) -> None:
    """A file whose rows are all in its log."""
    with opened(path, 256) as connection:
        make(connection)
        for version in range(versions):
            put(connection, version * ROWS, version)
    assert path.with_name(path.name + ".wal").stat().st_size > 4 * MIB


# The engine itself


def test_closing_writes_no_checkpoint_where_that_is_turned_off(file: Path) -> None:
    filled(file, 4)
    before = {each.name: each.read_bytes() for each in file.parent.iterdir()}
    with opened(file, 256) as connection:
        assert rows(connection) == expected(4)
    assert {each.name: each.read_bytes() for each in file.parent.iterdir()} == before


@pytest.mark.parametrize("torn", [0, 500])
def test_a_log_that_does_not_fit_the_pool_is_refused_whole(file: Path, torn: int) -> None:
    """Also with `throw_on_wal_replay_failure` off: what is behind the point that fitted is not cut off."""
    filled(file, 6)
    log = file.with_name(file.name + ".wal")
    os.truncate(log, log.stat().st_size - torn)
    whole = log.read_bytes()
    for pool in (4, 8):
        with pytest.raises(RuntimeError, match=FULL), opened(file, pool):
            pass
        assert log.read_bytes() == whole
    with opened(file, 256) as connection:
        # The last transaction of a log that is torn off has not happened.
        found = rows(connection)
    assert found == expected(6) if not torn else len(found) in (5 * ROWS, 6 * ROWS)


@pytest.mark.parametrize("pool", [20, 24, 28])
def test_a_checkpoint_that_does_not_fit_changes_nothing(file: Path, pool: int) -> None:
    """Neither for the next start, nor for one after a kill at that moment: the copy is what a kill leaves."""
    filled(file, 6)
    copy = file.parent / "copy" / file.name
    copy.parent.mkdir()
    with opened(file, pool) as connection:
        with pytest.raises(RuntimeError, match=FULL):
            connection.execute("CHECKPOINT")
        for each in file.parent.glob(f"{file.name}*"):
            shutil.copy(each, copy.parent / each.name)
    for path in (file, copy):
        with opened(path, 256) as connection:
            assert rows(connection) == expected(6)
            connection.execute("CHECKPOINT")
        assert [each.name for each in path.parent.glob("probe*")] == [file.name]
        with opened(path, 256) as connection:
            assert rows(connection) == expected(6)


# The engine as apex uses it


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pool that is soon too small, and a log that soon becomes a checkpoint."""
    monkeypatch.setattr(engine, "pool_sizes", lambda _: PoolSizes(4 * MIB, 1024 * MIB))
    monkeypatch.setattr(engine, "CHECKPOINT_BYTES", 2 * MIB)


async def run(graph: LadybugEngine, job: Callable[[LadybugTransaction], Any]) -> Any:
    return await graph.run(job, Access.WRITE)


async def store(graph: LadybugEngine, version: int) -> None:
    """Put a version; again, where its commit failed and left nothing."""
    try:
        await run(graph, lambda session: put(session, version * ROWS, version))
    except StoreTransient:
        if len(await graph.run(rows, Access.PLAIN)) == version * ROWS:
            await store(graph, version)


@pytest.mark.usefixtures("small")
async def test_the_pool_grows_until_all_is_stored(file: Path) -> None:
    graph = LadybugEngine(file)
    await graph.open()
    try:
        await run(graph, make)
        for version in range(12):
            await store(graph, version)
        assert await graph.run(rows, Access.PLAIN) == expected(12)
        assert graph._pool > 4 * MIB
    finally:
        await graph.close()
    assert [each.name for each in file.parent.iterdir()] == [file.name]
    with opened(file, 256) as connection:
        assert rows(connection) == expected(12)


@pytest.mark.usefixtures("small")
async def test_what_no_pool_can_hold_fails_and_the_rest_stays(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "pool_sizes", lambda _: PoolSizes(4 * MIB, 32 * MIB))
    graph = LadybugEngine(file)
    await graph.open()
    try:
        await run(graph, make)
        await run(graph, lambda session: put(session, 0, 0))
        huge = "x" * 40 * MIB
        with pytest.raises(StoreTransient, match=FULL):
            await run(graph, lambda session: session.run("CREATE (:N {id: -1, v: $v})", {"v": huge}))
        await run(graph, lambda session: put(session, ROWS, 1))
        assert await graph.run(rows, Access.PLAIN) == expected(2)
    finally:
        await graph.close()


async def test_a_checkpoint_that_no_pool_can_hold_stops_the_next_transaction(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No commit that was reported is lost, and the next process, which may have a larger pool, goes on."""
    monkeypatch.setattr(engine, "CHECKPOINT_BYTES", 6 * MIB)
    monkeypatch.setattr(engine, "pool_sizes", lambda _: PoolSizes(28 * MIB, 28 * MIB))
    graph = LadybugEngine(file)
    await graph.open()
    done = 0
    try:
        await run(graph, make)
        refused = None
        while refused is None:
            try:
                await run(graph, partial(put, start=done * ROWS, version=done))
                done += 1
            except StoreTransient as error:
                refused = error.message
        assert FULL in refused
        assert await graph.run(rows, Access.PLAIN) == expected(done)
    finally:
        await graph.close()
    monkeypatch.setattr(engine, "pool_sizes", lambda _: PoolSizes(28 * MIB, 1024 * MIB))
    graph = LadybugEngine(file)
    await graph.open()
    try:
        await store(graph, done)
        assert await graph.run(rows, Access.PLAIN) == expected(done + 1)
    finally:
        await graph.close()
    assert [each.name for each in file.parent.iterdir()] == [file.name]


CHILD = """
import asyncio, sys
from pathlib import Path
from apex_cli.stores.graph.ladybug import engine
from apex_cli.stores.graph.model.operations import Access
from tests.contract.test_ladybug_pool import MIB, make, store

engine.pool_sizes = lambda _: (4 * MIB, 1024 * MIB)
engine.CHECKPOINT_BYTES = 1 * MIB

async def main():
    graph = engine.LadybugEngine(Path(sys.argv[1]))
    await graph.open()
    await graph.run(make, Access.WRITE)
    for version in range(100):
        await store(graph, version)
        print(version + 1, flush=True)

asyncio.run(main())
"""


@pytest.mark.parametrize("after", [0.01, 0.15, 0.4, pytest.param(0.8, marks=pytest.mark.campaign)])
@pytest.mark.parametrize("versions", [3, 7])
async def test_a_kill_while_the_pool_grows(file: Path, versions: int, after: float) -> None:
    """Killed in a checkpoint, a start or a transaction: all that was reported is there, and no half of the next."""
    reported = await asyncio.to_thread(_killed, file, versions, after)
    assert reported >= versions
    graph = LadybugEngine(file)
    await graph.open()
    try:
        found = await graph.run(rows, Access.PLAIN)
        assert found in (expected(reported), expected(reported + 1))
        done = len(found) // ROWS
        await run(graph, lambda session: put(session, done * ROWS, done))
        assert await graph.run(rows, Access.PLAIN) == expected(done + 1)
    finally:
        await graph.close()


def _killed(path: Path, versions: int, after: float) -> int:
    """Kill a writer so many seconds after it reported that many versions. Returns how many it reported in the end."""
    command = [sys.executable, "-c", CHILD, str(path)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        reported = 0
        while reported < versions:
            reported = int(child.stdout.readline())
        try:
            child.wait(after)
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
        rest = child.stdout.read().split()
    return int(rest[-1]) if rest else reported
