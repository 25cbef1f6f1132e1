"""One commit of the graph, the pivot of the saga: everything in one transaction.

    0. `prepare`       what follows from the batch alone; on a server before the transaction
    1. read fences and markers; refuse plans with an older epoch; skip plans that are committed already
    2. `observations`  resolve the entities to nodes, compare what records say about them before and after
    3. `entities`      how the nodes change
    4. `facts`         which evidence comes and goes
    5. `timelines`     how the timelines change, and their pages
    6. `facts`         how the facts change
    7. `vectors`       those of new names and sentences, for a graph that holds vectors
    8. write the difference, and the new fences, markers and claims (`records`)

Everything that can fail because of the data fails before the first write.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from apex_cli.errors import StoreTerminal
from apex_cli.model import Plan, PlanKind
from apex_cli.stores.graph.model import entities, facts, observations, records, timelines, vectors
from apex_cli.stores.graph.model.claims import Statements, claims_of, moved, statements_of
from apex_cli.stores.graph.model.codec import StoredClaim
from apex_cli.stores.graph.model.operations import STORE, GraphTransaction
from apex_cli.stores.graph.model.records import StoredRecord
from apex_cli.stores.graph.model.resolution import is_unknown


@dataclass(frozen=True, slots=True)
class Prepared:
    """What follows from a batch alone: of each record, how it identifies entities and what it states."""

    identified: Mapping[str, observations.Identified]
    statements: Mapping[str, Statements]


def prepare(plans: Sequence[Plan]) -> Prepared:
    """All of a commit that needs no graph, so that no graph need be locked for it. Raises `StoreTerminal`."""
    identified = {plan.record_id: observations.identify(plan) for plan in plans}
    return Prepared(identified, {record: statements_of(some) for record, some in identified.items()})


def commit(
    graph: GraphTransaction,
    plans: Sequence[Plan],
    prepared: Callable[[], Prepared],
    group_id: str,
    now: int,
    old_ids: Mapping[str, str],
) -> None:
    """Make the plans' records, entities and facts current in the graph of this group.

    Runs inside a transaction; see `PivotStore.commit`. `prepared` gives what `prepare` makes of the plans. `now` is in
    microseconds. `old_ids` maps aliases that this graph may lack to nodes of an older graph: entities found by these
    aliases keep the ids of those nodes; see `Rebuildable`.
    """
    stored = records.load(graph, [plan.record_id for plan in plans])
    records.check_fence([(plan.record_id, plan.epoch) for plan in plans], stored)
    fresh = [plan for plan in plans if not _is_committed(plan, stored)]
    if not fresh:
        return
    _check(fresh, group_id)
    rewritten = [plan.record_id for plan in fresh if plan.record_id in stored and stored[plan.record_id].present]
    batch = prepared()
    identified = {plan.record_id: batch.identified[plan.record_id] for plan in fresh}
    mentions = observations.compare(graph, fresh, identified, rewritten, old_ids)
    nodes = entities.node_changes(graph, mentions)
    edits = facts.Edits()
    claims: dict[str, list[StoredClaim]] = {}
    for plan in fresh:
        record = plan.record_id
        before = stored[record].claims if record in stored else ()
        claims[record] = claims_of(record, batch.statements[record], mentions.identities, edits, before)
        edits.remove(facts.entries(record, before))
    redirected = _redirect_claims(graph, mentions, set(claims), edits)
    revisions, pages = timelines.revise(graph, edits.timelines)
    changes = facts.difference(graph, revisions, edits)
    embedded = vectors.find(graph, fresh, mentions, nodes, revisions, edits, changes) if graph.holds_vectors else None
    entities.delete_mentions(graph, mentions)
    facts.delete_facts(graph, changes)
    entities.write_nodes(graph, nodes, mentions.index, now, group_id)
    records.write_episodes(graph, fresh, set(rewritten), now)
    entities.write_mentions(graph, mentions, now, group_id)
    facts.write_facts(graph, changes, now, group_id)
    if embedded is not None:
        vectors.write(graph, embedded)
    facts.write_pages(graph, pages)
    records.write_records(graph, fresh, claims, stored)
    records.write_claims(graph, redirected)


def settle(graph: GraphTransaction, targets: Sequence[tuple[str, int]]) -> dict[str, str | None]:
    """Raise fences and read markers. Runs inside a transaction; see `PivotStore.settle`."""
    stored = records.load(graph, [record_id for record_id, _ in targets])
    records.check_fence(targets, stored)
    records.raise_fences(graph, targets, stored)
    return {record_id: stored[record_id].saga_id if record_id in stored else None for record_id, _ in targets}


def _is_committed(plan: Plan, stored: Mapping[str, StoredRecord]) -> bool:
    """A record that has the plan's marker and is not present was emptied with an older graph, see `Refillable`."""
    one = stored.get(plan.record_id)
    return one is not None and one.saga_id == plan.saga_id and one.present == (plan.kind is PlanKind.WRITE)


def _check(plans: Sequence[Plan], group_id: str) -> None:
    """Refuse what no caller may send: a record twice, a version without content, a plan of another group."""
    ids = [plan.record_id for plan in plans]
    if len(set(ids)) != len(ids):
        raise StoreTerminal(STORE, "a record appears twice in a batch")
    for plan in plans:
        if plan.group_id != group_id:
            raise StoreTerminal(STORE, f"the plan of {plan.record_id} is of another group than this graph")
        if plan.kind is PlanKind.WRITE and (plan.embedded is None or plan.record is None):
            raise StoreTerminal(STORE, f"the plan of {plan.record_id} has no content")


def _redirect_claims(
    graph: GraphTransaction, mentions: observations.Mentions, written: set[str], edits: facts.Edits
) -> dict[str, list[StoredClaim]]:
    """The claims, at the nodes that their entities are now, of all other records that mention a node that changes.

    Their evidence moves to another timeline: `edits` gets both the removal and the addition.
    """
    changing = {node for node, _ in mentions.identities.moved}
    mentioning = {record for record, node in mentions.before if node in changing} - written
    redirected: dict[str, list[StoredClaim]] = {}
    for record_id, record in records.load(graph, sorted(mentioning)).items():
        claims = [moved(claim, mentions.identities) for claim in record.claims]
        if claims == list(record.claims):
            continue
        redirected[record_id] = claims
        # All of them: one that stays may be the same evidence as one that moves.
        edits.remove(facts.entries(record_id, record.claims))
        edits.add(facts.entries(record_id, claims))
        for before, after in zip(record.claims, claims, strict=True):
            if not is_unknown(before.object) and not is_unknown(after.object):
                edits.origins[facts.entry_of(record_id, after)] = facts.entry_of(record_id, before)
        edits.texts |= facts.phrase_texts(record_id, claims)
    return redirected
