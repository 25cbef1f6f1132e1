"""One scene for every fault: some shipments, half of them updates, and what a run may leave of them."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.acceptance.apex import Result, run, spawn, wait_gone, write_lines
from tests.acceptance.seeds import shipment
from tests.faults.oracle import held_once, statuses

OLD, NEW = "covered", "in_transit"


@dataclass(frozen=True)
class Scene:
    """Shipments of which every second is known already, as `covered`; the file says `in_transit` of all.

    `env` says where the stores are, if not where the profile has them.
    """

    home: Path
    file: Path
    payloads: list[dict[str, Any]]
    env: Mapping[str, str] | None = None

    def ingest(self, fault: str | None = None) -> Result:
        """Ingest the file in one batch, with a fault armed."""
        return run(self.home, "ingest", self.file, "--json", env=self._with(fault))

    def killed(self, fault: str, *verb: str | Path) -> None:
        """Run into a fault that kills, in an ingest of the file, three records a batch, or in another verb."""
        words = verb or ("ingest", self.file, "--batch-size", "3", "-q")
        process = spawn(self.home, *words, env=self._with(fault))
        process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL, f"{fault} was not reached: exit {process.returncode}"
        wait_gone(self.home)

    async def wholly_old_or_new(self) -> list[str | None]:
        """What the stores hold; fails unless every record is wholly as before or wholly as in the file."""
        held = await statuses(self.home, [payload["shipmentId"] for payload in self.payloads], self.env)
        for position, status in enumerate(held):
            assert status in (NEW, OLD if position % 2 else None), held
        return held

    async def completes(self) -> Result:
        """Ingest once more: everything is new, once, and the staging directory is empty."""
        result = self.ingest().expect(0)
        await held_once(self.home, self.payloads, self.env)
        assert not list((self.home / "staging").glob("*/*"))
        return result

    def _with(self, fault: str | None) -> dict[str, str]:
        return {**(self.env or {}), **({} if fault is None else {"APEX_FAULT": fault})}


def scene(home: Path, number: int, *, size: int = 6, env: Mapping[str, str] | None = None) -> Scene:
    """The scene with shipments of its own, so that many scenes can use one home."""
    ids = [f"SHIP-2025-10-20-{number:03d}-{position}" for position in range(size)]
    known = [shipment(0, shipmentId=name, status=OLD) for name in ids[1::2]]
    drop = home.parent / f"scene-{number}.jsonl"
    run(home, "ingest", write_lines(drop, known), "-q", env=env).expect(0)
    payloads = [shipment(0, shipmentId=name, status=NEW) for name in ids]
    return Scene(home, write_lines(drop, payloads), payloads, env)
