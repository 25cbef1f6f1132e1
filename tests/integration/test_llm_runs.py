"""What a run does when models are slow, limited, out of budget or asked by batches: later, but never twice."""

from __future__ import annotations

from typing import Any

import pytest

from tests.llm_ingest import CHAT, EMBEDDINGS, World, facts_of, finish, message, sound
from tests.openai_server import Switch


def mail(first: int, count: int) -> list[dict[str, Any]]:
    """Messages that take two requests each."""
    return [
        message(number, f"SHIP-2025-10-22-{number:03} is hauled by Silver Birch Freight.")
        for number in range(first, first + count)
    ]


async def hauled(world: World, first: int, count: int, **variables: str) -> None:
    """Every message's fact is there, and nothing is wrong."""
    wanted = {f"SHIP-2025-10-22-{number:03}" for number in range(first, first + count)}
    async with world.stores(**variables) as stores:
        assert wanted <= {fact.subject for fact in await facts_of(stores, "Silver Birch Freight", "HAULED_BY")}
        await sound(stores)


async def test_limits_and_errors_only_take_time(world: World) -> None:
    world.server.switches.add(
        Switch("status", CHAT, nth=1, times=2, status=429, retry_after=0.3),
        Switch("status", CHAT, nth=4, times=2, status=500),
        Switch("cut", CHAT, nth=7),
        Switch("half", CHAT, nth=8),
        Switch("slow", CHAT, nth=9, seconds=0.5),
    )
    result = await world.ingest(mail(0, 6))
    assert result.statuses == {"committed": 6}
    statuses = world.server.ledger.counts().statuses
    assert (statuses[429], statuses[500], statuses[0]) == (2, 2, 2)
    assert result.summary.llm_calls == statuses[200] - 1, "all but the list of models"
    await hauled(world, 0, 6)


@pytest.mark.parametrize(
    "limit", [{"APEX_MAX_TOKENS": "40000"}, {"APEX_MAX_COST": "0.04"}], ids=["--max-tokens", "--max-cost"]
)
async def test_a_spent_budget_leaves_the_rest_for_the_next_run(world: World, limit: dict[str, str]) -> None:
    first = 100 if "APEX_MAX_COST" in limit else 200
    prices = {"APEX_LLM_PRICE_INPUT": "1", "APEX_LLM_PRICE_OUTPUT": "1", "APEX_CONCURRENCY": "2"}
    result = await world.ingest(mail(first, 15), {**prices, **limit})
    assert result.summary.exit_code == 3
    assert result.summary.reason is not None
    assert result.summary.reason.code == "budget"
    assert set(result.statuses) == {"committed", "pending"}
    assert result.statuses["committed"] > 1
    assert result.summary.tokens <= 40_000
    assert {one.error.code for one in result.outcomes if one.error} == {"budget"}
    again = await world.ingest(mail(first, 15), prices)
    assert again.summary.exit_code == 0
    assert again.statuses == {"unchanged": result.statuses["committed"], "committed": result.statuses["pending"]}
    assert world.server.ledger.counts().repeated() == []
    await hauled(world, first, 15)


async def test_batches_answer_from_run_to_run(world: World) -> None:
    messages = mail(300, 3)
    for _ in ("things", "relations"):
        result = await world.ingest(messages, batch=True)
        assert result.statuses == {"pending": 3}
        assert {one.error.code for one in result.outcomes if one.error} == {"llm_batch_pending"}
        finish(world.server)
    result = await world.ingest(messages, batch=True)
    assert (result.statuses, result.summary.exit_code) == ({"committed": 3}, 0)
    requests = world.asked()
    assert (requests["batch-line"], requests.get(CHAT, 0)) == (6, 0)
    assert world.server.ledger.counts().repeated() == []
    await hauled(world, 300, 3)


async def test_vectors_come_by_batches_too(world: World) -> None:
    openai = {"APEX_EMBEDDER": "openai", "APEX_NAMESPACE": "by_batches"}
    messages = mail(350, 2)
    for _ in ("things", "relations", "vectors of names", "vectors of texts"):
        assert (await world.ingest(messages, openai, batch=True)).statuses == {"pending": 2}
        finish(world.server)
    assert (await world.ingest(messages, openai, batch=True)).statuses == {"committed": 2}
    assert (world.asked().get(CHAT, 0), world.asked().get(EMBEDDINGS, 0)) == (0, 0)
    assert world.server.ledger.counts().repeated() == []
    await hauled(world, 350, 2, **openai)


async def test_what_is_still_with_the_provider_is_waited_for_and_not_sent_again(world: World) -> None:
    messages = mail(400, 2)
    for _ in range(3):
        result = await world.ingest(messages, batch=True)
        assert result.statuses == {"pending": 2}
    assert [batch["status"] for batch in world.server.batches.all()].count("validating") == 1
    finish(world.server)
    # Without --llm-batch the answers that a batch has brought are used, and only the rest is asked at once.
    await world.ingest(messages, batch=True)
    result = await world.ingest(messages)
    assert result.statuses == {"committed": 2}
    assert (world.asked()["batch-line"], world.asked()[CHAT]) == (2, 2)
    finish(world.server)


async def test_vectors_of_a_server_have_a_collection_of_their_own_and_are_paid_once(world: World) -> None:
    local = (await world.ingest(mail(500, 1))).summary
    assert world.asked().get(EMBEDDINGS, 0) == 0
    assert local.llm_calls == 2
    world.server.ledger.reset()
    openai = {"APEX_EMBEDDER": "openai", "APEX_EMBEDDING_DIMENSIONS": "256", "APEX_NAMESPACE": "by_server"}
    pair = [*mail(500, 1), {**mail(500, 1)[0], "message_id": "MSG-copy"}]
    result = await world.ingest(pair, openai)
    assert result.statuses == {"committed": 2}
    counts = world.server.ledger.counts()
    assert counts.requests[CHAT] == 0, "the same prompts were answered for the other memory"
    embedded = counts.texts(EMBEDDINGS)
    assert len(embedded) == len(set(embedded)) > 0
    async with world.stores(**openai) as stores:
        assert stores.embedding.embedder.name == "text-embedding-3-small-256"
        [vector] = await stores.embedding.embedder.embed(["hauled by Silver Birch Freight"])
        hits = await stores.vectors.search(stores.embedding.text.name, vector.tolist(), limit=5)
        assert {hit.record_id for hit in hits} == {one.record_id for one in result.outcomes}
        await sound(stores)
    assert len(list((world.home / "vectors").glob("*text-embedding-3-small-256*"))) == 1


async def test_a_text_that_cannot_be_embedded_fails_its_record_alone(world: World) -> None:
    openai = {"APEX_EMBEDDER": "openai", "APEX_NAMESPACE": "alone"}
    world.server.switches.add(Switch("status", EMBEDDINGS, contains="Poison Oak", status=400, times=None))
    messages = mail(600, 9)
    messages[4]["body"] = "Poison Oak Freight is closed."
    result = await world.ingest(messages, openai)
    assert result.statuses == {"committed": 8, "failed": 1}
    [failed] = [one for one in result.outcomes if one.status == "failed"]
    assert (failed.external_id, failed.stage) == (messages[4]["message_id"], "embed")
    assert failed.error is not None
    assert failed.error.code == "llm_rejected"
    assert world.server.ledger.counts().repeated() == []
