"""The graph store: `model` holds the logic, `ladybug` and `neo4j` the two engines, each with its Graphiti driver."""
