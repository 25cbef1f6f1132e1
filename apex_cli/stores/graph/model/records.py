"""Fence, marker and claims of each record, and the fencing rule."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from apex_cli.errors import Fenced
from apex_cli.stores.graph.model.codec import StoredClaim, unpack_claims
from apex_cli.stores.graph.model.operations import RECORDS
from apex_cli.stores.graph.model.transaction import STORE, GraphTransaction


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """What the graph knows of one record: `saga_id` is None if none ever committed; a forgotten one is not present."""

    record_id: str
    epoch: int
    saga_id: str | None
    present: bool
    claims: Sequence[StoredClaim]


def load(graph: GraphTransaction, record_ids: Iterable[str]) -> dict[str, StoredRecord]:
    """The records that were ever written or settled, of these."""
    return {
        row["record"]: StoredRecord(
            row["record"], row["epoch"], row["saga"], row["present"], unpack_claims(row["claims"])
        )
        for row in graph.look_up(RECORDS, record_ids)
    }


def check_fence(targets: Iterable[tuple[str, int]], stored: dict[str, StoredRecord]) -> None:
    """Raise `Fenced`, naming the records, where a newer epoch has been seen."""
    late = [record_id for record_id, epoch in targets if record_id in stored and stored[record_id].epoch > epoch]
    if late:
        raise Fenced(STORE, "a newer attempt owns " + ", ".join(late))
