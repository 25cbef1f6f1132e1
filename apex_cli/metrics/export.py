"""Collects the figures and writes them in Prometheus' text format 0.0.4, also for a node exporter's textfile collector.

https://github.com/prometheus/node_exporter#textfile-collector: only files named `*.prom` are read, at any moment.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from apex_cli.config import Settings
from apex_cli.errors import ConfigError
from apex_cli.files import write_atomic
from apex_cli.staging import StagingDirectory
from apex_cli.stores.factory import Stores

if TYPE_CHECKING:
    from prometheus_client import Metric

_READABLE = 0o644
"""The exporter runs as another user."""


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


def check_textfile(path: Path) -> None:
    """Check before a run that the file can be written. Raises `ConfigError`."""
    if path.suffix != ".prom":
        raise ConfigError(
            f"the metrics file {path} is not named *.prom", hint="a node exporter reads no other files; rename it"
        )
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK | os.X_OK) or path.is_dir():
        raise _unusable(path, "its directory is missing or cannot be written to")


def write_textfile(path: Path, content: bytes) -> None:
    """Replace the file in one step, durable, mode 0644; of several writers the last one wins. Raises `ConfigError`."""
    try:
        write_atomic(path, content, mode=_READABLE)
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from error


def _unusable(path: Path, reason: str) -> ConfigError:
    return ConfigError(
        f"the metrics file {path} cannot be written: {reason}",
        hint="name a file in a directory that this user may write to",
    )
