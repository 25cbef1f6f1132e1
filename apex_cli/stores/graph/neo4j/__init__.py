"""The graph on a Neo4j server: Graphiti's own schema for Neo4j, written by one transaction a batch.

store        the `PivotStore`
engine       the pool, transactions, the lock that lets one job at a time on a graph, retries
line         how a job's thread asks the event loop, which owns the transaction
transaction  the operations of `stores.graph`; `reads` and `writes` what each is in Cypher
schema       constraints and indexes: Graphiti's, and those of apex
facts        what a server tells of itself
address      URL and TLS for the driver; `errors` where the driver's errors become ours
"""
