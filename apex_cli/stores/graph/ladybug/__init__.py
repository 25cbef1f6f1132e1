"""The embedded graph: Graphiti's schema on Ladybug, written in bulk by one transaction a batch.

store        the `PivotStore`
engine       the database, its one thread, its transactions, and where driver errors become ours
transaction  the operations of `stores.graph`, by bulk load and by joining Arrow tables
statements   what each operation is in this engine's Cypher; `schema` the tables; `arrow` rows to Arrow tables
"""
