"""The graph on a Neo4j server: Graphiti's own schema for Neo4j, written by one transaction a batch.

engine           the `PivotStore`, its pool, the transactions, and the lock that admits one writer to a namespace
transaction      the operations of `graph.model` in a thread, over a transaction of the event loop
statements       each operation in Cypher
schema           constraints and indexes: Graphiti's, and those of apex; namespaces of an older apex
connection       URL, TLS, version, and the driver's errors as ours
graphiti_driver  Graphiti's search over the open connections
"""
