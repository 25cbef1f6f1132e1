"""The meter, prices and the budget."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack

import pytest

from apex_cli.errors import BudgetExhausted
from apex_cli.llm.usage import Budget, ModelUsage, ModelUsageMeter, Price, Prices

PRICED = Prices({"m": Price(1.0, 0.1, 10.0)}, listed=False)
CALL = ModelUsage(calls=1, input_tokens=1_000_000, cached_tokens=200_000, output_tokens=100_000)


def test_cached_input_and_output_have_prices_of_their_own() -> None:
    meter = ModelUsageMeter(PRICED)
    assert meter.record("m", CALL).cost == pytest.approx(0.8 + 0.02 + 1.0)
    assert meter.total.tokens == 1_100_000


def test_batches_cost_half() -> None:
    assert ModelUsageMeter(PRICED).record("m", CALL, batch=True).cost == pytest.approx(0.91)


def test_a_model_without_a_price_is_counted_and_named() -> None:
    meter = ModelUsageMeter(PRICED)
    meter.record("m", CALL)
    meter.record("other", CALL)
    assert (meter.total.calls, meter.total.unpriced, meter.unpriced) == (2, 1, {"other"})
    assert meter.total.cost == pytest.approx(1.82)


def test_list_prices_are_openais_only() -> None:
    openai, other = Prices({}, listed=True), Prices({}, listed=False)
    assert openai.of("gpt-4.1-mini") == openai.of("gpt-4.1-mini-2025-04-14") != None  # noqa: E711
    assert openai.of("gpt-4.1-mini-turbo") is None
    assert other.of("gpt-4.1-mini") is None


def test_a_configured_price_goes_before_the_list() -> None:
    assert Prices({"gpt-4.1-mini": Price(9, 9, 9)}, listed=True).of("gpt-4.1-mini") == Price(9, 9, 9)


async def test_scopes_distinguish_who_asks() -> None:
    meter = ModelUsageMeter(PRICED)

    async def record(times: int) -> ModelUsage:
        with meter.scope() as usage:
            for _ in range(times):
                await asyncio.gather(asyncio.create_task(one()), asyncio.create_task(one()))
        return usage

    async def one() -> None:
        await asyncio.sleep(0)
        meter.record("m", ModelUsage(calls=1, input_tokens=3))

    with meter.scope() as outer:
        first, second = await asyncio.gather(record(1), record(4))
    await one()
    assert (first.calls, second.calls, outer.calls, meter.total.calls) == (2, 8, 10, 11)
    assert second.tokens == 24


def test_what_is_in_flight_counts_with_its_estimate() -> None:
    budget = Budget(ModelUsageMeter(PRICED), max_tokens=100)
    with ExitStack() as stack:
        stack.enter_context(budget.reserve(ModelUsage(input_tokens=40, output_tokens=20)))
        with pytest.raises(BudgetExhausted, match="100 tokens of --max-tokens"):
            stack.enter_context(budget.reserve(ModelUsage(input_tokens=41)))
    assert budget.exhausted


def test_what_was_held_and_not_used_is_free_again() -> None:
    budget = Budget(ModelUsageMeter(PRICED), max_tokens=100)
    for _ in range(10):
        with budget.reserve(ModelUsage(input_tokens=100)):
            pass
    assert not budget.exhausted


def test_what_is_set_aside_stays_so() -> None:
    budget = Budget(ModelUsageMeter(PRICED), max_cost=1.0)
    budget.hold(ModelUsage(cost=0.6))
    with pytest.raises(BudgetExhausted, match=r"\$1 of --max-cost"):
        budget.hold(ModelUsage(cost=0.6))


def test_nothing_left_is_exhausted_before_anybody_asks() -> None:
    meter = ModelUsageMeter(PRICED)
    budget = Budget(meter, max_cost=1.82)
    assert not budget.exhausted
    meter.record("m", CALL)
    assert budget.exhausted


def test_without_a_limit_everything_goes() -> None:
    budget = Budget(ModelUsageMeter(PRICED))
    budget.hold(ModelUsage(input_tokens=10**12, cost=1e9))
    assert not budget.exhausted
