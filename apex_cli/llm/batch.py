"""Asking in batches: what is not in the cache is queued, sent at the end of the run, and found there by a later one.

A record whose extraction asks one thing after the other takes a run for each: the first run queues its first prompt
and leaves it staged, the next finds the answer in the cache and queues the second, until all is known.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from apex_cli.llm.batch_api import MAX_BYTES, MAX_LINES, BatchApi
from apex_cli.llm.batch_read import raised, read_batch, terminal
from apex_cli.llm.batch_store import BatchFailure, BatchRequest, BatchStore, ProviderBatch, new_token
from apex_cli.llm.budget import Budget
from apex_cli.llm.cache import Cache
from apex_cli.llm.embeddings import EmbeddingForm
from apex_cli.llm.meter import ModelUsageMeter
from apex_cli.llm.protocol import JsonSchema
from apex_cli.llm.usage import ModelUsage

ATTEMPTS = 2
"""How often a request is sent whose answer is broken, or that failed at the server."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One request for a batch: its `schema` is the answer's, None for vectors; `used` an estimate of what it takes."""

    route: str
    model: str
    body: Mapping[str, Any]
    schema: JsonSchema | None
    used: ModelUsage


@dataclass(slots=True)
class Progress:
    """Requests: answered or failed since the last look, still with the provider, and newly sent to it.

    `problems` says of batches that did not come to their end why: what they lack is sent again when it is asked for.
    """

    answered: int = 0
    failed: int = 0
    waiting: int = 0
    sent: int = 0
    problems: list[str] = field(default_factory=list)


class Batching:
    """The batches of one run: `collect` at its start, `queue` while it goes on, `flush` at its end.

    `form` is that of the embedding model, if there is one.
    """

    def __init__(
        self,
        api: BatchApi,
        book: BatchStore,
        cache: Cache,
        *,
        meter: ModelUsageMeter,
        budget: Budget,
        form: EmbeddingForm | None,
    ) -> None:
        self._api = api
        self._book = book
        self._cache = cache
        self._meter = meter
        self._budget = budget
        self._form = form
        self._queue: dict[str, tuple[Wanted, BatchRequest]] = {}
        self._live: set[str] = set()
        self._failures: dict[str, BatchFailure] = {}
        self._told: set[str] = set()
        self.progress = Progress()

    async def collect(self) -> Progress:
        """Take what finished batches brought into the cache. Repeating it does no harm. Raises `RunHalted`."""
        async with self._book.locked():
            self._failures = self._book.failures()
            for batch in self._book.batches():
                if not await self._settled(batch):
                    self._live.update(batch.lines)
                    self.progress.waiting += len(batch.lines)
        return self.progress

    def queue(self, key: str, wanted: Wanted) -> None:
        """Have a request sent with the next batch, unless it is with the provider already; once a key.

        Raises what came of it last time, if that would come again (`RecordError`, told once: asked after that, it is
        sent anew), and `BudgetExhausted`.
        """
        if key in self._live or key in self._queue:
            return
        failure = self._failures.get(key)
        if failure is not None and (terminal(failure) or failure.attempts >= ATTEMPTS):
            del self._failures[key]
            self._told.add(key)
            raise raised(failure)
        self._budget.hold(self._meter.priced(wanted.model, wanted.used, batch=True))
        attempt = 1 if failure is None else failure.attempts + 1
        self._queue[key] = (wanted, BatchRequest(attempt, None if wanted.schema is None else _name(wanted.schema)))

    async def flush(self) -> Progress:
        """Send what is queued, but for what another run has sent or had answered meanwhile. Raises `RunHalted`."""
        async with self._book.locked():
            live = {key for batch in self._book.batches() for key in batch.lines}
            known = live | (await self._cache.get(list(self._queue))).keys()
            queued = {key: asked for key, asked in self._queue.items() if key not in known}
            for part in divided(queued):
                await self._send({key: queued[key] for key in part})
                self.progress.sent += len(part)
            self._queue.clear()
            self._forget(self._told)
        return self.progress

    async def _settled(self, batch: ProviderBatch) -> bool:
        """Whether a batch is over, its answers in the cache and its trace gone."""
        if batch.host != self._api.host:
            return False
        batch_id = batch.id or await self._api.find(batch.token)
        if batch_id is not None:
            if batch.id is None:
                self._book.keep(replace(batch, id=batch_id))
            ended = await self._api.ended(batch_id)
            if ended is None:
                return False
            taken = read_batch(batch, ended, self._form)
            await self._cache.put(taken.entries)
            self._budget.prepaid(self._meter.record(batch.model, taken.usage, batch=True))
            if ended.status != "completed":
                self.progress.problems.append(f"batch {batch_id} {ended.status}: {ended.message}")
            self._failures.update(taken.failures)
            self.progress.answered += len(taken.entries)
            self.progress.failed += len(taken.failures)
            self._forget(taken.entries.keys())
        self._book.drop(batch)
        if batch_id is not None:
            await self._api.tidy(batch_id)
        return True

    async def _send(self, queued: Mapping[str, tuple[Wanted, BatchRequest]]) -> None:
        first = next(iter(queued.values()))[0]
        schemas = {line.schema: wanted.schema for wanted, line in queued.values() if line.schema and wanted.schema}
        lines = {key: line for key, (_, line) in queued.items()}
        batch = ProviderBatch(new_token(), self._api.host, first.route, first.model, lines, schemas)
        self._book.keep(batch)
        bodies = {key: wanted.body for key, (wanted, _) in queued.items()}
        batch_id = await self._api.submit(batch.token, batch.route, bodies)
        self._book.keep(replace(batch, id=batch_id))

    def _forget(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._failures.pop(key, None)
        self._book.keep_failures(self._failures)


def _name(schema: JsonSchema) -> str:
    return hashlib.blake2b(json.dumps(schema, sort_keys=True).encode("ascii"), digest_size=8).hexdigest()


def divided(queued: Mapping[str, tuple[Wanted, BatchRequest]]) -> Iterator[list[str]]:
    """Keys, a batch's worth at a time: one route and one model each, as the Batch API wants it."""
    groups: dict[tuple[str, str], list[str]] = {}
    for key, (wanted, _) in queued.items():
        groups.setdefault((wanted.route, wanted.model), []).append(key)
    for keys in groups.values():
        part: list[str] = []
        size = 0
        for key in keys:
            length = len(json.dumps(queued[key][0].body))
            if part and (len(part) == MAX_LINES or size + length > MAX_BYTES):
                yield part
                part, size = [], 0
            part.append(key)
            size += length
        yield part
