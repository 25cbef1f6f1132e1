"""Records that Graphiti's hybrid search finds, by their facts and entities."""

from __future__ import annotations

import apex_cli.graphiti  # noqa: F401 - sets the environment before graphiti_core is imported

# isort: split
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

from apex_cli.stores.graph.driver import ReadOnlyDriver
from apex_cli.stores.graph.model import records
from apex_cli.stores.graph.model.codec import micros
from apex_cli.stores.graph.model.operations import (
    EPISODE_TIMES,
    MENTIONING_RECORDS,
    Access,
    GraphTransaction,
)
from apex_cli.stores.protocol import Hit

_HYBRID = SearchConfig(
    edge_config=EdgeSearchConfig(
        search_methods=[EdgeSearchMethod.bm25, EdgeSearchMethod.cosine_similarity], reranker=EdgeReranker.rrf
    ),
    node_config=NodeSearchConfig(
        search_methods=[NodeSearchMethod.bm25, NodeSearchMethod.cosine_similarity], reranker=NodeReranker.rrf
    ),
)


async def find(driver: ReadOnlyDriver, namespace: str, text: str, vector: Sequence[float], limit: int) -> list[Hit]:
    """Records whose facts or entities match, by words and by vectors, best first.

    The score of a record is the sum of 1 / (1 + rank) over its matches; of equal scores the latest record comes first.
    Its text is the fact or the summary of the entity that matched best. A record that is removed while the search runs
    is left out. Example: the best fact (rank 0) and the third entity (rank 2) of a record score 1 + 1/3.
    """
    clients = GraphitiClients.model_construct(driver=driver, llm_client=None, embedder=None, cross_encoder=None)
    config = _HYBRID.model_copy(update={"limit": limit})
    answer = await search(clients, text, [namespace], config, SearchFilters(), query_vector=list(vector))
    mentioning = await driver.engine.run(
        lambda graph: _mentioning(graph, [node.uuid for node in answer.nodes]), Access.PLAIN
    )
    matches = [(rank, edge.fact, edge.episodes) for rank, edge in enumerate(answer.edges)]
    matches += [(rank, node.summary, mentioning.get(node.uuid, [])) for rank, node in enumerate(answer.nodes)]
    scores: dict[str, float] = {}
    texts: dict[str, str] = {}
    for rank, matched, evidence in sorted(matches, key=lambda match: match[0]):
        for record in evidence:
            scores[record] = scores.get(record, 0.0) + 1 / (1 + rank)
            texts.setdefault(record, matched)
    known = await driver.engine.run(lambda graph: _known(graph, list(scores)), Access.PLAIN)
    best = sorted(known, key=lambda record: (-scores[record], -known[record][1], record))[:limit]
    return [Hit(record, known[record][0], scores[record], texts[record]) for record in best]


def _mentioning(graph: GraphTransaction, nodes: Sequence[str]) -> dict[str, list[str]]:
    """The records that mention each node."""
    found: dict[str, list[str]] = {}
    for row in graph.look_up(MENTIONING_RECORDS, nodes):
        found.setdefault(row["node"], []).append(row["record"])
    return found


def _known(graph: GraphTransaction, record_ids: Sequence[str]) -> dict[str, tuple[str | None, int]]:
    """Marker and event time (microseconds) of each of these records that exists."""
    times = {row["record"]: row["time"] for row in graph.look_up(EPISODE_TIMES, record_ids)}
    stored = records.load(graph, times)
    return {record: (stored[record].saga_id, micros(time)) for record, time in times.items() if record in stored}
