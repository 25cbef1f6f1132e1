"""Views of records, entities and facts, as readers see them; and how many there are."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from apex_cli.extract import keys, lookup, names
from apex_cli.extract.signatures import Signature
from apex_cli.model import FUNCTIONAL, EntityType, Predicate
from apex_cli.stores.graph.model import operations as ops
from apex_cli.stores.graph.model import records
from apex_cli.stores.graph.model.codec import kind_of, value_of
from apex_cli.stores.graph.model.facts import CERTAIN, entries, fact_of
from apex_cli.stores.graph.model.operations import GraphTransaction, Row
from apex_cli.stores.graph.model.resolution import digest_entry, is_shown, is_unknown, nodes_of
from apex_cli.stores.graph.model.timelines import read_evidence
from apex_cli.stores.views import EntityView, FactView, GraphView, StoredSummary, SupportedFacts
from apex_cli.text_cleaning import replace_unencodable

_SHORTEST_PART = 3
_BEGINNING = 4
_MOST_WORDS = 4
_MOST_COMPARED = 200
_WORD = re.compile(r"\w+")
_COMPANIES = (EntityType.CUSTOMER, EntityType.CARRIER)
_COUNTS = {"records": ops.COUNT_RECORDS, "entities": ops.COUNT_ENTITIES, "facts": ops.COUNT_FACTS}


def read(graph: GraphTransaction, record_ids: Sequence[str]) -> dict[str, GraphView]:
    """What the graph holds of these records; those it does not hold are absent."""
    present = {key: one for key, one in records.load(graph, record_ids).items() if one.present}
    entities = mentioned(graph, list(present))
    supported = supported_by(graph, list(present))
    rows = graph.look_up(ops.FACTS, (fact for ids in supported.values() for fact in ids))
    facts = {row["id"]: _fact(row) for row in rows}
    return {
        record_id: GraphView(
            one.saga_id or "",
            one.epoch,
            tuple(sorted(entities.get(record_id, ()), key=lambda entity: (entity.type, entity.name, entity.id))),
            tuple(_ordered(facts[fact] for fact in supported.get(record_id, ()) if fact in facts)),
        )
        for record_id, one in present.items()
    }


def find_entities(graph: GraphTransaction, text: str, limit: int) -> list[EntityView]:
    """Entities that the text means: by id, key or name in any spelling; else those that have it as part of the name."""
    if not _can_be_known(text):
        return []
    wanted = text.strip()
    ids = [wanted.lower(), *_led_to(graph.look_up(ops.ALIASES, lookup.keys_of(wanted)))]
    for value in lookup.values_of(wanted):
        rows = graph.ask(ops.ALIASES_BY_VALUE, value, limit + 1)
        ids += _led_to(row for row in rows if is_shown(row["key"]) and value_of(row["key"]).lower() == value)
    rows = graph.ask(ops.ENTITIES_BY_NAME, wanted.lower(), limit + 1) + graph.look_up(ops.ENTITIES, ids)
    if not rows and len(wanted) >= _SHORTEST_PART:
        # A part of a place's name may be written with accents or without them: its key has none.
        places = graph.ask(ops.ALIASES_BY_BEGINNING, keys.location_city(wanted), limit + 1)
        rows = graph.ask(ops.ENTITIES_BY_PART, wanted.lower(), limit + 1) + graph.look_up(ops.ENTITIES, _led_to(places))
    return _for_users(rows)[:limit]


def named(graph: GraphTransaction, wanted: Sequence[str]) -> dict[str, list[EntityView]]:
    """The entities that have each of these keys or names, without plain values."""
    rows = [row for row in graph.look_up(ops.ALIASES, wanted) if is_shown(row["key"])]
    views = {one.id: one for one in _for_users(graph.look_up(ops.ENTITIES, _led_to(rows)))}
    found = {row["key"]: [views[node] for node in nodes_of(row["entity"]) if node in views] for row in rows}
    return {key: entities for key, entities in found.items() if entities}


def placed(graph: GraphTransaction, signatures: Sequence[Signature]) -> dict[Signature, EntityView]:
    """The entity that each of these signatures is of, plain values too; those that no record has now are absent, and so
    are phrases that nothing is called by.
    """
    entries = {one: one.keys[0] if one.is_plain else digest_entry(one) for one in signatures}
    rows = graph.look_up(ops.ALIASES, dict.fromkeys(entries.values()))
    nodes = {row["key"]: found[0] for row in rows if len(found := nodes_of(row["entity"])) == 1}
    known = dict.fromkeys(node for node in nodes.values() if not is_unknown(node))
    views = {row["id"]: _entity(row) for row in graph.look_up(ops.ENTITIES, known)}
    return {one: views[nodes[entry]] for one, entry in entries.items() if nodes.get(entry) in views}


def newest_records(graph: GraphTransaction, entity_id: str, limit: int) -> list[str]:
    """The records that mention an entity, the newest first."""
    return [row["record"] for row in graph.ask(ops.NEWEST_RECORDS, entity_id, limit)]


def in_full(graph: GraphTransaction, ids: Sequence[str]) -> list[EntityView]:
    """Those of these entities that are there, without plain values."""
    return _for_users(graph.look_up(ops.ENTITIES, ids))


def beginning(graph: GraphTransaction, text: str, kind: str | None, limit: int) -> list[EntityView]:
    """Entities whose name begins with the text, in any case, by name."""
    if replace_unencodable(text) != text:
        return []
    return _for_users(graph.ask(ops.ENTITIES_BY_BEGINNING, text.lower(), limit, kind or ""))


def count_by_type(graph: GraphTransaction) -> tuple[dict[str, int], int]:
    """How many entities there are of each type, without plain values; and how many facts."""
    types: Counter[str] = Counter()
    for batch in graph.scan(ops.COUNT_TYPES):
        for row in batch:
            types[kind_of(row["labels"])] += row["n"]
    types.pop(EntityType.VALUE, None)
    (facts,) = (row["n"] for batch in graph.scan(ops.COUNT_FACTS) for row in batch)
    return dict(types), facts


def resembling(graph: GraphTransaction, text: str, kind: str | None, limit: int) -> list[EntityView]:
    """Entities whose name may be meant by the text although it is another one, the nearest first.

    Only names are compared that share the beginning of a word with the text, at most `_MOST_COMPARED` for each word.
    """
    if not _can_be_known(text):
        return []
    words = sorted({word for word in _WORD.findall(text.lower()) if len(word) >= _SHORTEST_PART}, key=len, reverse=True)
    rows: list[Row] = []
    for word in words[:_MOST_WORDS]:
        rows += graph.ask(ops.ENTITIES_BY_PART, word[:_BEGINNING], _MOST_COMPARED)
    found = [(names.likeness(text, one.name, company=one.type in _COMPANIES), one) for one in _for_users(rows)]
    near = [(likeness, one) for likeness, one in found if likeness and kind in (None, one.type)]
    return [one for _, one in sorted(near, key=lambda pair: (-pair[0], pair[1].name, pair[1].id))][:limit]


def _can_be_known(text: str) -> bool:
    """Whether an entity may have this text: no engine stores lone surrogates."""
    return bool(text.strip()) and replace_unencodable(text) == text


def _led_to(rows: Iterable[Row]) -> list[str]:
    return [node for row in rows for node in nodes_of(row["entity"])]


def _for_users(rows: Iterable[Row]) -> list[EntityView]:
    """The entities, each once, without plain values."""
    return list({row["id"]: _entity(row) for row in rows if kind_of(row["labels"]) != EntityType.VALUE}.values())


def facts(graph: GraphTransaction, entity_id: str, at: datetime | None, predicate: str | None) -> list[FactView]:
    """Facts with this entity as subject or object, oldest first."""
    sides = (ops.FACTS_AS_SUBJECT, ops.FACTS_AS_OBJECT)
    rows = {row["id"]: row for side in sides for row in graph.ask(side, entity_id)}
    views = [_fact(row) for row in rows.values() if predicate is None or row["predicate"] == predicate]
    return _ordered(view for view in _with_overruled(views) if at is None or view.holds(at))


def facts_then(graph: GraphTransaction, predicate: str, at: datetime, limit: int) -> list[FactView]:
    """Facts of a predicate that hold at a moment, those that begin last, the latest first."""
    return [_fact(row) for row in graph.ask(ops.FACTS_THEN, predicate, limit, at=at)]


def free_text_claims(graph: GraphTransaction, at: datetime, limit: int) -> list[FactView]:
    """What free text claims until a moment, the latest first."""
    return [_fact(row) for row in graph.ask(ops.FREE_TEXT_CLAIMS, Predicate.MENTIONS, limit, at=at)]


def statements(graph: GraphTransaction, entity_ids: Sequence[str]) -> list[FactView]:
    """What is stated of these entities: facts of functional predicates, but for what is read at a moment, and stops."""
    rows = {row["id"]: row for row in graph.look_up(ops.STATEMENTS, entity_ids)}
    return _ordered(_with_overruled([_fact(row) for row in rows.values()]))


def supported_facts(graph: GraphTransaction, entity_id: str) -> SupportedFacts | None:
    """An entity with its facts and the markers of their records."""
    found = graph.look_up(ops.ENTITIES, [entity_id])
    if not found:
        return None
    views = facts(graph, entity_id, None, None)
    supporting = dict.fromkeys(record for view in views for record in view.records)
    markers = {row["record"]: row["saga"] for row in graph.look_up(ops.MARKERS, supporting) if row["saga"]}
    return SupportedFacts(_entity(found[0]), views, markers)


def known(graph: GraphTransaction, keys: Sequence[str]) -> frozenset[str]:
    """Those of the keys that lead to an entity."""
    return frozenset(row["key"] for row in graph.look_up(ops.ALIASES, keys))


def mentioned(graph: GraphTransaction, record_ids: Sequence[str]) -> dict[str, list[EntityView]]:
    """The entities, without plain values, that each of these records mentions; other records are absent."""
    found: dict[str, list[EntityView]] = {}
    for row in graph.look_up(ops.MENTIONED_ENTITIES, record_ids):
        if kind_of(row["labels"]) != EntityType.VALUE:
            found.setdefault(row["record"], []).append(_entity(row))
    return found


def mentioned_by(graph: GraphTransaction, record_ids: Sequence[str]) -> dict[str, list[str]]:
    """The ids of all that each of these records mentions, plain values too."""
    found: dict[str, list[str]] = {}
    for row in graph.look_up(ops.MENTIONED_ENTITIES, record_ids):
        found.setdefault(row["record"], []).append(row["id"])
    return found


def supported_by(graph: GraphTransaction, record_ids: Sequence[str]) -> dict[str, list[str]]:
    """The ids of the facts that each of these records is evidence for, found by its claims."""
    present = [one for one in records.load(graph, record_ids).values() if one.present]
    found = [(one.record_id, entry) for one in present for entry in entries(one.record_id, one.claims)]
    timelines = read_evidence(graph, [entry for _, entry in found])
    facts: dict[str, dict[str, None]] = {}
    for record_id, (timeline, piece) in found:
        for run in timelines[timeline]:
            if piece in run.evidence:
                facts.setdefault(record_id, {})[fact_of(timeline, run).id] = None
    return {record_id: list(ids) for record_id, ids in facts.items()}


def count(graph: GraphTransaction) -> dict[str, int]:
    """How many records, entities (plain values among them) and facts there are."""
    return {name: row["n"] for name, what in _COUNTS.items() for batch in graph.scan(what) for row in batch}


def markers(graph: GraphTransaction) -> list[list[StoredSummary]]:
    """Markers of all present records with their number of mentions, in batches."""
    return [
        [StoredSummary(row["record"], row["saga"], row["mentions"], True) for row in batch]
        for batch in graph.scan(ops.ALL_MARKERS)
    ]


def _entity(row: Row) -> EntityView:
    return EntityView(
        row["id"], row["name"], kind_of(row["labels"]), tuple(row["aliases"]), json.loads(row["attributes"])
    )


def _fact(row: Row) -> FactView:
    attributes = json.loads(row["attributes"])
    return FactView(
        id=row["id"],
        subject=row["subject"],
        predicate=row["predicate"],
        object=row["object"],
        sentence=row["sentence"],
        valid_at=row["valid_at"],
        invalid_at=row["invalid_at"],
        records=tuple(row["records"]),
        subject_id=row["subject_id"],
        object_id=row["object_id"],
        certain=attributes.pop(CERTAIN, True),
        attributes=attributes,
    )


def _with_overruled(views: Sequence[FactView]) -> list[FactView]:
    """The same, with facts of functional predicates marked that only free text supports, where a system of record has
    any.
    """
    certain = {(view.subject_id, view.predicate) for view in views if view.certain and view.predicate in FUNCTIONAL}
    return [
        replace(view, overruled=not view.certain and (view.subject_id, view.predicate) in certain) for view in views
    ]


def in_order(views: Sequence[FactView]) -> list[FactView]:
    """Facts of one entity, oldest first, each marked where others overrule it."""
    return _ordered(_with_overruled(views))


def _ordered(views: Iterable[FactView]) -> list[FactView]:
    return sorted(views, key=lambda view: (view.valid_at, view.predicate, view.subject, view.object, view.id))
