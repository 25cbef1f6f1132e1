"""The ranking by words, compared with the formula computed over all texts at once."""

from __future__ import annotations

import math
import random

from apex_cli.stores.graph.ladybug.scan_search import Bm25, query_terms

VOCABULARY = ["truck", "late", "snow", "chicago", "dock", "trucks"]


def textbook(terms: list[str], texts: dict[str, str]) -> list[str]:
    """Okapi BM25 with k1 = 1.2 and b = 0.75, best first."""
    words = {key: text.split() for key, text in texts.items()}
    mean = sum(map(len, words.values())) / len(words)

    def score(key: str) -> float:
        total = 0.0
        for term in terms:
            having = sum(term in found for found in words.values())
            count = words[key].count(term)
            weight = math.log(1 + (len(words) - having + 0.5) / (having + 0.5))
            total += weight * count * 2.2 / (count + 1.2 * (0.25 + 0.75 * len(words[key]) / mean))
        return total

    return sorted((key for key in texts if score(key) > 0), key=lambda key: (-score(key), key))


def test_texts_that_arrive_one_by_one_are_ranked_as_all_at_once() -> None:
    rng = random.Random(3)
    for _ in range(20):
        texts = {f"{n:03}": " ".join(rng.choices(VOCABULARY, k=rng.randint(1, 6))) for n in range(200)}
        terms = rng.sample(VOCABULARY, 3)
        ranking = Bm25(terms, limit=25)
        for key, text in rng.sample(sorted(texts.items()), len(texts)):
            ranking.add(key, text)
        assert ranking.best() == textbook(terms, texts)[:25]


def test_no_texts_are_ranked_as_none() -> None:
    assert Bm25(["truck"], limit=5).best() == []


def test_common_words_are_looked_for_only_where_there_are_no_others() -> None:
    assert query_terms("Where is the TRUCK?") == ["truck"]
    assert query_terms("where is it") == ["where", "is", "it"]
    assert query_terms("ship-2025-002") == ["ship-2025-002", "ship", "2025", "002"]
