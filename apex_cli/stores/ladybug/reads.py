"""Views of records, entities and facts, as readers see them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime

from apex_cli.model import EntityType
from apex_cli.stores.ladybug import records
from apex_cli.stores.ladybug.codec import aware
from apex_cli.stores.ladybug.engine import Row, Session
from apex_cli.stores.ladybug.facts import fact_of, spots
from apex_cli.stores.ladybug.records import StoredRecord
from apex_cli.stores.ladybug.slots import read_evidence
from apex_cli.stores.protocol import EntityView, FactView, GraphView

_ENTITY = "n.uuid AS id, n.name AS name, n.labels AS labels, n.aliases AS aliases, n.attributes AS attributes"
_FACT = """f.uuid AS id, f.name AS predicate, f.fact AS sentence, f.valid_at AS valid_at, f.invalid_at AS invalid_at,
    f.episodes AS records, s.uuid AS subject_id, s.name AS subject, o.uuid AS object_id, o.name AS object"""
_MENTIONED = f"LOAD FROM $df MATCH (e:Episodic {{uuid: k}})-[:MENTIONS]->(n:Entity) RETURN e.uuid AS record, {_ENTITY}"
_FACTS = f"""LOAD FROM $df MATCH (s:Entity)-[:RELATES_TO]->(f:RelatesToNode_ {{uuid: k}})-[:RELATES_TO]->(o:Entity)
    RETURN {_FACT}"""
_AS_SUBJECT = f"""MATCH (s:Entity {{uuid: $id}})-[:RELATES_TO]->(f:RelatesToNode_)-[:RELATES_TO]->(o:Entity)
    RETURN {_FACT}"""
_AS_OBJECT = f"""MATCH (s:Entity)-[:RELATES_TO]->(f:RelatesToNode_)-[:RELATES_TO]->(o:Entity {{uuid: $id}})
    RETURN {_FACT}"""
_BY_ID = f"MATCH (n:Entity {{uuid: $text}}) RETURN {_ENTITY}"
_BY_NAME = f"MATCH (n:Entity) WHERE lower(n.name) = $text RETURN {_ENTITY} LIMIT $limit"
_BY_ALIAS = f"""MATCH (a:ApexAlias) WHERE lower(a.key) ENDS WITH $ending WITH a.key AS key, a.entity AS entity
    MATCH (n:Entity {{uuid: entity}}) RETURN key, {_ENTITY}"""


def read(session: Session, record_ids: Sequence[str]) -> dict[str, GraphView]:
    """What the graph holds of these records; those it does not hold are absent."""
    held = {key: one for key, one in records.load(session, record_ids).items() if one.present}
    entities: dict[str, list[EntityView]] = {record_id: [] for record_id in held}
    for row in session.join(_MENTIONED, {"k": "text"}, [(record_id,) for record_id in held]):
        if row["labels"][1] != EntityType.VALUE:
            entities[row["record"]].append(_entity(row))
    facts = _facts_of(session, held.values())
    return {
        record_id: GraphView(
            one.saga_id or "",
            one.epoch,
            tuple(sorted(entities[record_id], key=lambda entity: (entity.type, entity.name, entity.id))),
            tuple(facts[record_id]),
        )
        for record_id, one in held.items()
    }


def find_entities(session: Session, text: str, limit: int) -> list[EntityView]:
    """Entities whose id, name or alias value equals the text; exact matches of id before names before aliases."""
    wanted = text.strip()
    folded = wanted.lower()
    if not wanted:
        return []
    rows = session.rows(_BY_ID, {"text": wanted})
    rows += session.rows(_BY_NAME, {"text": folded, "limit": limit + 1})
    aliased = session.rows(_BY_ALIAS, {"ending": f":{folded}"})
    rows += [row for row in aliased if row["key"].lower().split(":", 2)[-1] == folded]
    found = {row["id"]: _entity(row) for row in rows if row["labels"][1] != EntityType.VALUE}
    return list(found.values())[:limit]


def facts(session: Session, entity_id: str, at: datetime | None, predicate: str | None) -> list[FactView]:
    """Facts with this entity as subject or object, oldest first."""
    rows = {row["id"]: row for query in (_AS_SUBJECT, _AS_OBJECT) for row in session.rows(query, {"id": entity_id})}
    views = [_fact(row) for row in rows.values() if predicate is None or row["predicate"] == predicate]
    return _ordered(view for view in views if at is None or _held(view, at))


def _facts_of(session: Session, held: Iterable[StoredRecord]) -> dict[str, list[FactView]]:
    """The facts that each record is evidence for, found by its claims."""
    stands = [(one.record_id, spot) for one in held for spot in spots(one.record_id, one.claims)]
    timelines = read_evidence(session, [spot for _, spot in stands])
    wanted: dict[str, dict[str, None]] = {}
    for record_id, (slot, piece) in stands:
        for run in timelines[slot]:
            if piece in run.evidence:
                wanted.setdefault(record_id, {})[fact_of(slot, run).id] = None
    keys = dict.fromkeys(fact for ids in wanted.values() for fact in ids)
    views = {row["id"]: _fact(row) for row in session.join(_FACTS, {"k": "text"}, [(key,) for key in keys])}
    return {
        one.record_id: _ordered(views[fact] for fact in wanted.get(one.record_id, ()) if fact in views) for one in held
    }


def _entity(row: Row) -> EntityView:
    return EntityView(row["id"], row["name"], row["labels"][1], tuple(row["aliases"]), json.loads(row["attributes"]))


def _fact(row: Row) -> FactView:
    return FactView(
        id=row["id"],
        subject=row["subject"],
        predicate=row["predicate"],
        object=row["object"],
        sentence=row["sentence"],
        valid_at=aware(row["valid_at"]),
        invalid_at=None if row["invalid_at"] is None else aware(row["invalid_at"]),
        records=tuple(row["records"]),
        subject_id=row["subject_id"],
        object_id=row["object_id"],
    )


def _held(view: FactView, at: datetime) -> bool:
    return view.valid_at <= at and (view.invalid_at is None or at < view.invalid_at)


def _ordered(views: Iterable[FactView]) -> list[FactView]:
    return sorted(views, key=lambda view: (view.valid_at, view.predicate, view.subject, view.object, view.id))
