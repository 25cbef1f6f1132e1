"""Text made fit to store, to show and to embed: no control characters, no lone surrogates, bounded length.

Long text is cut in pieces where a reader would pause. A piece is as long as it may be, then shortened to the last good
boundary in its second half. Boundaries are tried in order, the best first; without any, the text is cut at the maximum.
With a maximum of 20 and the boundaries "sentence", "space":

    Left Chicago. Truck is late today.
    |---------|---------|           the first 20 characters: "Left Chicago. Truck "
              |-------- second half: the sentence ends at 14, so the piece is "Left Chicago. "
                  |---------|---------|   next: "Truck is late today." is exactly 20 and is the rest

The first half is never cut: a long piece that ends at a space is better than a tiny one that ends a paragraph.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from apex_cli.extract import cuts
from apex_cli.extract.identity import text_digest

NAME_LIMIT = 300
KEY_LIMIT = 200

# C0 and C1 controls but tab and newline; surrogates (not encodable as UTF-8, JSON may carry lone ones);
# zero-width marks and the bidirectional overrides that make one name look like another; line separators.
_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_BREAKS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
PIECE = 1_500
"""Characters of a piece of a record's text: what the embedding model reads well."""
_BOUNDARIES = tuple(map(re.compile, (r"(?<=\n)\n", r"\n", r"\. ", r"; ", r", ", r" ")))


def line(text: str, limit: int = NAME_LIMIT) -> str:
    """One line for people: NFC, white space collapsed, cut to `limit` characters. May be empty."""
    if text.isascii() and text.isprintable():
        if len(text) <= limit and "  " not in text and text[:1] != " " and text[-1:] != " ":
            return text
    else:
        # Cut before normalising: long runs of combining marks make normalisation slow.
        text = _UNFIT.sub("", unicodedata.normalize("NFC", _BREAKS.sub(" ", text[: 4 * limit])))
    collapsed = " ".join(text[: 4 * limit].split())
    return shortened(collapsed, limit)


def shortened(text: str, limit: int) -> str:
    """At most `limit` characters; what was cut is marked."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def folded(text: str) -> str:
    """Small letters without diacritics, for looking words up; other characters stay: "Échéance" is "echeance"."""
    plain = text.casefold()
    if plain.isascii():
        return plain
    return "".join(char for char in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(char))


def key_part(text: str) -> str:
    """A value inside of a key: as `line`, but a long value ends in its hash, so that two long values stay two."""
    if len(text) <= KEY_LIMIT:
        return line(text, KEY_LIMIT)
    return f"{line(text[:KEY_LIMIT], KEY_LIMIT - 20)}~{text_digest(text, 8)}"


def prose(text: str, limit: int) -> str:
    """Running text, at most `limit` characters: lines and paragraphs are kept, control characters and the like go."""
    if len(text) > limit:
        cuts.left_out(f"the text after its first {limit:,} characters")
    cut = text[:limit]
    if cut.isascii() and cut.isprintable():
        return cut.strip()
    return _UNFIT.sub("", _BREAKS.sub("\n", cut)).strip()


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


def joined(phrases: Iterable[str | None]) -> str:
    """The phrases that are not empty, with commas between."""
    return ", ".join(phrase for phrase in phrases if phrase)
