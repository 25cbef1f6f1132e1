"""The text of a record: joined from phrases, cut into pieces for the embedder."""

from __future__ import annotations

from collections.abc import Iterable

PIECE = 1_500
_BREAKS = ("\n\n", "\n", ". ", "; ", ", ", " ")


def listed(phrases: Iterable[str | None]) -> str:
    """The phrases that there are, with commas between."""
    return ", ".join(phrase for phrase in phrases if phrase)


def shortened(text: str, limit: int) -> str:
    """At most `limit` characters; what was cut is marked."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def pieces(text: str, size: int = PIECE) -> tuple[str, ...]:
    """The text in pieces of at most `size` characters, cut after paragraphs, sentences or words where there are any."""
    found: list[str] = []
    start = 0
    while start < len(text):
        end = start + size
        if end < len(text):
            end = _cut(text, start, end)
        piece = text[start:end].strip()
        if piece:
            found.append(piece)
        start = end
    return tuple(found)


def _cut(text: str, start: int, end: int) -> int:
    for mark in _BREAKS:
        # Not in the first half: better one long piece cut at a word than crumbs cut at paragraphs.
        place = text.rfind(mark, start + (end - start) // 2, end)
        if place != -1:
            return place + len(mark)
    return end
