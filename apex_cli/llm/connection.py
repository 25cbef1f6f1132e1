"""The way to the server: one HTTP request after the other through limits, budget, retries and meter.

Retries are ours and not the openai client's, because a 429 is everybody's: all requests for that model wait, not only
the one that met it, and the time spent in a queue is not counted against the time a server has to answer.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from apex_cli.errors import ApexError, ConfigError, ModelUnreachable, ModelUnusable
from apex_cli.llm.budget import Budget
from apex_cli.llm.endpoint import Endpoint
from apex_cli.llm.failures import RetryableError, judged
from apex_cli.llm.limits import ProviderLimits
from apex_cli.llm.meter import ModelUsageMeter
from apex_cli.llm.usage import ModelUsage

if TYPE_CHECKING:
    from openai import AsyncOpenAI

Body = Mapping[str, Any]

_FIRST_WAIT = 0.5
_LEAST_WAIT = 0.05
_LONGEST_WAIT = 20.0
_GIVE_UPS = 5
"""When so many requests in a row have used up their time, the run need not wait for each of the others to do so."""
_CONNECT_SECONDS = 10.0


class Connection:
    """Requests to one endpoint. `timeout`: seconds that a request may take altogether, with its retries and waits.

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
        self._given_up = 0

    async def close(self) -> None:
        """Close what is open. May be called twice."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def post(
        self, route: str, body: Body, *, model: str, estimate: ModelUsage, used: Callable[[Body], ModelUsage]
    ) -> Mapping[str, Any]:
        """The answer to `POST route`, metered: `used` reads what it took from the answer.

        Raises `ModelUnreachable` when the time is over, `RequestRejected`, `ModelRefused`, `ModelUnusable`,
        `BudgetExhausted`; `ValueError` when `used` does.
        """
        lane = self._limits.lane(model)
        priced = self.meter.priced(model, estimate)
        left, backoff = self._timeout, _FIRST_WAIT
        while self._given_up < _GIVE_UPS:
            async with lane.request(estimate.tokens):
                with self._budget.reserve(priced):
                    started = self._limits.clock()
                    answer = await self._once(route, body, left)
                    left -= self._limits.clock() - started
                    if not isinstance(answer, RetryableError):
                        headers, content = answer
                        lane.learn(headers)
                        self._given_up = 0
                        self.meter.record(model, used(content))
                        return content
            lane.learn(answer.headers)
            wait = max(answer.wait or backoff * random.uniform(0.75, 1.25), _LEAST_WAIT)  # noqa: S311
            backoff = min(2 * backoff, _LONGEST_WAIT)
            left -= wait
            if left <= 0:
                self._given_up += 1
                raise ModelUnreachable(answer.message, hint="it is tried again with --retry-failed")
            if answer.limited:
                lane.pause(wait)
            else:
                await self._limits.sleep(wait)
        raise ModelUnusable(
            f"{self.endpoint.host} has left {_GIVE_UPS} requests in a row without an answer", code=ModelUnreachable.code
        )

    async def _once(self, route: str, body: Body, seconds: float) -> RetryableError | tuple[Mapping[str, str], Body]:
        from httpx2 import Response
        from openai import APIError

        try:
            # The client's own timeout is for each wait for bytes, not for all of them.
            async with asyncio.timeout(seconds):
                response = await self.client.post(
                    route, body=dict(body), cast_to=Response, options={"timeout": _timeouts(seconds)}
                )
            content = response.json()
        except TimeoutError:
            return RetryableError(f"{self.endpoint.host} did not answer in time")
        except APIError as error:
            meaning = judged(error, self.endpoint.host, self.endpoint.key)
            if isinstance(meaning, RetryableError):
                return meaning
            raise meaning from error
        except ValueError:
            return RetryableError(f"{self.endpoint.host} gave an answer that is not JSON")
        if not isinstance(content, dict):
            return RetryableError(f"{self.endpoint.host} gave an answer that is no JSON object")
        return response.headers, content

    @property
    def client(self) -> AsyncOpenAI:
        """The open client, for what is no question to a model."""
        if self._client is None:
            from openai import AsyncAzureOpenAI, AsyncOpenAI

            endpoint = self.endpoint
            options: dict[str, Any] = {
                # The client insists on a key; servers of one's own often want none.
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
        """One or two cheap requests: is the server there, the key accepted, are the models known?

        Raises `ConfigError`. A server without a list of models is believed; so is Azure, whose deployments have names
        of their own, and a key that may not read the list.
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

    def _start_error(self, error: Any) -> ConfigError:
        meaning = judged(error, self.endpoint.host, self.endpoint.key)
        hint = meaning.hint if isinstance(meaning, ApexError) else "check OPENAI_BASE_URL and the network"
        return ConfigError(meaning.message, hint=hint)


def _timeouts(seconds: float) -> Any:
    from httpx2 import Timeout

    return Timeout(max(seconds, 0.001), connect=min(seconds, _CONNECT_SECONDS))
