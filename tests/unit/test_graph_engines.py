"""Both engines have a statement for every operation, and the server's schema is Graphiti's."""

from __future__ import annotations

import re
from importlib import import_module

import pytest

from apex_cli.stores.graph.ladybug import statements as ladybug
from apex_cli.stores.graph.model import operations as ops
from apex_cli.stores.graph.neo4j import schema, statements
from apex_cli.stores.graph.neo4j.connection import too_old

QUERIES = {value for value in vars(ops).values() if isinstance(value, ops.Query)}
WRITES = {value for value in vars(ops).values() if isinstance(value, ops.Write)}


def test_every_operation_has_a_statement_on_each_engine() -> None:
    assert set(ops.SCANS) < QUERIES
    assert set(statements.READS) == QUERIES
    assert set(statements.WRITES) == WRITES
    # The embedded graph holds no vectors.
    assert QUERIES - set(ladybug.READS) == {
        *(ops.NAME_VECTORS, ops.FACT_VECTORS),
        *(ops.NAMES_WITHOUT_VECTOR, ops.FACTS_WITHOUT_VECTOR),
    }
    assert WRITES - set(ladybug.WRITES) == {ops.SET_NAME_VECTOR, ops.SET_FACT_VECTOR}


def test_every_question_answers_with_its_columns_on_each_engine() -> None:
    for reads in (ladybug.READS, statements.READS):
        for query, statement in reads.items():
            returned = re.split(" ORDER BY | LIMIT ", statement[statement.rindex("RETURN ") + 7 :])[0]
            named = [column.split()[-1] for column in re.sub(r"\([^)]*\)|\[[^]]*\]", "", returned).split(",")]
            assert tuple(named) == query.answer, query.name


def test_every_statement_of_a_server_keeps_to_its_group() -> None:
    for statement in (*statements.READS.values(), *statements.WRITES.values()):
        assert "$group" in statement


def test_graphiti_finds_each_of_its_indexes_on_a_server() -> None:
    import_module("apex_cli.graphiti")
    from graphiti_core.driver.driver import GraphProvider
    from graphiti_core.graph_queries import get_fulltext_indices, get_range_indices

    theirs = {}
    for statement in (*get_range_indices(GraphProvider.NEO4J), *get_fulltext_indices(GraphProvider.NEO4J)):
        text = " ".join(statement.split())
        theirs[text.split(" IF NOT EXISTS")[0].rsplit(" ", 1)[1]] = text
    ours = {name: text for name, text in schema.INDEXES.items() if not name.startswith("apex_")}
    constrained = {name for name in schema.CONSTRAINTS if not name.startswith("apex_")}
    assert set(theirs) == {*ours, *constrained}
    assert {name: text for name, text in theirs.items() if name in ours} == ours
    for name in constrained:
        assert re.findall(r"FOR (\S+)", theirs[name]) == re.findall(r"FOR (\S+)", schema.CONSTRAINTS[name])


@pytest.mark.parametrize(
    ("version", "refused"),
    [("4.4.40", True), ("5.25.1", True), ("5.26.0", False), ("5.27-aura", False), ("2025.06.0", False)],
)
def test_releases_before_the_long_term_one_are_refused(version: str, refused: bool) -> None:
    assert too_old(version) == refused
