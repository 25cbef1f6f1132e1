"""How near texts are to a question, word by word, by the vectors of words.

The average of its words says little of a long text: "two drivers swapped their tractors" is far from a mail of forty
words that says so in eight of them. So each word of the question looks for the word of the text that is nearest to it,
as in ColBERT's late interaction (Khattab and Zaharia, SIGIR 2020), here with vectors that know no context:

    closeness = mean, over the words of the question, of  similarity × weight of the nearest word of the text

The weight is that of BM25 among the texts that are compared: what all of them say makes no difference. So a number is
comparable only within one call.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from math import log
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apex_cli.model import Vectors

_WORD = re.compile(r"[^\W\d_]{2,}")
_MOST_CHARS = 4_000
_MOST_WORDS = 20_000
_FAR = 0.3
"""Words that are not nearer than this have nothing to do with each other."""


def closeness(words: Sequence[str], texts: Sequence[str], vectors: Callable[[Sequence[str]], Vectors]) -> list[float]:
    """Of each text, how near it is to the words of a question; 0 for not at all.

    `vectors` gives a row for each of some words. Of a text the first 4,000 characters count.
    """
    import numpy as np

    asked = list(dict.fromkeys(word.casefold() for word in words if _WORD.fullmatch(word)))
    if not asked:
        return [0.0] * len(texts)
    said = [set(_WORD.findall(text[:_MOST_CHARS].casefold())) for text in texts]
    counts = Counter(word for each in said for word in each)
    known = sorted(counts, key=lambda word: (counts[word], word))[:_MOST_WORDS]
    if not known:
        return [0.0] * len(texts)
    near = _unit(vectors(asked)) @ _unit(vectors(known)).T
    near[near < _FAR] = 0.0
    places = {word: place for place, word in enumerate(known)}
    weights = np.array([log(1 + (len(texts) - counts[word] + 0.5) / (counts[word] + 0.5)) for word in known])
    found = []
    for each in said:
        own = np.array(sorted(places[word] for word in each if word in places), dtype=np.intp)
        if not own.size:
            found.append(0.0)
            continue
        nearest = near[:, own].argmax(axis=1)
        similarity = near[np.arange(len(asked)), own[nearest]]
        found.append(float((similarity * weights[own[nearest]]).mean()))
    return found


def _unit(rows: Vectors) -> Vectors:
    import numpy as np

    lengths: Vectors = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.maximum(lengths, 1e-6)).astype(np.float32)
