"""The questions of `graph.operations` in Neo4j's Cypher: constants, with `$group`, `$keys`, `$text` and `$limit`.

Times come as seconds and nanoseconds since 1970, which cost the driver far less than its own kind of time.

Keyed look-ups name their index: what the planner chose while the graph was still empty would scan it later. A name that
is too long for its index is kept beside its beginning (see `writes`).
"""

from __future__ import annotations

from collections.abc import Mapping

from apex_cli.stores.graph.model import operations as ops
from apex_cli.stores.graph.model.operations import Query

_NAME = "coalesce({0}.whole_name, {0}.name)"
_ENTITY = f"""n.uuid AS id, {_NAME.format("n")} AS name, labels(n) AS labels, n.aliases AS aliases,
    n.attributes AS attributes"""
_AT = "[{0}.epochSeconds, {0}.nanosecond]"
_LASTS = f"{_AT.format('f.valid_at')} AS valid_at, {_AT.format('f.invalid_at')} AS invalid_at"
_FACT = f"""f.uuid AS id, f.name AS predicate, f.fact AS sentence, {_LASTS}, f.episodes AS records,
    f.attributes AS attributes"""
_ENDS = f"""s.uuid AS subject_id, {_NAME.format("s")} AS subject, o.uuid AS object_id,
    {_NAME.format("o")} AS object"""
_OBSERVATION = "RETURN e.uuid AS record, n.uuid AS node, m.observation AS observation"
_EPISODE_K = """UNWIND $keys AS k
    MATCH (e:Episodic {uuid: k}) USING INDEX e:Episodic(uuid) WHERE e.group_id = $group"""
_ENTITY_K = """UNWIND $keys AS k
    MATCH (n:Entity {uuid: k}) USING INDEX n:Entity(uuid) WHERE n.group_id = $group"""
_FACT_K = """UNWIND $keys AS k
    MATCH (s)-[f:RELATES_TO {uuid: k}]->(o) USING INDEX f:RELATES_TO(uuid) WHERE f.group_id = $group"""
_EVERY_RECORD = "MATCH (r:ApexRecord) WHERE r.group_id = $group AND r.record_id IS NOT NULL"
_EVERY_FACT = "MATCH (s)-[f:RELATES_TO {group_id: $group}]->(o)"

READS: Mapping[Query, str] = {
    ops.RECORDS: """UNWIND $keys AS k
        MATCH (r:ApexRecord {group_id: $group, record_id: k}) USING INDEX r:ApexRecord(group_id, record_id)
        RETURN k AS record, r.epoch AS epoch, r.saga_id AS saga, r.present AS present, r.claims AS claims""",
    ops.ALIASES: """UNWIND $keys AS k
        MATCH (a:ApexAlias {group_id: $group, key: k}) USING INDEX a:ApexAlias(group_id, key)
        RETURN k AS key, a.entity AS entity""",
    ops.USED_ENTITY_IDS: f"{_ENTITY_K} RETURN k AS uuid",
    ops.OBSERVATIONS_BY_RECORD: f"{_EPISODE_K} MATCH (e)-[m:MENTIONS]->(n:Entity) {_OBSERVATION}",
    ops.OBSERVATIONS_BY_NODE: f"{_ENTITY_K} MATCH (n)<-[m:MENTIONS]-(e:Episodic) {_OBSERVATION}",
    ops.NODES: f"""{_ENTITY_K}
        RETURN k AS uuid, {_NAME.format("n")} AS name, labels(n) AS labels, n.attributes AS attributes,
        n.state AS state""",
    ops.PAGES: """UNWIND $keys AS k
        MATCH (p:ApexTimeline {group_id: $group, page: k}) USING INDEX p:ApexTimeline(group_id, page)
        RETURN k AS page, p.evidence AS evidence, p.page_starts AS page_starts""",
    ops.FACT_TEXTS: f"{_FACT_K} RETURN k AS uuid, f.fact AS sentence, f.attributes AS attributes",
    ops.FACT_VECTORS: f"{_FACT_K} RETURN k AS uuid, f.fact_embedding AS vector",
    ops.MENTIONED_ENTITIES: f"{_EPISODE_K} MATCH (e)-[:MENTIONS]->(n:Entity) RETURN e.uuid AS record, {_ENTITY}",
    ops.FACTS: f"{_FACT_K} RETURN {_FACT}, {_ENDS}",
    ops.MENTIONING_RECORDS: f"{_ENTITY_K} MATCH (n)<-[:MENTIONS]-(e:Episodic) RETURN n.uuid AS node, e.uuid AS record",
    ops.EPISODE_TIMES: f"{_EPISODE_K} RETURN e.uuid AS record, {_AT.format('e.valid_at')} AS time",
    ops.FACTS_AS_SUBJECT: f"""MATCH (s:Entity {{uuid: $text}}) USING INDEX s:Entity(uuid) WHERE s.group_id = $group
        MATCH (s)-[f:RELATES_TO]->(o:Entity) RETURN {_FACT}, {_ENDS}""",
    ops.FACTS_AS_OBJECT: f"""MATCH (o:Entity {{uuid: $text}}) USING INDEX o:Entity(uuid) WHERE o.group_id = $group
        MATCH (s:Entity)-[f:RELATES_TO]->(o) RETURN {_FACT}, {_ENDS}""",
    ops.ENTITY_BY_ID: f"""MATCH (n:Entity {{uuid: $text}}) USING INDEX n:Entity(uuid) WHERE n.group_id = $group
        RETURN {_ENTITY}""",
    ops.ENTITIES_BY_NAME: f"""MATCH (n:Entity {{group_id: $group, lower_name: left($text, 200)}})
        USING INDEX n:Entity(group_id, lower_name)
        WHERE toLower({_NAME.format("n")}) = $text RETURN {_ENTITY} LIMIT $limit""",
    ops.ENTITIES_BY_ALIAS: f"""MATCH (a:ApexAlias {{group_id: $group, value: $text}})
        USING INDEX a:ApexAlias(group_id, value)
        MATCH (n:Entity {{uuid: a.entity}}) USING INDEX n:Entity(uuid) WHERE n.group_id = $group
        RETURN a.key AS key, {_ENTITY}""",
    ops.ALL_RECORDS: f"{_EVERY_RECORD} RETURN r.record_id AS id, r.present AS present, r.claims AS claims",
    ops.ALL_EPISODES: "MATCH (e:Episodic {group_id: $group}) RETURN e.uuid AS id",
    ops.ALL_PAGES: """MATCH (p:ApexTimeline) WHERE p.group_id = $group AND p.page IS NOT NULL
        RETURN p.page AS page, p.evidence AS evidence, p.page_starts AS page_starts""",
    ops.ALL_FACTS: f"""{_EVERY_FACT}
        RETURN f.uuid AS id, f.name AS predicate, {_LASTS}, f.episodes AS records""",
    ops.ALL_SUBJECTS: f"{_EVERY_FACT} RETURN f.uuid AS fact, s.uuid AS node",
    ops.ALL_OBJECTS: f"{_EVERY_FACT} RETURN f.uuid AS fact, o.uuid AS node",
    ops.ALL_NODES: f"""MATCH (n:Entity {{group_id: $group}})
        RETURN n.uuid AS id, {_NAME.format("n")} AS name, n.attributes AS attributes, n.aliases AS aliases,
        n.state AS state""",
    ops.ALL_MENTIONS: f"MATCH (e:Episodic)-[m:MENTIONS {{group_id: $group}}]->(n:Entity) {_OBSERVATION}",
    ops.ALL_ALIASES: """MATCH (a:ApexAlias) WHERE a.group_id = $group AND a.key IS NOT NULL
        RETURN a.key AS key, a.entity AS entity""",
    ops.ALL_MARKERS: f"""{_EVERY_RECORD} AND r.present
        OPTIONAL MATCH (e:Episodic {{uuid: r.record_id}})-[m:MENTIONS]->(:Entity)
        RETURN r.record_id AS record, r.saga_id AS saga, count(m) AS mentions""",
    ops.COUNT_RECORDS: f"{_EVERY_RECORD} AND r.present RETURN count(*) AS n",
    ops.COUNT_ENTITIES: "MATCH (n:Entity {group_id: $group}) RETURN count(*) AS n",
    ops.COUNT_FACTS: f"{_EVERY_FACT} RETURN count(*) AS n",
}

COLLECTED: Mapping[Query, str] = {
    what: f"CALL () {{ {READS[what]} }} RETURN collect([{', '.join(what.answer)}]) AS rows"
    for what in (*ops.LOOK_UPS, *ops.QUESTIONS)
}
"""Questions with bounded answers, all rows of which come as one: the driver goes through the event loop for each."""
