"""Loss of power: what was reported as committed is there afterwards, and the four stores agree.

Everything that was not synced is dropped (see `power`), at a fault point or at any moment. Then the machine starts
again: `apex recover` publishes once more what the stores had not put on their disks.
"""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.apex import Line, run, verified, write_lines
from tests.faults.oracle import compare_stores, count, current_versions
from tests.faults.points import BACK, FORWARD, INGEST_POINTS, chosen, second_batch
from tests.faults.power import PowerDisk, PoweredRun, cut_at, power_disk, why_not
from tests.faults.scenario import NEW, FaultScenario, check_stopped_at, fault_scenario
from tests.generate import records, write_jsonl

pytestmark = pytest.mark.embedded
NewScenario = Callable[[], FaultScenario]


@pytest.fixture(scope="module")
def disk(short_tmp: Path) -> Iterator[PowerDisk]:
    """A disk that can lose its power. Skips the test on a machine where there can be none."""
    if (reason := why_not(short_tmp)) is not None:
        pytest.skip(f"no loss of power can be made here: {reason}")
    with power_disk(short_tmp) as made:
        yield made


@pytest.fixture(scope="module")
def new_scenario(disk: PowerDisk) -> Callable[[], FaultScenario]:
    """Makes scenarios, all in one home on the disk. Their files are synced: they come from elsewhere."""
    numbers = itertools.count(1)

    def make() -> FaultScenario:
        scenario = fault_scenario(disk.folder / "home", next(numbers))
        with scenario.file.open("rb") as file:
            os.fsync(file.fileno())
        return scenario

    return make


def cut(disk: PowerDisk, scenario: FaultScenario, fault: str) -> list[Line]:
    """Cut the power in an ingest of the scenario's file in two batches; returns what was reported."""
    return cut_at(disk, scenario.home, fault, "ingest", scenario.file, "--batch-size", "3", "--json")


@pytest.mark.parametrize("point", chosen(INGEST_POINTS, ()))
async def test_power_is_lost_during_ingest(disk: PowerDisk, new_scenario: NewScenario, point: str) -> None:
    scenario = new_scenario()
    reported = cut(disk, scenario, second_batch(point).replace(":kill", ""))
    run(scenario.home, "recover").expect(0)
    held = await scenario.wholly_old_or_new()
    check_stopped_at(point, held)
    assert len(reported) <= held.count(NEW)
    await scenario.completes()


@pytest.mark.parametrize("point", chosen(FORWARD, ()))
async def test_power_is_lost_again_while_completing(disk: PowerDisk, new_scenario: NewScenario, point: str) -> None:
    scenario = new_scenario()
    cut(disk, scenario, "graph.commit.after:2")
    cut_at(disk, scenario.home, point, "recover")
    assert (await scenario.completes()).summary["unchanged"] == 6


@pytest.mark.parametrize("point", chosen(BACK, ()))
async def test_power_is_lost_again_while_discarding(disk: PowerDisk, new_scenario: NewScenario, point: str) -> None:
    scenario = new_scenario()
    cut(disk, scenario, "graph.commit.before:2")
    cut_at(disk, scenario.home, point, "recover")
    summary = (await scenario.completes()).summary
    assert summary["committed"] + summary["updated"] == 3


@pytest.mark.campaign
@pytest.mark.parametrize("point", ["journal.commit.after", "vectors.publish.after", "journal.done.before"])
async def test_power_is_lost_while_forgetting(disk: PowerDisk, new_scenario: NewScenario, point: str) -> None:
    scenario = new_scenario()
    scenario.ingest().expect(0)
    forgotten = f"turvo:{scenario.payloads[0]['shipmentId']}"
    cut_at(disk, scenario.home, point, "forget", forgotten, "--yes")
    run(scenario.home, "recover").expect(0)
    assert await scenario.wholly_old_or_new() == [None] + [NEW] * 5


async def test_power_is_lost_after_a_part_was_reported(disk: PowerDisk) -> None:
    home = disk.folder / "moment"
    file = write_jsonl(disk.folder.with_name("some.jsonl"), 400)
    under_way = PoweredRun(disk, home, "ingest", file, "--batch-size", "50", "--json")
    reported = under_way.cut_when(lambda: len(under_way.lines()) >= 150)
    await all_are_there(home, reported)
    assert run(home, "ingest", file, "--json").expect(0).summary["records"] == 400
    assert await count(home) == verified(home) == 400


async def test_what_a_run_has_ended_with_is_on_the_disk(disk: PowerDisk) -> None:
    home = disk.folder / "ended"
    file = write_lines(disk.folder.with_name("few.jsonl"), list(records(20)))
    run(home, "ingest", file, "-q").expect(0)
    disk.cut()
    disk.restore()
    # Nothing is settled here: `verify` only compares.
    assert await count(home) == verified(home) == 20


@pytest.mark.campaign
@pytest.mark.timeout(1_800)
async def test_power_is_lost_at_random_moments(disk: PowerDisk) -> None:
    """In every second round the kernel writes everything out at some moment before, as it may at any time."""
    rnd = random.Random(20251019)
    home = disk.folder / "random"
    file = write_jsonl(disk.folder.with_name("many.jsonl"), 3_000)
    for number in range(10):
        moment = rnd.randrange(300 * number, 300 * number + 300)
        written_out = rnd.randrange(moment + 1) if number % 2 else None
        under_way = PoweredRun(disk, home, "ingest", file, "--batch-size", "50", "--json")

        def ready(under_way: PoweredRun = under_way, moment: int = moment) -> bool:
            nonlocal written_out
            seen = len(under_way.lines())
            if written_out is not None and seen >= written_out:
                disk.write_out()
                written_out = None
            return seen >= moment

        await all_are_there(home, under_way.cut_when(ready))
    assert run(home, "ingest", file, "--json").expect(0).summary["failed"] == 0
    assert await count(home) == verified(home) == 3_000


async def all_are_there(home: Path, reported: list[Line]) -> None:
    """Settle, and fail unless the stores agree and hold everything that was reported as committed."""
    run(home, "recover").expect(0)
    done = {line["record_id"] for line in reported if line["status"] in ("committed", "updated", "unchanged")}
    assert done
    assert done <= set(current_versions(await compare_stores(home)))
    verified(home)
