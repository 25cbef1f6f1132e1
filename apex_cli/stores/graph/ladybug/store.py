"""`PivotStore` on the embedded graph: one file, one process, one thread."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apex_cli.errors import StoreTransient, StoreUnavailable
from apex_cli.files import sync_folder
from apex_cli.model import Plan
from apex_cli.stores.graph.ladybug import schema
from apex_cli.stores.graph.ladybug.engine import LadybugEngine
from apex_cli.stores.graph.model import reads
from apex_cli.stores.graph.model.observations import entity_ids, renamed_ids
from apex_cli.stores.graph.model.operations import STORE, Access
from apex_cli.stores.graph.store import GraphStore
from apex_cli.stores.protocol import RecordSearch

if TYPE_CHECKING:
    from apex_cli.stores.graph.driver import ReadOnlyDriver


def graph_file(folder: Path, namespace: str) -> Path:
    """The file of a namespace's graph in `folder`."""
    return folder / f"{namespace}.graph.lbug"


class LadybugGraph(GraphStore):
    """The graph of one namespace, in a file of its own in `folder`. One process at a time may open it.

    A file whose tables have an older schema opens with `needs_rebuild`; then only `settle`, `check` and `rebuilding`
    may be used.
    """

    _engine: LadybugEngine

    def __init__(self, folder: Path, *, namespace: str, suffix: str = "", records: RecordSearch | None = None) -> None:
        self._path = Path(f"{graph_file(folder, namespace)}{suffix}")
        self._schema = 0
        super().__init__(LadybugEngine(self._path), namespace, records)

    async def open(self) -> None:
        await self._engine.open()
        try:
            found = await self._engine.run(schema.version, Access.EXACT)
            if found is None:
                await self._engine.run(schema.create, Access.WRITE)
            elif found > schema.VERSION:
                raise StoreUnavailable(
                    f"graph: the schema is at version {found}, this program knows versions up to {schema.VERSION}",
                    hint="install the newer apex that made it, or restore the backup taken before that upgrade",
                )
        except BaseException:
            await self._engine.close()
            raise
        self._schema = found or schema.VERSION

    async def check(self) -> Mapping[str, Any]:
        """Engine, version, schema, and how many records, entities and facts there are."""
        import ladybug

        counts = await self._engine.run(reads.count, Access.PLAIN)
        return {"engine": "ladybug", "version": ladybug.__version__, "schema": self._schema, **counts}

    @property
    def needs_rebuild(self) -> bool:
        """See `Rebuildable`."""
        return self._schema < schema.VERSION

    @asynccontextmanager
    async def rebuilding(self, *, trusted: bool) -> AsyncIterator[GraphStore]:
        """See `Rebuildable`. The new graph is a file beside the old one, which it replaces by one rename."""
        rebuilt = _RebuiltGraph(self._path.parent, self._namespace, self._engine if trusted else None)
        await rebuilt.open()
        try:
            yield rebuilt
        finally:
            await rebuilt.close()
        await self._engine.replace(lambda: self._take(rebuilt._path))
        self._schema = rebuilt._schema

    def _take(self, path: Path) -> None:
        """Put this file, which is closed, in the place of the graph's own."""
        for each in (self._path, path):
            if any(side.exists() for side in _files(each)[1:]):
                # The log of the old file beside the new one would be replayed into it.
                raise StoreTransient(STORE, f"{each} was not closed cleanly")
        path.replace(self._path)
        sync_folder(self._path.parent)

    def graphiti_driver(self) -> ReadOnlyDriver:
        from apex_cli.stores.graph.ladybug.graphiti_driver import EmbeddedDriver

        return EmbeddedDriver(self._engine, self._records)


class _RebuiltGraph(LadybugGraph):
    """The new graph of a rebuild. Its entities have the ids that they have in the `old` graph, if one is given."""

    def __init__(self, folder: Path, namespace: str, old: LadybugEngine | None) -> None:
        super().__init__(folder, namespace=namespace, suffix=".rebuild")
        self._old = old
        self._renamed: Mapping[str, str] | None = None

    async def open(self) -> None:
        """Go on with what a killed rebuild left, if it is of use; else start with an empty file."""
        if self._old is None:
            self._remove()
        await super().open()
        if self.needs_rebuild:
            await self.close()
            self._remove()
            await super().open()

    def _remove(self) -> None:
        for path in _files(self._path):
            path.unlink(missing_ok=True)

    async def commit(self, plans: Sequence[Plan]) -> None:
        ids: Mapping[str, str] = {}
        if self._old is not None:
            if self._renamed is None:
                self._renamed = await self._old.run(renamed_ids, Access.PLAIN)
            ids = {**self._renamed, **await self._old.run(lambda graph: entity_ids(graph, plans), Access.PLAIN)}
        await self._commit(plans, ids)


def _files(path: Path) -> list[Path]:
    """A graph's file, and what the engine keeps beside it while it is open: a clean close leaves none of these."""
    return [path.with_name(path.name + suffix) for suffix in ("", ".wal", ".wal.checkpoint", ".shadow")]
