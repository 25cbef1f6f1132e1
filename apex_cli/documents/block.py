"""The piece of structure that a format hands to chunking."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, list item, table or the like, and the headings above it, outermost first.

    `by_line`: when it must be cut, it is cut between lines (tables, code) and not between sentences.
    """

    text: str
    heading_path: tuple[str, ...] = ()
    by_line: bool = False
