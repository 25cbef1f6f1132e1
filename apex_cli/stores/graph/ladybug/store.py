"""`PivotStore` on the embedded graph: one file, one process, one thread."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from apex_cli.stores.graph.ladybug.engine import LadybugEngine
from apex_cli.stores.graph.model.transaction import Access, Job
from apex_cli.stores.graph.store import GraphStore

if TYPE_CHECKING:
    from graphiti_core.driver.driver import GraphDriver

T = TypeVar("T")


class _Jobs:
    """`GraphEngine` over the engine: every transaction is alone and sees one state of the graph."""

    def __init__(self, engine: LadybugEngine) -> None:
        self._engine = engine

    async def run(self, job: Job[T], access: Access) -> T:
        from apex_cli.stores.graph.ladybug.transaction import LadybugTransaction

        return await self._engine.run(lambda session: job(LadybugTransaction(session)), write=access is Access.WRITE)


def graph_file(folder: Path, namespace: str) -> Path:
    """The file of a namespace's graph in `folder`."""
    return folder / f"{namespace}.graph.lbug"


class LadybugGraph(GraphStore):
    """The graph of one namespace, in a file of its own in `folder`. One process at a time may open it."""

    def __init__(self, folder: Path, *, namespace: str) -> None:
        self._engine = LadybugEngine(graph_file(folder, namespace))
        super().__init__(_Jobs(self._engine), namespace)

    async def open(self) -> None:
        from apex_cli.stores.graph.ladybug.schema import TABLES

        await self._engine.open(TABLES)

    async def close(self) -> None:
        await self._engine.close()

    async def check(self) -> Mapping[str, Any]:
        """Engine, version, and how many records, entities and facts there are."""
        import ladybug

        from apex_cli.stores.graph.model import counts

        figures = await self._jobs.run(counts.figures, Access.PLAIN)
        return {"engine": "ladybug", "version": ladybug.__version__, **figures}

    async def clear(self) -> None:
        """See `Clearable`."""
        await self._engine.run(lambda session: session.run("MATCH (n) DETACH DELETE n"), write=True)

    def graphiti_driver(self) -> GraphDriver:
        from apex_cli.stores.graph.ladybug.graphiti_driver import EmbeddedDriver

        return EmbeddedDriver(self._engine)
