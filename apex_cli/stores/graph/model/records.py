"""What the graph keeps of each record: its episode for Graphiti, and its fence, marker and claims for apex.

A record that was forgotten keeps its fence and marker, so that no older attempt can write it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from apex_cli.errors import Fenced, StoreTerminal
from apex_cli.model import Plan, PlanKind
from apex_cli.stores.graph.model import operations as ops
from apex_cli.stores.graph.model.codec import StoredClaim, micros, pack_claims, unpack_claims
from apex_cli.stores.graph.model.operations import STORE, GraphTransaction

_EPISODE_KINDS = {"message": "message", "document": "text"}
"""Graphiti's `EpisodeType` by data type; everything else is `json`."""


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """One record in the graph. `saga_id` is the marker, None if nothing ever committed.

    `present` is false for a record that was forgotten, or that was only fenced.
    """

    record_id: str
    epoch: int
    saga_id: str | None
    present: bool
    claims: Sequence[StoredClaim]


def load(graph: GraphTransaction, record_ids: Iterable[str]) -> dict[str, StoredRecord]:
    """Those of the records that were ever written or fenced."""
    return {
        row["record"]: StoredRecord(
            row["record"], row["epoch"], row["saga"], row["present"], unpack_claims(row["claims"])
        )
        for row in graph.look_up(ops.RECORDS, record_ids)
    }


def check_fence(targets: Iterable[tuple[str, int]], stored: Mapping[str, StoredRecord]) -> None:
    """Raise `Fenced`, with the record ids, if the graph has seen a newer epoch of any (record id, epoch)."""
    late = [record_id for record_id, epoch in targets if record_id in stored and stored[record_id].epoch > epoch]
    if late:
        raise Fenced(STORE, "a newer attempt owns " + ", ".join(late))


def raise_fences(
    graph: GraphTransaction, targets: Sequence[tuple[str, int]], stored: Mapping[str, StoredRecord]
) -> None:
    """Set the fence of each (record id, epoch). Markers stay; a record never seen gets a fence and no marker."""
    graph.write(ops.SET_FENCE, [(record_id, epoch) for record_id, epoch in targets if record_id in stored])
    unseen = [
        (record_id, epoch, None, False, pack_claims(())) for record_id, epoch in targets if record_id not in stored
    ]
    graph.write(ops.NEW_RECORD, unseen)


def write_records(
    graph: GraphTransaction,
    plans: Sequence[Plan],
    claims: Mapping[str, Sequence[StoredClaim]],
    stored: Mapping[str, StoredRecord],
) -> None:
    """Write fence, marker and claims of the plans' records."""
    rows = [
        (plan.record_id, plan.epoch, plan.saga_id, plan.kind is PlanKind.WRITE, pack_claims(claims[plan.record_id]))
        for plan in plans
    ]
    graph.write(ops.NEW_RECORD, [row for row in rows if row[0] not in stored])
    graph.write(ops.SET_RECORD, [row for row in rows if row[0] in stored])


def write_claims(graph: GraphTransaction, claims: Mapping[str, Sequence[StoredClaim]]) -> None:
    """Write the changed claims of records that are not in the batch: they name a node that was merged."""
    graph.write(ops.SET_CLAIMS, [(record_id, pack_claims(some)) for record_id, some in claims.items()])


def write_episodes(graph: GraphTransaction, plans: Sequence[Plan], rewritten: AbstractSet[str], now: int) -> None:
    """Write one episode for each present record: its current version. `rewritten` are those that have one already.

    `entity_edges` stays empty: facts name their records. The inverse would be wrong as soon as another record splits
    or joins a fact.
    """
    gone = [(plan.record_id,) for plan in plans if plan.kind is PlanKind.FORGET and plan.record_id in rewritten]
    graph.write(ops.DELETE_EPISODE, gone)
    rows = [_episode(plan) for plan in plans if plan.kind is PlanKind.WRITE and plan.current]
    graph.write(ops.SET_EPISODE, [row for row in rows if row[0] in rewritten])
    graph.write(ops.NEW_EPISODE, [(*row, plans[0].group_id, now, []) for row in rows if row[0] not in rewritten])


def _episode(plan: Plan) -> tuple[Any, ...]:
    """Id, name, Graphiti's kind of episode, description, text and time."""
    if plan.embedded is None or plan.record is None:
        raise StoreTerminal(STORE, f"the plan of {plan.record_id} has no content")
    extraction, record = plan.embedded.extraction, plan.record
    kind = _EPISODE_KINDS.get(record.data_type, "json")
    description = f"{record.source} {record.data_type}"
    return (plan.record_id, extraction.title, kind, description, extraction.text, micros(extraction.event_time))
