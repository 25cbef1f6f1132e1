"""Batches that are at the provider, kept on disk so that the next process finds them.

One file a batch, written before the provider is asked to start it (so that a crash between the two leaves a trace that
can be looked up by its token) and removed when its answers are in the cache. `failures.json` keeps what went wrong
with single lines until the run that asks again has told it. Files are written whole and renamed into place; a lock
file keeps two runs apart.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from apex_cli.errors import ConfigError
from apex_cli.files import open_lock_file, private_directory, wait_for_lock, write_atomic


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """One request of a batch. `attempt` counts from 1; `schema` names the answer's in the batch, None for vectors."""

    attempt: int
    schema: str | None = None


@dataclass(frozen=True, slots=True)
class ProviderBatch:
    """One batch: what was asked of whom. `id` is the provider's, None until it has given one."""

    token: str
    host: str
    route: str
    model: str
    lines: Mapping[str, BatchRequest]
    schemas: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    id: str | None = None


@dataclass(frozen=True, slots=True)
class BatchFailure:
    """What became of a line that has no answer after `attempts`; `code` is an error's."""

    attempts: int
    code: str
    message: str


class BatchStore:
    """The batches and failures of one home. All methods are short and synchronous; use them under `locked`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._failures = directory / "failures.json"

    @asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
        """Hold the book; another run that holds it is waited for. Raises `ConfigError` if it cannot be opened."""
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
        """All batches that are not collected yet; a file that cannot be read is left out."""
        found = []
        for path in sorted(self._directory.glob("batch-*.json")):
            try:
                told = json.loads(path.read_bytes())
                lines = {key: BatchRequest(**line) for key, line in told.pop("lines").items()}
                found.append(ProviderBatch(**told, lines=lines))
            except (OSError, ValueError, TypeError, KeyError, AttributeError):
                continue
        return found

    def keep(self, batch: ProviderBatch) -> None:
        """Write a batch, new or changed; durable when this returns."""
        self._write(self._path(batch), asdict(batch))

    def drop(self, batch: ProviderBatch) -> None:
        """Forget a batch."""
        self._path(batch).unlink(missing_ok=True)

    def failures(self) -> dict[str, BatchFailure]:
        """What went wrong, by key."""
        try:
            return {key: BatchFailure(**told) for key, told in json.loads(self._failures.read_bytes()).items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def keep_failures(self, failures: Mapping[str, BatchFailure]) -> None:
        """Write all failures anew."""
        self._write(self._failures, {key: asdict(failure) for key, failure in failures.items()})

    def _path(self, batch: ProviderBatch) -> Path:
        return self._directory / f"batch-{batch.token}.json"

    def _write(self, path: Path, told: Mapping[str, Any]) -> None:
        write_atomic(path, json.dumps(told).encode("ascii"))


def new_token() -> str:
    """A name for a batch that the provider is given too."""
    return uuid.uuid4().hex
