"""The embedded graph: Graphiti's schema on Ladybug, one file for each namespace.

store            the `PivotStore`, and the rebuild of a graph with an older schema
engine           the database file, its one thread, and the translation of the engine's errors
transaction      the operations of `model` in a transaction; `statements` their Cypher
schema           the tables and their version
graphiti_driver  a read-only driver for Graphiti
"""
