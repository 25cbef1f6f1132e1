"""Plain text: paragraphs between blank lines."""

from __future__ import annotations

import re
from collections.abc import Iterator

from apex_cli.documents.block import Block

FORMAT = "text"
EXTENSIONS = (".txt", ".text")
_BLANK_LINES = re.compile(r"\n(?:[^\S\n]*\n)+")


def blocks(content: str) -> Iterator[Block]:
    """The paragraphs of a text."""
    for paragraph in _BLANK_LINES.split(content):
        if text := paragraph.strip():
            yield Block(text)
