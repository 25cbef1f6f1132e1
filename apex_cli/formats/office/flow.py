"""The flow of a document while it is read: headings, and the blocks under them."""

from __future__ import annotations

import re

from apex_cli.formats.markdown import LONGEST_HEADING
from apex_cli.formats.part import Block

_BLANKS = re.compile(r"[^\S\n]+")
_LINE_ENDS = re.compile(r" ?\n ?(?:\n )*")


class Flow:
    """Collects blocks in their order. A heading with nothing under it is a block by itself."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._headings: list[tuple[int, str]] = []
        self._bare = False

    def heading(self, level: int, text: str) -> None:
        """A heading; what is under it follows. Level 1 is the highest."""
        line = " ".join(text.split())
        if not line:
            return
        if self._bare and level <= self._headings[-1][0]:
            self._put_bare()
        while self._headings and self._headings[-1][0] >= level:
            self._headings.pop()
        self._bare = len(line) <= LONGEST_HEADING
        if not self._bare:
            self.blocks.append(Block(line, self._path()))
            line = line[: LONGEST_HEADING - 1] + "…"
        self._headings.append((level, line))

    def text(self, text: str, *, by_line: bool = False, keep_blanks: bool = False) -> None:
        """A paragraph, list item or table."""
        shown = text.strip("\n").rstrip() if keep_blanks else _LINE_ENDS.sub("\n", _BLANKS.sub(" ", text)).strip()
        if shown.strip():
            self.blocks.append(Block(shown, self._path(), by_line))
            self._bare = False

    def end(self) -> tuple[Block, ...]:
        """All blocks, after the last one."""
        if self._bare:
            self._put_bare()
            self._bare = False
        return tuple(self.blocks)

    def _put_bare(self) -> None:
        self.blocks.append(Block(self._headings[-1][1], tuple(text for _, text in self._headings[:-1])))

    def _path(self) -> tuple[str, ...]:
        return tuple(text for _, text in self._headings)
