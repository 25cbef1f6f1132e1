"""The words of a question in a text that was found. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

_WORD = re.compile(r"\w+(?:[-'’]\w+)*")
_ENDINGS = ("ings", "ing", "ers", "er", "ed", "es", "s", "ly", "e")
_SHORTEST_STEM = 3


def matched(words: Sequence[str], text: str) -> tuple[str, ...]:
    """The words of the text that the question has too, as the text writes them, each once.

    Endings do not count: `delays` matches `delayed`.
    """
    wanted = {stem(part) for word in words for part in _WORD.findall(word)}
    found = (match.group() for match in _WORD.finditer(text))
    return tuple(dict.fromkeys(word for word in found if stem(word) in wanted))


def around(text: str, words: Sequence[str], width: int) -> str:
    """The part of the text, at most so long, that has the first of these words; the beginning if it is there."""
    lower = text.lower()
    first = min((place for place in (lower.find(word.lower()) for word in words) if place >= 0), default=0)
    if len(text) <= width or first < width * 2 // 3:
        return text[:width]
    start = text.rfind(" ", 0, max(first - width // 3, 1)) + 1
    return text[start : start + width]


def stem(word: str) -> str:
    """A word without case and English ending: `Delayed` and `delays` are `delay`."""
    word = word.casefold()
    if any(map(str.isdigit, word)):
        return word
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return word.removesuffix(ending)
    return word
