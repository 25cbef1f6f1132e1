"""What an ingest is asked to do, and whom it tells."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

from apex_cli.results import RecordResult

STDIN = "-"
EXTRACTORS = ("auto", "rules", "llm")


@dataclass(slots=True)
class Stop:
    """A request to end early: the signal's number, or 0. Set by the signal handlers, looked at between batches."""

    event: asyncio.Event = field(default_factory=asyncio.Event)
    signal: int = 0

    def __call__(self, signal: int) -> None:
        self.signal = self.signal or signal
        self.event.set()


@dataclass(frozen=True, slots=True)
class IngestRequest:
    """One ingest. `paths` may hold `-` for `stdin`; `min_age` is seconds; `limit` counts records.

    `extractor` is one of `EXTRACTORS`; with `llm_batch` models answer by the next run, at half the price.
    """

    paths: tuple[str, ...]
    source: str = "auto"
    extractor: str = "auto"
    llm_batch: bool = False
    limit: int | None = None
    consume: bool = False
    min_age: float = 0.0
    retry_failed: bool = False
    stdin: BinaryIO | None = None
    run_id: str = field(default_factory=lambda: str(uuid.uuid4()))


class Observer(Protocol):
    """Told what happens while it happens. Called on the event loop; must return quickly."""

    def phase(self, text: str) -> None:
        """A new phase has begun ("starting the stores")."""

    def inputs(self, seen: int) -> None:
        """So many inputs have been taken so far."""

    def outcome(self, outcome: RecordResult) -> None:
        """A record has come to its end."""
