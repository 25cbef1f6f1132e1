"""The raw writes, timed: the same batches to the same four stores, in places of their own there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import quote

from apex_cli.embedded.home import Home
from apex_cli.embedded.servers import EmbeddedServers
from bench import writers
from bench.dataset import Item
from bench.figures import RawSample
from bench.layout import GraphRows
from bench.writers import Write

Writers = Mapping[str, Write]
"""One for each store, by the names that an ingest has for them."""


@asynccontextmanager
async def embedded(folder: Path) -> AsyncIterator[Writers]:
    """Into fresh embedded stores under `folder`."""
    home = Home(folder)
    home.create()
    async with AsyncExitStack() as stack:
        servers = await stack.enter_async_context(EmbeddedServers(home))
        yield {
            "postgres": await stack.enter_async_context(writers.postgres(servers.postgres.dsn)),
            "vectors": await stack.enter_async_context(writers.vectors(home.vectors)),
            "cache": await stack.enter_async_context(
                writers.cache(f"unix://{quote(str(servers.valkey.socket_path))}", "raw:")
            ),
            "graph": await stack.enter_async_context(writers.graph(home.graph)),
        }


async def write_raw(
    stores: Writers, batches: Sequence[Sequence[Item]], rows: Sequence[GraphRows], *, side_by_side: bool
) -> RawSample:
    """Write all batches, one after the other; within a batch store after store, or `side_by_side`.

    Starting and stopping engines and connections is not counted.
    """
    seconds = dict.fromkeys(stores, 0.0)
    started = time.monotonic()
    for items, added in zip(batches, rows, strict=True):
        jobs = [_timed(name, write, items, added, seconds) for name, write in stores.items()]
        if side_by_side:
            await asyncio.gather(*jobs)
        else:
            for job in jobs:
                await job
    return RawSample(time.monotonic() - started, seconds)


async def _timed(name: str, write: Write, items: Sequence[Item], rows: GraphRows, seconds: dict[str, float]) -> None:
    started = time.monotonic()
    await write(items, rows)
    seconds[name] += time.monotonic() - started
