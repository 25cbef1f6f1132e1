"""Embedding over real HTTP by the fake OpenAI server: order, sizes of requests, each text paid for once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from apex_cli.embed.chosen import open_embedders
from apex_cli.embed.embedder import Embedder
from apex_cli.embed.local import LocalEmbedder
from apex_cli.errors import ConfigError, EmbedError, ModelUnusable
from apex_cli.llm.embeddings import MAX_CHARS
from apex_cli.llm.models import Models, open_models
from tests.llm_world import Clock, settings
from tests.openai_server import OpenAIServer, Switch
from tests.openai_server.embeddings import vector

ROUTE = "/v1/embeddings"


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        yield running


@asynccontextmanager
async def opened(server: OpenAIServer, home: Path, **variables: str) -> AsyncIterator[tuple[Models, Embedder]]:
    clock = Clock()
    given = settings(server, home, **variables)
    async with (
        open_models(given, clock=clock, sleep=clock.sleep) as models,
        open_embedders(given, models) as embedders,
    ):
        yield models, embedders.own


async def test_vectors_are_the_servers_in_order_and_of_length_one(server: OpenAIServer, tmp_path: Path) -> None:
    texts = [f"Truck {number} is in Gary, IN" for number in range(1100)]
    async with opened(server, tmp_path, APEX_EMBEDDING_DIMENSIONS="256") as (models, one):
        assert (one.name, one.dimensions) == ("text-embedding-3-small-256", 256)
        matrix = await one.embed(texts)
        assert models.meter.total.calls == 3
        assert models.meter.total.input_tokens == server.ledger.counts().input_tokens[ROUTE]
    assert matrix.shape == (1100, 256)
    assert matrix.dtype == np.float32
    for place in (0, 511, 512, 1099):
        np.testing.assert_allclose(matrix[place], vector(texts[place], 256), atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(matrix, axis=1), 1.0, atol=1e-5)
    assert server.ledger.counts().requests == {ROUTE: 3}


async def test_a_text_is_embedded_once_in_all_runs_and_records(server: OpenAIServer, tmp_path: Path) -> None:
    server.latency = 0.05
    async with opened(server, tmp_path) as (_, one):
        first, again = await asyncio.gather(one.embed(["a b", "c d", "a b"]), one.embed(["c d", "e f"]))
        np.testing.assert_array_equal(first[1], again[0])
        np.testing.assert_array_equal(first[0], first[2])
    async with opened(server, tmp_path) as (models, one):
        later = await one.embed(["e f", "a b"])
        assert models.meter.total.calls == 0
    np.testing.assert_array_equal(later, np.stack([again[1], first[0]]))
    counts = server.ledger.counts()
    assert sorted(counts.texts(ROUTE)) == ["a b", "c d", "e f"]
    assert counts.repeated() == []


async def test_other_lengths_and_models_do_not_share_vectors(server: OpenAIServer, tmp_path: Path) -> None:
    for variables in (
        {},
        {"APEX_EMBEDDING_DIMENSIONS": "100"},
        {"APEX_EMBEDDING_MODEL": "text-embedding-3-large", "APEX_EMBEDDING_DIMENSIONS": "100"},
    ):
        async with opened(server, tmp_path, **variables) as (_, one):
            assert (await one.embed(["a"])).shape == (1, one.dimensions)
    assert server.ledger.counts().requests == {ROUTE: 3}


async def test_requests_are_bounded_by_tokens_too(server: OpenAIServer, tmp_path: Path) -> None:
    texts = [f"{number} " + "freight " * 2_500 for number in range(30)]
    async with opened(server, tmp_path) as (_, one):
        await one.embed(texts)
    assert server.ledger.counts().requests[ROUTE] == 3
    assert server.ledger.counts().statuses == {200: 3}


async def test_any_text_is_taken(server: OpenAIServer, tmp_path: Path) -> None:
    texts = ["", " \n", "\0", "\ud800", "7 " * 40_000, "." * 50_000, "plain"]
    async with opened(server, tmp_path) as (_, one):
        matrix = await one.embed(texts)
    np.testing.assert_allclose(np.linalg.norm(matrix, axis=1), 1.0, atol=1e-5)
    np.testing.assert_array_equal(matrix[0], matrix[1])
    assert all(len(text) <= MAX_CHARS for text in server.ledger.counts().texts(ROUTE))
    np.testing.assert_allclose(matrix[6], vector("plain", 1536), atol=1e-6)


async def test_no_texts_ask_nothing(server: OpenAIServer, tmp_path: Path) -> None:
    async with opened(server, tmp_path) as (_, one):
        assert (await one.embed([])).shape == (0, 1536)
    assert not server.ledger.counts().requests


async def test_what_one_request_brought_is_kept_when_another_fails(server: OpenAIServer, tmp_path: Path) -> None:
    server.switches.add(Switch("status", status=400, contains="bad", times=None))
    texts = [f"good {number}" for number in range(512)] + ["bad"]
    async with opened(server, tmp_path) as (_, one):
        with pytest.raises(EmbedError, match="answered 400"):
            await one.embed(texts)
        await one.embed(texts[:-1])
    assert server.ledger.counts().repeated() == []


async def test_passing_failures_are_overcome_and_others_are_errors(server: OpenAIServer, tmp_path: Path) -> None:
    server.switches.add(Switch("status", status=429, retry_after=3), Switch("cut", nth=1), Switch("half", nth=2))
    async with opened(server, tmp_path) as (_, one):
        assert len(await one.embed(["a", "b"])) == 2
        server.switches.clear()
        server.switches.add(Switch("status", status=500, times=None))
        with pytest.raises(EmbedError):
            await one.embed(["c"])
        server.switches.clear()
        server.switches.add(Switch("status", status=401, times=None))
        with pytest.raises(ModelUnusable):
            await one.embed(["d"])


async def test_a_model_of_unknown_length_wants_it_named(server: OpenAIServer, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="length of the vectors of nomic-embed-text is not known"):
        async with opened(server, tmp_path, APEX_EMBEDDING_MODEL="nomic-embed-text"):
            pass
    result = {"APEX_EMBEDDING_MODEL": "nomic-embed-text", "APEX_EMBEDDING_DIMENSIONS": "768"}
    async with opened(server, tmp_path, **result) as (_, one):
        assert one.name == "nomic-embed-text-768"
        with pytest.raises(EmbedError, match="length is 1536, not 768"):
            await one.embed(["a"])


async def test_embedding_stays_local_unless_a_setting_says_otherwise(server: OpenAIServer, tmp_path: Path) -> None:
    async with opened(server, tmp_path, APEX_EMBEDDER="local") as (_, one):
        assert isinstance(one, LocalEmbedder)
    async with open_embedders(settings(server, tmp_path, APEX_EMBEDDER="local"), None) as embedders:
        assert isinstance(embedders.own, LocalEmbedder)
        assert embedders.text is None
