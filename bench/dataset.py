"""The records of a file, extracted and embedded by the product's own code: what the raw writers write."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from apex_cli.config import Settings
from apex_cli.embed.apply import Embedding
from apex_cli.embed.local import LocalEmbedder
from apex_cli.model import Embedded, Record
from apex_cli.pipeline.read import read_limits
from apex_cli.reading.files import Rejected
from apex_cli.reading.read import read_input
from apex_cli.sources.registry import extract

Item = tuple[Record, Embedded]


@dataclass(frozen=True, slots=True)
class Dataset:
    """Batches of the size that an ingest commits, and the seconds that extraction and embedding took."""

    batches: list[list[Item]]
    preparing_seconds: float


async def prepare(settings: Settings, file: Path) -> Dataset:
    """Read, extract and embed a file. Raises the `RecordError` of a record that is not sound."""
    embedding = Embedding(LocalEmbedder())
    batches: list[list[Item]] = []
    seconds = 0.0
    for records in _batches(settings, file):
        started = time.monotonic()
        extractions = [extract(record) for record in records]
        embedded = await embedding.apply(extractions)
        seconds += time.monotonic() - started
        batches.append(list(zip(records, embedded, strict=True)))
    return Dataset(batches, seconds)


def _batches(settings: Settings, file: Path) -> Iterator[list[Record]]:
    batch: list[Record] = []
    now = datetime.now(UTC)
    for found in read_input(
        file,
        name=file.name,
        origin=str(file),
        source="auto",
        observed_at=now,
        limits=read_limits(settings),
        namespace=settings.namespace,
    ):
        if isinstance(found, Rejected):
            raise found.error
        batch.append(found)
        if len(batch) == settings.batch_size:
            yield batch
            batch = []
    if batch:
        yield batch
