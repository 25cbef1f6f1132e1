"""The vectors of names and facts, for a graph that holds them: for other programs, which search it as Graphiti does.

A vector is a function of a text: that of an entity of its type and name, that of a fact of its sentence. So nothing
else in `model` knows vectors. A batch brings those of its own texts. A text may also come from elsewhere:

- a node is parted from another one and keeps its name: the other one has the vector
- a fact takes its sentence from another record: the stored fact that held this evidence has the vector

A text that neither has stays without a vector until `apex reembed`: a name that shows again after another one went.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from apex_cli.model import Plan
from apex_cli.stores.graph.model import operations as ops
from apex_cli.stores.graph.model.codec import kind_of
from apex_cli.stores.graph.model.entities import NodeChange
from apex_cli.stores.graph.model.facts import Edits, FactChanges, stored_holders
from apex_cli.stores.graph.model.observations import Mentions
from apex_cli.stores.graph.model.operations import GraphTransaction
from apex_cli.stores.graph.model.timelines import Revision
from apex_cli.stores.views import TextWithoutVector


@dataclass(frozen=True, slots=True)
class VectorChanges:
    """Vectors to write, each one row of float32: (node, that of its name), (fact, that of its sentence)."""

    names: Sequence[tuple[str, Any]]
    facts: Sequence[tuple[str, Any]]


def find(
    graph: GraphTransaction,
    plans: Sequence[Plan],
    mentions: Mentions,
    nodes: Sequence[NodeChange],
    revisions: Sequence[Revision],
    edits: Edits,
    changes: FactChanges,
) -> VectorChanges:
    """The vectors of all names and sentences that are new where they stand. Writes nothing."""
    of_names: dict[tuple[str, str], Any] = {}
    of_sentences: dict[str, Any] = {}
    for plan in plans:
        for version in plan.versions():
            embedded, extraction = version.embedded, version.extraction
            if embedded is None or embedded.entity_vectors is None or embedded.claim_vectors is None:
                continue
            for entity, vector in zip(extraction.entities, embedded.entity_vectors, strict=True):
                of_names[entity.type.value, entity.name] = vector
            for claim, vector in zip(extraction.claims, embedded.claim_vectors, strict=True):
                of_sentences[claim.sentence] = vector
    renamed = {
        one.node: (one.kind, one.after.shown_name)
        for one in nodes
        if one.after is not None and (one.before is None or one.before.shown_name != one.after.shown_name)
    }
    moved = ((origin, node) for (origin, _), node in mentions.identities.moved.items())
    lacking = [(origin, renamed[node]) for origin, node in moved if node in renamed and renamed[node] not in of_names]
    stored = {row["uuid"]: row for row in graph.look_up(ops.NAME_VECTORS, (origin for origin, _ in lacking))}
    for origin, named in lacking:
        if origin in stored and stored[origin]["name"] == named[1]:
            of_names.setdefault(named, stored[origin]["vector"])
    reworded = [*changes.inserted, *changes.reworded]
    others = [fact.entry for fact, text in reworded if text.sentence not in of_sentences]
    for row in graph.look_up(ops.FACT_VECTORS, stored_holders(revisions, edits, others).values()):
        of_sentences.setdefault(row["sentence"], row["vector"])
    names = ((node, of_names.get(named)) for node, named in renamed.items())
    facts = ((fact.id, of_sentences.get(text.sentence)) for fact, text in reworded)
    return VectorChanges(
        [(node, vector) for node, vector in names if vector is not None],
        [(fact, vector) for fact, vector in facts if vector is not None],
    )


def write(graph: GraphTransaction, changes: VectorChanges) -> None:
    """Write the vectors. After the nodes and facts, whose new texts have none yet."""
    graph.write(ops.SET_NAME_VECTOR, changes.names)
    graph.write(ops.SET_FACT_VECTOR, changes.facts)


def lacking(graph: GraphTransaction, limit: int) -> list[TextWithoutVector]:
    """Names, and then sentences, that have no vector; at most `limit` of them."""
    names = graph.ask(ops.NAMES_WITHOUT_VECTOR, "", limit)
    sentences = graph.ask(ops.FACTS_WITHOUT_VECTOR, "", limit - len(names)) if len(names) < limit else []
    return [
        *(TextWithoutVector(row["uuid"], row["name"], kind_of(row["labels"])) for row in names),
        *(TextWithoutVector(row["uuid"], row["sentence"], None) for row in sentences),
    ]


def fill(graph: GraphTransaction, vectors: Sequence[tuple[TextWithoutVector, Any]]) -> None:
    """Write vectors of what lacked them, where it has the same text still and none since."""
    for look_up, text, change in (
        (ops.NAME_VECTORS, "name", ops.SET_NAME_VECTOR),
        (ops.FACT_VECTORS, "sentence", ops.SET_FACT_VECTOR),
    ):
        own = {one.id: (one.text, vector) for one, vector in vectors if (one.kind is None) == (text == "sentence")}
        rows = graph.look_up(look_up, own)
        still = [row["uuid"] for row in rows if row["vector"] is None and row[text] == own[row["uuid"]][0]]
        graph.write(change, [(uuid, own[uuid][1]) for uuid in still])
