"""The raw writes, timed: the same batches to the same four engines, in a home of their own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from apex_cli.stores.embedded.engines import EmbeddedServers
from apex_cli.stores.embedded.home import Home
from bench import writers
from bench.dataset import Item
from bench.figures import RawSample
from bench.layout import GraphRows
from bench.writers import Write


async def write_raw(
    folder: Path, batches: Sequence[Sequence[Item]], rows: Sequence[GraphRows], *, side_by_side: bool
) -> RawSample:
    """Write all batches, one after the other, into fresh stores under `folder`.

    Within a batch the four stores are written one after the other, or `side_by_side`. Starting and stopping the engines
    is not counted.
    """
    home = Home(folder)
    home.create()
    async with AsyncExitStack() as stack:
        servers = await stack.enter_async_context(EmbeddedServers(home))
        stores: dict[str, Write] = {
            "postgres": await stack.enter_async_context(writers.postgres(servers.postgres.dsn)),
            "vectors": await stack.enter_async_context(writers.vectors(home.vectors)),
            "cache": await stack.enter_async_context(writers.cache(servers.valkey.socket_path)),
            "graph": await stack.enter_async_context(writers.graph(home.graph)),
        }
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
