"""Long text in pieces, cut where a reader would pause.

A piece is as long as it may be, then shortened to the last good boundary in its second half. Boundaries are tried in
order, the best first; without any, the text is cut at the maximum. With a maximum of 20 and the boundaries "sentence",
"space":

    Left Chicago. Truck is late today.
    |---------|---------|           the first 20 characters: "Left Chicago. Truck "
              |-------- second half: the sentence ends at 14, so the piece is "Left Chicago. "
                  |---------|---------|   next: "Truck is late today." is exactly 20 and is the rest

The first half is never cut: a long piece that ends at a space is better than a tiny one that ends a paragraph.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

PIECE = 1_500
"""Characters of a piece of a record's text: what the embedding model reads well."""
_BOUNDARIES = tuple(map(re.compile, (r"(?<=\n)\n", r"\n", r"\. ", r"; ", r", ", r" ")))


def pieces(text: str, size: int = PIECE) -> tuple[str, ...]:
    """The text in pieces of at most `size` characters, without the space around them; none for a blank text."""
    return tuple(piece for part in cut(text, size, _BOUNDARIES) if (piece := part.strip()))


def cut(text: str, maximum: int, boundaries: Sequence[re.Pattern[str]]) -> Iterator[str]:
    """Slices of at most `maximum` characters that add up to the text. A slice ends where a boundary's match ends."""
    start = 0
    while len(text) - start > maximum:
        window = text[start : start + maximum]
        size = next((end for boundary in boundaries if (end := _last_end(boundary, window))), maximum)
        yield window[:size]
        start += size
    yield text[start:]


def _last_end(boundary: re.Pattern[str], window: str) -> int:
    """Where the last match in the second half of the window ends; 0 without a match."""
    end = 0
    for match in boundary.finditer(window, len(window) // 2):
        end = match.end()
    return end
