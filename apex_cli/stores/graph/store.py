"""`PivotStore` over any graph engine: each method runs one job of `model` in a transaction."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from apex_cli.extract.signatures import Signature
from apex_cli.model import Plan
from apex_cli.stores.graph.model import commit, consistency, reads
from apex_cli.stores.graph.model.codec import micros
from apex_cli.stores.graph.model.commit import Prepared
from apex_cli.stores.graph.model.operations import STORE, Access, GraphEngine, Job
from apex_cli.stores.protocol import RecordSearch
from apex_cli.stores.views import EntityView, FactView, GraphView, StoredSummary, SupportedFacts

if TYPE_CHECKING:
    from apex_cli.stores.graph.driver import ReadOnlyDriver


class GraphStore(ABC):
    """The methods that all graphs share; `check` differs by engine. `records` are for Graphiti's search."""

    name = STORE

    def __init__(self, engine: GraphEngine, namespace: str, records: RecordSearch | None = None) -> None:
        self._engine = engine
        self._namespace = namespace
        self._records = records

    @property
    def holds_vectors(self) -> bool:
        return self._engine.holds_vectors

    async def open(self) -> None:
        await self._engine.open()

    async def close(self) -> None:
        await self._engine.close()

    @abstractmethod
    def graphiti_driver(self) -> ReadOnlyDriver:
        """A driver for `graphiti_core.Graphiti(graph_driver=…)`, for reading, while this store is open."""

    def commit(self, plans: Sequence[Plan]) -> Coroutine[Any, Any, None]:
        return self._commit(plans, {})

    def _commit(self, plans: Sequence[Plan], old_ids: Mapping[str, str]) -> Coroutine[Any, Any, None]:
        """Commit; `old_ids` are the entities of aliases in an older graph that this one replaces."""
        return self._engine.run(self._commit_job(plans, partial(commit.prepare, plans), old_ids), Access.WRITE)

    def _commit_job(
        self, plans: Sequence[Plan], prepared: Callable[[], Prepared], old_ids: Mapping[str, str]
    ) -> Job[None]:
        now, group = micros(datetime.now(UTC)), self._namespace
        return partial(commit.commit, plans=plans, prepared=prepared, group_id=group, now=now, old_ids=old_ids)

    async def settle(self, targets: Sequence[tuple[str, int]]) -> Mapping[str, str | None]:
        return await self._engine.run(lambda graph: commit.settle(graph, targets), Access.WRITE)

    async def read(self, record_ids: Sequence[str]) -> Mapping[str, GraphView]:
        return await self._engine.run(lambda graph: reads.read(graph, record_ids), Access.EXACT)

    async def find_entities(self, text: str, *, limit: int = 20) -> Sequence[EntityView]:
        return await self._engine.run(lambda graph: reads.find_entities(graph, text, limit), Access.EXACT)

    async def named(self, keys: Sequence[str]) -> Mapping[str, Sequence[EntityView]]:
        return await self._engine.run(lambda graph: reads.named(graph, keys), Access.PLAIN)

    async def placed(self, signatures: Sequence[Signature]) -> Mapping[Signature, EntityView]:
        return await self._engine.run(lambda graph: reads.placed(graph, signatures), Access.PLAIN)

    async def newest_records(self, entity_id: str, *, limit: int) -> Sequence[str]:
        return await self._engine.run(lambda graph: reads.newest_records(graph, entity_id, limit), Access.PLAIN)

    async def resembling(self, text: str, *, kind: str | None = None, limit: int = 5) -> Sequence[EntityView]:
        return await self._engine.run(lambda graph: reads.resembling(graph, text, kind, limit), Access.PLAIN)

    async def facts(
        self, entity_id: str, *, at: datetime | None = None, predicate: str | None = None, overruled: bool = False
    ) -> Sequence[FactView]:
        views = await self._engine.run(lambda graph: reads.facts(graph, entity_id, at, predicate), Access.EXACT)
        return views if overruled else [view for view in views if not view.overruled]

    async def supported_facts(self, entity_id: str) -> SupportedFacts | None:
        return await self._engine.run(lambda graph: reads.supported_facts(graph, entity_id), Access.EXACT)

    async def facts_then(self, predicate: str, *, at: datetime, limit: int) -> Sequence[FactView]:
        return await self._engine.run(lambda graph: reads.facts_then(graph, predicate, at, limit), Access.PLAIN)

    async def free_text_claims(self, *, at: datetime, limit: int) -> Sequence[FactView]:
        return await self._engine.run(lambda graph: reads.free_text_claims(graph, at, limit), Access.PLAIN)

    async def statements(self, entity_ids: Sequence[str]) -> Sequence[FactView]:
        return await self._engine.run(lambda graph: reads.statements(graph, entity_ids), Access.PLAIN)

    async def known(self, keys: Sequence[str]) -> frozenset[str]:
        return await self._engine.run(lambda graph: reads.known(graph, keys), Access.PLAIN)

    async def mentioned(self, record_ids: Sequence[str]) -> Mapping[str, Sequence[EntityView]]:
        return await self._engine.run(lambda graph: reads.mentioned(graph, record_ids), Access.PLAIN)

    async def list_entities(self, *, kind: str | None, beginning: str, limit: int) -> Sequence[EntityView]:
        return await self._engine.run(lambda graph: reads.beginning(graph, beginning, kind, limit), Access.PLAIN)

    async def entities(self, ids: Sequence[str]) -> Sequence[EntityView]:
        return await self._engine.run(lambda graph: reads.in_full(graph, ids), Access.PLAIN)

    async def count_by_type(self) -> tuple[Mapping[str, int], int]:
        return await self._engine.run(reads.count_by_type, Access.PLAIN)

    async def scan(self) -> AsyncIterator[Sequence[StoredSummary]]:
        for batch in await self._engine.run(reads.markers, Access.PLAIN):
            yield batch

    async def audit(self) -> Sequence[tuple[str, str]]:
        """See `PivotStore`. What a first look finds counts only if a second one, without other changes, finds it."""
        suspects = await self._engine.run(consistency.breaches, Access.PLAIN)
        return await self._engine.run(consistency.breaches, Access.PATIENT) if suspects else []
