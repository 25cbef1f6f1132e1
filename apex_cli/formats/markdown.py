"""Markdown: CommonMark 0.31 and GitHub's tables, cut into blocks by its own structure; nothing is rendered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from apex_cli.formats.format import TextFormat
from apex_cli.formats.part import Block

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

LONGEST_HEADING = 100
"""Characters of a heading in the heading path of its sections; a longer one becomes a paragraph as well."""

_ATX_BEGIN = re.compile(r"^#{1,6}(?=\s|$)")
_ATX_END = re.compile(r"(?<=\s)#+\s*$")
_BY_LINE = frozenset({"table_open", "fence", "code_block", "html_block"})
_ITEMS = frozenset({"bullet_list_open", "ordered_list_open"})


class _Markdown(TextFormat):
    name = "markdown"
    extensions = (".md", ".markdown")

    def blocks(self, content: str) -> Iterator[Block]:
        return _blocks(content)


FORMAT = _Markdown()


def _blocks(content: str) -> Iterator[Block]:
    """The blocks of a document under their headings. A heading with nothing under it is a block by itself."""
    lines = content.split("\n")
    headings: list[tuple[int, str]] = []
    bare = False
    done = 0
    for kind, level, begin, end in _spans(_parser().parse(content)):
        yield from _block(lines, done, begin, headings)
        bare = bare and not _text(lines, done, begin)
        done = end
        if kind == "hr":
            continue
        if kind != "heading_open":
            yield from _block(lines, begin, end, headings, by_line=kind in _BY_LINE)
            bare = False
            continue
        heading = _heading(_text(lines, begin, end))
        if bare and level <= headings[-1][0]:
            yield Block(headings[-1][1], _path(headings[:-1]))
            bare = False
        while headings and headings[-1][0] >= level:
            headings.pop()
        # An empty heading says nothing: the one above it is still without text.
        bare = bool(heading) or bare
        if len(heading) > LONGEST_HEADING:
            yield Block(heading, _path(headings))
            heading, bare = heading[: LONGEST_HEADING - 1] + "…", False
        if heading:
            headings.append((level, heading))
    if bare and not _text(lines, done, len(lines)):
        yield Block(headings[-1][1], _path(headings[:-1]))
    yield from _block(lines, done, len(lines), headings)


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable("table").disable("reference")
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser


def _spans(tokens: list[Token]) -> Iterator[tuple[str, int, int, int]]:
    """Kind, heading level and lines (from, to) of every outermost block; of lists, of every item."""
    for token in tokens:
        item = token.type == "list_item_open" and token.level == 1
        outermost = token.level == 0 and token.nesting >= 0 and token.type not in _ITEMS
        if token.map is not None and (item or outermost):
            level = int(token.tag[1]) if token.type == "heading_open" else 0
            begin, end = token.map
            yield token.type, level, begin, end


def _block(
    lines: list[str], begin: int, end: int, headings: list[tuple[int, str]], *, by_line: bool = False
) -> Iterator[Block]:
    if text := _text(lines, begin, end):
        yield Block(text, _path(headings), by_line)


def _text(lines: list[str], begin: int, end: int) -> str:
    return "\n".join(lines[begin:end]).strip("\n").rstrip()


def _path(headings: list[tuple[int, str]]) -> tuple[str, ...]:
    return tuple(heading for _, heading in headings)


def _heading(source: str) -> str:
    """The text of a heading in either form: `## Terms ##`, or underlined."""
    *lines, last = source.strip().split("\n")
    if lines:
        return " ".join(line.strip() for line in lines)
    return _ATX_END.sub("", _ATX_BEGIN.sub("", last)).strip()
