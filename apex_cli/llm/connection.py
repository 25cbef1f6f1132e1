"""The connection to a provider: each request passes its rate limit, the budget, our retries and the meter.

Retries are ours, and the openai client's are off: a 429 concerns all requests of a model, so all of them wait. The time
that a request waits for its turn does not count against the time that a server has to answer.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from apex_cli.addresses import MASK, Secret
from apex_cli.config import Settings
from apex_cli.errors import ApexError, ConfigError, ExtractError, ModelRefused, ModelUnreachable, ModelUnusable
from apex_cli.llm.limits import ProviderLimits, retry_after
from apex_cli.llm.usage import Budget, ModelUsage, ModelUsageMeter

if TYPE_CHECKING:
    from openai import APIError, AsyncOpenAI, Timeout

A_co = TypeVar("A_co", covariant=True)
A = TypeVar("A")

_FIRST_WAIT = 0.5
_LEAST_WAIT = 0.05
_LONGEST_WAIT = 20.0
_UNANSWERED_LIMIT = 5
"""After so many requests in a row without an answer in time, the run stops: each further one would wait as long."""
_CONNECT_SECONDS = 10.0
_CHARS = 300
_NO_QUOTA = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
_TOO_LONG = frozenset({"context_length_exceeded", "string_above_max_length"})
_POLICY = frozenset({"content_policy_violation", "content_filter"})
_NO_MODEL = frozenset({"model_not_found", "DeploymentNotFound"})
OPENAI_HOST = "api.openai.com"
_AZURE = (".openai.azure.com", ".services.ai.azure.com", ".cognitiveservices.azure.com")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server with OpenAI's HTTP API.

    `openai`: the models behind it are OpenAI's own (its API or Azure), with its prices and parameters. `api` is
    `responses` or `chat`. `api_version` is set for Azure's older API, which has a URL for each deployment.
    """

    url: str
    key: Secret | None
    openai: bool
    azure: bool
    api: str
    api_version: str | None = None

    @property
    def host(self) -> str:
        """Host and port: the server's name in cache keys and messages."""
        return urlsplit(self.url).netloc


def endpoint(settings: Settings) -> Endpoint:
    """The server of the settings. Raises `ConfigError` when it is OpenAI or Azure and there is no key."""
    parts = urlsplit(settings.openai_base_url)
    host = parts.hostname or ""
    azure = host.endswith(_AZURE)
    openai = azure or host == OPENAI_HOST
    # A key that was pasted with a line end is no valid header, and the error about it would show the key.
    key = Secret(settings.openai_api_key.reveal().strip()) if settings.openai_api_key is not None else None
    if openai and (key is None or not key.reveal()):
        raise ConfigError(
            f"no key for {host}: OPENAI_API_KEY is not set",
            hint="set it, or OPENAI_BASE_URL for a server of your own; rules and the local embedder need neither",
        )
    version = dict(parse_qsl(parts.query)).get("api-version") if azure else None
    path = parts.path.rstrip("/")
    if azure and not path:
        path = "/openai/v1" if version is None else "/openai"
    api = settings.llm_api
    if api == "auto":
        api = "responses" if openai and version is None else "chat"
    return Endpoint(urlunsplit((parts.scheme, parts.netloc, path, "", "")), key, openai, azure, api, version)


class RawResponse(Protocol[A_co]):
    """What `with_raw_response` of the openai client returns: the headers, and the typed answer on demand."""

    @property
    def headers(self) -> Mapping[str, str]: ...

    def parse(self) -> A_co: ...


class Connection:
    """Requests to one endpoint. `timeout`: seconds that a request may take in total, with its retries and their waits.

    Opens at the first request; `close` it at the end.
    """

    def __init__(
        self, endpoint: Endpoint, *, limits: ProviderLimits, meter: ModelUsageMeter, budget: Budget, timeout: float
    ) -> None:
        self.endpoint = endpoint
        self.meter = meter
        self._limits = limits
        self._budget = budget
        self._timeout = timeout
        self._client: AsyncOpenAI | None = None
        self._unanswered = 0

    async def close(self) -> None:
        """Close what is open. May be called twice."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def send(
        self,
        call: Callable[[AsyncOpenAI, Timeout], Awaitable[RawResponse[A]]],
        *,
        model: str,
        estimate: ModelUsage,
        used: Callable[[A], ModelUsage],
    ) -> A:
        """The typed answer to one `call` of the client, metered: `used` reads from the answer what it took.

        Raises `ModelUnreachable` when the time is over, `RequestRejected`, `ModelRefused`, `ModelUnusable`,
        `BudgetExhausted`; `ValueError` when `used` does.
        """
        limiter = self._limits.limiter(model)
        priced = self.meter.priced(model, estimate)
        left, backoff = self._timeout, _FIRST_WAIT
        while self._unanswered < _UNANSWERED_LIMIT:
            async with limiter.request(estimate.tokens):
                with self._budget.reserve(priced):
                    started = self._limits.clock()
                    result = await self._attempt(call, left)
                    left -= self._limits.clock() - started
                    if not isinstance(result, RetryableError):
                        headers, answer = result
                        limiter.learn(headers)
                        self._unanswered = 0
                        self.meter.record(model, used(answer))
                        return answer
            limiter.learn(result.headers)
            wait = max(result.wait or backoff * random.uniform(0.75, 1.25), _LEAST_WAIT)  # noqa: S311
            backoff = min(2 * backoff, _LONGEST_WAIT)
            left -= wait
            if left <= 0:
                self._unanswered += 1
                raise ModelUnreachable(result.message, hint="it is tried again with --retry-failed")
            if result.limited:
                limiter.pause(wait)
            else:
                await self._limits.sleep(wait)
        raise ModelUnusable(
            f"{self.endpoint.host} has left {_UNANSWERED_LIMIT} requests in a row without an answer",
            code=ModelUnreachable.code,
        )

    async def _attempt(
        self, call: Callable[[AsyncOpenAI, Timeout], Awaitable[RawResponse[A]]], seconds: float
    ) -> RetryableError | tuple[Mapping[str, str], A]:
        from openai import APIError, BaseModel

        try:
            # The client's own timeout is for each wait for bytes, not for all of them.
            async with asyncio.timeout(seconds):
                response = await call(self.client, _timeouts(seconds))
            answer = response.parse()
        except TimeoutError:
            return RetryableError(f"{self.endpoint.host} did not answer in time")
        except APIError as error:
            failure = api_failure(error, self.endpoint.host, self.endpoint.key)
            if isinstance(failure, RetryableError):
                return failure
            raise failure from error
        except ValueError:
            return RetryableError(f"{self.endpoint.host} gave an answer that is not JSON")
        # The client returns text or a list as it is, whatever type it declares.
        if not isinstance(answer, BaseModel):
            return RetryableError(f"{self.endpoint.host} gave an answer that is no JSON object")
        return response.headers, answer

    @property
    def client(self) -> AsyncOpenAI:
        """The open client, for calls that ask no model."""
        if self._client is None:
            from openai import AsyncAzureOpenAI, AsyncOpenAI

            endpoint = self.endpoint
            options: dict[str, Any] = {
                # The client requires a key; local servers often need none.
                "api_key": endpoint.key.reveal() if endpoint.key is not None else "none",
                "base_url": endpoint.url,
                "max_retries": 0,
                "timeout": _timeouts(self._timeout),
            }
            if endpoint.api_version is None:
                self._client = AsyncOpenAI(**options)
            else:
                self._client = AsyncAzureOpenAI(api_version=endpoint.api_version, **options)
        return self._client

    async def check(self, models: Iterable[str]) -> None:
        """Check by one request that the server answers, accepts the key and knows the models.

        Raises `ConfigError`. The models are not checked on a server without a list of them, on Azure, whose
        deployments have names of their own, and with a key that may not read the list.
        """
        from openai import APIError, APIStatusError

        try:
            page = await self.client.models.list(timeout=_timeouts(min(self._timeout, 30.0)))
        except APIError as error:
            status = error.status_code if isinstance(error, APIStatusError) else None
            if status in (404, 405) or (status == 403 and "api.model.read" in error.message):
                return
            failure = api_failure(error, self.endpoint.host, self.endpoint.key)
            hint = failure.hint if isinstance(failure, ApexError) else "check OPENAI_BASE_URL and the network"
            raise ConfigError(failure.message, hint=hint) from error
        known = {model.id for model in page.data or []}
        missing = {model for model in models if model not in known and f"{model}:latest" not in known}
        if known and missing and not self.endpoint.azure:
            raise ConfigError(
                f"{self.endpoint.host} has no model {', '.join(sorted(missing))}",
                hint="it has " + ", ".join(sorted(known)[:8]) + ("" if len(known) <= 8 else ", …"),
            )


def _timeouts(seconds: float) -> Timeout:
    from openai import Timeout

    return Timeout(max(seconds, 0.001), connect=min(seconds, _CONNECT_SECONDS))


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


def api_failure(error: APIError, host: str, key: Secret | None) -> RetryableError | ApexError:
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
