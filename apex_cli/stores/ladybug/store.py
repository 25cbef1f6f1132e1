"""`PivotStore` on the embedded graph: a thin asynchronous face over jobs that run in the engine's thread."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apex_cli.model import Plan
from apex_cli.stores.ladybug.engine import STORE, Engine
from apex_cli.stores.protocol import EntityView, FactView, GraphView, Held, Hit

if TYPE_CHECKING:
    from graphiti_core.driver.driver import GraphDriver

_FILE = "graph.lbug"


class LadybugGraph:
    """The graph of one namespace, in a file of its own in `folder`. One process at a time may open it."""

    name = STORE

    def __init__(self, folder: Path, *, namespace: str) -> None:
        self._engine = Engine(folder / f"{namespace}.{_FILE}")

    async def open(self) -> None:
        from apex_cli.stores.ladybug.schema import TABLES

        await self._engine.open(TABLES)

    async def close(self) -> None:
        await self._engine.close()

    async def check(self) -> Mapping[str, Any]:
        """Engine, version, and how many records, entities and facts there are."""
        from apex_cli.stores.ladybug import census

        return await self._engine.run(census.figures)

    async def commit(self, plans: Sequence[Plan]) -> None:
        from apex_cli.stores.ladybug import commit

        now = datetime.now(UTC)
        await self._engine.run(lambda session: commit.commit(session, plans, now), write=True)

    async def settle(self, targets: Sequence[tuple[str, int]]) -> Mapping[str, str | None]:
        from apex_cli.stores.ladybug import commit

        return await self._engine.run(lambda session: commit.settle(session, targets), write=True)

    async def read(self, record_ids: Sequence[str]) -> Mapping[str, GraphView]:
        from apex_cli.stores.ladybug import reads

        return await self._engine.run(lambda session: reads.read(session, record_ids))

    async def find_entities(self, text: str, *, limit: int = 20) -> Sequence[EntityView]:
        from apex_cli.stores.ladybug import reads

        return await self._engine.run(lambda session: reads.find_entities(session, text, limit))

    async def facts(
        self, entity_id: str, *, at: datetime | None = None, predicate: str | None = None
    ) -> Sequence[FactView]:
        from apex_cli.stores.ladybug import reads

        return await self._engine.run(lambda session: reads.facts(session, entity_id, at, predicate))

    async def search(self, text: str, vector: Sequence[float], *, limit: int) -> Sequence[Hit]:
        from apex_cli.stores.graphiti_driver.search import find

        return await find(self._engine, text, vector, limit)

    def graphiti_driver(self) -> GraphDriver:
        """A driver for `graphiti_core.Graphiti(graph_driver=…)`, for reading, while this store is open."""
        from apex_cli.stores.graphiti_driver.driver import ReadOnlyDriver

        return ReadOnlyDriver(self._engine)

    async def scan(self) -> AsyncIterator[Sequence[Held]]:
        from apex_cli.stores.ladybug import census

        for batch in await self._engine.run(census.held):
            yield batch

    async def audit(self) -> Sequence[tuple[str, str]]:
        from apex_cli.stores.ladybug import audit

        return await self._engine.run(audit.breaches)
