"""One transaction: fence, resolve, fold, compute timelines, write the difference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from apex_cli.errors import StoreTerminal
from apex_cli.model import Plan, PlanKind
from apex_cli.stores.graph import facts, mentions, nodes, records, slots
from apex_cli.stores.graph.codec import StoredClaim
from apex_cli.stores.graph.records import StoredRecord
from apex_cli.stores.graph.transaction import STORE, GraphTransaction
from apex_cli.stores.graph.write_facts import delete_facts, write_facts, write_pages
from apex_cli.stores.graph.write_nodes import delete_mentions, write_mentions, write_nodes
from apex_cli.stores.graph.write_records import write_claims, write_episodes, write_fences, write_records


def commit(graph: GraphTransaction, plans: Sequence[Plan], group_id: str, now: datetime) -> None:
    """Make the plans' records, entities and facts current in the graph of this group.

    Runs inside a transaction; see `PivotStore.commit`.
    """
    stored = records.load(graph, [plan.record_id for plan in plans])
    records.check_fence([(plan.record_id, plan.epoch) for plan in plans], stored)
    fresh = [plan for plan in plans if not _applied(plan, stored)]
    if not fresh:
        return
    _check(fresh, group_id)
    rewritten = [plan.record_id for plan in fresh if _present(plan, stored)]
    told = mentions.compare(graph, fresh, rewritten)
    node_changes = nodes.changes(graph, told)
    edits = facts.Edits()
    claims: dict[str, list[StoredClaim]] = {}
    for plan in fresh:
        claims[plan.record_id] = facts.claims_of(plan, told, edits)
        edits.add(plan.record_id, claims[plan.record_id])
        if plan.record_id in stored:
            edits.remove(plan.record_id, stored[plan.record_id].claims)
    moved = _move(graph, told, set(claims), edits)
    revisions, pages = slots.revise(graph, edits.slots)
    fact_changes = facts.difference(graph, revisions, edits)
    delete_mentions(graph, told)
    delete_facts(graph, fact_changes)
    write_nodes(graph, node_changes, now, group_id)
    write_episodes(graph, fresh, set(rewritten), now)
    write_mentions(graph, told, now, group_id)
    write_facts(graph, fact_changes, now, group_id)
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
    graph: GraphTransaction, told: mentions.Mentions, written: set[str], edits: facts.Edits
) -> dict[str, list[StoredClaim]]:
    """Point the claims of all other records that spoke of an absorbed node to the one that absorbed it."""
    speakers = {record for record, node in told.before if node in told.absorbed} - written
    moved: dict[str, list[StoredClaim]] = {}
    for record_id, record in records.load(graph, sorted(speakers)).items():
        moved[record_id] = []
        for old in record.claims:
            subject, predicate, target, valid, invalid = old
            new = (told.absorbed.get(subject, subject), predicate, told.absorbed.get(target, target), valid, invalid)
            moved[record_id].append(new)
            if new != old:
                edits.remove(record_id, [old])
                edits.add(record_id, [new])
                (was,), (now) = facts.spots(record_id, [old]), facts.spots(record_id, [new])
                edits.moved[now[0]] = was
    return moved
