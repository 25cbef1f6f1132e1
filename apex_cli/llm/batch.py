"""Requests in batches: what is not in the cache is queued and sent at the end of the run; a later run collects it.

A record whose prompts depend on each other takes one run for each. Example: the first run queues the prompt for
entities and leaves the record staged; the next run finds that answer in the cache and queues the prompt for facts.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from apex_cli.errors import AnswerPending
from apex_cli.llm.batch_api import MAX_BYTES, MAX_LINES, BatchApi, failure_error, read_batch
from apex_cli.llm.batch_store import BatchFailure, BatchRequest, BatchStore, ProviderBatch
from apex_cli.llm.cache import AnswerCache
from apex_cli.llm.client import OpenAIModel
from apex_cli.llm.embeddings import ROUTE, EmbeddingFormat
from apex_cli.llm.protocol import JsonSchema, Prompt
from apex_cli.llm.usage import Budget, ModelUsage, ModelUsageMeter, estimate_tokens, in_parts

if TYPE_CHECKING:
    from apex_cli.llm.embeddings import Row

ATTEMPTS = 2
"""A request is sent so often when its answer is invalid or the server fails."""


@dataclass(frozen=True, slots=True)
class QueuedRequest:
    """A request for a batch. `schema`: of its answer, None for vectors. `used`: an estimate of its usage."""

    route: str
    model: str
    body: Mapping[str, Any]
    schema: JsonSchema | None
    used: ModelUsage


@dataclass(slots=True)
class BatchProgress:
    """Counts of requests: `answered` or `failed` by ended batches, `waiting` at the provider, `sent` by this run.

    `problems`: why batches ended early. Requests without an answer are sent again when they are next needed.
    """

    answered: int = 0
    failed: int = 0
    waiting: int = 0
    sent: int = 0
    problems: list[str] = field(default_factory=list)


class Batching:
    """The batches of one run: `collect` at its start, `queue` during it, `flush` at its end.

    `embeddings`: the format of the embedding model, if a server embeds.
    """

    def __init__(
        self,
        api: BatchApi,
        store: BatchStore,
        cache: AnswerCache,
        *,
        meter: ModelUsageMeter,
        budget: Budget,
        embeddings: EmbeddingFormat | None,
    ) -> None:
        self._api = api
        self._store = store
        self._cache = cache
        self._meter = meter
        self._budget = budget
        self._embeddings = embeddings
        self._queue: dict[str, tuple[QueuedRequest, BatchRequest]] = {}
        self._at_provider: set[str] = set()
        self._failures: dict[str, BatchFailure] = {}
        self._reported: set[str] = set()
        self.progress = BatchProgress()

    async def collect(self) -> BatchProgress:
        """Put the answers of ended batches into the cache. Idempotent. Raises `RunHalted`."""
        async with self._store.locked():
            self._failures = self._store.failures()
            for batch in self._store.batches():
                if not await self._collect_batch(batch):
                    self._at_provider.update(batch.lines)
                    self.progress.waiting += len(batch.lines)
        return self.progress

    def queue(self, key: str, request: QueuedRequest) -> None:
        """Send a request with the next batch, unless it is queued or at the provider already.

        Raises `BudgetExhausted`, and the `RecordError` of an earlier attempt that is not to be repeated. Such an error
        is raised once: the next run that needs the answer sends the request again.
        """
        if key in self._at_provider or key in self._queue:
            return
        attempt = 1
        if (failure := self._failures.get(key)) is not None:
            attempt = failure.attempts + 1
            error = failure_error(failure)
            if not error.retriable or failure.attempts >= ATTEMPTS:
                del self._failures[key]
                self._reported.add(key)
                raise error
        self._budget.hold(self._meter.priced(request.model, request.used, batch=True))
        schema = None if request.schema is None else _schema_name(request.schema)
        self._queue[key] = (request, BatchRequest(attempt, schema))

    async def flush(self) -> BatchProgress:
        """Send the queue, except requests that another run has sent or had answered meanwhile. Raises `RunHalted`."""
        async with self._store.locked():
            sent = {key for batch in self._store.batches() for key in batch.lines}
            known = sent | (await self._cache.get(list(self._queue))).keys()
            queued = {key: request for key, request in self._queue.items() if key not in known}
            for part in divided(queued):
                await self._send({key: queued[key] for key in part})
                self.progress.sent += len(part)
            self._queue.clear()
            self._forget(self._reported)
        return self.progress

    async def _collect_batch(self, batch: ProviderBatch) -> bool:
        """Whether a batch has ended; its answers are then in the cache and its file is removed."""
        if batch.host != self._api.host:
            return False
        batch_id = batch.id or await self._api.find(batch.token)
        if batch_id is not None:
            if batch.id is None:
                self._store.save(replace(batch, id=batch_id))
            result = await self._api.result(batch_id)
            if result is None:
                return False
            answers = read_batch(batch, result, self._embeddings)
            await self._cache.put(answers.entries)
            self._budget.prepaid(self._meter.record(batch.model, answers.usage, batch=True))
            if result.status != "completed":
                self.progress.problems.append(f"batch {batch_id} {result.status}: {result.message}")
            self._failures.update(answers.failures)
            self.progress.answered += len(answers.entries)
            self.progress.failed += len(answers.failures)
            self._forget(answers.entries.keys())
        self._store.remove(batch)
        if batch_id is not None:
            await self._api.delete_files(batch_id)
        return True

    async def _send(self, queued: Mapping[str, tuple[QueuedRequest, BatchRequest]]) -> None:
        first = next(iter(queued.values()))[0]
        schemas = {line.schema: request.schema for request, line in queued.values() if line.schema and request.schema}
        lines = {key: line for key, (_, line) in queued.items()}
        batch = ProviderBatch(uuid.uuid4().hex, self._api.host, first.route, first.model, lines, schemas)
        self._store.save(batch)
        bodies = {key: request.body for key, (request, _) in queued.items()}
        batch_id = await self._api.submit(batch.token, batch.route, bodies)
        self._store.save(replace(batch, id=batch_id))

    def _forget(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._failures.pop(key, None)
        self._store.save_failures(self._failures)


def _schema_name(schema: JsonSchema) -> str:
    return hashlib.blake2b(json.dumps(schema, sort_keys=True).encode("ascii"), digest_size=8).hexdigest()


def divided(queued: Mapping[str, tuple[QueuedRequest, BatchRequest]]) -> Iterator[list[str]]:
    """The keys of each batch: one route and one model, as the Batch API requires, and no more than it takes."""
    groups: dict[tuple[str, str], list[str]] = {}
    for key, (request, _) in queued.items():
        groups.setdefault((request.route, request.model), []).append(key)
    for keys in groups.values():
        sizes = ((key, len(json.dumps(queued[key][0].body))) for key in keys)
        yield from in_parts(sizes, count=MAX_LINES, total=MAX_BYTES)


class BatchModel:
    """A `LanguageModel` that queues its prompts. It has the name of `live`, so both share the entries of the cache."""

    def __init__(self, live: OpenAIModel, batching: Batching) -> None:
        self.name = live.name
        self._live = live
        self._batching = batching

    async def answer(self, prompt: Prompt) -> Mapping[str, Any]:
        """Raises `AnswerPending`, the error of this prompt in an earlier batch, or `BudgetExhausted`."""
        route, body = self._live.request(prompt)
        request = QueuedRequest(route, body["model"], body, prompt.schema, self._live.estimate(prompt))
        self._batching.queue(prompt.key(self.name), request)
        raise _pending()


class BatchEmbeddings:
    """Fetches vectors for an `OpenAIEmbedder` by batches: one request for each text."""

    def __init__(self, embeddings: EmbeddingFormat, batching: Batching) -> None:
        self._embeddings = embeddings
        self._batching = batching

    async def __call__(self, texts: Mapping[str, str]) -> Mapping[str, Row]:
        """Raises `AnswerPending`, the error of one of these texts in an earlier batch, or `BudgetExhausted`."""
        for key, text in texts.items():
            used = ModelUsage(calls=1, input_tokens=estimate_tokens(text))
            self._batching.queue(
                key, QueuedRequest(ROUTE, self._embeddings.model, self._embeddings.body([text]), None, used)
            )
        raise _pending()


def _pending() -> AnswerPending:
    return AnswerPending(
        "the language model's answer comes with a batch", hint="it is collected by the next run with --llm-batch"
    )
