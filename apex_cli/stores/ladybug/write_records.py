"""Writes episodes, and each record's fence, marker and claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

from apex_cli.errors import StoreTerminal
from apex_cli.model import Plan, PlanKind
from apex_cli.stores.ladybug.arrow import Columns
from apex_cli.stores.ladybug.codec import StoredClaim, naive, pack_claims
from apex_cli.stores.ladybug.engine import STORE, Session
from apex_cli.stores.ladybug.records import StoredRecord
from apex_cli.stores.ladybug.statements import change

_EPISODE_KINDS = {"message": "message", "document": "text"}
"""Graphiti's `EpisodeType` by data type; everything else is `json`."""

_CHANGE_EPISODE = """MATCH (e:Episodic {uuid: k})
    SET e.name = nm, e.source = s, e.source_description = d, e.content = c, e.valid_at = v"""
_CHANGED_EPISODE: Columns = {"k": "text", "nm": "text", "s": "text", "d": "text", "c": "text", "v": "time"}
_INSERT_EPISODE = """COPY Episodic (uuid, name, source, source_description, content, valid_at, group_id, created_at,
    entity_edges) FROM $df"""
_INSERTED_EPISODE: Columns = {
    "uuid": "text",
    "name": "text",
    "source": "text",
    "source_description": "text",
    "content": "text",
    "valid_at": "time",
    "group_id": "text",
    "created_at": "time",
    "entity_edges": "texts",
}
_INSERT_RECORD = "COPY ApexRecord (record_id, epoch, saga_id, present, claims) FROM $df"
_INSERTED_RECORD: Columns = {
    "record_id": "text",
    "epoch": "int",
    "saga_id": "text",
    "present": "bool",
    "claims": "text",
}
_CHANGE_RECORD = """MATCH (r:ApexRecord {record_id: k})
    SET r.epoch = e, r.saga_id = s, r.present = p, r.claims = c"""
_CHANGED_RECORD: Columns = {"k": "text", "e": "int", "s": "text", "p": "bool", "c": "text"}


def write_episodes(session: Session, plans: Sequence[Plan], rewritten: AbstractSet[str], now: datetime) -> None:
    """One episode for each present record; `rewritten` are those that have one already.

    `entity_edges` stays empty: facts name their records. The inverse would go stale whenever another record splits or
    joins a fact.
    """
    gone = [(plan.record_id,) for plan in plans if plan.kind is PlanKind.FORGET and plan.record_id in rewritten]
    change(session, "MATCH (e:Episodic {uuid: k}) DETACH DELETE e", {"k": "text"}, gone)
    written = [_episode(plan) for plan in plans if plan.kind is PlanKind.WRITE]
    change(session, _CHANGE_EPISODE, _CHANGED_EPISODE, [row for row in written if row[0] in rewritten])
    fresh = [(*row, plans[0].group_id, naive(now), []) for row in written if row[0] not in rewritten]
    session.copy(_INSERT_EPISODE, _INSERTED_EPISODE, fresh)


def write_records(
    session: Session,
    plans: Sequence[Plan],
    claims: Mapping[str, Sequence[StoredClaim]],
    stored: Mapping[str, StoredRecord],
) -> None:
    """Fence and marker; a forgotten record keeps these and nothing else."""
    rows = [
        (plan.record_id, plan.epoch, plan.saga_id, plan.kind is PlanKind.WRITE, pack_claims(claims[plan.record_id]))
        for plan in plans
    ]
    session.copy(_INSERT_RECORD, _INSERTED_RECORD, [row for row in rows if row[0] not in stored])
    change(session, _CHANGE_RECORD, _CHANGED_RECORD, [row for row in rows if row[0] in stored])


def write_claims(session: Session, claims: Mapping[str, Sequence[StoredClaim]]) -> None:
    """Claims of records that are not written themselves, at nodes that were merged."""
    rows = [(record_id, pack_claims(some)) for record_id, some in claims.items()]
    statement = "MATCH (r:ApexRecord {record_id: k}) SET r.claims = c"
    change(session, statement, {"k": "text", "c": "text"}, rows)


def write_fences(session: Session, targets: Sequence[tuple[str, int]], stored: Mapping[str, StoredRecord]) -> None:
    """Raised fences; markers stay as they are. A record never seen gets a fence and no marker."""
    raised = [(record_id, epoch) for record_id, epoch in targets if record_id in stored]
    statement = "MATCH (r:ApexRecord {record_id: k}) SET r.epoch = e"
    change(session, statement, {"k": "text", "e": "int"}, raised)
    unseen = [
        (record_id, epoch, None, False, pack_claims(())) for record_id, epoch in targets if record_id not in stored
    ]
    session.copy(_INSERT_RECORD, _INSERTED_RECORD, unseen)


def _episode(plan: Plan) -> tuple[Any, ...]:
    """Id, name, Graphiti's kind of episode, description, text and time."""
    if plan.embedded is None or plan.record is None:
        raise StoreTerminal(STORE, f"the plan of {plan.record_id} has no content")
    extraction, record = plan.embedded.extraction, plan.record
    kind = _EPISODE_KINDS.get(record.data_type, "json")
    description = f"{record.source} {record.data_type}"
    return (plan.record_id, extraction.title, kind, description, extraction.text, naive(extraction.event_time))
