"""Graphiti's hybrid search on a graph that apex wrote, by words and by a vector, without any model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from apex_cli.stores.graph.store import GraphStore

if TYPE_CHECKING:
    from graphiti_core.edges import EntityEdge


async def found_facts(
    graph: GraphStore, namespace: str, text: str, vector: Sequence[float], limit: int = 5
) -> list[EntityEdge]:
    """The facts that match, best first."""
    driver = graph.graphiti_driver()
    from graphiti_core.graphiti_types import GraphitiClients
    from graphiti_core.search.search import search
    from graphiti_core.search.search_config_recipes import EDGE_HYBRID_SEARCH_RRF
    from graphiti_core.search.search_filters import SearchFilters

    clients = GraphitiClients.model_construct(driver=driver, llm_client=None, embedder=None, cross_encoder=None)
    config = EDGE_HYBRID_SEARCH_RRF.model_copy(update={"limit": limit})
    answer = await search(clients, text, [namespace], config, SearchFilters(), query_vector=list(vector))
    return answer.edges
