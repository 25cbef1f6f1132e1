"""From a batch's answers to entries of the cache, and to failures in our words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from apex_cli.errors import ApexError, EmbedError, ModelAnswerInvalid, ModelRefused, ModelTruncated, ModelUnreachable
from apex_cli.llm import wire
from apex_cli.llm.batch_api import Answered, Ended
from apex_cli.llm.batch_store import BatchFailure, BatchRequest, ProviderBatch
from apex_cli.llm.cached import dump_answer
from apex_cli.llm.client import understood
from apex_cli.llm.embeddings import EmbeddingForm
from apex_cli.llm.failures import RequestRejected
from apex_cli.llm.usage import ModelUsage

_ERRORS = {kind.code: kind for kind in (ModelRefused, ModelTruncated, ModelAnswerInvalid, RequestRejected, EmbedError)}


@dataclass(slots=True)
class Taken:
    """What a batch brought: bytes for the cache and failures, by key, and what it took."""

    entries: dict[str, bytes] = field(default_factory=dict)
    failures: dict[str, BatchFailure] = field(default_factory=dict)
    usage: ModelUsage = field(default_factory=ModelUsage)


def read_batch(batch: ProviderBatch, ended: Ended, form: EmbeddingForm | None) -> Taken:
    """What came of each line. Lines that were never carried out are in neither: they may simply be asked again."""
    taken = Taken()
    for key, line in batch.lines.items():
        answered = ended.lines.get(key)
        if answered is None or answered.status == 0:
            continue
        try:
            data, usage = _read(batch, line, answered, form)
            taken.entries[key] = data
            taken.usage.add(usage)
        except _Failed as failed:
            taken.usage.add(failed.usage)
            taken.failures[key] = BatchFailure(line.attempt, failed.error.code, failed.error.message)
    return taken


def raised(failure: BatchFailure) -> ApexError:
    """The error that a failure stands for."""
    return _ERRORS.get(failure.code, ModelUnreachable)(failure.message)


def terminal(failure: BatchFailure) -> bool:
    """Whether asking again would bring the same."""
    return not getattr(_ERRORS.get(failure.code, ModelUnreachable), "retriable", False)


class _Failed(Exception):
    """`error` is the reason; `usage` what was paid for nothing."""

    def __init__(self, error: ApexError, usage: ModelUsage) -> None:
        super().__init__(error.message)
        self.error = error
        self.usage = usage


def _read(
    batch: ProviderBatch, line: BatchRequest, answered: Answered, form: EmbeddingForm | None
) -> tuple[bytes, ModelUsage]:
    usage = ModelUsage()
    try:
        if answered.status != 200:
            raise _rejected(answered)
        if line.schema is None:
            assert form is not None
            usage = form.used(answered.body)
            return form.dumped(form.rows(answered.body, 1)[0]), usage
        reply = wire.READERS[batch.route](answered.body)
        usage = reply.usage
        return dump_answer(understood(reply, batch.schemas[line.schema])), usage
    except ApexError as error:
        raise _Failed(error, usage) from error
    except ValueError as error:
        raise _Failed(ModelAnswerInvalid(str(error)), usage) from error


def _rejected(answered: Answered) -> ApexError:
    told: Any = answered.body.get("error")
    said = str(told.get("message", "")) if isinstance(told, Mapping) else ""
    kind = ModelUnreachable if answered.status in (408, 409, 429) or answered.status >= 500 else RequestRejected
    return kind(f"in a batch, the provider answered {answered.status}: {said[:200]}")
