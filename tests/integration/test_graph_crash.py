"""A commit of the embedded graph that is cut short has happened or has not: never half of it."""

from __future__ import annotations

import asyncio
import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest

from apex_cli.errors import StoreError
from apex_cli.model import Claim, Entity, EntityType, Plan, Predicate
from apex_cli.stores.graph.ladybug import engine
from apex_cli.stores.graph.ladybug.store import LadybugGraph
from tests.plans import NOON, make_plan

ROWS = 150
FILE = "crash.graph.lbug"
REPOSITORY = Path(__file__).parents[2]
CHILD = """
import asyncio, os, sys
from pathlib import Path
from tests.integration.test_graph_crash import LadybugGraph, plans

async def main():
    graph = LadybugGraph(Path(sys.argv[1]), namespace="crash")
    await graph.open()
    await graph.commit(plans(0))
    print("first", flush=True)
    await graph.commit(plans(1))
    os._exit(0)

asyncio.run(main())
"""

NEXT = CHILD.replace("plans(0)", "plans(2)").replace("    await graph.commit(plans(1))\n", "")
"""Commits one more batch, and ends without closing what it opened."""


def plans(batch: int) -> list[Plan]:
    """Shipments of one customer: each batch adds nodes, and changes the one that they share."""
    made = []
    customer = Entity(EntityType.CUSTOMER, ("customer:turvo:1",), "Acme")
    for number in range(batch * ROWS, (batch + 1) * ROWS):
        load = Entity(EntityType.SHIPMENT, (f"shipment:id:S{number}",), f"S{number}")
        claim = Claim(load.key, Predicate.FOR_CUSTOMER, customer.key, f"S{number} is for Acme.", NOON, None, {})
        made.append(make_plan(f"S{number}", entities=[load, customer], claims=[claim], group_id="crash"))
    return made


@pytest.mark.parametrize("name", [".wal", ".wal.checkpoint", ".shadow"])
@pytest.mark.parametrize("size", [1, 200])
async def test_a_kill_in_the_middle_of_a_commit(tmp_path: Path, name: str, size: int) -> None:
    await asyncio.to_thread(_commit_and_be_killed, tmp_path, tmp_path / (FILE + name), size)
    graph = LadybugGraph(tmp_path, namespace="crash")
    await graph.open()
    try:
        assert await graph.audit() == []
        assert (await graph.check())["records"] in (ROWS, 2 * ROWS)
        await graph.commit(plans(2))
        assert await graph.audit() == []
    finally:
        await graph.close()


@pytest.mark.parametrize("torn", [1, 9, 1_000, 20_000])
async def test_a_log_that_is_torn_off(tmp_path: Path, torn: int) -> None:
    """What was committed before the torn transaction stays, and so does what is committed after it."""
    await asyncio.to_thread(_run, CHILD, tmp_path)
    log = tmp_path / f"{FILE}.wal"
    os.truncate(log, log.stat().st_size - torn)
    await asyncio.to_thread(_run, NEXT, tmp_path)
    graph = LadybugGraph(tmp_path, namespace="crash")
    await graph.open()
    try:
        assert await graph.audit() == []
        assert (await graph.check())["records"] == 2 * ROWS
        assert len(await graph.read([plan.record_id for plan in plans(1)])) == 0
    finally:
        await graph.close()


async def test_the_log_is_bounded_and_gone_after_a_clean_close(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a start after a kill replays is no longer than a checkpoint allows, plus the transaction that passed it."""
    bound = 1024**2
    monkeypatch.setattr(engine, "CHECKPOINT_BYTES", bound)
    graph = LadybugGraph(tmp_path, namespace="crash")
    await graph.open()
    log = tmp_path / f"{FILE}.wal"
    sizes = [0]
    try:
        for batch in range(8):
            await graph.commit(plans(batch))
            sizes.append(log.stat().st_size if log.exists() else 0)
    finally:
        await graph.close()
    grown = [after - before for before, after in itertools.pairwise(sizes)]
    assert min(grown) < 0 < max(grown)
    assert max(sizes) <= bound + max(grown)
    assert await asyncio.to_thread(os.listdir, tmp_path) == [FILE]


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting takes root")
@pytest.mark.parametrize("log_bytes", [engine.CHECKPOINT_BYTES, 3 * 1024**2])
async def test_a_commit_that_the_disk_refused_is_not_read_from_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log_bytes: int
) -> None:
    """Also where it is the checkpoint before the commit that is refused."""
    monkeypatch.setattr(engine, "CHECKPOINT_BYTES", log_bytes)
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(disk)]
    if (await asyncio.to_thread(subprocess.run, mount, capture_output=True)).returncode:
        pytest.skip("this machine mounts nothing")
    graph = LadybugGraph(disk, namespace="crash")
    await graph.open()
    try:
        for batch in range(60):
            refused = plans(batch)
            try:
                await graph.commit(refused)
            except StoreError:
                break
        else:
            pytest.fail("everything fitted")
        assert len(await graph.read([plan.record_id for plan in refused])) in (0, ROWS)
        assert await graph.audit() == []
        await asyncio.to_thread(subprocess.run, ["mount", "-o", "remount,size=200m", str(disk)], check=True)
        await graph.commit(refused)
        assert await graph.audit() == []
        assert (await graph.check())["records"] == (batch + 1) * ROWS
    finally:
        await graph.close()
        await asyncio.to_thread(subprocess.run, ["umount", "--lazy", str(disk)], check=True)


def _run(program: str, folder: Path) -> None:
    subprocess.run([sys.executable, "-c", program, str(folder)], cwd=REPOSITORY, capture_output=True, check=True)


def _commit_and_be_killed(folder: Path, left: Path, size: int) -> None:
    """Kill a second commit as soon as it leaves a file of this size; one that is not seen lets it end by itself."""
    command = [sys.executable, "-c", CHILD, str(folder)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"first\n"
        while child.poll() is None and not _has(left, size):
            pass
        child.kill()


def _has(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size >= size
    except FileNotFoundError:
        return False
