"""Batches that are at the provider, kept on disk so that the next process finds them.

Each batch has a file. It is written before the provider starts the batch: after a crash between the two, the next run
looks the batch up by its token. It is removed when the answers are in the cache. `failures.json` keeps the failures of
single requests until a run has reported them. A lock file admits one run at a time.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from apex_cli.errors import ConfigError
from apex_cli.files import open_lock_file, private_directory, wait_for_lock, write_atomic


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """One request of a batch. `attempt` counts from 1; `schema` names one of the batch's schemas; None for vectors."""

    attempt: int
    schema: str | None = None


@dataclass(frozen=True, slots=True)
class ProviderBatch:
    """One batch, and the server it was sent to.

    `token` is our name for it, which the provider stores as metadata. `id` is the provider's; None until it gives one.
    """

    token: str
    host: str
    route: str
    model: str
    lines: Mapping[str, BatchRequest]
    schemas: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    id: str | None = None


@dataclass(frozen=True, slots=True)
class BatchFailure:
    """A request without an answer after `attempts`; `code` is that of its last error."""

    attempts: int
    code: str
    message: str


class BatchStore:
    """The batches and failures of one home, in files. Use the methods inside `locked`; they are synchronous."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._failures = directory / "failures.json"

    @asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
        """Hold the lock, waiting for another run that holds it. Raises `ConfigError` where it cannot be opened."""
        try:
            private_directory(self._directory, parents=True)
            descriptor = open_lock_file(self._directory / "lock")
        except OSError as error:
            raise ConfigError(f"{self._directory} cannot be used: {error.strerror}") from error
        try:
            await wait_for_lock(descriptor)
            yield
        finally:
            os.close(descriptor)

    def batches(self) -> list[ProviderBatch]:
        """All batches that are not collected yet. A damaged file is skipped."""
        found = []
        for path in sorted(self._directory.glob("batch-*.json")):
            try:
                document = json.loads(path.read_bytes())
                lines = {key: BatchRequest(**line) for key, line in document.pop("lines").items()}
                found.append(ProviderBatch(**document, lines=lines))
            except (OSError, ValueError, TypeError, KeyError, AttributeError):
                continue
        return found

    def save(self, batch: ProviderBatch) -> None:
        """Write a batch, new or changed; durable when this returns."""
        write_atomic(self._path(batch), json.dumps(asdict(batch)).encode("ascii"))

    def remove(self, batch: ProviderBatch) -> None:
        """Remove a batch; nothing happens where it is gone."""
        self._path(batch).unlink(missing_ok=True)

    def failures(self) -> dict[str, BatchFailure]:
        """The failures of single requests, by key."""
        try:
            return {key: BatchFailure(**failure) for key, failure in json.loads(self._failures.read_bytes()).items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def save_failures(self, failures: Mapping[str, BatchFailure]) -> None:
        """Replace all failures; durable when this returns."""
        document = {key: asdict(failure) for key, failure in failures.items()}
        write_atomic(self._failures, json.dumps(document).encode("ascii"))

    def _path(self, batch: ProviderBatch) -> Path:
        return self._directory / f"batch-{batch.token}.json"
