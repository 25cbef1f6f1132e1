"""The writes of `graph.operations` in Neo4j's Cypher: constants over `$rows` and `$group` that count what they met.

Vectors are written by Neo4j's own procedures, as Graphiti does: 4 bytes a number instead of 8. A range index takes some
8,000 bytes and Graphiti has one on names, so `name` holds the beginning of a longer one and `whole_name` all of it;
`lower_name` is for finding a name whatever its case.
"""

from __future__ import annotations

from collections.abc import Mapping

from apex_cli.stores.graph.model import operations as ops
from apex_cli.stores.graph.model.operations import Write

OWN_PROPERTIES = ("aliases", "state", "lower_name", "whole_name")
"""What apex adds to Graphiti's properties of an entity."""


def _at(name: str) -> str:
    """A time that is sent as seconds and nanoseconds since 1970, which costs the driver far less than a datetime."""
    return f"datetime({{epochSeconds: row.{name}[0], nanosecond: row.{name}[1]}})"


def _at_or_null(name: str) -> str:
    return f"CASE WHEN row.{name} IS NOT NULL THEN {_at(name)} END"


_ROWS = "UNWIND $rows AS row"
_MET = "RETURN count(*) AS met"
_ENTITY = "MATCH (n:Entity {uuid: row.k}) USING INDEX n:Entity(uuid) WHERE n.group_id = $group"
_EPISODE = "MATCH (e:Episodic {uuid: row.k}) USING INDEX e:Episodic(uuid) WHERE e.group_id = $group"
_FACT = "MATCH ()-[f:RELATES_TO {uuid: row.k}]->() USING INDEX f:RELATES_TO(uuid) WHERE f.group_id = $group"
_RECORD = "MATCH (r:ApexRecord {group_id: $group, record_id: row.k}) USING INDEX r:ApexRecord(group_id, record_id)"
_ALIAS = "MATCH (a:ApexAlias {group_id: $group, key: row.k}) USING INDEX a:ApexAlias(group_id, key)"
_PAGE = "MATCH (p:ApexTimeline {group_id: $group, page: row.k}) USING INDEX p:ApexTimeline(group_id, page)"
_MENTION_ENDS = """MATCH (e:Episodic {uuid: row.record}) USING INDEX e:Episodic(uuid) WHERE e.group_id = $group
    MATCH (n:Entity {uuid: row.node}) USING INDEX n:Entity(uuid) WHERE n.group_id = $group"""
_SHOWN = """n.name = left(row.name, 2000), n.whole_name = CASE WHEN size(row.name) > 2000 THEN row.name END,
    n.lower_name = left(toLower(row.name), 200), n.summary = row.summary, n.attributes = row.attributes,
    n.aliases = row.aliases"""
_NAME_VECTOR = """CALL (n, row) { WITH * WHERE row.vector IS NOT NULL
    CALL db.create.setNodeVectorProperty(n, 'name_embedding', row.vector) }"""
_FACT_VECTOR = """CALL (f, row) { WITH * WHERE row.vector IS NOT NULL
    CALL db.create.setRelationshipVectorProperty(f, 'fact_embedding', row.vector) }"""

WRITES: Mapping[Write, str] = {
    what: f"{_ROWS} {statement} {_MET}"
    for what, statement in {
        ops.NEW_ENTITY: f"""CREATE (n:$(row.labels) {{uuid: row.uuid, group_id: $group,
            created_at: {_at("created_at")}, state: row.state}}) SET {_SHOWN} WITH n, row {_NAME_VECTOR}""",
        ops.NEW_EPISODE: f"""CREATE (:Episodic {{uuid: row.uuid, name: row.name, source: row.source,
            source_description: row.source_description, content: row.content, valid_at: {_at("valid_at")},
            group_id: $group, created_at: {_at("created_at")}, entity_edges: row.entity_edges}})""",
        ops.NEW_MENTION: f"""{_MENTION_ENDS} CREATE (e)-[:MENTIONS {{uuid: row.uuid, group_id: $group,
            created_at: {_at("created_at")}, observation: row.observation}}]->(n)""",
        ops.NEW_FACT: f"""MATCH (s:Entity {{uuid: row.subject}}) USING INDEX s:Entity(uuid) WHERE s.group_id = $group
            MATCH (o:Entity {{uuid: row.object}}) USING INDEX o:Entity(uuid) WHERE o.group_id = $group
            CREATE (s)-[f:RELATES_TO {{uuid: row.uuid, group_id: $group, name: row.name, fact: row.fact,
            attributes: row.attributes, episodes: row.episodes, created_at: {_at("created_at")},
            valid_at: {_at("valid_at")}, reference_time: {_at("reference_time")},
            invalid_at: {_at_or_null("invalid_at")}, expired_at: {_at_or_null("expired_at")}}}]->(o)
            WITH f, row {_FACT_VECTOR}""",
        ops.NEW_ALIAS: "CREATE (:ApexAlias {group_id: $group, key: row.key, entity: row.entity, value: row.value})",
        ops.NEW_PAGE: """CREATE (:ApexTimeline {group_id: $group, page: row.page, evidence: row.evidence,
            page_starts: row.page_starts})""",
        ops.NEW_RECORD: """CREATE (:ApexRecord {group_id: $group, record_id: row.record, epoch: row.epoch,
            saga_id: row.saga, present: row.present, claims: row.claims})""",
        ops.SET_STATE: f"{_ENTITY} SET n.state = row.state",
        ops.SET_DISPLAY: f"{_ENTITY} SET {_SHOWN}",
        ops.SET_NAME_VECTOR: f"{_ENTITY} SET n.name_embedding = null WITH n, row {_NAME_VECTOR}",
        ops.SET_EPISODE: f"""{_EPISODE} SET e.name = row.name, e.source = row.source,
            e.source_description = row.source_description, e.content = row.content, e.valid_at = {_at("valid_at")}""",
        ops.SET_OBSERVATION: f"{_MENTION_ENDS} MATCH (e)-[m:MENTIONS]->(n) SET m.observation = row.observation",
        ops.SET_ENDS: f"""{_FACT} SET f.episodes = row.episodes, f.invalid_at = {_at_or_null("invalid_at")},
            f.expired_at = {_at_or_null("expired_at")}""",
        ops.SET_FACT_TEXT: f"""{_FACT} SET f.fact = row.fact, f.attributes = row.attributes, f.fact_embedding = null
            WITH f, row {_FACT_VECTOR}""",
        ops.SET_ALIAS: f"{_ALIAS} SET a.entity = row.entity",
        ops.SET_PAGE: f"{_PAGE} SET p.evidence = row.evidence, p.page_starts = row.page_starts",
        ops.SET_PAGE_STARTS: f"{_PAGE} SET p.page_starts = row.page_starts",
        ops.SET_RECORD: f"""{_RECORD} SET r.epoch = row.epoch, r.saga_id = row.saga, r.present = row.present,
            r.claims = row.claims""",
        ops.SET_CLAIMS: f"{_RECORD} SET r.claims = row.claims",
        ops.SET_FENCE: f"{_RECORD} SET r.epoch = row.epoch",
        ops.DELETE_ENTITY: f"{_ENTITY} DETACH DELETE n",
        ops.DELETE_EPISODE: f"{_EPISODE} DETACH DELETE e",
        ops.DELETE_MENTION: f"{_MENTION_ENDS} MATCH (e)-[m:MENTIONS]->(n) DELETE m",
        ops.DELETE_FACT: f"{_FACT} DELETE f",
        ops.DELETE_ALIAS: f"{_ALIAS} DELETE a",
        ops.DELETE_PAGE: f"{_PAGE} DELETE p",
    }.items()
}
"""The labels of an entity are data, not text of a statement (dynamic labels, new in 5.26)."""
