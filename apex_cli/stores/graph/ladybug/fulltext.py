"""Full-text search without an index: the engine's extension for it would be a download.

The engine filters by substring, then Okapi BM25 (k1 = 1.2, b = 0.75; Robertson and Zaragoza, 2009) ranks what is left.
The work grows with the graph, as that of Graphiti's own vector search on this dialect does. Everything but full text
goes to Graphiti's own operations.
"""

from __future__ import annotations

import apex_cli.graphiti  # noqa: F401 - sets the environment before graphiti_core is imported

# isort: split
import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from graphiti_core.driver.driver import GraphProvider
from graphiti_core.driver.kuzu.operations.record_parsers import parse_kuzu_entity_edge, parse_kuzu_entity_node
from graphiti_core.driver.record_parsers import community_node_from_record, episodic_node_from_record
from graphiti_core.driver.search_interface.search_interface import SearchInterface
from graphiti_core.models.edges.edge_db_queries import get_entity_edge_return_query
from graphiti_core.models.nodes.node_db_queries import (
    COMMUNITY_NODE_RETURN,
    EPISODIC_NODE_RETURN,
    get_entity_node_return_query,
)
from graphiti_core.search.search_filters import (
    edge_search_filter_query_constructor,
    node_search_filter_query_constructor,
)

_MOST_TERMS = 24
_MOST_ROWS = 20_000
_K1, _B = 1.2, 0.75
_WORD = re.compile(r"\w+(?:[-.@:]\w+)*")
_PART = re.compile(r"\w+")
_COMMON = frozenset(
    {"a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "has", "have", "in", "is", "it", "its", "of", "on"}
    | {"or", "that", "the", "this", "to", "was", "were", "what", "when", "where", "which", "who", "with"}
)


class _Target:
    """One kind of thing to search: how it is matched (`%s` for its key), its text, and what is returned of it."""

    def __init__(self, match: str, alias: str, texts: Sequence[str], answer: str) -> None:
        self.alias = alias
        self.scan = match % ""
        self.fetch = f"LOAD FROM $df MATCH {match % ' {uuid: k}'} RETURN {answer}"
        self.text = ' + " " + '.join(f'coalesce({alias}.{text}, "")' for text in texts)


_NODES = _Target("(n:Entity%s)", "n", ["name", "summary"], get_entity_node_return_query(GraphProvider.KUZU))
_EDGES = _Target(
    "(n:Entity)-[:RELATES_TO]->(e:RelatesToNode_%s)-[:RELATES_TO]->(m:Entity)",
    "e",
    ["name", "fact"],
    get_entity_edge_return_query(GraphProvider.KUZU),
)
_EPISODES = _Target("(e:Episodic%s)", "e", ["name", "content"], EPISODIC_NODE_RETURN)
_COMMUNITIES = _Target("(c:Community%s)", "c", ["name"], COMMUNITY_NODE_RETURN)


class ScanSearch(SearchInterface):
    """Graphiti's seam for a search of one's own; the driver is an `EmbeddedDriver`."""

    async def node_fulltext_search(
        self, driver: Any, query: str, search_filter: Any, group_ids: list[str] | None = None, limit: int = 100
    ) -> list[Any]:
        filters, values = node_search_filter_query_constructor(search_filter, GraphProvider.KUZU)
        rows = await _find(driver, _NODES, query, filters, values, group_ids, limit)
        return [parse_kuzu_entity_node(row) for row in rows]

    async def edge_fulltext_search(
        self, driver: Any, query: str, search_filter: Any, group_ids: list[str] | None = None, limit: int = 100
    ) -> list[Any]:
        filters, values = edge_search_filter_query_constructor(search_filter, GraphProvider.KUZU)
        rows = await _find(driver, _EDGES, query, filters, values, group_ids, limit)
        return [parse_kuzu_entity_edge(row) for row in rows]

    async def episode_fulltext_search(
        self,
        driver: Any,
        query: str,
        search_filter: Any,  # noqa: ARG002 - Graphiti's filters are for nodes and edges
        group_ids: list[str] | None = None,
        limit: int = 100,
    ) -> list[Any]:
        rows = await _find(driver, _EPISODES, query, [], {}, group_ids, limit)
        return [episodic_node_from_record(row) for row in rows]

    async def community_fulltext_search(
        self, driver: Any, query: str, group_ids: list[str] | None = None, limit: int = 100
    ) -> list[Any]:
        rows = await _find(driver, _COMMUNITIES, query, [], {}, group_ids, limit)
        return [community_node_from_record(row) for row in rows]

    async def node_similarity_search(self, driver: Any, *args: Any, **kwargs: Any) -> list[Any]:
        found: list[Any] = await driver.search_ops.node_similarity_search(driver, *args, **kwargs)
        return found

    async def edge_similarity_search(self, driver: Any, *args: Any, **kwargs: Any) -> list[Any]:
        found: list[Any] = await driver.search_ops.edge_similarity_search(driver, *args, **kwargs)
        return found

    async def community_similarity_search(self, driver: Any, *args: Any, **kwargs: Any) -> list[Any]:
        found: list[Any] = await driver.search_ops.community_similarity_search(driver, *args, **kwargs)
        return found


async def _find(
    driver: Any,
    target: _Target,
    query: str,
    filters: Sequence[str],
    values: dict[str, Any],
    group_ids: list[str] | None,
    limit: int,
) -> list[Any]:
    """Full rows of the best matches, best first."""
    terms = _terms(query)
    if not terms:
        return []
    conditions = [*filters, "(" + " OR ".join(f"text CONTAINS $term{index}" for index in range(len(terms))) + ")"]
    values = {**values, **{f"term{index}": term for index, term in enumerate(terms)}, "most": _MOST_ROWS}
    if group_ids is not None:
        conditions.append(f"{target.alias}.group_id IN $group_ids")
        values["group_ids"] = group_ids
    names = ", ".join(re.findall(r"\((\w+):", target.scan))
    rows, _, _ = await driver.execute_query(
        f"MATCH {target.scan} WITH {names}, lower({target.text}) AS text WHERE {' AND '.join(conditions)} "
        f"RETURN {target.alias}.uuid AS uuid, text LIMIT $most",
        **values,
    )
    best = rank(terms, {row["uuid"]: row["text"] for row in rows})[:limit]
    found = {row["uuid"]: row for row in await driver.look_up(target.fetch, best)}
    return [found[uuid] for uuid in best if uuid in found]


def rank(terms: Sequence[str], texts: dict[str, str]) -> list[str]:
    """Ids of the lower-case texts that hold any term as a word, by BM25 among these texts, best first."""
    words = {key: Counter(_words(text)) for key, text in texts.items()}
    lengths = {key: count.total() for key, count in words.items()}
    mean = sum(lengths.values()) / len(lengths) if lengths else 1.0
    having = {term: sum(term in count for count in words.values()) for term in terms}
    weights = {term: math.log(1 + (len(words) - some + 0.5) / (some + 0.5)) for term, some in having.items()}

    def score(key: str) -> float:
        norm = _K1 * (1 - _B + _B * lengths[key] / mean)
        return sum(weights[term] * words[key][term] * (_K1 + 1) / (words[key][term] + norm) for term in terms)

    scores = {key: score(key) for key in texts}
    return sorted((key for key in texts if scores[key] > 0), key=lambda key: (-scores[key], key))


def _terms(query: str) -> list[str]:
    """What to look for: words without the commonest, unless there are no others."""
    words = list(dict.fromkeys(_words(query.lower())))
    return ([word for word in words if word not in _COMMON] or words)[:_MOST_TERMS]


def _words(text: str) -> list[str]:
    """Words, and for identifiers such as `ship-2025-10-19-002` also their parts."""
    found = []
    for word in _WORD.findall(text):
        found.append(word)
        parts = _PART.findall(word)
        if len(parts) > 1:
            found += parts
    return found
