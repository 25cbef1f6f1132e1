"""Collects the figures from PostgreSQL and the staging directory, and writes Prometheus' text format 0.0.4."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from apex_cli.config import Settings
from apex_cli.staging import StagingDirectory
from apex_cli.stores.factory import Stores

if TYPE_CHECKING:
    from prometheus_client import Metric


async def collect(settings: Settings, stores: Stores) -> list[Metric]:
    """Every metric family with its samples, in a fixed order. Raises `StoreError` or `StagingUnusable`."""
    from apex_cli.metrics.families import families

    staging = StagingDirectory(settings.staging_dir, max_bytes=settings.staging_max_bytes)
    known = await stores.runs.statistics()
    return list(families(known, await asyncio.to_thread(staging.stats), settings.namespace))


def as_text(families: Iterable[Metric]) -> bytes:
    """Families in the text format 0.0.4, UTF-8."""
    from prometheus_client import generate_latest
    from prometheus_client.registry import Collector

    class Collected(Collector):
        def collect(self) -> Iterator[Metric]:
            yield from families

    return generate_latest(Collected())
