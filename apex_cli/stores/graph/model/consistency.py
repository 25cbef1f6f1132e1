"""The graph's own rules, checked in bulk.

Everything derived is computed again from what it is derived from: evidence from the records' claims, facts from the
evidence, nodes from the observations of them. Every difference is a breach.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from apex_cli.model import NOTHING
from apex_cli.stores.graph.model import operations as ops
from apex_cli.stores.graph.model.codec import micros, unpack_claims, unpack_evidence
from apex_cli.stores.graph.model.entity_state import Observations, merge, unpack_observations, unpack_state
from apex_cli.stores.graph.model.facts import Fact, entries, fact_of
from apex_cli.stores.graph.model.operations import GraphTransaction
from apex_cli.stores.graph.model.resolution import index_entries, nodes_of
from apex_cli.stores.graph.model.timelines import Timeline
from apex_cli.timeline import Evidence, intervals

Breach = tuple[str, str]
"""An id and what is wrong with it."""

K = TypeVar("K")
V = TypeVar("V")


def breaches(graph: GraphTransaction) -> list[Breach]:
    """All breaches of the rules; an empty list for a sound graph."""
    claimed, present = _claimed(graph)
    episodes = {row["id"] for batch in graph.scan(ops.ALL_EPISODES) for row in batch}
    found = [(record_id, "has a marker and no episode") for record_id in sorted(present - episodes)]
    found += [(record_id, "has an episode and no marker") for record_id in sorted(episodes - present)]
    stored = _evidence(graph)
    found += _compare(claimed, stored, lambda timeline: timeline.key, "evidence is not what the records claim")
    found += _facts(graph, stored)
    found += _nodes(graph)
    return found


def _claimed(graph: GraphTransaction) -> tuple[dict[Timeline, set[Evidence]], set[str]]:
    """The evidence that the present records claim, and the ids of these records."""
    claimed: dict[Timeline, set[Evidence]] = {}
    present: set[str] = set()
    for batch in graph.scan(ops.ALL_RECORDS):
        for row in batch:
            if row["present"]:
                present.add(row["id"])
                for timeline, piece in entries(row["id"], unpack_claims(row["claims"])):
                    claimed.setdefault(timeline, set()).add(piece)
    return claimed, present


def _evidence(graph: GraphTransaction) -> dict[Timeline, set[Evidence]]:
    """The evidence that the first pages lead to."""
    pages: dict[str, tuple[list[str], list[int]]] = {}
    for batch in graph.scan(ops.ALL_PAGES):
        pages |= {row["page"]: (row["evidence"] or [], row["page_starts"] or []) for row in batch}
    stored: dict[Timeline, set[Evidence]] = {}
    for page, (evidence, starts) in pages.items():
        if "#" not in page:
            later = [text for start in starts for text in pages.get(f"{page}#{start}", ([], []))[0]]
            stored[Timeline.named(page)] = {unpack_evidence(text) for text in (*evidence, *later)}
    return stored


def _facts(graph: GraphTransaction, stored: dict[Timeline, set[Evidence]]) -> Iterator[Breach]:
    """Facts against the evidence: this covers ends, overlaps, open intervals, and facts without evidence."""
    due = {fact.id: fact for timeline, evidence in stored.items() for fact in _derived(timeline, evidence)}
    subjects, objects = _ends(graph, ops.ALL_SUBJECTS), _ends(graph, ops.ALL_OBJECTS)
    seen = set()
    for batch in graph.scan(ops.ALL_FACTS):
        for row in batch:
            seen.add(row["id"])
            fact = due.get(row["id"])
            if fact is None:
                yield row["id"], "is a fact without evidence"
                continue
            begin, end = micros(row["valid_at"]), row["invalid_at"] and micros(row["invalid_at"])
            content = (row["predicate"], begin, end, row["records"])
            if content != (fact.timeline.predicate, fact.interval.valid_at, fact.interval.invalid_at, fact.records):
                yield row["id"], "is a fact that differs from its evidence"
            if subjects.get(row["id"]) != [fact.timeline.subject] or objects.get(row["id"]) != [fact.object]:
                yield row["id"], "is a fact without exactly its one subject and one object"
    for missing in sorted(due.keys() - seen):
        yield missing, "is a fact that is missing"


def _derived(timeline: Timeline, evidence: set[Evidence]) -> list[Fact]:
    return [fact_of(timeline, run) for run in intervals(evidence) if run.object_id != NOTHING]


def _ends(graph: GraphTransaction, what: ops.Query) -> dict[str, list[str]]:
    ends: dict[str, list[str]] = {}
    for batch in graph.scan(what):
        for row in batch:
            ends.setdefault(row["fact"], []).append(row["node"])
    return ends


def _nodes(graph: GraphTransaction) -> Iterator[Breach]:
    """Nodes against the observations of them, and aliases against nodes."""
    observed: dict[str, list[tuple[str, Observations]]] = {}
    for batch in graph.scan(ops.ALL_MENTIONS):
        for row in batch:
            observed.setdefault(row["node"], []).append((row["record"], unpack_observations(row["observation"])))
    due: dict[str, list[str]] = {}
    for batch in graph.scan(ops.ALL_NODES):
        for row in batch:
            if row["id"] not in observed:
                yield row["id"], "is an entity that no record mentions"
                continue
            state = unpack_state(row["state"], row["name"], row["attributes"])
            if state != merge(observed[row["id"]]):
                yield row["id"], "is an entity that differs from its observations"
            if row["aliases"] != state.shown_aliases():
                yield row["id"], "is an entity whose aliases differ from its observations"
            for entry in index_entries(state.signatures):
                due.setdefault(entry, []).append(row["id"])
    known = {row["key"]: sorted(nodes_of(row["entity"])) for batch in graph.scan(ops.ALL_ALIASES) for row in batch}
    due = {entry: sorted(nodes) for entry, nodes in due.items()}
    yield from _compare(due, known, str, "is an alias that does not lead to its entities")


def _compare(due: dict[K, V], stored: dict[K, V], label: Callable[[K], str], what: str) -> Iterator[Breach]:
    for key in dict.fromkeys([*due, *stored]):
        if due.get(key) != stored.get(key):
            yield label(key), what
