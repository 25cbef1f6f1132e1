"""The interface of a language model to the rest of apex."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

JsonSchema = Mapping[str, Any]


class Size(StrEnum):
    """One of the two configured models: the main one, or the cheaper one for simple prompts."""

    SMALL = "small"
    MAIN = "main"


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a prompt. `role` is `system`, `user` or `assistant`."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt, and the schema of its answer.

    `name` is the kind of prompt (`extract_nodes`), for logs. `schema` is a JSON Schema of
    an object, as `pydantic.BaseModel.model_json_schema()` gives it. `schema_name`: letters, digits, `_` and `-`, at
    most 64. `max_tokens` bounds the answer.
    """

    name: str
    messages: Sequence[Message]
    schema: JsonSchema
    schema_name: str
    max_tokens: int = 16_384
    size: Size = Size.MAIN

    def key(self, model: str) -> str:
        """The prompt's address in caches: 64 hexadecimal digits, BLAKE2b-256 of everything that shapes the answer.

        `max_tokens` and `name` are not part of it: an answer that is not cut off is the same under any limit.
        """
        content = [model, self.size, [(one.role, one.text) for one in self.messages], self.schema]
        encoded = json.dumps(content, separators=(",", ":"), sort_keys=True).encode("ascii")
        return hashlib.blake2b(encoded, digest_size=32, person=b"apex-prompt-1").hexdigest()

    def text(self) -> str:
        """All text that the model reads, to count its tokens."""
        parts = [message.text for message in self.messages]
        return "\n".join([*parts, json.dumps(self.schema, separators=(",", ":"), sort_keys=True)])


class LanguageModel(Protocol):
    """Answers prompts; safe for any number at once."""

    name: str
    """Provider, models and API (`api.openai.com/gpt-6-luna/responses`): part of cache keys and of the extractor's
    version. Stable from run to run; never holds a secret.
    """

    async def answer(self, prompt: Prompt) -> Mapping[str, Any]:
        """A JSON object that is valid against the prompt's schema. Asking again gives an answer as good.

        Raises for this record alone `ModelRefused`, `ModelTruncated`, `ModelAnswerInvalid`, `ModelUnreachable` or
        `AnswerPending` (all `RecordError`), and for the whole run `ModelUnusable` or `BudgetExhausted` (`RunHalted`).
        Cancellation is safe; a request already sent may still be paid for.
        """
