"""OpenAI's Batch API: upload a file of requests, download a file of answers within a day, at half the price.

`BatchApi` makes the calls; `read_batch` turns the answers into entries of the cache and into failures.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from apex_cli.errors import (
    ApexError,
    EmbedError,
    ModelAnswerInvalid,
    ModelRefused,
    ModelTruncated,
    ModelUnreachable,
    RecordError,
    RunHalted,
)
from apex_cli.llm.batch_store import BatchFailure, BatchRequest, ProviderBatch
from apex_cli.llm.cache import dump_answer
from apex_cli.llm.client import batch_reply, reply_object
from apex_cli.llm.connection import Connection, RequestRejected, api_failure
from apex_cli.llm.embeddings import EmbeddingFormat
from apex_cli.llm.usage import ModelUsage

if TYPE_CHECKING:
    from openai import AsyncOpenAI

MAX_LINES = 50_000
MAX_BYTES = 100 * 1024**2
"""OpenAI takes 50,000 requests and 200 MB a batch."""

_ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
_RETRIES = 4
_ERRORS = {kind.code: kind for kind in (ModelRefused, ModelTruncated, ModelAnswerInvalid, RequestRejected, EmbedError)}


@dataclass(frozen=True, slots=True)
class BatchResult:
    """A batch that has ended. `lines`: the result of each request, by key; requests without one were never tried."""

    status: str
    message: str
    lines: Mapping[str, LineResult]


@dataclass(frozen=True, slots=True)
class LineResult:
    """The answer to one request: the HTTP status (0: never tried) and the body."""

    status: int
    body: Mapping[str, Any]


class BatchApi:
    """The calls that batches need, by one connection; the openai client retries them.

    All raise `RunHalted` when the provider cannot be reached or rejects the call.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.host = connection.endpoint.host

    async def submit(self, token: str, route: str, bodies: Mapping[str, Mapping[str, Any]]) -> str:
        """Send a batch; returns its id. `find` finds it by its `token`."""
        lines = (
            {"custom_id": key, "method": "POST", "url": f"/v1{route}", "body": body} for key, body in bodies.items()
        )
        content = b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines)
        async with self._api() as client:
            file = await client.files.create(file=(f"{token}.jsonl", content), purpose="batch")
            batch = await client.batches.create(
                input_file_id=file.id,
                endpoint=f"/v1{route}",  # type: ignore[arg-type] # one of the routes that the Batch API takes
                completion_window="24h",
                metadata={"apex": token},
            )
        return batch.id

    async def find(self, token: str) -> str | None:
        """The id of the batch that was sent with `token`; None where the provider has none."""
        async with self._api() as client:
            async for batch in client.batches.list(limit=100):
                if (batch.metadata or {}).get("apex") == token:
                    return batch.id
        return None

    async def result(self, batch_id: str) -> BatchResult | None:
        """The result of a batch; None while the provider works on it."""
        from openai import NotFoundError

        async with self._api() as client:
            try:
                batch = await client.batches.retrieve(batch_id)
            except NotFoundError:
                return BatchResult("lost", "the provider does not know the batch", {})
            if batch.status not in _ENDED:
                return None
            lines: dict[str, LineResult] = {}
            for file_id in (batch.output_file_id, batch.error_file_id):
                if file_id is not None:
                    lines.update(_parse_lines((await client.files.content(file_id)).content))
            problems = (batch.errors.data if batch.errors else None) or []
            message = "; ".join(problem.message for problem in problems if problem.message) or batch.status
            return BatchResult(batch.status, message, lines)

    async def delete_files(self, batch_id: str) -> None:
        """Delete the batch's files at the provider: they hold text of our records. A failure to do so is ignored."""
        from openai import APIError

        with suppress(APIError, RunHalted):
            async with self._api() as client:
                batch = await client.batches.retrieve(batch_id)
                for file_id in (batch.input_file_id, batch.output_file_id, batch.error_file_id):
                    if file_id is not None:
                        await client.files.delete(file_id)

    @asynccontextmanager
    async def _api(self) -> AsyncIterator[AsyncOpenAI]:
        from openai import APIError

        try:
            yield self._connection.client.with_options(max_retries=_RETRIES)
        except APIError as error:
            failure = api_failure(error, self.host, self._connection.endpoint.key)
            if isinstance(failure, RunHalted):
                raise failure from error
            hint = failure.hint if isinstance(failure, ApexError) else None
            raise RunHalted(f"batches: {failure.message}", code="llm_unreachable", hint=hint) from error


def _parse_lines(content: bytes) -> Iterable[tuple[str, LineResult]]:
    for line in content.split(b"\n"):
        try:
            result = json.loads(line)
            response, error = result.get("response"), result.get("error")
            if response:
                yield str(result["custom_id"]), LineResult(int(response["status_code"]), response.get("body") or {})
            else:
                yield str(result["custom_id"]), LineResult(0, {"error": error})
        except (ValueError, TypeError, KeyError, AttributeError):
            continue


@dataclass(slots=True)
class BatchAnswers:
    """The answers of a batch: entries for the cache and failures, by key, and the usage of all."""

    entries: dict[str, bytes] = field(default_factory=dict)
    failures: dict[str, BatchFailure] = field(default_factory=dict)
    usage: ModelUsage = field(default_factory=ModelUsage)


def read_batch(batch: ProviderBatch, result: BatchResult, embeddings: EmbeddingFormat | None) -> BatchAnswers:
    """The answers of an ended batch. Requests that were never tried are left out of both: they are sent again."""
    answers = BatchAnswers()
    for key, line in batch.lines.items():
        answer = result.lines.get(key)
        if answer is None or answer.status == 0:
            continue
        try:
            answers.entries[key] = _read(batch, line, answer, embeddings, answers.usage)
        except (ApexError, ValueError) as error:
            failure = error if isinstance(error, ApexError) else ModelAnswerInvalid(str(error))
            answers.failures[key] = BatchFailure(line.attempt, failure.code, failure.message)
    return answers


def failure_error(failure: BatchFailure) -> RecordError:
    """The error that a stored failure describes; not `retriable` if a further attempt would fail in the same way."""
    return _ERRORS.get(failure.code, ModelUnreachable)(failure.message)


def _read(
    batch: ProviderBatch, line: BatchRequest, answer: LineResult, embeddings: EmbeddingFormat | None, used: ModelUsage
) -> bytes:
    """The entry for the cache. What the answer took is added to `used`, also where an error is raised."""
    from openai.types import CreateEmbeddingResponse

    if answer.status != 200:
        error = answer.body.get("error")
        message = str(error.get("message", "")) if isinstance(error, Mapping) else ""
        kind = ModelUnreachable if answer.status in (408, 409, 429) or answer.status >= 500 else RequestRejected
        raise kind(f"in a batch, the provider answered {answer.status}: {message[:200]}")
    if line.schema is None:
        assert embeddings is not None
        vectors = CreateEmbeddingResponse.construct(**answer.body)
        used.add(embeddings.used(vectors))
        return embeddings.dump(embeddings.rows(vectors, 1)[0])
    reply = batch_reply(batch.route, answer.body)
    used.add(reply.usage)
    return dump_answer(reply_object(reply, batch.schemas[line.schema]))
