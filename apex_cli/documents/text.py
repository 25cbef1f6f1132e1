"""Plain text: paragraphs between blank lines."""

from __future__ import annotations

import re
from collections.abc import Iterator

from apex_cli.documents.format import Block, Format

_BLANK_LINES = re.compile(r"\n(?:[^\S\n]*\n)+")


class _Text(Format):
    name = "text"
    extensions = (".txt", ".text")

    def blocks(self, content: str) -> Iterator[Block]:
        """The paragraphs of a text."""
        for paragraph in _BLANK_LINES.split(content):
            if text := paragraph.strip():
                yield Block(text)


FORMAT = _Text()
