"""Plain text: its paragraphs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from apex_cli.formats.format import TextFormat
from apex_cli.formats.part import Block

_BLANK_LINES = re.compile(r"\n(?:[^\S\n]*\n)+")


class _PlainText(TextFormat):
    name = "text"
    extensions = (".txt", ".text")

    def blocks(self, content: str) -> Iterator[Block]:
        """The paragraphs between blank lines."""
        for paragraph in _BLANK_LINES.split(content):
            if text := paragraph.strip():
                yield Block(text)


FORMAT = _PlainText()
