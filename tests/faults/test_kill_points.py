"""SIGKILL at every fault point: each record is completely old or completely new, and the next ingest completes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from apex_cli.faults import POINTS
from tests.acceptance.apex import run
from tests.faults.points import BACK, FORWARD, INGEST_POINTS, chosen, second_batch
from tests.faults.scenario import FaultScenario, check_stopped_at

NewScenario = Callable[[], FaultScenario]

THIN = ("journal.prepare.after", "vectors.prepare.after", "graph.commit.after", "vectors.publish.before")


def test_every_point_is_tested() -> None:
    # A store that fails before the pivot aborts an attempt: test_errors passes these two.
    aborted = {"journal.abort.before", "journal.abort.after"}
    # A graph with an old schema is rebuilt: test_upgrade passes these two.
    rebuilt = {"graph.rebuild.before", "graph.rebuild.after"}
    assert set(POINTS) - {*INGEST_POINTS, *BACK, *FORWARD} == aborted | rebuilt


@pytest.mark.parametrize("point", chosen(INGEST_POINTS, THIN))
async def test_killed_during_ingest(new_scenario: NewScenario, point: str) -> None:
    scenario = new_scenario()
    scenario.killed(second_batch(point))
    # The oracle runs after `recover`: an attempt past its pivot is rolled forward, any other is discarded.
    run(scenario.home, "recover").expect(0)
    held = await scenario.wholly_old_or_new()
    check_stopped_at(point, held)
    await scenario.completes()


@pytest.mark.parametrize("point", chosen(BACK, ("journal.resolve.before",)))
async def test_killed_while_discarding(new_scenario: NewScenario, point: str) -> None:
    scenario = new_scenario()
    scenario.killed("graph.commit.before:kill:2")
    scenario.killed(f"{point}:kill", "recover")
    result = await scenario.completes()
    assert result.summary["committed"] + result.summary["updated"] == 3


@pytest.mark.parametrize("point", chosen(FORWARD, ("journal.resolve.after",)))
async def test_killed_while_completing(new_scenario: NewScenario, point: str) -> None:
    scenario = new_scenario()
    scenario.killed("graph.commit.after:kill:2")
    scenario.killed(f"{point}:kill", "recover")
    result = await scenario.completes()
    assert result.summary["unchanged"] == 6
