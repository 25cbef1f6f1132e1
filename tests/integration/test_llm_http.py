"""Prompts over real HTTP to the fake OpenAI server: both APIs, every kind of failure, and the cost."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from apex_cli.errors import (
    BudgetExhausted,
    ConfigError,
    ModelAnswerInvalid,
    ModelRefused,
    ModelTruncated,
    ModelUnreachable,
    ModelUnusable,
    RecordError,
)
from apex_cli.llm.connection import RequestRejected
from apex_cli.llm.models import forecast, open_models
from tests.llm_world import MODEL, Clock, names, prompt, settings
from tests.openai_server import OpenAIServer, Switch

TEXT = "Acme Freight Inc hauls SHIP-2025-10-19-002 to Gary, IN."
NAMES = ["Acme Freight Inc", "SHIP-2025-10-19-002", "Gary, IN"]
CHAT, RESPONSES = "/v1/chat/completions", "/v1/responses"
ROUTES = {"chat": CHAT, "responses": RESPONSES}


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        yield running


async def asked(server: OpenAIServer, home: Path, text: str = TEXT, **variables: str) -> list[str]:
    """The names that one run finds in `text`; waits cost no time."""
    clock = Clock()
    async with open_models(settings(server, home, **variables), clock=clock, sleep=clock.sleep) as models:
        return names(await models.model.answer(prompt(text)))


def requests(server: OpenAIServer) -> int:
    return sum(times for route, times in server.ledger.counts().requests.items() if route != "/v1/models")


@pytest.mark.parametrize("api", ["chat", "responses"])
async def test_an_answer_comes_by_either_api_and_is_metered(server: OpenAIServer, tmp_path: Path, api: str) -> None:
    prices = {"APEX_LLM_PRICE_INPUT": "1", "APEX_LLM_PRICE_OUTPUT": "10"}
    async with open_models(settings(server, tmp_path, APEX_LLM_API=api, **prices)) as models:
        with models.meter.scope() as usage:
            assert names(await models.model.answer(prompt(TEXT))) == NAMES
    counts = server.ledger.counts()
    assert counts.requests == {ROUTES[api]: 1}
    assert usage == models.meter.total
    assert (usage.calls, usage.input_tokens) == (1, counts.input_tokens[ROUTES[api]])
    assert usage.output_tokens == counts.output_tokens[ROUTES[api]] > 0
    assert usage.cost == pytest.approx((usage.input_tokens + 10 * usage.output_tokens) / 1e6)


async def test_the_name_has_server_models_and_api(server: OpenAIServer, tmp_path: Path) -> None:
    one = settings(server, tmp_path, APEX_LLM_SMALL_MODEL="gpt-4.1-nano", APEX_LLM_API="responses")
    async with open_models(one) as models:
        assert models.model.name == f"{models.connection.endpoint.host}/{MODEL}+gpt-4.1-nano/responses"
        assert server.api_key not in repr(models.connection.endpoint)


async def test_a_server_without_schemas_is_asked_for_plain_json_from_then_on(
    server: OpenAIServer, tmp_path: Path
) -> None:
    refused = "response_format json_schema is not supported"
    server.switches.add(Switch("status", contains='"json_schema"', times=None, status=400, text=refused))
    async with open_models(settings(server, tmp_path)) as models:
        together = await asyncio.gather(*(models.model.answer(prompt(f"{TEXT} {number}")) for number in range(3)))
        assert [names(answer) for answer in together] == [NAMES] * 3
        before = requests(server)
        assert names(await models.model.answer(prompt(f"Once more. {TEXT}"))) == NAMES
    assert requests(server) == before + 1
    assert server.ledger.counts().statuses[400] <= 3


async def test_a_429_is_waited_out_by_everybody(server: OpenAIServer, tmp_path: Path) -> None:
    server.switches.add(Switch("status", status=429, retry_after=7))
    clock = Clock()
    async with open_models(settings(server, tmp_path), clock=clock, sleep=clock.sleep) as models:
        assert names(await models.model.answer(prompt(TEXT))) == NAMES
        assert clock.slept == [7]
    assert server.ledger.counts().statuses == {429: 1, 200: 1}


async def test_limits_are_learned_from_answers(server: OpenAIServer, tmp_path: Path) -> None:
    server.limits.set(requests=6, tokens=2_000_000, enforced=False)
    clock = Clock()
    async with open_models(settings(server, tmp_path), clock=clock, sleep=clock.sleep) as models:
        await models.model.answer(prompt(TEXT))
        await asyncio.gather(*(models.model.answer(prompt(f"{TEXT} {number}")) for number in range(10)))
    assert sum(clock.slept) > 30


async def test_limits_that_the_server_enforces_are_kept_and_not_run_into(server: OpenAIServer, tmp_path: Path) -> None:
    # The server counts a request when it comes, we when it goes: what lies between is worth a few requests.
    server.limits.set(requests=610, tokens=2_000_000, enforced=True)
    async with open_models(settings(server, tmp_path, APEX_LLM_RPM="600", APEX_CONCURRENCY="50")) as models:
        await asyncio.gather(*(models.model.answer(prompt(f"{TEXT} {number}")) for number in range(640)))
    assert server.ledger.counts().statuses == {200: 640}


@pytest.mark.parametrize(
    "switch",
    [
        Switch("status", status=500, times=3),
        Switch("status", status=503, retry_after=2, times=3),
        Switch("cut", times=2),
        Switch("half", times=2),
        Switch("invalid", times=1),
        Switch("wrong_schema", times=1),
    ],
    ids=["500", "503", "cut", "half", "invalid", "wrong schema"],
)
@pytest.mark.parametrize("api", ["chat", "responses"])
async def test_passing_failures_are_overcome(server: OpenAIServer, tmp_path: Path, switch: Switch, api: str) -> None:
    server.switches.add(switch)
    assert await asked(server, tmp_path, APEX_LLM_API=api) == NAMES
    assert requests(server) == (switch.times or 0) + 1


@pytest.mark.parametrize(
    ("switch", "error", "made"),
    [
        (Switch("invalid", times=None), ModelAnswerInvalid, 2),
        (Switch("wrong_schema", times=None), ModelAnswerInvalid, 2),
        (Switch("truncated", times=None), ModelTruncated, 1),
        (Switch("refusal", times=None), ModelRefused, 1),
        (Switch("status", status=400, times=None), RequestRejected, 1),
        (Switch("status", status=401, times=None), ModelUnusable, 1),
        (Switch("status", status=403, times=None), ModelUnusable, 1),
        (Switch("status", status=404, times=None), ModelUnusable, 1),
    ],
    ids=["invalid", "wrong schema", "truncated", "refusal", "400", "401", "403", "404"],
)
@pytest.mark.parametrize("api", ["chat", "responses"])
async def test_lasting_failures_are_errors_and_not_asked_again(
    server: OpenAIServer, tmp_path: Path, switch: Switch, error: type[Exception], made: int, api: str
) -> None:
    server.switches.add(switch)
    with pytest.raises(error) as caught:
        await asked(server, tmp_path, APEX_LLM_API=api)
    assert requests(server) == made
    assert server.api_key not in str(caught.value)
    assert isinstance(caught.value, RecordError) is not isinstance(caught.value, ModelUnusable)
    server.switches.clear()
    assert await asked(server, tmp_path, APEX_LLM_API=api) == NAMES


@pytest.mark.parametrize("switch", [Switch("status", status=500, times=None), Switch("cut", times=None)])
async def test_a_server_that_stays_broken_is_given_up_in_time(
    server: OpenAIServer, tmp_path: Path, switch: Switch
) -> None:
    server.switches.add(switch)
    clock = Clock()
    async with open_models(settings(server, tmp_path), clock=clock, sleep=clock.sleep) as models:
        with pytest.raises(ModelUnreachable):
            await models.model.answer(prompt(TEXT))
    assert 60 < sum(clock.slept) <= 180
    assert 8 < requests(server) < 25


async def test_when_the_server_is_down_the_run_does_not_wait_for_each_record(
    server: OpenAIServer, tmp_path: Path
) -> None:
    server.switches.add(Switch("status", status=500, times=None))
    clock = Clock()
    async with open_models(settings(server, tmp_path), clock=clock, sleep=clock.sleep) as models:
        for number in range(5):
            with pytest.raises(ModelUnreachable):
                await models.model.answer(prompt(f"{TEXT} {number}"))
        made = requests(server)
        with pytest.raises(ModelUnusable, match="5 requests in a row") as caught:
            await models.model.answer(prompt(TEXT))
    assert caught.value.code == "llm_unreachable"
    assert requests(server) == made


async def test_a_server_that_does_not_answer_is_given_up_in_time(server: OpenAIServer, tmp_path: Path) -> None:
    server.switches.add(Switch("slow", seconds=60, times=None))
    async with open_models(settings(server, tmp_path, APEX_LLM_TIMEOUT="300ms")) as models:
        with pytest.raises(ModelUnreachable, match="did not answer in time"):
            await models.model.answer(prompt(TEXT))
    assert requests(server) == 1


async def test_a_wait_that_is_too_long_is_not_begun(server: OpenAIServer, tmp_path: Path) -> None:
    server.switches.add(Switch("status", status=429, retry_after=86_400))
    clock = Clock()
    async with open_models(settings(server, tmp_path), clock=clock, sleep=clock.sleep) as models:
        with pytest.raises(ModelUnreachable, match="answered 429"):
            await models.model.answer(prompt(TEXT))
    assert clock.slept == []


async def test_the_same_question_is_paid_for_once(server: OpenAIServer, tmp_path: Path) -> None:
    server.latency = 0.05
    async with open_models(settings(server, tmp_path)) as models:
        assert len(await asyncio.gather(*(models.model.answer(prompt(TEXT)) for _ in range(20)))) == 20
        assert models.meter.total.calls == 1
    assert await asked(server, tmp_path) == NAMES
    assert requests(server) == 1
    assert server.ledger.counts().repeated() == []


async def test_an_answer_without_usage_counts_as_a_call(server: OpenAIServer, tmp_path: Path) -> None:
    server.switches.add(Switch("no_usage"))
    async with open_models(settings(server, tmp_path)) as models:
        await models.model.answer(prompt(TEXT))
        assert (models.meter.total.calls, models.meter.total.tokens) == (1, 0)


async def test_a_model_that_obeys_the_payload_says_nothing_outside_the_schema(
    server: OpenAIServer, tmp_path: Path
) -> None:
    server.switches.add(Switch("answer", text='{"entities": [], "run": "rm -rf /"}', times=None))
    with pytest.raises(ModelAnswerInvalid, match="Additional properties"):
        await asked(server, tmp_path)


async def test_the_budget_stops_before_the_request_that_would_be_over_it(server: OpenAIServer, tmp_path: Path) -> None:
    async with open_models(settings(server, tmp_path, APEX_MAX_TOKENS="2000")) as models:
        results = await asyncio.gather(
            *(models.model.answer(prompt(f"{TEXT} {number}")) for number in range(30)), return_exceptions=True
        )
        refused = [result for result in results if isinstance(result, BudgetExhausted)]
        assert models.budget.exhausted
        assert 0 < models.meter.total.tokens <= 2000
    assert 0 < requests(server) == 30 - len(refused) < 30


async def test_a_forecast_counts_what_is_not_kept_and_asks_nothing(server: OpenAIServer, tmp_path: Path) -> None:
    prices = {"APEX_LLM_PRICE_INPUT": "1", "APEX_LLM_PRICE_OUTPUT": "10"}
    await asked(server, tmp_path)
    async with open_models(settings(server, tmp_path, **prices)) as models:
        found = await forecast(models, [prompt(TEXT), prompt("New one."), prompt("New one."), prompt("Another.")])
    assert found.calls == 2
    assert found.cost > 0
    assert requests(server) == 1


async def test_the_check_passes_for_a_server_that_has_the_models(server: OpenAIServer, tmp_path: Path) -> None:
    async with open_models(settings(server, tmp_path)) as models:
        await models.check()
    assert server.ledger.counts().requests == {"/v1/models": 1}


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"OPENAI_API_KEY": "sk-wrong-key-0123456789"}, "answered 401"),
        ({"APEX_LLM_MODEL": "gpt-9"}, "has no model gpt-9"),
        ({"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}, "cannot be reached"),
    ],
    ids=["key", "model", "server"],
)
async def test_the_check_says_in_one_line_what_is_wrong(
    server: OpenAIServer, tmp_path: Path, variables: dict[str, str], message: str
) -> None:
    async with open_models(settings(server, tmp_path, **variables)) as models:
        with pytest.raises(ConfigError, match=message) as caught:
            await models.check()
    assert caught.value.hint
    assert "\n" not in caught.value.message
    assert "sk-wrong-key" not in f"{caught.value.message}{caught.value.hint}"


async def test_openai_without_a_key_is_found_before_anything_is_opened(tmp_path: Path, server: OpenAIServer) -> None:
    given = settings(server, tmp_path, OPENAI_BASE_URL="https://api.openai.com/v1", OPENAI_API_KEY="")
    with pytest.raises(ConfigError, match="OPENAI_API_KEY is not set"):
        async with open_models(given):
            pass
    assert not (tmp_path / "cache").exists()


async def test_a_limit_in_dollars_needs_a_price(tmp_path: Path, server: OpenAIServer) -> None:
    with pytest.raises(ConfigError, match=f"needs the price of {MODEL}, text-embedding-3-small"):
        async with open_models(settings(server, tmp_path, APEX_MAX_COST="1")):
            pass


@pytest.mark.parametrize("package", ["openai", "jsonschema"])
async def test_packages_that_are_not_installed_are_named(
    tmp_path: Path, server: OpenAIServer, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ConfigError, match=f"need {package}, which is not installed") as caught:
        async with open_models(settings(server, tmp_path)):
            pass
    assert caught.value.hint == "pip install '.[llm]'"
