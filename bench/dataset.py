"""The records of a file, extracted and embedded by the product's own code: what the raw writers write."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from apex_cli.config import Settings
from apex_cli.embed.apply import Embedding
from apex_cli.embed.local import LocalEmbedder
from apex_cli.model import Embedded, Record
from apex_cli.pipeline.inputs import limits
from apex_cli.pipeline.understand import Transformer, Understood
from apex_cli.reading.files import Rejected
from apex_cli.reading.read import read_input

Item = tuple[Record, Embedded]


@dataclass(frozen=True, slots=True)
class Dataset:
    """Batches of the size that an ingest commits, and the seconds that extraction and embedding took."""

    batches: list[list[Item]]
    understanding_seconds: float


async def understand(settings: Settings, file: Path) -> Dataset:
    """Read, extract and embed a file. Raises the `RecordError` of a record that is not sound."""
    understanding = Transformer(
        Embedding(LocalEmbedder()), concurrency=settings.concurrency, parse_timeout=settings.parse_timeout
    )
    batches: list[list[Item]] = []
    seconds = 0.0
    try:
        for records in _batches(settings, file):
            started = time.monotonic()
            results = await understanding.batch(records, {})
            seconds += time.monotonic() - started
            batches.append(list(_items(records, results)))
    finally:
        understanding.close()
    return Dataset(batches, seconds)


def _batches(settings: Settings, file: Path) -> Iterator[list[Record]]:
    batch: list[Record] = []
    now = datetime.now(UTC)
    for what in read_input(
        file,
        name=file.name,
        origin=str(file),
        source="auto",
        observed_at=now,
        limits=limits(settings),
        namespace=settings.namespace,
    ):
        if isinstance(what, Rejected):
            raise what.error
        batch.append(what)
        if len(batch) == settings.batch_size:
            yield batch
            batch = []
    if batch:
        yield batch


def _items(records: Sequence[Record], results: Sequence[Understood]) -> Iterator[Item]:
    for record, result in zip(records, results, strict=True):
        if not isinstance(result, Embedded):
            raise result
        yield record, result
