"""The statements behind `model.operations`, in Ladybug's Cypher. All of them are constants.

The keys of a look-up are a list, `$keys`. Rows to write are an Arrow table, `$df`, whose columns are variables of the
query. A fact is a node between two halves of a relation, as Graphiti lays it out for this dialect.

Rows are inserted by `CREATE`, not by `COPY`. A `COPY` is not in the engine's write-ahead log, so a transaction with one
in it ends in a checkpoint. A checkpoint takes the longer the larger the graph is (0.12 s of processor time for 500
records into an empty graph, 0.56 s after 8,500), and each `COPY` keeps 8 to 28 MB until then. A logged transaction ends
in 0.05 s at any size.

Relations are read by `OPTIONAL MATCH` from a node that was found by its key: the engine then follows those of this
node. With `MATCH` it reads the whole relation and joins that: 13 ms for one key at 20,000 mentions, against 0.5 ms.
"""

from __future__ import annotations

from collections.abc import Mapping

from apex_cli.stores.graph.model import operations as ops
from apex_cli.stores.graph.model.operations import Query, Write

_ENTITY = "n.uuid AS id, n.name AS name, n.labels AS labels, n.aliases AS aliases, n.attributes AS attributes"
_FACT = """f.uuid AS id, f.name AS predicate, f.fact AS sentence, f.valid_at AS valid_at, f.invalid_at AS invalid_at,
    f.episodes AS records, f.attributes AS attributes"""
_ENDS = "s.uuid AS subject_id, s.name AS subject, o.uuid AS object_id, o.name AS object"
_LAST_OF_THEM = f"""WITH f ORDER BY f.valid_at DESC, f.uuid LIMIT $limit
    OPTIONAL MATCH (s:Entity)-[:RELATES_TO]->(f)-[:RELATES_TO]->(o:Entity)
    WITH s, f, o WHERE s.uuid IS NOT NULL RETURN {_FACT}, {_ENDS}"""
_MENTIONED = "WITH e, m, n WHERE e.uuid IS NOT NULL AND n.uuid IS NOT NULL"
_OBSERVATION = "RETURN e.uuid AS record, n.uuid AS node, m.observation AS observation"

READS: Mapping[Query, str] = {
    ops.RECORDS: """UNWIND $keys AS k MATCH (r:ApexRecord {record_id: k})
        RETURN r.record_id AS record, r.epoch AS epoch, r.saga_id AS saga, r.present AS present, r.claims AS claims""",
    ops.MARKERS: """UNWIND $keys AS k MATCH (r:ApexRecord {record_id: k})
        RETURN r.record_id AS record, r.saga_id AS saga""",
    ops.ALIASES: "UNWIND $keys AS k MATCH (a:ApexAlias {key: k}) RETURN a.key AS key, a.entity AS entity",
    ops.USED_ENTITY_IDS: "UNWIND $keys AS k MATCH (n:Entity {uuid: k}) RETURN n.uuid AS uuid",
    ops.OBSERVATIONS_BY_RECORD: f"""UNWIND $keys AS k MATCH (e:Episodic {{uuid: k}})
        OPTIONAL MATCH (e)-[m:MENTIONS]->(n:Entity) {_MENTIONED} {_OBSERVATION}""",
    ops.OBSERVATIONS_BY_NODE: f"""UNWIND $keys AS k MATCH (n:Entity {{uuid: k}})
        OPTIONAL MATCH (e:Episodic)-[m:MENTIONS]->(n) {_MENTIONED} {_OBSERVATION}""",
    ops.NODES: """UNWIND $keys AS k MATCH (n:Entity {uuid: k})
        RETURN n.uuid AS uuid, n.name AS name, n.labels AS labels, n.attributes AS attributes, n.state AS state""",
    ops.PAGES: """UNWIND $keys AS k MATCH (s:ApexTimeline {page: k})
        RETURN s.page AS page, s.evidence AS evidence, s.page_starts AS page_starts""",
    ops.FACT_TEXTS: """UNWIND $keys AS k MATCH (f:RelatesToNode_ {uuid: k})
        RETURN f.uuid AS uuid, f.fact AS sentence, f.attributes AS attributes""",
    ops.ENTITIES: f"UNWIND $keys AS k MATCH (n:Entity {{uuid: k}}) RETURN {_ENTITY}",
    ops.MENTIONED_ENTITIES: f"""UNWIND $keys AS k MATCH (e:Episodic {{uuid: k}})
        OPTIONAL MATCH (e)-[m:MENTIONS]->(n:Entity) {_MENTIONED} RETURN e.uuid AS record, {_ENTITY}""",
    ops.FACTS: f"""UNWIND $keys AS k MATCH (f:RelatesToNode_ {{uuid: k}})
        OPTIONAL MATCH (s:Entity)-[:RELATES_TO]->(f)-[:RELATES_TO]->(o:Entity)
        WITH s, f, o WHERE s.uuid IS NOT NULL RETURN {_FACT}, {_ENDS}""",
    ops.STATEMENTS: f"""UNWIND $keys AS k MATCH (s:Entity {{uuid: k}})
        OPTIONAL MATCH (s)-[:RELATES_TO]->(f:RelatesToNode_)-[:RELATES_TO]->(o:Entity)
        WITH s, f, o WHERE f.name IN ['HAS_STATUS', 'HAULED_BY', 'ASSIGNED_DRIVER', 'DRIVES', 'HAS_STOP']
        RETURN {_FACT}, {_ENDS}""",
    ops.FACTS_THEN: f"""MATCH (f:RelatesToNode_)
        WHERE f.name = $text AND f.valid_at <= $at AND (f.invalid_at IS NULL OR f.invalid_at > $at)
        {_LAST_OF_THEM}""",
    ops.FREE_TEXT_CLAIMS: f"""MATCH (f:RelatesToNode_)
        WHERE f.valid_at <= $at AND ((f.name = $text AND f.attributes CONTAINS '"states":')
        OR (f.name IN ['HAS_STATUS', 'HAULED_BY', 'ASSIGNED_DRIVER', 'DRIVES']
        AND f.attributes CONTAINS '"certain":false')) {_LAST_OF_THEM}""",
    ops.FACTS_AS_SUBJECT: f"""
        MATCH (s:Entity {{uuid: $text}})-[:RELATES_TO]->(f:RelatesToNode_)-[:RELATES_TO]->(o:Entity)
        RETURN {_FACT}, {_ENDS}""",
    ops.FACTS_AS_OBJECT: f"""
        MATCH (s:Entity)-[:RELATES_TO]->(f:RelatesToNode_)-[:RELATES_TO]->(o:Entity {{uuid: $text}})
        RETURN {_FACT}, {_ENDS}""",
    ops.ENTITIES_BY_NAME: f"MATCH (n:Entity) WHERE lower(n.name) = $text RETURN {_ENTITY} LIMIT $limit",
    ops.ENTITIES_BY_PART: f"""MATCH (n:Entity)
        WHERE lower(n.name) CONTAINS $text AND NOT list_contains(n.labels, 'Value')
        RETURN {_ENTITY} LIMIT $limit""",
    ops.NEWEST_RECORDS: """MATCH (n:Entity {uuid: $text})<-[:MENTIONS]-(e:Episodic)
        RETURN e.uuid AS record ORDER BY e.valid_at DESC, e.uuid LIMIT $limit""",
    ops.ALIASES_BY_VALUE: """MATCH (a:ApexAlias) WHERE lower(a.key) ENDS WITH concat(':', $text)
        RETURN a.key AS key, a.entity AS entity LIMIT $limit""",
    ops.ALIASES_BY_BEGINNING: """MATCH (a:ApexAlias) WHERE a.key STARTS WITH $text
        RETURN a.key AS key, a.entity AS entity LIMIT $limit""",
    ops.ENTITIES_BY_BEGINNING: f"""MATCH (n:Entity)
        WHERE lower(n.name) STARTS WITH $text AND NOT list_contains(n.labels, 'Value')
        AND ($kind = '' OR list_contains(n.labels, $kind))
        RETURN {_ENTITY} ORDER BY lower(n.name), n.uuid LIMIT $limit""",
    ops.ALL_RECORDS: "MATCH (r:ApexRecord) RETURN r.record_id AS id, r.present AS present, r.claims AS claims",
    ops.ALL_EPISODES: "MATCH (e:Episodic) RETURN e.uuid AS id",
    ops.ALL_PAGES: "MATCH (s:ApexTimeline) RETURN s.page AS page, s.evidence AS evidence, s.page_starts AS page_starts",
    ops.ALL_FACTS: """MATCH (f:RelatesToNode_)
        RETURN f.uuid AS id, f.name AS predicate, f.valid_at AS valid_at, f.invalid_at AS invalid_at,
        f.episodes AS records""",
    ops.ALL_SUBJECTS: "MATCH (n:Entity)-[:RELATES_TO]->(f:RelatesToNode_) RETURN f.uuid AS fact, n.uuid AS node",
    ops.ALL_OBJECTS: "MATCH (f:RelatesToNode_)-[:RELATES_TO]->(n:Entity) RETURN f.uuid AS fact, n.uuid AS node",
    ops.ALL_NODES: """MATCH (n:Entity)
        RETURN n.uuid AS id, n.name AS name, n.attributes AS attributes, n.aliases AS aliases, n.state AS state""",
    ops.ALL_MENTIONS: f"MATCH (e:Episodic)-[m:MENTIONS]->(n:Entity) {_OBSERVATION}",
    ops.ALL_ALIASES: "MATCH (a:ApexAlias) RETURN a.key AS key, a.entity AS entity",
    ops.ALL_MARKERS: """MATCH (r:ApexRecord) WHERE r.present
        OPTIONAL MATCH (e:Episodic {uuid: r.record_id})-[m:MENTIONS]->(:Entity)
        RETURN r.record_id AS record, r.saga_id AS saga, count(m) AS mentions""",
    ops.COUNT_RECORDS: "MATCH (r:ApexRecord) WHERE r.present RETURN count(*) AS n",
    ops.COUNT_ENTITIES: "MATCH (n:Entity) RETURN count(*) AS n",
    ops.COUNT_FACTS: "MATCH (f:RelatesToNode_) RETURN count(*) AS n",
    ops.COUNT_TYPES: "MATCH (n:Entity) RETURN n.labels AS labels, count(*) AS n",
}


_MENTION = """MATCH (e:Episodic {uuid: record}) MATCH (n:Entity {uuid: node}) OPTIONAL MATCH (e)-[m:MENTIONS]->(n)"""
_REWRITE = """MATCH (e:Episodic {uuid: k}) SET e.name = name, e.source = source,
    e.source_description = source_description, e.content = content, e.valid_at = valid_at"""

WRITES: Mapping[Write, str] = {
    # A row whose mention is not there has met nothing.
    what: f"LOAD FROM $df {statement} RETURN count({'m' if statement.startswith(_MENTION) else '*'}) AS met"
    for what, statement in {
        ops.NEW_ENTITY: """CREATE (:Entity {uuid: uuid, name: name, group_id: group_id, labels: labels,
            created_at: created_at, summary: summary, attributes: attributes, aliases: aliases, state: state})""",
        ops.NEW_EPISODE: """CREATE (:Episodic {uuid: uuid, name: name, source: source,
            source_description: source_description, content: content, valid_at: valid_at, group_id: group_id,
            created_at: created_at, entity_edges: entity_edges})""",
        ops.NEW_MENTION: """MATCH (e:Episodic {uuid: record}) MATCH (n:Entity {uuid: node})
            CREATE (e)-[:MENTIONS {uuid: uuid, group_id: group_id, created_at: created_at,
            observation: observation}]->(n)""",
        ops.NEW_FACT: """MATCH (s:Entity {uuid: subject}) MATCH (o:Entity {uuid: object})
            CREATE (s)-[:RELATES_TO]->(:RelatesToNode_ {uuid: uuid, group_id: group_id, created_at: created_at,
            name: name, fact: fact, attributes: attributes, valid_at: valid_at, reference_time: reference_time,
            episodes: episodes, invalid_at: invalid_at, expired_at: expired_at})
            -[:RELATES_TO]->(o)""",
        ops.NEW_ALIAS: "CREATE (:ApexAlias {key: key, entity: entity})",
        ops.NEW_PAGE: "CREATE (:ApexTimeline {page: page, evidence: evidence, page_starts: page_starts})",
        ops.NEW_RECORD: """CREATE (:ApexRecord {record_id: record, epoch: epoch, saga_id: saga, present: present,
            claims: claims})""",
        ops.SET_STATE: "MATCH (n:Entity {uuid: k}) SET n.state = state",
        ops.SET_DISPLAY: """MATCH (n:Entity {uuid: k})
            SET n.name = name, n.summary = summary, n.attributes = attributes, n.aliases = aliases""",
        ops.SET_EPISODE: _REWRITE,
        ops.SET_OBSERVATION: f"{_MENTION} SET m.observation = observation",
        ops.SET_ENDS: """MATCH (f:RelatesToNode_ {uuid: k})
            SET f.episodes = episodes, f.invalid_at = invalid_at, f.expired_at = expired_at""",
        ops.SET_FACT_TEXT: "MATCH (f:RelatesToNode_ {uuid: k}) SET f.fact = fact, f.attributes = attributes",
        ops.SET_ALIAS: "MATCH (a:ApexAlias {key: k}) SET a.entity = entity",
        ops.SET_PAGE: "MATCH (s:ApexTimeline {page: k}) SET s.evidence = evidence, s.page_starts = page_starts",
        ops.SET_PAGE_STARTS: "MATCH (s:ApexTimeline {page: k}) SET s.page_starts = page_starts",
        ops.SET_RECORD: """MATCH (r:ApexRecord {record_id: k})
            SET r.epoch = epoch, r.saga_id = saga, r.present = present, r.claims = claims""",
        ops.SET_CLAIMS: "MATCH (r:ApexRecord {record_id: k}) SET r.claims = claims",
        ops.SET_FENCE: "MATCH (r:ApexRecord {record_id: k}) SET r.epoch = epoch",
        ops.DELETE_ENTITY: "MATCH (n:Entity {uuid: k}) DETACH DELETE n",
        ops.DELETE_EPISODE: "MATCH (e:Episodic {uuid: k}) DETACH DELETE e",
        ops.DELETE_MENTION: f"{_MENTION} DELETE m",
        ops.DELETE_FACT: "MATCH (f:RelatesToNode_ {uuid: k}) DETACH DELETE f",
        ops.DELETE_ALIAS: "MATCH (a:ApexAlias {key: k}) DELETE a",
        ops.DELETE_PAGE: "MATCH (s:ApexTimeline {page: k}) DELETE s",
    }.items()
}
