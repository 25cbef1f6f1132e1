"""The order of pivots: a batch waits for the one before, and for no other."""

from __future__ import annotations

import asyncio

from apex_cli.saga.turns import Turn, Turns


async def pivot(turn: Turn, passed: list[str], name: str, pivots: int = 1) -> None:
    for number in range(pivots):
        turn.is_last = number == pivots - 1
        await turn.come()
        passed.append(name)
        turn.pass_on()
        await asyncio.sleep(0)


async def test_batches_pass_in_the_order_of_their_turns() -> None:
    turns, passed = Turns(), list[str]()
    first, second, third = turns.take(), turns.take(), turns.take()
    await asyncio.gather(pivot(third, passed, "c"), pivot(second, passed, "b", 2), pivot(first, passed, "a", 3))
    assert passed == ["a", "a", "a", "b", "b", "c"]


async def test_a_batch_without_a_pivot_lets_the_next_one_pass() -> None:
    turns, passed = Turns(), list[str]()
    first, second = turns.take(), turns.take()
    waiting = asyncio.create_task(pivot(second, passed, "b"))
    await asyncio.sleep(0)
    assert passed == []
    first.over.set()
    await waiting
    assert passed == ["b"]
