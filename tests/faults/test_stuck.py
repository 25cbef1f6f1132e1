"""What a store refuses to settle, now and later, is left to a person: said with exit 7, and in nobody's way."""

from __future__ import annotations

from pathlib import Path

from tests.acceptance.apex import run, write_lines
from tests.acceptance.seeds import shipment
from tests.faults.oracle import identity, opened
from tests.faults.scene import scene


async def test_a_stuck_attempt_is_named_and_everything_else_goes_on(home: Path) -> None:
    stage = scene(home, 700)
    stage.killed("graph.commit.before:kill")
    stuck = identity(home, stage.payloads[0]["shipmentId"])
    async with opened(home) as stores:
        await stores.graph.settle([(stuck, 1_000_000)])
    fresh = write_lines(home.parent / "fresh.jsonl", [shipment(number) for number in range(800, 803)])
    told = run(home, "ingest", fresh, "--json").expect(7)
    assert (told.summary["stuck"], told.summary["recovered"]) == (1, 2)
    assert told.summary["committed"] >= 3
    assert "a newer attempt owns" in told.stderr
    said = run(home, "recover", "--json").expect(7)
    assert said.summary["stuck"] == [stuck]
    assert stuck in said.stderr
    assert "operations.md" in said.stderr
