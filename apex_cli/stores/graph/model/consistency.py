"""The graph's own rules, checked in bulk.

Everything derived is computed again from what it is derived from: evidence from the records' claims, facts from the
evidence, nodes from what the records tell of them. What differs is a breach.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from apex_cli.stores.graph.model import operations as ops
from apex_cli.stores.graph.model.codec import unpack_claims, unpack_evidence
from apex_cli.stores.graph.model.entity_state import Observations, fold, unpack_observations, unpack_state
from apex_cli.stores.graph.model.fact_changes import Fact, fact_of, spots
from apex_cli.stores.graph.model.timelines import Timeline
from apex_cli.stores.graph.model.transaction import GraphTransaction
from apex_cli.timeline import Evidence, intervals

Breach = tuple[str, str]
"""An id and what is wrong with it."""

K = TypeVar("K")
V = TypeVar("V")


def breaches(graph: GraphTransaction) -> list[Breach]:
    """All breaches of the rules; an empty list for a sound graph."""
    said, present = _claimed(graph)
    episodes = {row["id"] for batch in graph.scan(ops.ALL_EPISODES) for row in batch}
    found = [(record_id, "has a marker and no episode") for record_id in sorted(present - episodes)]
    found += [(record_id, "has an episode and no marker") for record_id in sorted(episodes - present)]
    kept = _evidence(graph)
    found += _compare(said, kept, lambda slot: slot.key, "evidence is not what the records claim")
    found += _facts(graph, kept)
    found += _nodes(graph)
    return found


def _claimed(graph: GraphTransaction) -> tuple[dict[Timeline, set[Evidence]], set[str]]:
    """What the present records claim, and which they are."""
    said: dict[Timeline, set[Evidence]] = {}
    present: set[str] = set()
    for batch in graph.scan(ops.ALL_RECORDS):
        for row in batch:
            if row["present"]:
                present.add(row["id"])
                for slot, piece in spots(row["id"], unpack_claims(row["claims"])):
                    said.setdefault(slot, set()).add(piece)
    return said, present


def _evidence(graph: GraphTransaction) -> dict[Timeline, set[Evidence]]:
    """The evidence that the directories of the pages lead to."""
    pages: dict[str, tuple[list[str], list[int]]] = {}
    for batch in graph.scan(ops.ALL_PAGES):
        pages |= {row["page"]: (row["evidence"] or [], row["page_starts"] or []) for row in batch}
    kept: dict[Timeline, set[Evidence]] = {}
    for page, (evidence, starts) in pages.items():
        if "#" not in page:
            later = [text for start in starts for text in pages.get(f"{page}#{start}", ([], []))[0]]
            kept[Timeline.named(page)] = {unpack_evidence(text) for text in (*evidence, *later)}
    return kept


def _facts(graph: GraphTransaction, kept: dict[Timeline, set[Evidence]]) -> Iterator[Breach]:
    """Facts against the evidence: this covers ends, overlaps, open intervals, and facts without evidence."""
    due = {fact.id: fact for slot, evidence in kept.items() for fact in _derived(slot, evidence)}
    subjects, objects = _ends(graph, ops.ALL_SUBJECTS), _ends(graph, ops.ALL_OBJECTS)
    seen = set()
    for batch in graph.scan(ops.ALL_FACTS):
        for row in batch:
            seen.add(row["id"])
            fact = due.get(row["id"])
            if fact is None:
                yield row["id"], "is a fact without evidence"
                continue
            held = (row["predicate"], row["valid_at"], row["invalid_at"], row["records"])
            if held != (fact.predicate, fact.interval.valid_at, fact.interval.invalid_at, fact.records):
                yield row["id"], "is a fact that differs from its evidence"
            if subjects.get(row["id"]) != [fact.subject] or objects.get(row["id"]) != [fact.object]:
                yield row["id"], "is a fact without exactly its one subject and one object"
    for missing in sorted(due.keys() - seen):
        yield missing, "is a fact that is missing"


def _derived(slot: Timeline, evidence: set[Evidence]) -> list[Fact]:
    return [fact_of(slot, run) for run in intervals(evidence)]


def _ends(graph: GraphTransaction, what: ops.Query) -> dict[str, list[str]]:
    ends: dict[str, list[str]] = {}
    for batch in graph.scan(what):
        for row in batch:
            ends.setdefault(row["fact"], []).append(row["node"])
    return ends


def _nodes(graph: GraphTransaction) -> Iterator[Breach]:
    """Nodes against what is told of them, and aliases against nodes."""
    told: dict[str, list[tuple[str, Observations]]] = {}
    for batch in graph.scan(ops.ALL_MENTIONS):
        for row in batch:
            told.setdefault(row["node"], []).append((row["record"], unpack_observations(row["observation"])))
    aliases: dict[str, str] = {}
    for batch in graph.scan(ops.ALL_NODES):
        for row in batch:
            if row["id"] not in told:
                yield row["id"], "is an entity that no record mentions"
                continue
            state = unpack_state(row["state"], row["name"], row["attributes"])
            if state != fold(told[row["id"]], state.embedded):
                yield row["id"], "is an entity that differs from what records tell of it"
            if row["aliases"] != state.shown_aliases():
                yield row["id"], "is an entity whose aliases differ from what records tell of it"
            aliases |= dict.fromkeys(row["aliases"], row["id"])
    known = {row["key"]: row["entity"] for batch in graph.scan(ops.ALL_ALIASES) for row in batch}
    yield from _compare(aliases, known, str, "is an alias that does not lead where it is told to")


def _compare(due: dict[K, V], held: dict[K, V], label: Callable[[K], str], what: str) -> Iterator[Breach]:
    for key in dict.fromkeys([*due, *held]):
        if due.get(key) != held.get(key):
            yield label(key), what
