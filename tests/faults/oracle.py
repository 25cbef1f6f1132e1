"""Compares the four stores of a home with each other, and says which version of a record they hold.

The rows come from `stored`, and every rule is stated here a second time. What PostgreSQL calls current must be what the
other three hold, complete, and nothing else may be there.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from apex_cli.extract.signatures import signature_of
from apex_cli.model import DEFAULT_NAMESPACE, FUNCTIONAL, Entity, record_id
from apex_cli.serialization import to_entity
from apex_cli.stores.graph.model.codec import StoredClaim
from apex_cli.stores.graph.model.history import VersionClaims, effective
from tests import profiles
from tests.faults.stored import Stored, cached_value, micros, read_stores

Env = Mapping[str, str]
Versions = Mapping[str, dict[str, Any]]
_OPEN = ("PREPARED", "RESOLVING", "COMMITTED")
_FUNCTIONAL = {predicate.value for predicate in FUNCTIONAL}


class Claimed(NamedTuple):
    """One claim of a current version, with the ids that the graph gives its entities."""

    subject: str
    predicate: str
    object: str
    certain: bool
    valid_at: int
    invalid_at: int | None
    record: str

    @property
    def timeline(self) -> str:
        """The name of the timeline that must hold it, as docs/design/graph.md describes it."""
        predicate = self.predicate if self.certain else f"?{self.predicate}"
        parts = [self.subject, predicate, *([] if self.predicate in _FUNCTIONAL else [self.object])]
        return "|".join(parts)

    @property
    def evidence(self) -> str:
        """How the timeline holds it."""
        return f"{self.valid_at}|{'' if self.invalid_at is None else self.invalid_at}|{self.record}|{self.object}"


async def compare_stores(home: Path, env: Env | None = None) -> Stored:
    """What the stores hold. Fails if they differ in anything."""
    stored = await read_stores(home, env)
    problems = list(differences(stored))
    assert problems == []
    return stored


async def count(home: Path, env: Env | None = None) -> int:
    """How many records there are. Fails if the stores differ in anything."""
    return len(current_versions(await compare_stores(home, env)))


async def statuses(home: Path, shipments: Iterable[str], env: Env | None = None) -> list[str | None]:
    """The status of each shipment as all four stores hold it; None for one that none of them holds."""
    stored = await compare_stores(home, env)
    return [status_of(stored, identity(home, shipment, env)) for shipment in shipments]


async def held_once(home: Path, payloads: Sequence[dict[str, Any]], env: Env | None = None) -> None:
    """Fail unless each of these shipments is there with its status, and no other version of it."""
    stored = await compare_stores(home, env)
    for payload in payloads:
        known_as = identity(home, payload["shipmentId"], env)
        assert status_of(stored, known_as) == payload["status"], payload
        held = [fact for fact in _status_facts(stored) if known_as in fact["records"] and fact["invalid_at"] is None]
        assert [fact["records"] for fact in held] == [[known_as]]


def identity(home: Path, shipment: str, env: Env | None = None) -> str:
    """The record id of a shipment in the namespace of a home."""
    place = profiles.variables(home) if env is None else env
    return record_id("turvo", "shipment", shipment, place.get("APEX_NAMESPACE", DEFAULT_NAMESPACE))


def current_versions(stored: Stored) -> dict[str, dict[str, Any]]:
    """The current version of each record that has one, by record id."""
    versions = {version["saga_id"]: version for version in stored.postgres["versions"]}
    current = {row["record_id"]: row["current_version"] for row in stored.postgres["records"] if row["current_saga"]}
    return {record: versions[saga] for record, saga in current.items() if saga in versions}


def differences(stored: Stored) -> Iterator[str]:
    """Everything that is wrong, one line each."""
    current = current_versions(stored)
    yield from _journal(stored, current)
    yield from _points(stored, current)
    yield from _cache(stored, current)
    yield from _graph_records(stored, current)
    claims, unresolved = claimed(stored, current)
    yield from unresolved
    yield from _timelines(stored, claims)
    yield from _facts(stored, claims)


def _journal(stored: Stored, current: Versions) -> Iterator[str]:
    sagas = {saga["saga_id"]: saga for saga in stored.postgres["sagas"]}
    for saga in sagas.values():
        if saga["state"] in _OPEN:
            yield f"journal: saga {saga['saga_id']} is still {saga['state']}"
    for row in stored.postgres["records"]:
        if row["current_saga"] and row["record_id"] not in current:
            yield f"postgres: the current version of {row['record_id']} is missing"
    for version in stored.postgres["versions"]:
        saga = sagas[version["saga_id"]]
        if saga["state"] == "ABORTED" or saga["record_id"] != version["record_id"]:
            yield f"postgres: version {version['saga_id']} belongs to an aborted saga or to another record"
        if version["record_id"] not in current:
            yield f"postgres: version {version['saga_id']} of {version['record_id']}, which has no current version"
    for record, version in current.items():
        if sagas[version["saga_id"]]["kind"] != "write" or version["record_id"] != record:
            yield f"postgres: the current version of {record} is not a version of it"


def _points(stored: Stored, current: Versions) -> Iterator[str]:
    held: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for point in stored.points:
        held[point["record_id"]].append(point)
    for record in sorted({*held, *current}):
        shown = _shown(stored, current.get(record))
        for point in held[record]:
            version = shown.get(point["saga_id"])
            if version is None:
                yield f"vectors: a point of saga {point['saga_id']}, which is not the current one of {record}"
            elif point["visible"] != 1:
                yield f"vectors: a point of {record} is not visible"
            elif not {*point["text"].split()} & {*version["title"].split(), *version["text"].split()}:
                yield f"vectors: a point of {record} has another text than its version"
        chunks = sorted((saga, chunk) for saga, version in shown.items() for chunk in range(version["chunks"]))
        if sorted((point["saga_id"], point["chunk"]) for point in held[record]) != chunks:
            yield f"vectors: {record} has {len(held[record])} points of {len(chunks)} chunks"


def _shown(stored: Stored, current: Mapping[str, Any] | None) -> dict[str, dict[str, Any]]:
    """The versions of a record whose text readers see, by saga: the current one, and the last whole one."""
    if current is None:
        return {}
    (row,) = (row for row in stored.postgres["records"] if row["record_id"] == current["record_id"])
    sagas = (row["current_version"], row["base_version"])
    return {version["saga_id"]: version for version in stored.postgres["versions"] if version["saga_id"] in sagas}


def _cache(stored: Stored, current: Versions) -> Iterator[str]:
    for key, entry in stored.cache.items():
        if not key.startswith("rec:"):
            yield f"cache: {key} was prepared and is still there"
        elif key.removeprefix("rec:") not in current and cached_value(entry) is not None:
            yield f"cache: {key} has no current version"
    for record, version in current.items():
        entry = stored.cache.get(f"rec:{record}", {})
        value = cached_value(entry)
        if value is None:
            yield f"cache: {record} is missing"
        elif {entry["saga"], value["saga_id"]} != {version["saga_id"]}:
            yield f"cache: {record} is of another saga"
        elif value["content_hash"] != version["content_hash"]:
            yield f"cache: {record} has another content"


def _graph_records(stored: Stored, current: Versions) -> Iterator[str]:
    graph = stored.graph
    epochs = {saga["saga_id"]: saga["epoch"] for saga in stored.postgres["sagas"]}
    markers = {row["record_id"]: row["current_saga"] for row in stored.postgres["records"]}
    present = {row["record"]: row for row in graph["records"] if row["present"]}
    episodes = Counter(row["record"] for row in graph["episodes"])
    for record in sorted({*present, *episodes, *current}):
        version = current.get(record)
        if version is None:
            yield f"graph: {record} has no current version"
        elif record not in present or episodes[record] != 1:
            yield f"graph: {record} has no marker, or {episodes[record]} episodes"
        elif present[record]["saga"] != markers[record]:
            yield f"graph: the marker of {record} is another saga"
        elif present[record]["epoch"] < epochs[markers[record]]:
            yield f"graph: the fence of {record} is older than its marker"
    entities = Counter(row["entity"] for row in graph["entities"])
    mentioned = {row["entity"] for row in graph["mentions"]}
    named = {node for row in graph["aliases"] for node in row["entity"].split(" ")}
    for entity in sorted({*entities, *mentioned, *named}):
        if entities[entity] != 1 or entity not in mentioned:
            yield f"graph: entity {entity} is there {entities[entity]} times, and mentioned or named by an alias"


def claimed(stored: Stored, current: Versions) -> tuple[list[Claimed], list[str]]:
    """What all versions of PostgreSQL state together, and the claims whose entities the graph does not know.

    How versions are taken together is not checked here, but by the tests of `history`.
    """
    nodes_of = {row["key"]: row["entity"].split(" ") for row in stored.graph["aliases"]}
    mentioned = {(row["record"], row["entity"]) for row in stored.graph["mentions"]}
    found: set[Claimed] = set()
    unresolved: list[str] = []
    versions = [
        version
        for version in sorted(stored.postgres["versions"], key=lambda one: (one["event_time"], one["whole"]))
        if version["record_id"] in current and version["replaced_by"] is None
    ]
    history: dict[str, list[VersionClaims]] = defaultdict(list)
    for version in versions:
        record = version["record_id"]
        entities = [to_entity(entity) for entity in version["extraction"]["entities"]]
        # A preferred key decides over a further key of another entity. A key may be of several nodes: the index has the
        # signature as a whole too, and the record mentions its own node.
        owners = {key: one for one in reversed(entities) for key in one.keys} | {one.key: one for one in entities}

        def resolved(name: str, owners: Mapping[str, Entity] = owners, record: str = record) -> str | None:
            entries = (f"={signature_of(owners[name]).digest}", *owners[name].keys) if name in owners else ()
            nodes = (node for entry in entries for node in nodes_of.get(entry, ()))
            return next((node for node in nodes if (record, node) in mentioned), None)

        claims: list[StoredClaim] = []
        for claim in version["extraction"]["claims"]:
            subject, target = resolved(claim["subject"]), resolved(claim["object"])
            if subject is None or target is None:
                unresolved.append(f"graph: {record}: no entity for {claim['subject']} or {claim['object']}")
            else:
                begins, ends = (
                    None if claim.get(at) is None else _micros(claim[at]) for at in ("valid_at", "invalid_at")
                )
                certain = claim.get("certain", True)
                claims.append(StoredClaim(subject, claim["predicate"], target, begins or 0, ends, certain))
        for subject_key, phrase, *_ in version["extraction"].get("phrases", ()):
            # A phrase that nothing is called by has a node that no thing has, and is no claim.
            subject = resolved(subject_key)
            target = next((node for node in nodes_of.get(phrase, ()) if (record, node) in mentioned), None)
            if subject is None or target is None:
                unresolved.append(f"graph: {record}: no node for {phrase}")
            elif not target.startswith("?"):
                claims.append(StoredClaim(subject, "MENTIONS", target, micros(version["event_time"]), None, True))
        history[record].append(VersionClaims(micros(version["event_time"]), version["whole"], claims))
    for record, known in history.items():
        found |= {
            Claimed(one.subject, one.predicate, one.object, one.certain, one.valid_at, one.invalid_at, record)
            for one in effective(known)
        }
    return sorted(found, key=str), unresolved


def _timelines(stored: Stored, claims: Sequence[Claimed]) -> Iterator[str]:
    """The evidence of each timeline is the claims of PostgreSQL, each once."""
    held = Counter((row["page"].split("#")[0], piece) for row in stored.graph["pages"] for piece in row["evidence"])
    wanted = Counter((claim.timeline, claim.evidence) for claim in claims)
    for timeline, evidence in sorted((held - wanted) + (wanted - held)):
        kind = "no current version claims" if (timeline, evidence) in held - wanted else "without evidence:"
        yield f"graph: timeline {timeline}: {kind} {evidence}"


def _facts(stored: Stored, claims: Sequence[Claimed]) -> Iterator[str]:
    """Each claim is in a fact, each fact has a claim of each of its records, and functional facts do not overlap."""
    facts: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in stored.graph["facts"]:
        certain = json.loads(row["attributes"] or "{}").get("certain", True)
        claim = Claimed(row["subject"], row["predicate"], row["object"], certain, row["valid_at"], None, "")
        facts[claim.timeline].append(row)
    by_timeline: dict[str, list[Claimed]] = defaultdict(list)
    for claim in claims:
        by_timeline[claim.timeline].append(claim)
    for timeline in sorted({*facts, *by_timeline}):
        rows = sorted(facts[timeline], key=lambda row: (row["valid_at"], row["invalid_at"] or 1 << 62))
        for claim in by_timeline[timeline]:
            if not any(_holds(row, claim) for row in rows):
                yield f"graph: no fact of {timeline} for {claim.evidence}"
        for row in rows:
            held = [claim for claim in by_timeline[timeline] if _holds(row, claim)]
            if sorted({claim.record for claim in held}) != sorted(row["records"]):
                yield f"graph: a fact of {timeline} names records that do not claim it"
            elif min(claim.valid_at for claim in held) != row["valid_at"]:
                yield f"graph: a fact of {timeline} begins at another time than its claims"
        for earlier, later in pairwise(rows):
            if earlier["invalid_at"] is None or earlier["invalid_at"] > later["valid_at"]:
                yield f"graph: two facts of {timeline} overlap"


def _holds(fact: Mapping[str, Any], claim: Claimed) -> bool:
    """Whether the fact covers the claim."""
    ends = fact["invalid_at"]
    return (
        fact["object"] == claim.object
        and claim.record in fact["records"]
        and fact["valid_at"] <= claim.valid_at
        and (ends is None or claim.valid_at <= ends)
    )


def status_of(stored: Stored, known_as: str) -> str | None:
    """The status that the version states; fails if the texts or the facts state another."""
    version = current_versions(stored).get(known_as)
    if version is None:
        return None
    status = str(version["payload"]["status"])
    names = {row["entity"]: row["name"] for row in stored.graph["entities"]}
    facts = [fact for fact in _status_facts(stored) if known_as in fact["records"] and fact["invalid_at"] is None]
    assert [names[fact["object"]] for fact in facts] == [status]
    assert status in version["text"]
    assert status in " ".join(point["text"] for point in stored.points if point["record_id"] == known_as)
    return status


def _status_facts(stored: Stored) -> list[dict[str, Any]]:
    return [fact for fact in stored.graph["facts"] if fact["predicate"] == "HAS_STATUS"]


def _micros(text: str) -> int:
    return micros(datetime.fromisoformat(text))
