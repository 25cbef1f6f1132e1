"""Documents cut into pieces to embed and to search, along their own structure.

Neighbouring blocks under the same headings are packed up to `TARGET` characters. A block is cut only when it alone is
larger than `MAXIMUM`: prose at the end of a sentence, tables and code at the end of a line, without these at white
space, and in the end anywhere.

Example: under "Rates > Terms" are paragraphs of 500, 600, 300 and 3,000 characters. The first two are packed (1,102
with the blank line between them; the third would exceed 1,200). The third waits, and the fourth does not fit behind
it. So the chunks are: 1 and 2; 3; the beginning of 4, up to its last sentence end before 2,000; the rest of 4. Each
opens with "Rates > Terms: ", which counts towards the 2,000.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from apex_cli.errors import ReadError
from apex_cli.extract.clean import cut
from apex_cli.formats.part import Block

TARGET = 1_200
MAXIMUM = 2_000
MOST_CHUNKS = 5_000
_BETWEEN_HEADINGS = " > "
_BETWEEN_BLOCKS = "\n\n"
_SENTENCE_END = re.compile(r"[.!?…][\"')\]]*\s+|\n")
_LINE_END = re.compile(r"\n")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Chunk:
    """One piece: at most `MAXIMUM` characters, `text` opening with the heading path ("Rates > Terms: …").

    `place` is where it is in its document ("page 2"), that of all its blocks.
    """

    text: str
    heading_path: tuple[str, ...]
    place: str = ""


def chunk(blocks: Iterable[Block]) -> list[Chunk]:
    """The pieces of a document, in order; no word is lost.

    Raises `ReadError` (`too_large`) for more than `MOST_CHUNKS` pieces.
    """
    chunks: list[Chunk] = []
    for (path, place), section in groupby(blocks, key=lambda block: (block.heading_path, block.place)):
        prefix = _BETWEEN_HEADINGS.join(path) + ": " if path else ""
        for body in _packed(section, MAXIMUM - len(prefix)):
            if len(chunks) == MOST_CHUNKS:
                raise ReadError(
                    f"the document has more than {MOST_CHUNKS:,} pieces of text", hint="split it", code="too_large"
                )
            chunks.append(Chunk(prefix + body, path, place))
    return chunks


def _packed(blocks: Iterator[Block], maximum: int) -> Iterator[str]:
    """Blocks joined up to the target; those above the maximum cut."""
    target = min(TARGET, maximum)
    held = ""
    for block in blocks:
        if held and len(held) + len(_BETWEEN_BLOCKS) + len(block.text) > target:
            yield held
            held = ""
        *full, last = _cut(block, maximum)
        yield from full
        held = f"{held}{_BETWEEN_BLOCKS}{last}" if held else last
    if held:
        yield held


def _cut(block: Block, maximum: int) -> Iterator[str]:
    """The block in pieces of at most `maximum` characters."""
    *parts, last = cut(block.text, maximum, (_LINE_END, _SPACE) if block.by_line else (_SENTENCE_END, _SPACE))
    yield from (piece for part in parts if (piece := part.rstrip()))
    yield last.strip("\n")
