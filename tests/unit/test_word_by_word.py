"""Texts compared with a question word by word, by the vectors of the local model and by made-up ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pytest

from apex_cli.embed.embedder import Embedder
from apex_cli.embed.local import LocalEmbedder
from apex_cli.embed.word_by_word import closeness

if TYPE_CHECKING:
    from apex_cli.model import Vectors

VECTORS = {"car": (1.0, 0.0), "truck": (0.9, 0.1), "snow": (0.0, 1.0), "late": (0.7, 0.7)}


def vectors(words: Sequence[str]) -> Vectors:
    return np.array([VECTORS.get(word, (0.0, 0.0)) for word in words], dtype=np.float32)


def test_each_word_of_the_question_counts_by_the_nearest_word_of_the_text() -> None:
    both, one, none = closeness(["car", "snow"], ["Truck, snow", "a truck", "nothing"], vectors)
    assert both > one > none == 0.0


def test_what_all_texts_say_tells_none_apart() -> None:
    texts = ["truck", "truck", "truck", "snow"]
    assert closeness(["snow"], texts, vectors)[3] > closeness(["truck"], texts, vectors)[0] > 0


@pytest.mark.parametrize(
    ("words", "texts"), [([], ["snow"]), (["snow"], []), (["5", "-"], ["snow"]), (["snow"], ["", "5"])]
)
def test_without_words_nothing_is_near(words: list[str], texts: list[str]) -> None:
    assert closeness(words, texts, vectors) == [0.0] * len(texts)


async def test_the_local_model_compares_words() -> None:
    texts = ["The highway was closed after a blizzard.", "Please pay the invoice of October."]
    closed, invoice = await LocalEmbedder().closeness(["road", "snow"], texts)
    assert closed > 2 * invoice


async def test_other_models_do_not() -> None:
    class Whole(Embedder):
        name, dimensions = "whole-1", 1

        async def embed(self, texts: Sequence[str]) -> Vectors:
            return np.ones((len(texts), 1), dtype=np.float32)

    assert await Whole().closeness(["road"], ["snow"]) is None
