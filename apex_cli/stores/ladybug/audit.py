"""The graph's own rules, checked in bulk.

Everything derived is computed again from what it is derived from: evidence from the records' claims, facts from the
evidence, nodes from what the records tell of them. What differs is a breach.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from apex_cli.stores.ladybug.codec import aware, unpack_claims, unpack_evidence
from apex_cli.stores.ladybug.engine import Session
from apex_cli.stores.ladybug.facts import Fact, fact_of, spots
from apex_cli.stores.ladybug.fold import Told, fold, unpack_fold, unpack_told
from apex_cli.stores.ladybug.slots import Slot
from apex_cli.timeline import Evidence, intervals

Breach = tuple[str, str]
"""An id and what is wrong with it."""

K = TypeVar("K")
V = TypeVar("V")

_BATCH = 5000
_RECORDS = "MATCH (r:ApexRecord) RETURN r.record_id AS id, r.present AS present, r.claims AS claims"
_EPISODES = "MATCH (e:Episodic) RETURN e.uuid AS id"
_PAGES = "MATCH (s:ApexSlot) RETURN s.page AS page, s.evidence AS evidence, s.later AS later"
_FACTS = """MATCH (f:RelatesToNode_)
    RETURN f.uuid AS id, f.name AS predicate, f.valid_at AS valid_at, f.invalid_at AS invalid_at,
    f.episodes AS records"""
_SUBJECTS = "MATCH (n:Entity)-[:RELATES_TO]->(f:RelatesToNode_) RETURN f.uuid AS fact, n.uuid AS node"
_OBJECTS = "MATCH (f:RelatesToNode_)-[:RELATES_TO]->(n:Entity) RETURN f.uuid AS fact, n.uuid AS node"
_NODES = """MATCH (n:Entity)
    RETURN n.uuid AS id, n.name AS name, n.attributes AS attributes, n.aliases AS aliases, n.fold AS fold"""
_MENTIONS = "MATCH (e:Episodic)-[m:MENTIONS]->(n:Entity) RETURN e.uuid AS record, n.uuid AS node, m.told AS told"
_ALIASES = "MATCH (a:ApexAlias) RETURN a.key AS key, a.entity AS entity"


def breaches(session: Session) -> list[Breach]:
    """All breaches of the rules; an empty list for a sound graph."""
    said, present = _claimed(session)
    episodes = {row["id"] for batch in session.batches(_EPISODES, _BATCH) for row in batch}
    found = [(record_id, "has a marker and no episode") for record_id in sorted(present - episodes)]
    found += [(record_id, "has an episode and no marker") for record_id in sorted(episodes - present)]
    kept = _evidence(session)
    found += _compare(said, kept, lambda slot: slot.key, "evidence is not what the records claim")
    found += _facts(session, kept)
    found += _nodes(session)
    return found


def _claimed(session: Session) -> tuple[dict[Slot, set[Evidence]], set[str]]:
    """What the present records claim, and which they are."""
    said: dict[Slot, set[Evidence]] = {}
    present: set[str] = set()
    for batch in session.batches(_RECORDS, _BATCH):
        for row in batch:
            if row["present"]:
                present.add(row["id"])
                for slot, piece in spots(row["id"], unpack_claims(row["claims"])):
                    said.setdefault(slot, set()).add(piece)
    return said, present


def _evidence(session: Session) -> dict[Slot, set[Evidence]]:
    """The evidence that the directories of the pages lead to."""
    pages: dict[str, tuple[list[str], list[int]]] = {}
    for batch in session.batches(_PAGES, _BATCH):
        pages |= {row["page"]: (row["evidence"] or [], row["later"] or []) for row in batch}
    kept: dict[Slot, set[Evidence]] = {}
    for page, (evidence, starts) in pages.items():
        if "#" not in page:
            subject, predicate, *target = page.split("|")
            later = [text for start in starts for text in pages.get(f"{page}#{start}", ([], []))[0]]
            slot = Slot(subject, predicate, target[0] if target else None)
            kept[slot] = {unpack_evidence(text) for text in (*evidence, *later)}
    return kept


def _facts(session: Session, kept: dict[Slot, set[Evidence]]) -> Iterator[Breach]:
    """Facts against the evidence: this covers ends, overlaps, open intervals, and facts without evidence."""
    due = {fact.id: fact for slot, evidence in kept.items() for fact in _derived(slot, evidence)}
    subjects, objects = _ends(session, _SUBJECTS), _ends(session, _OBJECTS)
    seen = set()
    for batch in session.batches(_FACTS, _BATCH):
        for row in batch:
            seen.add(row["id"])
            fact = due.get(row["id"])
            if fact is None:
                yield row["id"], "is a fact without evidence"
                continue
            end = None if row["invalid_at"] is None else aware(row["invalid_at"])
            held = (row["predicate"], aware(row["valid_at"]), end, row["records"])
            if held != (fact.predicate, fact.interval.valid_at, fact.interval.invalid_at, fact.records):
                yield row["id"], "is a fact that differs from its evidence"
            if subjects.get(row["id"]) != [fact.subject] or objects.get(row["id"]) != [fact.object]:
                yield row["id"], "is a fact without exactly its one subject and one object"
    for missing in sorted(due.keys() - seen):
        yield missing, "is a fact that is missing"


def _derived(slot: Slot, evidence: set[Evidence]) -> list[Fact]:
    return [fact_of(slot, run) for run in intervals(evidence)]


def _ends(session: Session, query: str) -> dict[str, list[str]]:
    ends: dict[str, list[str]] = {}
    for batch in session.batches(query, _BATCH):
        for row in batch:
            ends.setdefault(row["fact"], []).append(row["node"])
    return ends


def _nodes(session: Session) -> Iterator[Breach]:
    """Nodes against what is told of them, and aliases against nodes."""
    told: dict[str, list[tuple[str, Told]]] = {}
    for batch in session.batches(_MENTIONS, _BATCH):
        for row in batch:
            told.setdefault(row["node"], []).append((row["record"], unpack_told(row["told"])))
    aliases: dict[str, str] = {}
    for batch in session.batches(_NODES, _BATCH):
        for row in batch:
            if row["id"] not in told:
                yield row["id"], "is an entity that no record mentions"
                continue
            state = unpack_fold(row["fold"], row["name"], row["attributes"])
            if state != fold(told[row["id"]], state.embedded):
                yield row["id"], "is an entity that differs from what records tell of it"
            if row["aliases"] != state.shown_aliases():
                yield row["id"], "is an entity whose aliases differ from what records tell of it"
            aliases |= dict.fromkeys(row["aliases"], row["id"])
    known = {row["key"]: row["entity"] for batch in session.batches(_ALIASES, _BATCH) for row in batch}
    yield from _compare(aliases, known, str, "is an alias that does not lead where it is told to")


def _compare(due: dict[K, V], held: dict[K, V], label: Callable[[K], str], what: str) -> Iterator[Breach]:
    for key in dict.fromkeys([*due, *held]):
        if due.get(key) != held.get(key):
            yield label(key), what
