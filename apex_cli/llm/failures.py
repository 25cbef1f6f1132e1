"""Errors of the openai client as ours: worth a retry, about this request alone, or about the whole run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from apex_cli.addresses import MASK, Secret
from apex_cli.errors import ApexError, ExtractError, ModelRefused, ModelUnusable
from apex_cli.llm.limits import retry_after

if TYPE_CHECKING:
    import openai

_CHARS = 300
_NO_QUOTA = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
_TOO_LONG = frozenset({"context_length_exceeded", "string_above_max_length"})
_POLICY = frozenset({"content_policy_violation", "content_filter"})
_NO_MODEL = frozenset({"model_not_found", "DeploymentNotFound"})


@dataclass(frozen=True, slots=True)
class RetryableError:
    """Worth a retry, after `wait` seconds if the server names them. `limited`: the model's rate limit is reached.

    `headers`: of the answer, if there was one.
    """

    message: str
    wait: float | None = None
    limited: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


class RequestRejected(ExtractError):
    """The server rejects this request permanently (HTTP 400 and the like)."""

    code = "llm_rejected"


def api_failure(error: openai.APIError, host: str, key: Secret | None) -> RetryableError | ApexError:
    """Our error for one of the client's. The key is masked, should the server repeat it."""
    from openai import APIConnectionError, APIStatusError, APITimeoutError

    if isinstance(error, APITimeoutError):
        return RetryableError(f"{host} did not answer in time")
    if isinstance(error, APIConnectionError):
        return RetryableError(f"{host} cannot be reached, or broke off: {masked(str(error.__cause__ or error), key)}")
    text = masked(error.message, key)
    if not isinstance(error, APIStatusError):
        return RetryableError(f"{host}: {text}")
    status, code = error.status_code, error.code or ""
    no_quota = code in _NO_QUOTA or error.type in _NO_QUOTA
    if not no_quota and (status in (408, 409, 429) or status >= 500):
        headers = error.response.headers
        return RetryableError(f"{host} answered {status}: {text}", retry_after(headers), status == 429, headers)
    if no_quota:
        return ModelUnusable(f"{host}: the quota is used up: {text}", hint="see the plan and billing of the account")
    return _refusal(status, code, f"{host} answered {status}: {text}")


def _refusal(status: int, code: str, message: str) -> ApexError:
    if status == 404 or code in _NO_MODEL:
        return ModelUnusable(message, hint="check APEX_LLM_MODEL, APEX_EMBEDDING_MODEL and OPENAI_BASE_URL")
    if status in (401, 403):
        return ModelUnusable(message, hint="check OPENAI_API_KEY, and what it may do")
    if code in _POLICY:
        return ModelRefused(message)
    too_long = code in _TOO_LONG or "context length" in message
    return RequestRejected(message, code="llm_too_long" if too_long else None)


def masked(text: str, key: Secret | None) -> str:
    """A server's message, short, without the key."""
    if key is not None and key.reveal():
        text = text.replace(key.reveal(), MASK)
    return text[:_CHARS]
