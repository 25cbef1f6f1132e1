"""The operations of `graph.model` in Neo4j's Cypher. All statements are constants.

Reads take `$group`, `$keys`, `$text` and `$limit`. Writes take `$group` and `$rows`, and count the rows that they
matched.

- Times travel as seconds and nanoseconds since 1970, which costs the driver far less than its own type.
- Keyed look-ups name their index. The plan that the server makes while the graph is empty would scan it later.
- A range index takes about 8,000 bytes, and Graphiti has one on names. So `name` holds the first 2,000 characters and
  `whole_name` all of a longer name. `lower_name` finds a name in any case.
- Vectors are written by Neo4j's own procedures, as Graphiti does: 4 bytes a number instead of 8. A text that changes
  loses its vector, also where none is written: no vector is ever that of another text.
"""

from __future__ import annotations

from collections.abc import Mapping

from apex_cli.stores.graph.model import operations as ops
from apex_cli.stores.graph.model.operations import Query, Write

OWN_PROPERTIES = ("aliases", "state", "lower_name", "whole_name")
"""The properties of an entity that apex adds to Graphiti's."""

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
_LAST_OF_THEM = f"WITH s, f, o ORDER BY f.valid_at DESC, f.uuid LIMIT $limit RETURN {_FACT}, {_ENDS}"

READS: Mapping[Query, str] = {
    ops.RECORDS: """UNWIND $keys AS k
        MATCH (r:ApexRecord {group_id: $group, record_id: k}) USING INDEX r:ApexRecord(group_id, record_id)
        RETURN k AS record, r.epoch AS epoch, r.saga_id AS saga, r.present AS present, r.claims AS claims""",
    ops.MARKERS: """UNWIND $keys AS k
        MATCH (r:ApexRecord {group_id: $group, record_id: k}) USING INDEX r:ApexRecord(group_id, record_id)
        RETURN k AS record, r.saga_id AS saga""",
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
    ops.NAME_VECTORS: f"{_ENTITY_K} RETURN k AS uuid, {_NAME.format('n')} AS name, n.name_embedding AS vector",
    ops.FACT_VECTORS: f"{_FACT_K} RETURN k AS uuid, f.fact AS sentence, f.fact_embedding AS vector",
    ops.NAMES_WITHOUT_VECTOR: f"""MATCH (n:Entity {{group_id: $group}}) WHERE n.name_embedding IS NULL
        RETURN n.uuid AS uuid, labels(n) AS labels, {_NAME.format("n")} AS name LIMIT $limit""",
    ops.FACTS_WITHOUT_VECTOR: f"""{_EVERY_FACT} WHERE f.fact_embedding IS NULL
        RETURN f.uuid AS uuid, f.fact AS sentence LIMIT $limit""",
    ops.ENTITIES: f"{_ENTITY_K} RETURN {_ENTITY}",
    ops.MENTIONED_ENTITIES: f"{_EPISODE_K} MATCH (e)-[:MENTIONS]->(n:Entity) RETURN e.uuid AS record, {_ENTITY}",
    ops.FACTS: f"{_FACT_K} RETURN {_FACT}, {_ENDS}",
    ops.STATEMENTS: f"""UNWIND $keys AS k
        MATCH (s:Entity {{uuid: k}}) USING INDEX s:Entity(uuid) WHERE s.group_id = $group
        MATCH (s)-[f:RELATES_TO]->(o:Entity)
        WHERE f.name IN ['HAS_STATUS', 'HAULED_BY', 'ASSIGNED_DRIVER', 'DRIVES', 'HAS_STOP']
        RETURN {_FACT}, {_ENDS}""",
    ops.FACTS_THEN: f"""{_EVERY_FACT}
        WHERE f.name = $text AND f.valid_at <= $at AND (f.invalid_at IS NULL OR f.invalid_at > $at)
        {_LAST_OF_THEM}""",
    ops.FREE_TEXT_CLAIMS: f"""{_EVERY_FACT}
        WHERE f.valid_at <= $at AND ((f.name = $text AND f.attributes CONTAINS '"states":')
        OR (f.name IN ['HAS_STATUS', 'HAULED_BY', 'ASSIGNED_DRIVER', 'DRIVES']
        AND f.attributes CONTAINS '"certain":false')) {_LAST_OF_THEM}""",
    ops.FACTS_AS_SUBJECT: f"""MATCH (s:Entity {{uuid: $text}}) USING INDEX s:Entity(uuid) WHERE s.group_id = $group
        MATCH (s)-[f:RELATES_TO]->(o:Entity) RETURN {_FACT}, {_ENDS}""",
    ops.FACTS_AS_OBJECT: f"""MATCH (o:Entity {{uuid: $text}}) USING INDEX o:Entity(uuid) WHERE o.group_id = $group
        MATCH (s:Entity)-[f:RELATES_TO]->(o) RETURN {_FACT}, {_ENDS}""",
    ops.ENTITIES_BY_NAME: f"""MATCH (n:Entity {{group_id: $group, lower_name: left($text, 200)}})
        USING INDEX n:Entity(group_id, lower_name)
        WHERE toLower({_NAME.format("n")}) = $text RETURN {_ENTITY} LIMIT $limit""",
    ops.ENTITIES_BY_PART: f"""MATCH (n:Entity {{group_id: $group}}) WHERE n.lower_name CONTAINS $text AND NOT n:Value
        RETURN {_ENTITY} LIMIT $limit""",
    ops.NEWEST_RECORDS: """MATCH (n:Entity {uuid: $text}) USING INDEX n:Entity(uuid) WHERE n.group_id = $group
        MATCH (n)<-[:MENTIONS]-(e:Episodic)
        RETURN e.uuid AS record ORDER BY e.valid_at DESC, e.uuid LIMIT $limit""",
    ops.ALIASES_BY_VALUE: """MATCH (a:ApexAlias {group_id: $group, value: $text})
        USING INDEX a:ApexAlias(group_id, value)
        RETURN a.key AS key, a.entity AS entity LIMIT $limit""",
    ops.ALIASES_BY_BEGINNING: """MATCH (a:ApexAlias {group_id: $group}) WHERE a.key STARTS WITH $text
        RETURN a.key AS key, a.entity AS entity LIMIT $limit""",
    ops.ENTITIES_BY_BEGINNING: f"""MATCH (n:Entity {{group_id: $group}})
        WHERE n.lower_name STARTS WITH left($text, 200) AND toLower({_NAME.format("n")}) STARTS WITH $text
        AND NOT n:Value AND ($kind = '' OR $kind IN labels(n))
        RETURN {_ENTITY} ORDER BY n.lower_name, n.uuid LIMIT $limit""",
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
    ops.COUNT_TYPES: "MATCH (n:Entity {group_id: $group}) RETURN labels(n) AS labels, count(*) AS n",
}

COLLECTED: Mapping[Query, str] = {
    what: f"CALL () {{ {READS[what]} }} RETURN collect([{', '.join(what.answer)}]) AS rows"
    for what in READS
    if what not in ops.SCANS
}
"""Reads with bounded answers. All rows come in one list: for each row the driver takes a turn of the event loop."""

FORMER: Mapping[Query, str] = {
    what: statements[what].replace("ApexAlias", "ApexFormerAlias")
    for what, statements in ((ops.ALIASES, COLLECTED), (ops.ALL_ALIASES, READS))
}
"""The index of aliases as it was before the graph was emptied, see `schema`."""


def _at(name: str) -> str:
    """A time that is sent as seconds and nanoseconds since 1970, which costs the driver far less than a datetime."""
    return f"datetime({{epochSeconds: row.{name}[0], nanosecond: row.{name}[1]}})"


def _at_or_null(name: str) -> str:
    return f"CASE WHEN row.{name} IS NOT NULL THEN {_at(name)} END"


_ROWS = "UNWIND $rows AS row"
_MATCHED = "RETURN count(*) AS met"
_ENTITY_OF_ROW = "MATCH (n:Entity {uuid: row.k}) USING INDEX n:Entity(uuid) WHERE n.group_id = $group"
_EPISODE_OF_ROW = "MATCH (e:Episodic {uuid: row.k}) USING INDEX e:Episodic(uuid) WHERE e.group_id = $group"
_FACT_OF_ROW = "MATCH ()-[f:RELATES_TO {uuid: row.k}]->() USING INDEX f:RELATES_TO(uuid) WHERE f.group_id = $group"
_RECORD_OF_ROW = (
    "MATCH (r:ApexRecord {group_id: $group, record_id: row.k}) USING INDEX r:ApexRecord(group_id, record_id)"
)
_ALIAS_OF_ROW = "MATCH (a:ApexAlias {group_id: $group, key: row.k}) USING INDEX a:ApexAlias(group_id, key)"
_PAGE_OF_ROW = "MATCH (p:ApexTimeline {group_id: $group, page: row.k}) USING INDEX p:ApexTimeline(group_id, page)"
_MENTION_ENDS = """MATCH (e:Episodic {uuid: row.record}) USING INDEX e:Episodic(uuid) WHERE e.group_id = $group
    MATCH (n:Entity {uuid: row.node}) USING INDEX n:Entity(uuid) WHERE n.group_id = $group"""
_DISPLAY = """n.name = left(row.name, 2000), n.whole_name = CASE WHEN size(row.name) > 2000 THEN row.name END,
    n.lower_name = left(toLower(row.name), 200), n.summary = row.summary, n.attributes = row.attributes,
    n.aliases = row.aliases"""

WRITES: Mapping[Write, str] = {
    what: f"{_ROWS} {statement} {_MATCHED}"
    for what, statement in {
        ops.NEW_ENTITY: f"""CREATE (n:$(row.labels) {{uuid: row.uuid, group_id: $group,
            created_at: {_at("created_at")}, state: row.state}}) SET {_DISPLAY}""",
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
            invalid_at: {_at_or_null("invalid_at")}, expired_at: {_at_or_null("expired_at")}}}]->(o)""",
        ops.NEW_ALIAS: "CREATE (:ApexAlias {group_id: $group, key: row.key, entity: row.entity, value: row.value})",
        ops.NEW_PAGE: """CREATE (:ApexTimeline {group_id: $group, page: row.page, evidence: row.evidence,
            page_starts: row.page_starts})""",
        ops.NEW_RECORD: """CREATE (:ApexRecord {group_id: $group, record_id: row.record, epoch: row.epoch,
            saga_id: row.saga, present: row.present, claims: row.claims})""",
        ops.SET_STATE: f"{_ENTITY_OF_ROW} SET n.state = row.state",
        ops.SET_DISPLAY: f"""{_ENTITY_OF_ROW}
            CALL (n, row) {{ WITH * WHERE {_NAME.format("n")} <> row.name REMOVE n.name_embedding }} SET {_DISPLAY}""",
        ops.SET_EPISODE: f"""{_EPISODE_OF_ROW} SET e.name = row.name, e.source = row.source,
            e.source_description = row.source_description, e.content = row.content, e.valid_at = {_at("valid_at")}""",
        ops.SET_OBSERVATION: f"{_MENTION_ENDS} MATCH (e)-[m:MENTIONS]->(n) SET m.observation = row.observation",
        ops.SET_ENDS: f"""{_FACT_OF_ROW} SET f.episodes = row.episodes, f.invalid_at = {_at_or_null("invalid_at")},
            f.expired_at = {_at_or_null("expired_at")}""",
        ops.SET_FACT_TEXT: f"""{_FACT_OF_ROW}
            CALL (f, row) {{ WITH * WHERE f.fact <> row.fact REMOVE f.fact_embedding }}
            SET f.fact = row.fact, f.attributes = row.attributes""",
        ops.SET_ALIAS: f"{_ALIAS_OF_ROW} SET a.entity = row.entity",
        ops.SET_PAGE: f"{_PAGE_OF_ROW} SET p.evidence = row.evidence, p.page_starts = row.page_starts",
        ops.SET_PAGE_STARTS: f"{_PAGE_OF_ROW} SET p.page_starts = row.page_starts",
        ops.SET_RECORD: f"""{_RECORD_OF_ROW} SET r.epoch = row.epoch, r.saga_id = row.saga, r.present = row.present,
            r.claims = row.claims""",
        ops.SET_CLAIMS: f"{_RECORD_OF_ROW} SET r.claims = row.claims",
        ops.SET_FENCE: f"{_RECORD_OF_ROW} SET r.epoch = row.epoch",
        ops.DELETE_ENTITY: f"{_ENTITY_OF_ROW} DETACH DELETE n",
        ops.DELETE_EPISODE: f"{_EPISODE_OF_ROW} DETACH DELETE e",
        ops.DELETE_MENTION: f"{_MENTION_ENDS} MATCH (e)-[m:MENTIONS]->(n) DELETE m",
        ops.DELETE_FACT: f"{_FACT_OF_ROW} DELETE f",
        ops.DELETE_ALIAS: f"{_ALIAS_OF_ROW} DELETE a",
        ops.DELETE_PAGE: f"{_PAGE_OF_ROW} DELETE p",
        ops.SET_NAME_VECTOR: f"""{_ENTITY_OF_ROW}
            CALL db.create.setNodeVectorProperty(n, 'name_embedding', row.vector)""",
        ops.SET_FACT_VECTOR: f"""{_FACT_OF_ROW}
            CALL db.create.setRelationshipVectorProperty(f, 'fact_embedding', row.vector)""",
    }.items()
}
"""The labels of an entity are data, not text of a statement (dynamic labels, new in 5.26)."""
