"""Embedding: the local model's promises, one call a batch."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

from apex_cli.embed.apply import Embedding
from apex_cli.embed.embedder import Embedder
from apex_cli.embed.local import MAX_CHARS, LocalEmbedder
from apex_cli.errors import EmbedError
from apex_cli.model import Claim, Entity, EntityType, Extraction, Predicate
from tests.plans import vectors_of

if TYPE_CHECKING:
    from apex_cli.model import Vectors

TRUCK = Entity(
    EntityType.VEHICLE,
    ("vehicle:unit:truck-6520", "vehicle:vin:1XKYD49X7PJ304417"),
    "TRUCK-6520",
    names=("6520",),
    hints=("truck",),
    attributes={"speed": 61.5, "nested": {"list": [1, None, "x"]}},
    certain=False,
)
CITY = Entity(EntityType.LOCATION, ("location:city:chicago|il",), "Chicago, IL")
AT_NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
CLAIM = Claim(
    TRUCK.key, Predicate.LOCATED_AT, CITY.key, "Vehicle TRUCK-6520 is at Chicago, IL", AT_NOON, AT_NOON + timedelta(1)
)


class CountingEmbedder(Embedder):
    """Repeatable vectors, and a note of each call."""

    name = "counting-8"
    dimensions = 8

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    async def embed(self, texts: Sequence[str]) -> Vectors:
        self.calls.append(list(texts))
        return vectors_of(texts, self.dimensions)


class BrokenEmbedder(CountingEmbedder):
    """Gives what no model should."""

    def __init__(self, matrix: Vectors) -> None:
        super().__init__()
        self.matrix = matrix

    async def embed(self, texts: Sequence[str]) -> Vectors:  # noqa: ARG002 - the matrix is always the same
        return self.matrix


def extraction(*chunks: str) -> Extraction:
    return Extraction(AT_NOON, "title", "\n".join(chunks), chunks, (TRUCK, CITY), (CLAIM,), llm_calls=2, tokens=77)


@pytest.fixture(scope="module")
def local() -> LocalEmbedder:
    return LocalEmbedder()


HOSTILE = ["", " \n\t", "\0\0", "\ud800", "x" * 10_000_000, "🚚" * 20_000, "\u202e\x1b[31m", "a\udfffb", "plain words"]


async def test_local_rows_are_unit_vectors_whatever_the_text(local: LocalEmbedder) -> None:
    matrix = await local.embed(HOSTILE)
    assert matrix.shape == (len(HOSTILE), local.dimensions)
    assert matrix.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(matrix, axis=1), 1.0, atol=1e-5)
    assert (await local.embed([])).shape == (0, local.dimensions)


async def test_local_vectors_do_not_depend_on_the_rest_of_the_call(local: LocalEmbedder) -> None:
    texts = [f"shipment {number} " * (number % 40 + 1) for number in range(300)]
    together = await local.embed(texts)
    for place in (0, 39, 150, 299):
        (unwrap_single_exception,) = await local.embed([texts[place]])
        np.testing.assert_allclose(together[place], unwrap_single_exception, atol=1e-5)


async def test_local_knows_what_is_alike(local: LocalEmbedder) -> None:
    truck, lorry, invoice = await local.embed(
        ["the truck is late in Chicago", "truck delayed near Chicago", "invoice paid by bank transfer"]
    )
    assert truck @ lorry > truck @ invoice + 0.2


async def test_local_reads_so_far_and_no_further(local: LocalEmbedder) -> None:
    start = ("word " * MAX_CHARS)[:MAX_CHARS]
    one, two = await local.embed([start, start + "something else entirely"])
    np.testing.assert_array_equal(one, two)


async def test_local_leaves_logging_alone() -> None:
    before = logging.getLogger().handlers[:], logging.getLogger().level
    await LocalEmbedder().embed(["x"])
    assert (logging.getLogger().handlers, logging.getLogger().level) == before


async def test_one_call_for_all_distinct_texts() -> None:
    embedder = CountingEmbedder()
    embedding = Embedding(embedder, statements=True)
    results = await embedding.apply([extraction("a", "b"), extraction("b", "c")])
    (call,) = embedder.calls
    assert sorted(call) == sorted({"a", "b", "c", "Vehicle TRUCK-6520", "Location Chicago, IL", CLAIM.sentence})
    for result, chunks in zip(results, (("a", "b"), ("b", "c")), strict=True):
        np.testing.assert_array_equal(result.chunk_vectors, vectors_of(chunks, 8))
        np.testing.assert_array_equal(
            result.entity_vectors, vectors_of(["Vehicle TRUCK-6520", "Location Chicago, IL"], 8)
        )
        np.testing.assert_array_equal(result.claim_vectors, vectors_of([CLAIM.sentence], 8))


async def test_names_and_sentences_are_embedded_only_for_a_graph_that_holds_their_vectors() -> None:
    embedder = CountingEmbedder()
    (result,) = await Embedding(embedder).apply([extraction("a")])
    assert embedder.calls == [["a"]]
    assert (result.entity_vectors, result.claim_vectors) == (None, None)
    np.testing.assert_array_equal(result.chunk_vectors, vectors_of(["a"], 8))


async def test_names_are_remembered_and_text_is_not() -> None:
    embedder = CountingEmbedder()
    embedding = Embedding(embedder, statements=True)
    await embedding.apply([extraction("a")])
    await embedding.apply([extraction("a")])
    assert embedder.calls[1] == ["a"]


async def test_what_is_remembered_is_bounded() -> None:
    embedder = CountingEmbedder()
    embedding = Embedding(embedder, statements=True, cache_texts=1)
    await embedding.apply([extraction("a")])
    (result,) = await embedding.apply([extraction("b")])
    assert len(embedder.calls[1]) == 3
    np.testing.assert_array_equal(result.claim_vectors, vectors_of([CLAIM.sentence], 8))


async def test_nothing_to_embed() -> None:
    embedder = CountingEmbedder()
    embedding = Embedding(embedder, statements=True)
    assert await embedding.apply([]) == []
    (result,) = await embedding.apply([Extraction(AT_NOON, "t", "", (), (), ())])
    for vectors in (result.chunk_vectors, result.entity_vectors, result.claim_vectors):
        assert vectors is not None
        assert vectors.shape == (0, 8)
    assert embedder.calls == []


@pytest.mark.parametrize(
    "matrix",
    [np.zeros((4, 7), np.float32), np.zeros((3, 8), np.float32), np.zeros((4, 8)), np.full((4, 8), np.nan, np.float32)],
)
async def test_what_a_model_must_not_give(matrix: Vectors) -> None:
    with pytest.raises(EmbedError):
        await Embedding(BrokenEmbedder(matrix)).apply([extraction("a")])


async def test_the_local_model_is_what_its_package_makes_of_the_same_files() -> None:
    from importlib.util import find_spec
    from pathlib import Path

    from wordllama import WordLlama  # type: ignore[import-untyped]

    spec = find_spec("wordllama")
    assert spec is not None
    assert spec.origin is not None
    model = WordLlama.load(dim=256, cache_dir=Path(spec.origin).parent, disable_download=True)
    texts = ["Vehicle TRUCK-6520 is at Chicago, IL.", "on time", "на складе", "a " * 300]
    expected = model.embed(texts, norm=True)
    np.testing.assert_allclose(await LocalEmbedder().embed(texts), expected, atol=1e-6)
