"""Batches over real HTTP to the fake OpenAI server: they survive the process, and no request is sent twice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from apex_cli.embed.openai import open_embedder
from apex_cli.errors import (
    AnswerPending,
    BudgetExhausted,
    EmbedError,
    ModelAnswerInvalid,
    ModelRefused,
    ModelUnreachable,
    RunHalted,
)
from apex_cli.llm.batch import Batching
from apex_cli.llm.models import Models, open_models
from tests.llm_world import names, prompt, settings
from tests.openai_server import OpenAIServer, Switch
from tests.openai_server.embeddings import vector

if TYPE_CHECKING:
    from apex_cli.model import Vectors

TEXT = "Acme Freight Inc hauls SHIP-2025-10-19-002 to Gary, IN."
NAMES = ["Acme Freight Inc", "SHIP-2025-10-19-002", "Gary, IN"]
LINE = "batch-line"
PRICES = {"APEX_LLM_PRICE_INPUT": "1", "APEX_LLM_PRICE_OUTPUT": "10", "APEX_EMBEDDING_PRICE": "1"}


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        yield running


@asynccontextmanager
async def run(server: OpenAIServer, home: Path, **variables: str) -> AsyncIterator[tuple[Models, Batching]]:
    """One run with --llm-batch, as a process of its own would do it."""
    async with open_models(settings(server, home, **variables), batch=True) as models:
        assert models.batching is not None
        await models.batching.collect()
        yield models, models.batching
        await models.batching.flush()


def finish(server: OpenAIServer) -> None:
    """The provider works off what it has."""
    while any(batch["status"] in ("validating", "in_progress") for batch in server.batches.advance()):
        pass


async def embedded(models: Models, *texts: str) -> Vectors:
    async with open_embedder(models) as embedder:
        return await embedder.embed(texts)


async def pending(models: Models, *texts: str) -> None:
    for text in texts:
        with pytest.raises(AnswerPending):
            await models.model.answer(prompt(text))


@pytest.mark.parametrize("api", ["chat", "responses"])
async def test_the_next_run_finds_the_answers(server: OpenAIServer, tmp_path: Path, api: str) -> None:
    async with run(server, tmp_path, APEX_LLM_API=api) as (models, _):
        await pending(models, TEXT, f"{TEXT} Again.", TEXT)
    assert server.ledger.counts().requests == {"/v1/files": 1, "/v1/batches": 1}
    finish(server)
    async with run(server, tmp_path, APEX_LLM_API=api, **PRICES) as (models, batching):
        assert (batching.progress.answered, batching.progress.waiting) == (2, 0)
        assert names(await models.model.answer(prompt(TEXT))) == NAMES
        used = models.meter.total
        assert used.cost == pytest.approx((used.input_tokens + 10 * used.output_tokens) / 2e6)
    async with run(server, tmp_path, APEX_LLM_API=api) as (models, batching):
        assert names(await models.model.answer(prompt(f"{TEXT} Again."))) == NAMES
        assert (models.meter.total.calls, batching.progress.answered) == (0, 0)
    assert server.ledger.counts().requests[LINE] == 2
    assert server.files.all() == []


async def test_what_is_with_the_provider_is_not_sent_again(server: OpenAIServer, tmp_path: Path) -> None:
    async with run(server, tmp_path) as (models, _):
        await pending(models, TEXT)
    async with run(server, tmp_path) as (models, batching):
        assert batching.progress.waiting == 1
        await pending(models, TEXT, "Another.")
    assert batching.progress.sent == 1
    finish(server)
    async with run(server, tmp_path) as (models, batching):
        assert batching.progress.answered == 2
        await models.model.answer(prompt(TEXT))
    assert batching.progress.sent == 0
    assert server.ledger.counts().repeated() == []


async def test_two_runs_at_once_send_a_prompt_once(server: OpenAIServer, tmp_path: Path) -> None:
    async with run(server, tmp_path) as (first, _):
        await pending(first, TEXT, "One.")
        async with run(server, tmp_path) as (second, batching):
            await pending(second, TEXT, "Two.")
        assert batching.progress.sent == 2
    finish(server)
    assert len(server.ledger.counts().asked) == 3
    assert server.ledger.counts().repeated() == []


async def test_what_is_answered_meanwhile_is_not_sent(server: OpenAIServer, tmp_path: Path) -> None:
    async with run(server, tmp_path) as (models, batching):
        await pending(models, TEXT)
        async with open_models(settings(server, tmp_path)) as live:
            await live.model.answer(prompt(TEXT))
    assert batching.progress.sent == 0


async def test_embeddings_come_in_batches_too(server: OpenAIServer, tmp_path: Path) -> None:
    texts = [f"Truck {number}" for number in range(5)]
    async with run(server, tmp_path) as (models, _):
        with pytest.raises(AnswerPending):
            await embedded(models, *texts, "")
        await pending(models, TEXT)
    assert server.ledger.counts().requests["/v1/batches"] == 2
    finish(server)
    async with run(server, tmp_path, **PRICES) as (models, _):
        matrix = await embedded(models, *texts, "")
        assert models.meter.total.calls == 6
    np.testing.assert_allclose(matrix[3], vector(texts[3], 1536), atol=1e-6)
    assert server.ledger.counts().requests["/v1/embeddings"] == 0


async def test_what_expired_is_sent_again(server: OpenAIServer, tmp_path: Path) -> None:
    async with run(server, tmp_path) as (models, _):
        await pending(models, TEXT)
    server.batches.expire()
    async with run(server, tmp_path) as (models, batching):
        assert "expired" in batching.progress.problems[0]
        await pending(models, TEXT)
    assert batching.progress.sent == 1
    finish(server)
    async with run(server, tmp_path) as (models, _):
        assert names(await models.model.answer(prompt(TEXT))) == NAMES


@pytest.mark.parametrize(
    ("switch", "error", "times"),
    [
        (Switch("refusal", LINE, times=None), ModelRefused, 1),
        (Switch("invalid", LINE, times=None), ModelAnswerInvalid, 2),
        (Switch("wrong_schema", LINE, times=None), ModelAnswerInvalid, 2),
        (Switch("status", LINE, status=500, times=None), ModelUnreachable, 2),
    ],
    ids=["refusal", "invalid", "wrong schema", "500"],
)
async def test_a_line_that_fails_is_an_error_of_its_record_in_the_end(
    server: OpenAIServer, tmp_path: Path, switch: Switch, error: type[Exception], times: int
) -> None:
    server.switches.add(switch)
    for _ in range(times):
        async with run(server, tmp_path) as (models, _):
            await pending(models, TEXT)
        finish(server)
    async with run(server, tmp_path) as (models, batching):
        assert batching.progress.failed == 1
        with pytest.raises(error):
            await models.model.answer(prompt(TEXT))
    assert server.ledger.counts().requests[LINE] == times
    server.switches.clear()
    async with run(server, tmp_path) as (models, _):
        await pending(models, TEXT)
    finish(server)
    async with run(server, tmp_path) as (models, _):
        assert names(await models.model.answer(prompt(TEXT))) == NAMES


async def test_a_vector_that_fails_is_an_error_of_embedding(server: OpenAIServer, tmp_path: Path) -> None:
    server.switches.add(Switch("status", LINE, status=400, times=None))
    async with run(server, tmp_path) as (models, _):
        with pytest.raises(AnswerPending):
            await embedded(models, "a")
    finish(server)
    async with run(server, tmp_path) as (models, _):
        with pytest.raises(EmbedError):
            await embedded(models, "a")


async def test_a_run_killed_before_it_knew_the_batchs_id_finds_it_again(server: OpenAIServer, tmp_path: Path) -> None:
    async with run(server, tmp_path) as (models, _):
        await pending(models, TEXT)
    [trace] = (tmp_path / "batches").glob("batch-*.json")
    trace.write_text(json.dumps({**json.loads(trace.read_text()), "id": None}))
    async with run(server, tmp_path) as (models, batching):
        assert batching.progress.waiting == 1
        await pending(models, TEXT)
    finish(server)
    async with run(server, tmp_path) as (models, batching):
        assert batching.progress.answered == 1
    assert len(server.ledger.counts().asked) == 1


async def test_a_run_killed_before_the_batch_was_made_sends_it(server: OpenAIServer, tmp_path: Path) -> None:
    async with run(server, tmp_path) as (models, _):
        await pending(models, TEXT)
    [trace] = (tmp_path / "batches").glob("batch-*.json")
    document = {**json.loads(trace.read_text()), "id": None, "token": "0" * 32}
    trace.unlink()
    trace.with_name(f"batch-{document['token']}.json").write_text(json.dumps(document))
    async with run(server, tmp_path) as (models, batching):
        assert batching.progress.waiting == 0
        await pending(models, TEXT)
    assert batching.progress.sent == 1


async def test_a_batch_that_the_provider_forgot_is_sent_again(server: OpenAIServer, tmp_path: Path) -> None:
    async with run(server, tmp_path) as (models, _):
        await pending(models, TEXT)
    [trace] = (tmp_path / "batches").glob("batch-*.json")
    trace.write_text(json.dumps({**json.loads(trace.read_text()), "id": "batch_gone"}))
    async with run(server, tmp_path) as (models, batching):
        await pending(models, TEXT)
    assert batching.progress.sent == 1


async def test_batches_of_another_server_are_left_alone(server: OpenAIServer, tmp_path: Path) -> None:
    async with run(server, tmp_path) as (models, _):
        await pending(models, TEXT)
    with OpenAIServer() as other:
        async with run(other, tmp_path) as (models, batching):
            assert batching.progress.waiting == 1
        assert not other.ledger.counts().requests
    finish(server)
    async with run(server, tmp_path) as (models, batching):
        assert batching.progress.answered == 1


async def test_a_provider_that_refuses_halts_the_run(server: OpenAIServer, tmp_path: Path) -> None:
    async with run(server, tmp_path) as (models, _):
        await pending(models, TEXT)
    with pytest.raises(RunHalted, match="answered 401"):
        async with run(server, tmp_path, OPENAI_API_KEY="sk-wrong"):
            pass


async def test_the_budget_bounds_what_is_queued(server: OpenAIServer, tmp_path: Path) -> None:
    async with run(server, tmp_path, APEX_MAX_TOKENS="2000") as (models, batching):
        asked = [models.model.answer(prompt(f"{TEXT} {number}")) for number in range(30)]
        results = await asyncio.gather(*asked, return_exceptions=True)
        assert {type(result) for result in results} == {AnswerPending, BudgetExhausted}
        assert models.budget.exhausted
    assert 0 < batching.progress.sent < 30


async def test_what_an_earlier_run_set_aside_is_not_on_this_ones_budget(server: OpenAIServer, tmp_path: Path) -> None:
    async with run(server, tmp_path) as (models, _):
        await pending(models, *(f"{TEXT} {number}" for number in range(20)))
    finish(server)
    async with run(server, tmp_path, APEX_MAX_TOKENS="900") as (models, _):
        assert models.meter.total.tokens > 900
        assert not models.budget.exhausted
        await pending(models, "One more.")
