"""The connection to a provider: every request passes its rate limit, the budget, our retries and the meter.

Retries are ours, and the openai client's are off: a 429 concerns all requests of a model, so all of them wait. The time
that a request waits for its turn does not count against the time that a server has to answer.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from apex_cli.errors import ApexError, ConfigError, ModelUnreachable, ModelUnusable
from apex_cli.llm.endpoint import Endpoint
from apex_cli.llm.failures import RetryableError, api_failure
from apex_cli.llm.limits import ProviderLimits
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
        except APIStatusError as error:
            if error.status_code in (404, 405) or (error.status_code == 403 and "api.model.read" in error.message):
                return
            raise self._start_error(error) from error
        except APIError as error:
            raise self._start_error(error) from error
        known = {model.id for model in page.data or []}
        missing = {model for model in models if model not in known and f"{model}:latest" not in known}
        if known and missing and not self.endpoint.azure:
            raise ConfigError(
                f"{self.endpoint.host} has no model {', '.join(sorted(missing))}",
                hint="it has " + ", ".join(sorted(known)[:8]) + ("" if len(known) <= 8 else ", …"),
            )

    def _start_error(self, error: APIError) -> ConfigError:
        failure = api_failure(error, self.endpoint.host, self.endpoint.key)
        hint = failure.hint if isinstance(failure, ApexError) else "check OPENAI_BASE_URL and the network"
        return ConfigError(failure.message, hint=hint)


def _timeouts(seconds: float) -> Timeout:
    from openai import Timeout

    return Timeout(max(seconds, 0.001), connect=min(seconds, _CONNECT_SECONDS))
