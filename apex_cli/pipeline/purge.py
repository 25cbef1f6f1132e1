"""`apex forget --purge`: takes what was removed out of the files of all stores, too.

Removing data marks it as removed; its bytes stay in the files of every engine until they are overwritten. A purge
writes the files again. Embedded stores are purged as a whole. What a server keeps elsewhere (logs, backups, replicas)
is its administrator's: see docs/operations.md.
"""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from apex_cli.config import Settings
from apex_cli.embedded.home import Home
from apex_cli.errors import StoreError
from apex_cli.pipeline.upgrade import open_upgraded, rebuild_graph
from apex_cli.stores.factory import Stores
from apex_cli.stores.protocol import Purgeable, Rebuildable, Store

SERVER = "a server rewrites its files by itself: see docs/operations.md"


@dataclass(frozen=True, slots=True)
class PurgeResult:
    """What became of one place: `error` says why it still holds what was removed, None where it is purged."""

    place: str
    error: str | None = None


async def purge(settings: Settings) -> list[PurgeResult]:
    """Purge all four stores and the answers of language models. Never raises for a store that refuses."""
    home = Home(settings.home)
    async with open_upgraded(settings) as stores:
        results = [
            await _tried("postgres", _own(stores.journal)),
            await _tried("graph", _graph(settings, stores)),
            await _tried("vectors", _own(stores.vectors)),
            await _tried("cache", _own(stores.cache)),
        ]
    shutil.rmtree(settings.home / "cache" / "llm", ignore_errors=True)
    _truncate_logs(home)
    return [*results, PurgeResult("answers of language models")]


def _own(store: Store) -> Callable[[], Awaitable[object]] | None:
    return store.purge if isinstance(store, Purgeable) else None


def _graph(settings: Settings, stores: Stores) -> Callable[[], Awaitable[object]] | None:
    graph = stores.graph
    if not isinstance(graph, Rebuildable):
        return None
    return partial(rebuild_graph, settings, stores, graph, trusted=True)


async def _tried(place: str, work: Callable[[], Awaitable[object]] | None) -> PurgeResult:
    if work is None:
        return PurgeResult(place, SERVER)
    try:
        await work()
    except StoreError as error:
        return PurgeResult(place, error.message)
    return PurgeResult(place)


def _truncate_logs(home: Home) -> None:
    """Empty the logs of the embedded servers: an error message may quote a value."""
    for folder in (home.postgres, home.valkey):
        for log in folder.glob("*.log"):
            log.write_bytes(b"")
