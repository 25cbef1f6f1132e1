"""`PivotStore` over any graph engine: a thin asynchronous face over jobs that run in transactions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime

from apex_cli.model import Plan
from apex_cli.stores.graph.transaction import STORE, Access, GraphEngine
from apex_cli.stores.protocol import EntityView, FactView, GraphView, Held


class GraphStore:
    """What all graphs have in common. `open`, `close`, `check` and `search` are the engine's own."""

    name = STORE

    def __init__(self, engine: GraphEngine, namespace: str) -> None:
        self._jobs = engine
        self._namespace = namespace

    async def commit(self, plans: Sequence[Plan]) -> None:
        from apex_cli.stores.graph import commit

        now = datetime.now(UTC)
        await self._jobs.run(lambda graph: commit.commit(graph, plans, self._namespace, now), Access.WRITE)

    async def settle(self, targets: Sequence[tuple[str, int]]) -> Mapping[str, str | None]:
        from apex_cli.stores.graph import commit

        return await self._jobs.run(lambda graph: commit.settle(graph, targets), Access.WRITE)

    async def read(self, record_ids: Sequence[str]) -> Mapping[str, GraphView]:
        from apex_cli.stores.graph import reads

        return await self._jobs.run(lambda graph: reads.read(graph, record_ids), Access.EXACT)

    async def find_entities(self, text: str, *, limit: int = 20) -> Sequence[EntityView]:
        from apex_cli.stores.graph import reads

        return await self._jobs.run(lambda graph: reads.find_entities(graph, text, limit), Access.EXACT)

    async def facts(
        self, entity_id: str, *, at: datetime | None = None, predicate: str | None = None
    ) -> Sequence[FactView]:
        from apex_cli.stores.graph import reads

        return await self._jobs.run(lambda graph: reads.facts(graph, entity_id, at, predicate), Access.EXACT)

    async def scan(self) -> AsyncIterator[Sequence[Held]]:
        from apex_cli.stores.graph import census

        for batch in await self._jobs.run(census.held, Access.PLAIN):
            yield batch

    async def audit(self) -> Sequence[tuple[str, str]]:
        """Breaches, if a first look finds any, are told from a second one that nobody else's changes come into."""
        from apex_cli.stores.graph import audit

        suspects = await self._jobs.run(audit.breaches, Access.PLAIN)
        return await self._jobs.run(audit.breaches, Access.PATIENT) if suspects else []
