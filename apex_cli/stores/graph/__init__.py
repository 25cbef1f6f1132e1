"""The graph: `model` holds the logic, `ladybug` and `neo4j` the two engines, each with its read-only Graphiti driver.

store          the `PivotStore` over any engine
driver         the common part of the Graphiti drivers; `record_search` their search on a graph without vectors

The schema, with one example row each. Graphiti's own tables, with what apex adds (*):

    Episodic ──MENTIONS──▶ Entity ──RELATES_TO──▶ RelatesToNode_ ──RELATES_TO──▶ Entity
    a record               an entity (node)        a fact                         its object

    Episodic          uuid 57c5 (the record id), name "TRUCK-6520 at 41.87,-87.63", source "json", content "…",
                      valid_at 2025-10-19 14:23 (the event time)
    Entity            uuid b7e5, name "TRUCK-6520", labels [Entity, Vehicle],
                      name_embedding [0.1, …] (Neo4j only, by choice; see `model.vectors`),
                      summary "Vehicle TRUCK-6520, also known as …", attributes {"plate": "P-1"},
                      aliases* [vehicle:unit:truck-6520],
                      state* [2, [[["vehicle:unit:TRUCK-6520"], [], [], 2]], [3, 17608…, "57c5", 0], {"plate": […]}]
                      (mentions; signatures with counts: keys, names, hints; rank of the name, ranks of the attributes)
    MENTIONS          57c5 → b7e5, observation* [[0, 17608…, true, "TRUCK-6520", ["vehicle:…"], [], [], {}, true]]
                      (what this record says about this entity: position, time, certain, name, keys, names, hints,
                      attributes, whole)
    RelatesToNode_    uuid f0c1, name "LOCATED_AT", fact "Vehicle TRUCK-6520 is at Chicago, IL.",
                      fact_embedding [0.2, …] (as above), episodes [57c5] (the records that support it),
                      valid_at 14:23, invalid_at 16:23 (empty: it still holds), expired_at (when the graph learnt that)
    RELATES_TO        b7e5 → f0c1 and f0c1 → 9a40. In Neo4j a fact is the relation itself: b7e5 ─RELATES_TO→ 9a40

apex's own:

    ApexRecord        record_id 57c5, epoch 3 (the fence), saga_id 8d1e (the marker), present true,
                      claims [["b7e5", "LOCATED_AT", "9a40", 17608…, null, true, "0d41…", "77ab…"]]
                      (subject, predicate, object, valid_at, invalid_at in microseconds, certain, digests of the
                      signatures of subject and object)
                      a forgotten record stays: epoch 4, present false, claims []
    ApexAlias         key vehicle:unit:TRUCK-6520 → entity "b7e5", or several: "b7e5 c0aa"; `~` before a hint, `=`
                      before the digest of a signature (see `model.resolution`); in Neo4j also value "truck-6520"
    ApexTimeline      page "b7e5|LOCATED_AT" (subject and predicate; a third part is the object, if the predicate is
                      not functional), evidence ["17608…||57c5|9a40"] (valid_at, invalid_at, record, object),
                      page_starts [17699…] (where page "b7e5|LOCATED_AT#17699…" starts; see `model.timelines`)
    ApexSchema        version 5 (embedded only; see `ladybug.schema`)
    ApexGroup         group_id "apex" (Neo4j only: the lock of a namespace; see `neo4j.engine`)

What is derived from what, and therefore checked by `model.consistency`:

    claims ──▶ evidence ──▶ facts          observations ──▶ state ──▶ name, attributes, aliases ──▶ ApexAlias
"""
