"""Exit code 7: a saga could not be recovered because a store rejects it permanently. All other records continue."""

from __future__ import annotations

from pathlib import Path

from tests.acceptance.apex import run, write_lines
from tests.acceptance.seeds import shipment
from tests.faults.oracle import identity
from tests.faults.scenario import fault_scenario
from tests.profiles import opened


async def test_a_saga_that_needs_manual_recovery_is_named_and_all_others_continue(home: Path) -> None:
    scenario = fault_scenario(home, 700)
    scenario.killed("graph.commit.before:kill")
    refused = identity(home, scenario.payloads[0]["shipmentId"])
    async with opened(home) as stores:
        await stores.graph.settle([(refused, 1_000_000)])
        # Those of the batch in its pivot, and those of the next one, if it had begun.
        left_open = len(await stores.journal.open_sagas())
    fresh = write_lines(home.parent / "fresh.jsonl", [shipment(number) for number in range(800, 803)])
    result = run(home, "ingest", fresh, "--json").expect(7)
    assert (result.summary["needs_manual_recovery"], result.summary["recovered"]) == (1, left_open - 1)
    assert left_open in (3, 6)
    assert result.summary["committed"] >= 3
    assert "a newer attempt owns" in result.stderr
    recovered = run(home, "recover", "--json").expect(7)
    assert recovered.summary["needs_manual_recovery"] == [refused]
    assert refused in recovered.stderr
    assert "operations.md" in recovered.stderr
