"""One transaction: fence, resolve, fold, compute timelines, write the difference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from apex_cli.errors import StoreTerminal
from apex_cli.model import Plan, PlanKind
from apex_cli.stores.graph.model import entity_changes, fact_changes, observations, records, timelines
from apex_cli.stores.graph.model.codec import StoredClaim
from apex_cli.stores.graph.model.records import StoredRecord
from apex_cli.stores.graph.model.transaction import STORE, GraphTransaction
from apex_cli.stores.graph.model.write_entities import delete_mentions, write_mentions, write_nodes
from apex_cli.stores.graph.model.write_facts import delete_facts, write_facts, write_pages
from apex_cli.stores.graph.model.write_records import write_claims, write_episodes, write_fences, write_records


def commit(
    graph: GraphTransaction, plans: Sequence[Plan], group_id: str, now: datetime, old_ids: Mapping[str, str]
) -> None:
    """Make the plans' records, entities and facts current in the graph of this group.

    Runs inside a transaction; see `PivotStore.commit`. `old_ids` maps aliases that this graph may lack to entities,
    which then get these ids; see `Rebuildable`.
    """
    stored = records.load(graph, [plan.record_id for plan in plans])
    records.check_fence([(plan.record_id, plan.epoch) for plan in plans], stored)
    fresh = [plan for plan in plans if not _applied(plan, stored)]
    if not fresh:
        return
    _check(fresh, group_id)
    rewritten = [plan.record_id for plan in fresh if _present(plan, stored)]
    told = observations.compare(graph, fresh, rewritten, old_ids)
    node_changes = entity_changes.changes(graph, told)
    edits = fact_changes.Edits()
    claims: dict[str, list[StoredClaim]] = {}
    for plan in fresh:
        claims[plan.record_id] = fact_changes.claims_of(plan, told, edits)
        edits.add(plan.record_id, claims[plan.record_id])
        if plan.record_id in stored:
            edits.remove(plan.record_id, stored[plan.record_id].claims)
    moved = _move(graph, told, set(claims), edits)
    revisions, pages = timelines.revise(graph, edits.slots)
    changes = fact_changes.difference(graph, revisions, edits)
    delete_mentions(graph, told)
    delete_facts(graph, changes)
    write_nodes(graph, node_changes, now, group_id)
    write_episodes(graph, fresh, set(rewritten), now)
    write_mentions(graph, told, now, group_id)
    write_facts(graph, changes, now, group_id)
    write_pages(graph, pages)
    write_records(graph, fresh, claims, stored)
    write_claims(graph, moved)


def settle(graph: GraphTransaction, targets: Sequence[tuple[str, int]]) -> dict[str, str | None]:
    """Raise fences and read markers. Runs inside a transaction; see `PivotStore.settle`."""
    stored = records.load(graph, [record_id for record_id, _ in targets])
    records.check_fence(targets, stored)
    write_fences(graph, targets, stored)
    return {record_id: stored[record_id].saga_id if record_id in stored else None for record_id, _ in targets}


def _applied(plan: Plan, stored: Mapping[str, StoredRecord]) -> bool:
    return plan.record_id in stored and stored[plan.record_id].saga_id == plan.saga_id


def _present(plan: Plan, stored: Mapping[str, StoredRecord]) -> bool:
    return plan.record_id in stored and stored[plan.record_id].present


def _check(plans: Sequence[Plan], group_id: str) -> None:
    """What no caller may send: a record twice, a version without content, a plan of another group."""
    ids = [plan.record_id for plan in plans]
    if len(set(ids)) != len(ids):
        raise StoreTerminal(STORE, "a record appears twice in a batch")
    for plan in plans:
        if plan.group_id != group_id:
            raise StoreTerminal(STORE, f"the plan of {plan.record_id} is of another group than this graph")
        if plan.kind is PlanKind.WRITE and (plan.embedded is None or plan.record is None):
            raise StoreTerminal(STORE, f"the plan of {plan.record_id} has no content")


def _move(
    graph: GraphTransaction, told: observations.Mentions, written: set[str], edits: fact_changes.Edits
) -> dict[str, list[StoredClaim]]:
    """Point the claims of all other records that spoke of an absorbed node to the one that absorbed it."""
    speakers = {record for record, node in told.before if node in told.absorbed} - written
    moved: dict[str, list[StoredClaim]] = {}
    for record_id, record in records.load(graph, sorted(speakers)).items():
        moved[record_id] = []
        for old in record.claims:
            new = old._replace(
                subject=told.absorbed.get(old.subject, old.subject), object=told.absorbed.get(old.object, old.object)
            )
            moved[record_id].append(new)
            if new != old:
                edits.remove(record_id, [old])
                edits.add(record_id, [new])
                (was,), (now) = fact_changes.spots(record_id, [old]), fact_changes.spots(record_id, [new])
                edits.moved[now[0]] = was
    return moved
