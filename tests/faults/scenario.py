"""The scenario of every fault test: some shipments, half of them updates, and what a run may make of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apex_cli.verify import verify
from tests.acceptance.apex import Result, killed, run, write_lines
from tests.acceptance.seeds import shipment
from tests.faults.oracle import held_once, statuses
from tests.faults.points import INGEST_POINTS, PAST_THE_PIVOT
from tests.profiles import opened

OLD, NEW = "covered", "in_transit"


@dataclass(frozen=True)
class FaultScenario:
    """Shipments, every second of them known already as `covered`. The file has all of them as `in_transit`.

    `env` names the servers, if they are not those of the profile.
    """

    home: Path
    file: Path
    payloads: list[dict[str, Any]]
    env: Mapping[str, str] | None = None

    def ingest(self, fault: str | None = None) -> Result:
        """Ingest the file in one batch, with a fault armed."""
        return run(self.home, "ingest", self.file, "--json", env=self._with(fault))

    def killed(self, fault: str, *verb: str | Path) -> None:
        """Run into a fault that kills: in an ingest of the file with three records a batch, or in another verb."""
        command = verb or ("ingest", self.file, "--batch-size", "3", "-q")
        killed(self.home, fault, *command, env=self.env)

    async def wholly_old_or_new(self) -> list[str | None]:
        """What the stores hold. Fails unless each record is completely as before or completely as in the file."""
        held = await statuses(self.home, [payload["shipmentId"] for payload in self.payloads], self.env)
        for position, status in enumerate(held):
            assert status in (NEW, OLD if position % 2 else None), held
        return held

    async def completes(self) -> Result:
        """Ingest once more: each record is new, once, no staged item is left, and `verify` agrees with the oracle."""
        result = self.ingest().expect(0)
        await held_once(self.home, self.payloads, self.env)
        async with opened(self.home, self.env) as stores:
            report = await verify(stores)
        assert (report.problems, report.in_flight) == ([], 0)
        assert not list((self.home / "staging").glob("*/*"))
        return result

    def _with(self, fault: str | None) -> dict[str, str]:
        return {**(self.env or {}), **({} if fault is None else {"APEX_FAULT": fault})}


def committed(held: list[str | None]) -> list[bool]:
    """Of the two batches of three, whether each is as in the file. Fails unless a batch is committed as one.

    The first may be in its pivot yet while the second one prepares.
    """
    for batch, old in ((held[:3], [None, OLD, None]), (held[3:], [OLD, None, OLD])):
        assert batch in ([NEW] * 3, old), held
    return [held[0] == NEW, held[3] == NEW]


def fault_scenario(home: Path, number: int, *, size: int = 6, env: Mapping[str, str] | None = None) -> FaultScenario:
    """A scenario with shipments of its own, so that many scenarios can share one home."""
    ids = [f"SHIP-2025-10-20-{number:03d}-{position}" for position in range(size)]
    known = [shipment(0, shipmentId=name, status=OLD) for name in ids[1::2]]
    drop = home.parent / f"scenario-{number}.jsonl"
    run(home, "ingest", write_lines(drop, known), "-q", env=env).expect(0)
    payloads = [shipment(0, shipmentId=name, status=NEW) for name in ids]
    return FaultScenario(home, write_lines(drop, payloads), payloads, env)


def check_stopped_at(point: str, held: list[str | None]) -> None:
    """Check what is held after an ingest that ended in its second batch at this point, and `recover`."""
    if point.startswith("staging.put"):
        assert held == [None, OLD] * 3
    elif point.startswith("staging.remove") or INGEST_POINTS.index(point) >= PAST_THE_PIVOT:
        assert held == [NEW] * 6
    elif point == "graph.commit.before":
        assert sum(committed(held)) == 1
    else:
        assert sum(committed(held)) <= 1
