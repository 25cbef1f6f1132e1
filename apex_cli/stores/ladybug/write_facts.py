"""Writes facts, the two halves of their relation, and the pages of evidence that they are computed from."""

from __future__ import annotations

from datetime import datetime

from apex_cli.stores.ladybug.arrow import Columns
from apex_cli.stores.ladybug.codec import naive
from apex_cli.stores.ladybug.engine import Session
from apex_cli.stores.ladybug.facts import Fact, FactChanges
from apex_cli.stores.ladybug.slots import PageChanges
from apex_cli.stores.ladybug.statements import change

_INSERT = """COPY RelatesToNode_ (uuid, group_id, created_at, name, fact, fact_embedding, attributes, valid_at,
    reference_time, episodes, invalid_at, expired_at) FROM $df"""
_INSERTED: Columns = {
    "uuid": "text",
    "group_id": "text",
    "created_at": "time",
    "name": "text",
    "fact": "text",
    "fact_embedding": "vector",
    "attributes": "text",
    "valid_at": "time",
    "reference_time": "time",
    "episodes": "texts",
    "invalid_at": "time",
    "expired_at": "time",
}
_END = "MATCH (f:RelatesToNode_ {uuid: k}) SET f.episodes = r, f.invalid_at = i, f.expired_at = x"
_REWORD = "MATCH (f:RelatesToNode_ {uuid: k}) SET f.fact = s, f.attributes = a, f.fact_embedding = v"
_ENDS: Columns = {"f": "text", "t": "text"}
_PAGE: Columns = {"page": "text", "evidence": "texts", "later": "ints"}


def write_facts(session: Session, changes: FactChanges, now: datetime, group_id: str) -> None:
    """Delete, insert and change facts. After the nodes."""
    deleted = [(fact,) for fact in changes.deleted]
    change(session, "MATCH (f:RelatesToNode_ {uuid: k}) DETACH DELETE f", {"k": "text"}, deleted)
    created = naive(now)
    rows = []
    for fact, words in changes.inserted:
        said = (fact.predicate, words.sentence, words.vector, words.attributes)
        since = naive(fact.interval.valid_at)
        rows.append((fact.id, group_id, created, *said, since, since, *_evidence(fact, now)))
    session.copy(_INSERT, _INSERTED, rows)
    subjects = [(fact.subject, fact.id) for fact, _ in changes.inserted]
    session.copy("COPY RELATES_TO FROM $df (from='Entity', to='RelatesToNode_')", _ENDS, subjects)
    objects = [(fact.id, fact.object) for fact, _ in changes.inserted]
    session.copy("COPY RELATES_TO FROM $df (from='RelatesToNode_', to='Entity')", _ENDS, objects)
    updated = [(fact.id, *_evidence(fact, now)) for fact in changes.updated]
    change(session, _END, {"k": "text", "r": "texts", "i": "time", "x": "time"}, updated)
    reworded = [(fact, words.sentence, words.attributes, words.vector) for fact, words in changes.reworded]
    change(session, _REWORD, {"k": "text", "s": "text", "a": "text", "v": "vector"}, reworded)


def write_pages(session: Session, changes: PageChanges) -> None:
    """Delete, insert and change pages of evidence."""
    deleted = [(page,) for page in changes.deleted]
    change(session, "MATCH (s:ApexSlot {page: k}) DELETE s", {"k": "text"}, deleted)
    session.copy("COPY ApexSlot (page, evidence, later) FROM $df", _PAGE, changes.inserted)
    columns: Columns = {"k": "text", "e": "texts", "t": "ints"}
    change(session, "MATCH (s:ApexSlot {page: k}) SET s.evidence = e, s.later = t", columns, changes.updated)
    redirected: Columns = {"k": "text", "t": "ints"}
    change(session, "MATCH (s:ApexSlot {page: k}) SET s.later = t", redirected, changes.redirected)


def _evidence(fact: Fact, now: datetime) -> tuple[list[str], datetime | None, datetime | None]:
    """Its records, when it ended in the world, and since when the memory knows that."""
    end = fact.interval.invalid_at
    return (fact.records, None, None) if end is None else (fact.records, naive(end), naive(now))
