"""Real servers on this machine, without Docker, for tests and for trying apex on servers: `make servers-up`.

PostgreSQL, Redis and Neo4j listen on free local ports with generated passwords, their data in a temporary folder.
No package registry has a Qdrant server: one that runs elsewhere is used by `APEX_TEST_QDRANT_URL`.
"""
