"""Writes facts and the pages of evidence that they are computed from."""

from __future__ import annotations

from datetime import datetime

from apex_cli.stores.graph.model import operations as ops
from apex_cli.stores.graph.model.fact_changes import Fact, FactChanges
from apex_cli.stores.graph.model.timelines import PageChanges
from apex_cli.stores.graph.model.transaction import GraphTransaction


def delete_facts(graph: GraphTransaction, changes: FactChanges) -> None:
    """Facts that go. Before the nodes that they stand between."""
    graph.change(ops.DELETE_FACT, [(fact,) for fact in changes.deleted])


def write_facts(graph: GraphTransaction, changes: FactChanges, now: datetime, group_id: str) -> None:
    """Facts that come and those that change. After the nodes that they stand between."""
    rows = []
    for fact, words in changes.inserted:
        said = (fact.predicate, words.sentence, words.vector, words.attributes)
        since = fact.interval.valid_at
        rows.append((fact.id, group_id, now, *said, since, since, *_evidence(fact, now), fact.subject, fact.object))
    graph.insert(ops.NEW_FACT, rows)
    graph.change(ops.SET_ENDS, [(fact.id, *_evidence(fact, now)) for fact in changes.updated])
    reworded = [(fact, words.sentence, words.attributes, words.vector) for fact, words in changes.reworded]
    graph.change(ops.SET_FACT_TEXT, reworded)


def write_pages(graph: GraphTransaction, changes: PageChanges) -> None:
    """Delete, insert and change pages of evidence."""
    graph.change(ops.DELETE_PAGE, [(page,) for page in changes.deleted])
    graph.insert(ops.NEW_PAGE, changes.inserted)
    graph.change(ops.SET_PAGE, changes.updated)
    graph.change(ops.SET_PAGE_STARTS, changes.redirected)


def _evidence(fact: Fact, now: datetime) -> tuple[list[str], datetime | None, datetime | None]:
    """Its records, when it ended in the world, and since when the memory knows that."""
    end = fact.interval.invalid_at
    return (fact.records, None, None) if end is None else (fact.records, end, now)
