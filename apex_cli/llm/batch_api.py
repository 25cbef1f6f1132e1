"""OpenAI's Batch API: a file of requests goes up, and within a day a file of answers comes down, at half the price."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from apex_cli.errors import ApexError, RunHalted
from apex_cli.llm.connection import Connection
from apex_cli.llm.failures import judged

if TYPE_CHECKING:
    from openai import AsyncOpenAI
    from openai.types import Batch as RemoteBatch

MAX_LINES = 50_000
MAX_BYTES = 100 * 1024**2
"""OpenAI takes 50,000 requests and 200 MB a batch."""

_ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
_RETRIES = 4


@dataclass(frozen=True, slots=True)
class Ended:
    """A batch that is over. `lines`: what came of each request, by its key; those without any were never tried."""

    status: str
    message: str
    lines: Mapping[str, Answered]


@dataclass(frozen=True, slots=True)
class Answered:
    """One line's answer: the HTTP status (0: never carried out) and the body."""

    status: int
    body: Mapping[str, Any]


class BatchApi:
    """The calls that batches need, of one connection; the openai client retries them by itself.

    All raise `RunHalted` when the provider cannot be reached or refuses.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.host = connection.endpoint.host

    async def submit(self, token: str, route: str, bodies: Mapping[str, Mapping[str, Any]]) -> str:
        """Send a batch; its id. `token` can be found again by `find`."""
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
        """The id of the batch that was sent with `token`; None when there is none."""
        async with self._api() as client:
            async for batch in client.batches.list(limit=100):
                if (batch.metadata or {}).get("apex") == token:
                    return batch.id
        return None

    async def ended(self, batch_id: str) -> Ended | None:
        """What came of a batch; None while the provider works on it."""
        from openai import NotFoundError

        async with self._api() as client:
            try:
                batch = await client.batches.retrieve(batch_id)
            except NotFoundError:
                return Ended("lost", "the provider does not know the batch", {})
            if batch.status not in _ENDED:
                return None
            lines: dict[str, Answered] = {}
            for file_id in (batch.output_file_id, batch.error_file_id):
                if file_id is not None:
                    lines.update(_lines((await client.files.content(file_id)).content))
            return Ended(batch.status, _why(batch), lines)

    async def tidy(self, batch_id: str) -> None:
        """Delete the batch's files at the provider, which hold what our records say. Failing that is no harm."""
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
            meaning = judged(error, self.host, self._connection.endpoint.key)
            if isinstance(meaning, RunHalted):
                raise meaning from error
            hint = meaning.hint if isinstance(meaning, ApexError) else None
            raise RunHalted(f"batches: {meaning.message}", code="llm_unreachable", hint=hint) from error


def _lines(content: bytes) -> Iterable[tuple[str, Answered]]:
    for line in content.split(b"\n"):
        try:
            told = json.loads(line)
            response, error = told.get("response"), told.get("error")
            if response:
                yield str(told["custom_id"]), Answered(int(response["status_code"]), response.get("body") or {})
            else:
                yield str(told["custom_id"]), Answered(0, {"error": error})
        except (ValueError, TypeError, KeyError, AttributeError):
            continue


def _why(batch: RemoteBatch) -> str:
    problems = (batch.errors.data if batch.errors else None) or []
    return "; ".join(problem.message for problem in problems if problem.message) or batch.status
