"""Graphiti's search on a graph without vectors or an index of words: it goes by the records that fit a question.

The texts of records are indexed by other stores, as vectors and as words (`RecordSearch`). A fact is as near to a
question as the nearest text of a record that supports it, an entity as that of a record that mentions it. So:

1. the records that fit, the best first
2. the facts that they support, or the entities that they mention, in this order
3. Graphiti's whole rows of these by key, as far as its filters let them through; for words those that have any, ranked
   by BM25 among themselves

Nothing is scanned: time and memory do not grow with the graph.
"""

from __future__ import annotations

import apex_cli.graphiti  # noqa: F401 - sets the environment before graphiti_core is imported

# isort: split
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from graphiti_core.driver.search_interface.search_interface import SearchInterface
from graphiti_core.edges import EntityEdge, get_entity_edge_from_record
from graphiti_core.models.edges.edge_db_queries import get_entity_edge_return_query
from graphiti_core.models.nodes.node_db_queries import EPISODIC_NODE_RETURN, get_entity_node_return_query
from graphiti_core.nodes import EntityNode, EpisodicNode, get_entity_node_from_record, get_episodic_node_from_record
from graphiti_core.search.search_filters import (
    SearchFilters,
    edge_search_filter_query_constructor,
    node_search_filter_query_constructor,
)

from apex_cli.stores.graph.driver import ReadOnlyDriver
from apex_cli.stores.graph.model import reads
from apex_cli.stores.graph.model.operations import Access, GraphTransaction
from apex_cli.stores.views import Hit

T = TypeVar("T")

_RECORDS = 200
"""Records that a search asks for at least: a filter may refuse what the best of them support."""
_MOST_FOUND = 1000
"""Facts or entities whose whole rows are read at most. A long document supports hundreds of facts."""
_STEM = 4
_K1, _B = 1.2, 0.75
_WORD = re.compile(r"\w+")
_COMMON = frozenset(
    {"a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "has", "have", "in", "is", "it", "its", "of", "on"}
    | {"or", "that", "the", "this", "to", "was", "were", "what", "when", "where", "which", "who", "with"}
)

Part = Callable[[GraphTransaction, Sequence[str]], Mapping[str, Sequence[str]]]
"""What belongs to each of some records: ids by record id."""


class RecordBasedSearch(SearchInterface):
    """Graphiti's interface for a search of one's own. Its `driver` is a `ReadOnlyDriver` with `records`."""

    async def node_fulltext_search(
        self, driver: Any, query: str, search_filter: Any, group_ids: list[str] | None = None, limit: int = 100
    ) -> list[Any]:
        found = await _by_words(driver, query, reads.mentioned_by, limit)
        nodes = await _nodes(driver, found, search_filter, group_ids)
        return _having(query, nodes, lambda node: f"{node.name} {node.summary}")[:limit]

    async def edge_fulltext_search(
        self, driver: Any, query: str, search_filter: Any, group_ids: list[str] | None = None, limit: int = 100
    ) -> list[Any]:
        found = await _by_words(driver, query, reads.supported_by, limit)
        edges = await _edges(driver, found, search_filter, group_ids)
        return _having(query, edges, lambda edge: f"{edge.name} {edge.fact}")[:limit]

    async def episode_fulltext_search(
        self,
        driver: Any,
        query: str,
        search_filter: Any,  # noqa: ARG002 - Graphiti's filters are for nodes and edges
        group_ids: list[str] | None = None,
        limit: int = 100,
    ) -> list[Any]:
        hits = await driver.found_by.matching(query, limit=limit)
        return await _episodes(driver, _records_of(hits), group_ids)

    async def community_fulltext_search(
        self,
        driver: Any,  # noqa: ARG002 - apex makes no communities
        query: str,  # noqa: ARG002
        group_ids: list[str] | None = None,  # noqa: ARG002
        limit: int = 100,  # noqa: ARG002
    ) -> list[Any]:
        return []

    async def node_similarity_search(
        self,
        driver: Any,
        search_vector: list[float],
        search_filter: Any,
        group_ids: list[str] | None = None,
        limit: int = 100,
        min_score: float = 0.7,
    ) -> list[Any]:
        found = await _by_vector(driver, search_vector, min_score, reads.mentioned_by, limit)
        return (await _nodes(driver, found, search_filter, group_ids))[:limit]

    async def edge_similarity_search(
        self,
        driver: Any,
        search_vector: list[float],
        source_node_uuid: str | None,
        target_node_uuid: str | None,
        search_filter: Any,
        group_ids: list[str] | None = None,
        limit: int = 100,
        min_score: float = 0.7,
    ) -> list[Any]:
        found = await _by_vector(driver, search_vector, min_score, reads.supported_by, limit)
        ends = {"n.uuid": source_node_uuid, "m.uuid": target_node_uuid}
        return (await _edges(driver, found, search_filter, group_ids, ends))[:limit]

    async def community_similarity_search(
        self,
        driver: Any,  # noqa: ARG002 - apex makes no communities
        search_vector: list[float],  # noqa: ARG002
        group_ids: list[str] | None = None,  # noqa: ARG002
        limit: int = 100,  # noqa: ARG002
        min_score: float = 0.6,  # noqa: ARG002
    ) -> list[Any]:
        return []


async def _by_words(driver: ReadOnlyDriver, query: str, part: Part, limit: int) -> list[str]:
    if not query.strip():
        return []
    return await _parts(driver, await driver.found_by.matching(query, limit=max(limit, _RECORDS)), part)


async def _by_vector(
    driver: ReadOnlyDriver, vector: Sequence[float], min_score: float, part: Part, limit: int
) -> list[str]:
    hits = await driver.found_by.near(vector, limit=max(limit, _RECORDS))
    return await _parts(driver, [hit for hit in hits if hit.score >= min_score], part)


async def _parts(driver: ReadOnlyDriver, hits: Sequence[Hit], part: Part) -> list[str]:
    """The ids of what belongs to the records of these hits, in their order, each once."""
    records = _records_of(hits)
    found = await driver.engine.run(lambda graph: part(graph, records), Access.EXACT)
    return list(dict.fromkeys(each for record in records for each in found.get(record, ())))[:_MOST_FOUND]


def _records_of(hits: Iterable[Hit]) -> list[str]:
    return list(dict.fromkeys(hit.record_id for hit in hits))


async def _nodes(
    driver: ReadOnlyDriver, uuids: Sequence[str], filters: SearchFilters, group_ids: list[str] | None
) -> list[EntityNode]:
    conditions, values = node_search_filter_query_constructor(filters, driver.provider)
    columns = get_entity_node_return_query(driver.provider)
    rows = await _whole(driver, driver.nodes_by_key, columns, uuids, conditions, values, "n", group_ids)
    return [get_entity_node_from_record(row, driver.provider) for row in rows]


async def _edges(
    driver: ReadOnlyDriver,
    uuids: Sequence[str],
    filters: SearchFilters,
    group_ids: list[str] | None,
    ends: Mapping[str, str | None] | None = None,
) -> list[EntityEdge]:
    conditions, values = edge_search_filter_query_constructor(filters, driver.provider)
    for number, (end, uuid) in enumerate((ends or {}).items()):
        if uuid is not None:
            conditions.append(f"{end} = $end_{number}")
            values[f"end_{number}"] = uuid
    columns = get_entity_edge_return_query(driver.provider)
    rows = await _whole(driver, driver.edges_by_key, columns, uuids, conditions, values, "e", group_ids)
    return [get_entity_edge_from_record(row, driver.provider) for row in rows]


async def _episodes(driver: ReadOnlyDriver, uuids: Sequence[str], group_ids: list[str] | None) -> list[EpisodicNode]:
    rows = await _whole(driver, driver.episodes_by_key, EPISODIC_NODE_RETURN, uuids, [], {}, "e", group_ids)
    return [get_episodic_node_from_record(row) for row in rows]


async def _whole(
    driver: ReadOnlyDriver,
    matched: str,
    columns: str,
    uuids: Sequence[str],
    conditions: list[str],
    values: dict[str, Any],
    alias: str,
    group_ids: list[str] | None,
) -> list[Mapping[str, Any]]:
    """Rows of those of the ids that fulfil the conditions, in the order of the ids."""
    if not uuids:
        return []
    if group_ids is not None:
        conditions = [*conditions, f"{alias}.group_id IN $group_ids"]
        values = {**values, "group_ids": group_ids}
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    found = {row["uuid"]: row for row in await driver.rows_by_key(f"{matched}{where} RETURN {columns}", uuids, values)}
    return [found[uuid] for uuid in uuids if uuid in found]


def _having(query: str, found: Sequence[T], text: Callable[[T], str]) -> list[T]:
    """Those that have a word of the query, the best first: by BM25 among themselves, each word counted once.

    Example: of fifty facts all have "shipment" and one has "acme". For "acme shipment" this one is first.
    """
    if not found:
        return []
    asked = _words(query)
    wanted = (asked - _COMMON) or asked
    texts = [_words(text(one)) for one in found]
    having = [{word for word in wanted if _has(words, word)} for words in texts]
    holders = Counter(word for words in having for word in words)
    weights = {word: math.log(1 + (len(found) - count + 0.5) / (count + 0.5)) for word, count in holders.items()}
    mean = sum(map(len, texts)) / len(texts)
    scores = [
        sum(weights[word] for word in words) / (1 + _K1 * (1 - _B + _B * len(every) / mean))
        for words, every in zip(having, texts, strict=True)
    ]
    ranked = sorted(range(len(found)), key=lambda place: -scores[place])
    return [found[place] for place in ranked if scores[place]]


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.lower()))


def _has(words: set[str], wanted: str) -> bool:
    """Whether a word is among others, also in another form: `shipments` and `shipment`, `truck` and `trucking`."""
    if wanted in words:
        return True
    return len(wanted) >= _STEM and any(
        len(word) >= _STEM and (word.startswith(wanted) or wanted.startswith(word)) for word in words
    )
