"""Records by Graphiti's hybrid search: facts and nodes by words and by vector, fused by reciprocal ranks."""

from __future__ import annotations

from collections.abc import Sequence

from graphiti_core.graphiti_types import GraphitiClients
from graphiti_core.search.search import search
from graphiti_core.search.search_config import (
    EdgeReranker,
    EdgeSearchConfig,
    EdgeSearchMethod,
    NodeReranker,
    NodeSearchConfig,
    NodeSearchMethod,
    SearchConfig,
)
from graphiti_core.search.search_filters import SearchFilters

from apex_cli.stores.graphiti_driver.driver import ReadOnlyDriver
from apex_cli.stores.ladybug.codec import aware, micros
from apex_cli.stores.ladybug.engine import Engine, Session
from apex_cli.stores.protocol import Hit

_HYBRID = SearchConfig(
    edge_config=EdgeSearchConfig(
        search_methods=[EdgeSearchMethod.bm25, EdgeSearchMethod.cosine_similarity], reranker=EdgeReranker.rrf
    ),
    node_config=NodeSearchConfig(
        search_methods=[NodeSearchMethod.bm25, NodeSearchMethod.cosine_similarity], reranker=NodeReranker.rrf
    ),
)
_TELLERS = """LOAD FROM $df MATCH (n:Entity {uuid: k})<-[:MENTIONS]-(e:Episodic)
    RETURN n.uuid AS node, e.uuid AS record"""
_TIMES = "LOAD FROM $df MATCH (e:Episodic {uuid: k}) RETURN e.uuid AS record, e.valid_at AS time"
_MARKERS = "LOAD FROM $df MATCH (r:ApexRecord {record_id: k}) RETURN r.record_id AS record, r.saga_id AS saga"


async def find(engine: Engine, text: str, vector: Sequence[float], limit: int) -> list[Hit]:
    """Records whose facts or entities match, best first.

    A record scores the sum of its matches' reciprocal ranks; of equals the latest comes first. Its text is the fact or
    the summary of the entity that matched best.
    """
    clients = GraphitiClients.model_construct(
        driver=ReadOnlyDriver(engine), llm_client=None, embedder=None, cross_encoder=None
    )
    config = _HYBRID.model_copy(update={"limit": limit})
    answer = await search(clients, text, None, config, SearchFilters(), query_vector=list(vector))
    tellers = await engine.run(lambda session: _tellers(session, [node.uuid for node in answer.nodes]))
    matches = [(rank, edge.fact, edge.episodes) for rank, edge in enumerate(answer.edges)]
    matches += [(rank, node.summary, tellers.get(node.uuid, [])) for rank, node in enumerate(answer.nodes)]
    scores: dict[str, float] = {}
    texts: dict[str, str] = {}
    for rank, matched, records in sorted(matches, key=lambda match: match[0]):
        for record in records:
            scores[record] = scores.get(record, 0.0) + 1 / (1 + rank)
            texts.setdefault(record, matched)
    known = await engine.run(lambda session: _known(session, list(scores)))
    best = sorted(scores, key=lambda record: (-scores[record], -known[record][1], record))[:limit]
    return [Hit(record, known[record][0], scores[record], texts[record]) for record in best]


def _tellers(session: Session, nodes: Sequence[str]) -> dict[str, list[str]]:
    """The records that mention each node."""
    found: dict[str, list[str]] = {}
    for row in session.join(_TELLERS, {"k": "text"}, [(node,) for node in nodes]):
        found.setdefault(row["node"], []).append(row["record"])
    return found


def _known(session: Session, records: Sequence[str]) -> dict[str, tuple[str, int]]:
    """Marker and event time (microseconds) of each record."""
    keys = [(record,) for record in records]
    times = {row["record"]: row["time"] for row in session.join(_TIMES, {"k": "text"}, keys)}
    return {
        row["record"]: (row["saga"], micros(aware(times[row["record"]])))
        for row in session.join(_MARKERS, {"k": "text"}, keys)
    }
