"""Writes episodes, and each record's fence, marker and claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

from apex_cli.errors import StoreTerminal
from apex_cli.model import Plan, PlanKind
from apex_cli.stores.graph.model import operations as ops
from apex_cli.stores.graph.model.codec import StoredClaim, pack_claims
from apex_cli.stores.graph.model.records import StoredRecord
from apex_cli.stores.graph.model.transaction import STORE, GraphTransaction

_EPISODE_KINDS = {"message": "message", "document": "text"}
"""Graphiti's `EpisodeType` by data type; everything else is `json`."""


def write_episodes(graph: GraphTransaction, plans: Sequence[Plan], rewritten: AbstractSet[str], now: datetime) -> None:
    """One episode for each present record; `rewritten` are those that have one already.

    `entity_edges` stays empty: facts name their records. The inverse would go stale whenever another record splits or
    joins a fact.
    """
    gone = [(plan.record_id,) for plan in plans if plan.kind is PlanKind.FORGET and plan.record_id in rewritten]
    graph.change(ops.DELETE_EPISODE, gone)
    written = [_episode(plan) for plan in plans if plan.kind is PlanKind.WRITE]
    graph.change(ops.SET_EPISODE, [row for row in written if row[0] in rewritten])
    fresh = [(*row, plans[0].group_id, now, []) for row in written if row[0] not in rewritten]
    graph.insert(ops.NEW_EPISODE, fresh)


def write_records(
    graph: GraphTransaction,
    plans: Sequence[Plan],
    claims: Mapping[str, Sequence[StoredClaim]],
    stored: Mapping[str, StoredRecord],
) -> None:
    """Fence and marker; a forgotten record keeps these and nothing else."""
    rows = [
        (plan.record_id, plan.epoch, plan.saga_id, plan.kind is PlanKind.WRITE, pack_claims(claims[plan.record_id]))
        for plan in plans
    ]
    graph.insert(ops.NEW_RECORD, [row for row in rows if row[0] not in stored])
    graph.change(ops.SET_RECORD, [row for row in rows if row[0] in stored])


def write_claims(graph: GraphTransaction, claims: Mapping[str, Sequence[StoredClaim]]) -> None:
    """Claims of records that are not written themselves, at nodes that were merged."""
    graph.change(ops.SET_CLAIMS, [(record_id, pack_claims(some)) for record_id, some in claims.items()])


def write_fences(
    graph: GraphTransaction, targets: Sequence[tuple[str, int]], stored: Mapping[str, StoredRecord]
) -> None:
    """Raised fences; markers stay as they are. A record never seen gets a fence and no marker."""
    graph.change(ops.SET_FENCE, [(record_id, epoch) for record_id, epoch in targets if record_id in stored])
    list_unpublished = [
        (record_id, epoch, None, False, pack_claims(())) for record_id, epoch in targets if record_id not in stored
    ]
    graph.insert(ops.NEW_RECORD, list_unpublished)


def _episode(plan: Plan) -> tuple[Any, ...]:
    """Id, name, Graphiti's kind of episode, description, text and time."""
    if plan.embedded is None or plan.record is None:
        raise StoreTerminal(STORE, f"the plan of {plan.record_id} has no content")
    extraction, record = plan.embedded.extraction, plan.record
    kind = _EPISODE_KINDS.get(record.data_type, "json")
    description = f"{record.source} {record.data_type}"
    return (plan.record_id, extraction.title, kind, description, extraction.text, extraction.event_time)
