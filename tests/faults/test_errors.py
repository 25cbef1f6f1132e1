"""A store fails in the middle of a run: its records fail or settle, and the next run commits them."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.acceptance.apex import Result, run, verified
from tests.faults.oracle import held_once, statuses
from tests.faults.points import chosen
from tests.faults.scenario import NEW, FaultScenario
from tests.profiles import SERVERS

NewScenario = Callable[[], FaultScenario]

BEFORE_THE_PIVOT = ("journal.prepare.before", "vectors.prepare.before", "vectors.prepare.after", "cache.prepare.before")
AT_THE_PIVOT = ("graph.commit.before",)
PAST_THE_PIVOT = (
    "journal.commit.before",
    "journal.commit.after",
    "vectors.publish.before",
    "vectors.publish.after",
    "cache.publish.before",
    "cache.publish.after",
)
CLOSING = ("vectors.flush.before", "cache.flush.before", "journal.done.before", "journal.done.after")
CLOSED_AT_ONCE = CLOSING if SERVERS else ()
"""Where others see the journal, each batch closes its own sagas before its records are reported."""
DOUBTFUL = ("journal.prepare.after",)
"""The attempt is journalled and the answer lost: it is settled at the next start."""


def failures_are_kept(scenario: FaultScenario, result: Result) -> None:
    """Failed records state stage and reason, and are staged items."""
    failed = [line for line in result.of("record") if line["status"] == "failed"]
    assert failed
    assert {line["stage"] for line in failed} == {"commit"}
    assert all("fault injected" in line["error"]["message"] for line in failed)
    items = run(scenario.home, "staging", "list", "--status", "failed", "--json").expect(0).lines
    assert {item["record_id"] for item in items} == {line["record_id"] for line in failed}
    assert all(item["error"]["retriable"] for item in items)


@pytest.mark.parametrize("point", chosen((*BEFORE_THE_PIVOT, *DOUBTFUL, *AT_THE_PIVOT), ("vectors.prepare.before",)))
async def test_a_store_fails_before_the_pivot(new_scenario: NewScenario, point: str) -> None:
    scenario = new_scenario()
    result = scenario.ingest(f"{point}:error").expect(3)
    assert result.summary["committed"] == result.summary["updated"] == 0
    failures_are_kept(scenario, result)
    run(scenario.home, "recover").expect(0)
    held = await statuses(scenario.home, [payload["shipmentId"] for payload in scenario.payloads])
    assert NEW not in held
    assert verified(scenario.home)
    await scenario.completes()


@pytest.mark.parametrize("point", chosen((*PAST_THE_PIVOT, *CLOSED_AT_ONCE), ("journal.commit.before",)))
async def test_a_store_fails_past_the_pivot(new_scenario: NewScenario, point: str) -> None:
    scenario = new_scenario()
    result = scenario.ingest(f"{point}:error").expect(3)
    failures_are_kept(scenario, result)
    # The pivot decides: the next start rolls forward, whatever the run reported.
    run(scenario.home, "recover").expect(0)
    held = await scenario.wholly_old_or_new()
    assert held == [NEW] * 6
    await scenario.completes()


@pytest.mark.embedded
@pytest.mark.parametrize("point", chosen(CLOSING, ("journal.done.before",)))
async def test_a_store_fails_when_sagas_are_closed(new_scenario: NewScenario, point: str) -> None:
    """All is published and reported by then. The run says what failed, and the next one closes the sagas."""
    scenario = new_scenario()
    result = scenario.ingest(f"{point}:error").expect(0)
    assert (result.summary["committed"], result.summary["updated"]) == (3, 3)
    assert f"fault injected at {point}" in result.stderr
    run(scenario.home, "recover").expect(0)
    await held_once(scenario.home, scenario.payloads)
    assert (await scenario.completes()).summary["unchanged"] == 6


async def test_a_commit_whose_answer_was_lost_is_a_commit(new_scenario: NewScenario) -> None:
    scenario = new_scenario()
    result = scenario.ingest("graph.commit.after:error").expect(0)
    assert (result.summary["committed"], result.summary["updated"]) == (3, 3)
    await held_once(scenario.home, scenario.payloads)
    assert not list((scenario.home / "staging").glob("*/*"))


@pytest.mark.campaign
async def test_an_error_while_settling_leaves_the_attempt_for_the_next_time(new_scenario: NewScenario) -> None:
    scenario = new_scenario()
    scenario.killed("graph.commit.after:kill:2")
    result = run(scenario.home, "recover", "--json", env={"APEX_FAULT": "graph.settle.before:error"})
    assert result.exit in (3, 10)
    assert "fault injected at graph.settle.before" in json.loads(result.stdout)["message"]
    await scenario.completes()
