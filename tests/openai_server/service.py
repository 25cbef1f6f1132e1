"""One call of a model, by HTTP or as a line of a batch: faults, limits, the answer, the ledger."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tests.openai_server import completions, prompt
from tests.openai_server.embeddings import embeddings, inputs
from tests.openai_server.errors import ApiError, missing, rate_limited
from tests.openai_server.ledger import Asked, Ledger
from tests.openai_server.limits import Limits, count_tokens
from tests.openai_server.prompt import Prompt
from tests.openai_server.switches import Switch, Switches

RESPONSES, CHAT, EMBEDDINGS = "/v1/responses", "/v1/chat/completions", "/v1/embeddings"
MODEL_ROUTES = (RESPONSES, CHAT, EMBEDDINGS)
BATCH_LINE = "batch-line"


@dataclass(frozen=True)
class Answer:
    """The body to send, and how the connection is to break while it is sent ("": not)."""

    body: dict[str, Any]
    broken: Literal["", "cut", "half"] = ""


class Service:
    """The model behind the routes; safe to use from any thread.

    `latency`: seconds from a request to its answer, including the server's own time.
    """

    def __init__(self) -> None:
        self.switches = Switches()
        self.ledger = Ledger()
        self.limits = Limits()
        self.latency = 0.0
        self.closing = threading.Event()

    def call(self, endpoint: str, body: dict[str, Any], *, route: str = "") -> Answer:
        """Answer a request to `endpoint`, counted under `route` (its own by default). Raises ApiError."""
        route = route or endpoint
        with self.ledger.working(route):
            due = time.monotonic() + self.latency
            faults = self.switches.due(route, body)
            self.closing.wait(sum(fault.seconds for fault in faults if fault.kind == "slow"))
            try:
                for fault in faults:
                    if fault.kind == "status":
                        raise _failed(fault)
                made = self._answer(endpoint, body, route, faults)
            finally:
                self.closing.wait(max(0.0, due - time.monotonic()))
            kinds = {fault.kind for fault in faults}
            return Answer(made, "cut" if "cut" in kinds else "half" if "half" in kinds else "")

    def _answer(self, endpoint: str, body: dict[str, Any], route: str, faults: Sequence[Switch]) -> dict[str, Any]:
        model = body.get("model")
        if not isinstance(model, str) or not model:
            raise missing("model")
        if body.get("stream"):
            raise ApiError(400, "This fake server does not stream.", param="stream")
        if endpoint == EMBEDDINGS:
            return self._embedded(model, body, route)
        asked = prompt.of_responses(body) if endpoint == RESPONSES else prompt.of_chat(body)
        self.limits.take(count_tokens(asked.whole))
        limit = body.get("max_output_tokens") or body.get("max_completion_tokens") or body.get("max_tokens")
        reply = completions.make_answer(asked, limit, faults, verdict_only=bool(body.get("logprobs")))
        self.ledger.paid(route, [_asked(route, model, asked)], reply.input_tokens, reply.output_tokens)
        return (completions.response if endpoint == RESPONSES else completions.completion)(model, reply)

    def _embedded(self, model: str, body: dict[str, Any], route: str) -> dict[str, Any]:
        texts = inputs(body)
        used = sum(count_tokens(text) for text in texts)
        self.limits.take(used)
        made = embeddings(body, texts)
        self.ledger.paid(route, [Asked(route, model, "embedding", text) for text in texts], used, 0)
        return made


def _asked(route: str, model: str, asked: Prompt) -> Asked:
    about = next((asked.sections[name] for name in ("ENTITY", "NEW ENTITY", "ENTITIES") if name in asked.sections), "")
    return Asked(route, model, asked.task, asked.text, about)


def _failed(fault: Switch) -> ApiError:
    if fault.status == 429:
        return rate_limited(1.0 if fault.retry_after is None else fault.retry_after)
    headers = {} if fault.retry_after is None else {"retry-after": f"{fault.retry_after:g}"}
    kind = "server_error" if fault.status >= 500 else "invalid_request_error"
    return ApiError(fault.status, fault.text or f"Asked to fail with {fault.status}.", kind=kind, headers=headers)
