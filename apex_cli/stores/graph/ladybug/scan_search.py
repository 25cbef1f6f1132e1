"""Search of the embedded graph by scanning it, without an index and in bounded memory.

The engine's full-text index is an extension that would be a download. Graphiti's vector search for this dialect
collects whole rows before it sorts them, which fills the engine's buffer pool at 20,000 records. So both kinds of
search are done here, in two steps:

1. A scan returns ids with their texts (one page of the table at a time) or with their scores (the best only).
   It reads the searched table alone: a join would keep all its rows.
2. The whole rows of the best ids are fetched by key.

Time grows with the graph, memory does not.
"""

from __future__ import annotations

import apex_cli.graphiti  # noqa: F401 - sets the environment before graphiti_core is imported

# isort: split
import heapq
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
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

from apex_cli.stores.graph.ladybug.transaction import LadybugTransaction
from apex_cli.stores.graph.model.operations import Row

_PAGE = 20_000
"""Rows whose texts are in memory at once."""
_MOST_TERMS = 24
_K1, _B = 1.2, 0.75
_WORD = re.compile(r"\w+(?:[-.@:]\w+)*")
_PART = re.compile(r"\w+")
_COMMON = frozenset(
    {"a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "has", "have", "in", "is", "it", "its", "of", "on"}
    | {"or", "that", "the", "this", "to", "was", "were", "what", "when", "where", "which", "who", "with"}
)


@dataclass(frozen=True, slots=True)
class _Target:
    """One kind of row to search: its table, its `alias` in conditions and columns, and the searched columns.

    `joins` are the clauses that add the row's neighbours. Each relation has a clause of its own, because the engine
    joins two relations of one clause as a whole before it applies the key.
    """

    table: str
    alias: str
    texts: tuple[str, ...]
    vector: str
    columns: str
    joins: str = ""
    neighbours: tuple[str, ...] = ()

    def matched(self, conditions: Sequence[str]) -> str:
        """What a scan matches: the row alone, or with its neighbours where a condition is on one of them."""
        joined = any(f"{neighbour}." in condition for neighbour in self.neighbours for condition in conditions)
        return f"MATCH ({self.alias}:{self.table}){self.joins if joined else ''}"

    @property
    def text(self) -> str:
        joined = ' + " " + '.join(f'coalesce({self.alias}.{text}, "")' for text in self.texts)
        return f"lower({joined})"

    @property
    def fetch(self) -> str:
        return f"LOAD FROM $df MATCH ({self.alias}:{self.table} {{uuid: k}}){self.joins} RETURN {self.columns}"


_NODES = _Target("Entity", "n", ("name", "summary"), "name_embedding", get_entity_node_return_query(GraphProvider.KUZU))
_EDGES = _Target(
    "RelatesToNode_",
    "e",
    ("name", "fact"),
    "fact_embedding",
    get_entity_edge_return_query(GraphProvider.KUZU),
    joins=" MATCH (n:Entity)-[:RELATES_TO]->(e) MATCH (e)-[:RELATES_TO]->(m:Entity)",
    neighbours=("n", "m"),
)
_EPISODES = _Target("Episodic", "e", ("name", "content"), "", EPISODIC_NODE_RETURN)
_COMMUNITIES = _Target("Community", "c", ("name",), "name_embedding", COMMUNITY_NODE_RETURN)


@dataclass(slots=True)
class _Conditions:
    """What a row must fulfil, in the engine's Cypher, and the values of its parameters."""

    texts: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)

    def add(self, text: str, **values: Any) -> None:
        self.texts.append(text)
        self.values.update(values)

    def keep_to(self, target: _Target, group_ids: list[str] | None) -> None:
        if group_ids is not None:
            self.add(f"{target.alias}.group_id IN $group_ids", group_ids=group_ids)


class ScanSearch(SearchInterface):
    """Graphiti's interface for a search of one's own. Its `driver` is an `EmbeddedDriver`."""

    async def node_fulltext_search(
        self, driver: Any, query: str, search_filter: Any, group_ids: list[str] | None = None, limit: int = 100
    ) -> list[Any]:
        conditions = _Conditions(*node_search_filter_query_constructor(search_filter, GraphProvider.KUZU))
        rows = await _search_words(driver, _NODES, query, conditions, group_ids, limit)
        return [parse_kuzu_entity_node(row) for row in rows]

    async def edge_fulltext_search(
        self, driver: Any, query: str, search_filter: Any, group_ids: list[str] | None = None, limit: int = 100
    ) -> list[Any]:
        conditions = _Conditions(*edge_search_filter_query_constructor(search_filter, GraphProvider.KUZU))
        rows = await _search_words(driver, _EDGES, query, conditions, group_ids, limit)
        return [parse_kuzu_entity_edge(row) for row in rows]

    async def episode_fulltext_search(
        self,
        driver: Any,
        query: str,
        search_filter: Any,  # noqa: ARG002 - Graphiti's filters are for nodes and edges
        group_ids: list[str] | None = None,
        limit: int = 100,
    ) -> list[Any]:
        rows = await _search_words(driver, _EPISODES, query, _Conditions(), group_ids, limit)
        return [episodic_node_from_record(row) for row in rows]

    async def community_fulltext_search(
        self, driver: Any, query: str, group_ids: list[str] | None = None, limit: int = 100
    ) -> list[Any]:
        rows = await _search_words(driver, _COMMUNITIES, query, _Conditions(), group_ids, limit)
        return [community_node_from_record(row) for row in rows]

    async def node_similarity_search(
        self,
        driver: Any,
        search_vector: list[float],
        search_filter: Any,
        group_ids: list[str] | None = None,
        limit: int = 100,
        min_score: float = 0.7,
    ) -> list[Any]:
        conditions = _Conditions(*node_search_filter_query_constructor(search_filter, GraphProvider.KUZU))
        rows = await _search_vectors(driver, _NODES, search_vector, conditions, group_ids, limit, min_score)
        return [parse_kuzu_entity_node(row) for row in rows]

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
        conditions = _Conditions(*edge_search_filter_query_constructor(search_filter, GraphProvider.KUZU))
        if source_node_uuid is not None:
            conditions.add("n.uuid = $source_uuid", source_uuid=source_node_uuid)
        if target_node_uuid is not None:
            conditions.add("m.uuid = $target_uuid", target_uuid=target_node_uuid)
        rows = await _search_vectors(driver, _EDGES, search_vector, conditions, group_ids, limit, min_score)
        return [parse_kuzu_entity_edge(row) for row in rows]

    async def community_similarity_search(
        self,
        driver: Any,
        search_vector: list[float],
        group_ids: list[str] | None = None,
        limit: int = 100,
        min_score: float = 0.6,
    ) -> list[Any]:
        rows = await _search_vectors(driver, _COMMUNITIES, search_vector, _Conditions(), group_ids, limit, min_score)
        return [community_node_from_record(row) for row in rows]


async def _search_words(
    driver: Any, target: _Target, query: str, conditions: _Conditions, group_ids: list[str] | None, limit: int
) -> list[Row]:
    """Whole rows of the best matches by BM25, best first. The engine filters by substring before words are counted."""
    terms = query_terms(query)
    if not terms:
        return []
    conditions.keep_to(target, group_ids)
    offset = f"offset(id({target.alias}))"
    where = " AND ".join([f"{offset} >= $start", f"{offset} < $start_of_next", *conditions.texts])
    contains = " OR ".join(f"text CONTAINS $term{index}" for index in range(len(terms)))
    scan = (
        f"{target.matched(conditions.texts)} WHERE {where} "
        f"WITH {target.alias}.uuid AS uuid, {target.text} AS text WHERE {contains} RETURN uuid, text"
    )
    values = {**conditions.values, **{f"term{index}": term for index, term in enumerate(terms)}}

    def search(session: LadybugTransaction) -> list[Row]:
        ranking = Bm25(terms, limit)
        # An offset is a row's place in its table. Places of deleted rows stay empty, so pages may be short.
        (last,) = session.rows(f"MATCH (x:{target.table}) RETURN max(offset(id(x))) AS offset")
        for start in range(0, -1 if last["offset"] is None else last["offset"] + 1, _PAGE):
            for row in session.rows(scan, {**values, "start": start, "start_of_next": start + _PAGE}):
                ranking.add(row["uuid"], row["text"])
        return _fetch(session, target, ranking.best())

    rows: list[Row] = await driver.run(search)
    return rows


async def _search_vectors(
    driver: Any,
    target: _Target,
    vector: Sequence[float],
    conditions: _Conditions,
    group_ids: list[str] | None,
    limit: int,
    min_score: float,
) -> list[Row]:
    """Whole rows of the nearest vectors by cosine similarity above `min_score`, nearest first."""
    conditions.keep_to(target, group_ids)
    where = f"WHERE {' AND '.join(conditions.texts)} " if conditions.texts else ""
    cosine = f"array_cosine_similarity({target.alias}.{target.vector}, CAST($vector AS FLOAT[{len(vector)}]))"
    scan = (
        f"{target.matched(conditions.texts)} {where}WITH {target.alias}.uuid AS uuid, {cosine} AS score "
        "WHERE score > $min_score RETURN uuid ORDER BY score DESC LIMIT $limit"
    )
    values = {**conditions.values, "vector": list(vector), "min_score": min_score, "limit": limit}

    def search(session: LadybugTransaction) -> list[Row]:
        return _fetch(session, target, [row["uuid"] for row in session.rows(scan, values)])

    rows: list[Row] = await driver.run(search)
    return rows


def _fetch(session: LadybugTransaction, target: _Target, uuids: Sequence[str]) -> list[Row]:
    """Whole rows in the order of `uuids`. They are joined by key, because `IN $list` would scan."""
    found = {row["uuid"]: row for row in session.join(target.fetch, {"k": "text"}, [(uuid,) for uuid in uuids])}
    return [found[uuid] for uuid in uuids if uuid in found]


class Bm25:
    """Okapi BM25 (k1 = 1.2, b = 0.75; Robertson and Zaragoza, 2009) over texts that arrive one by one.

    The score of a text needs the number of texts and their mean length, which are known only at the end. Nothing but
    its length and the counts of the terms goes into it. So texts of the same length and counts score the same, and
    only the `limit` smallest ids of each such group are kept. Example, for the terms "late" and "snow":

        ("a", "late late train")   length 3, counts (2, 0)
        ("b", "late train late")   length 3, counts (2, 0): the same group
        ("c", "snow")              length 1, counts (0, 1)

    Short texts repeat: a million facts make some hundred groups.
    """

    def __init__(self, terms: Sequence[str], limit: int) -> None:
        self._terms = terms
        self._limit = limit
        self._texts = 0
        self._words = 0
        self._texts_with = [0] * len(terms)
        self._groups: dict[tuple[int, tuple[int, ...]], list[str]] = {}

    def add(self, uuid: str, text: str) -> None:
        """Count one text, in lower case."""
        words = _words(text)
        self._texts += 1
        self._words += len(words)
        counts = tuple(words.count(term) for term in self._terms)
        if not any(counts):
            return
        for index, count in enumerate(counts):
            self._texts_with[index] += count > 0
        group = self._groups.setdefault((len(words), counts), [])
        group.append(uuid)
        if len(group) > 2 * self._limit:
            group.sort()
            del group[self._limit :]

    def best(self) -> list[str]:
        """Ids of the texts that hold any term as a word, best first; of equals the smaller id first."""
        scores = ((-self._score(*group), uuid) for group, uuids in self._groups.items() for uuid in uuids)
        return [uuid for _, uuid in heapq.nsmallest(self._limit, scores)]

    def _score(self, length: int, counts: Sequence[int]) -> float:
        norm = _K1 * (1 - _B + _B * length / (self._words / self._texts))
        return sum(
            math.log(1 + (self._texts - texts + 0.5) / (texts + 0.5)) * count * (_K1 + 1) / (count + norm)
            for count, texts in zip(counts, self._texts_with, strict=True)
        )


def query_terms(query: str) -> list[str]:
    """What to look for, in lower case: words without the most common, unless there are no others."""
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
