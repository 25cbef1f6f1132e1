"""Values of a text beside their label: on its line, in the next cell, under the head of a column, on the next line.

The text is read line by line. Each token with a digit looks for its label, the nearest first:

- in its own cell: "PO # 4410", "Seal ........ UL-881", "PO4410", "the BOL number is 88910"
- in the cell to the left: `| PO number | 4410 |`
- in the head of its column, in a table with strokes, tabs, or wide blanks between its columns
- at the end of the line before, where a sentence or a form is broken there
- in the value before it, of which it continues the list: "PO 4410-A, 4411-A / 4412-A"
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from apex_cli.extract import labels, number_shapes, text_layout
from apex_cli.extract.label_words import Need
from apex_cli.extract.labels import Label, LabelReader
from apex_cli.extract.number_shapes import TOKEN, NumberValue
from apex_cli.extract.text_layout import Heads, TextLine


class Labelled(NamedTuple):
    """A value and its kind. `start` is where its label or the value begins, `how` the way in which it was found."""

    kind: str
    value: NumberValue
    start: int
    how: str
    label: Label


_AND = r"(?:AND|OR|Y|E|U|ET|OU)\b"
_SEPARATOR = re.compile(
    rf"(?:[ \t]?\([^()\n]{{1,40}}\))?[ \t]{{0,4}}(?:[,;/|&+]|,?[ \t]{{0,2}}{_AND})[ \t]{{0,4}}(?:\n[ \t>]{{0,8}})?"
    rf"(?:{_AND}[ \t]{{0,2}})?#?[ \t]?",
    re.ASCII,
)
_LONGEST_SEPARATOR = 64
_WORD_BEHIND = re.compile(rf"[ \t]{{1,2}}(?!{_AND})[A-Z]", re.ASCII)
_GLUED = re.compile(r"([A-Z]+)([-_]?)(?=[A-Z-]*\d)", re.ASCII)
_NOT_LISTED = frozenset(("mc", "dot", "mx", "ff", "scac", "check", "routing", "imo"))
_OF_PATHS = ("/", "\\", ".")
_JOINED_ONLY = frozenset(("mx", "ff", "reference"))
_MOST_WORDS = 4
_SHORTEST_WRAPPED = 4
_MOST_LINES_ABOVE = 6


def find(text: str, tokens: Sequence[tuple[int, int]]) -> Iterator[Labelled]:
    """All labelled values of a folded text, in order. `tokens` are those of `number_shapes.tokens`.

    Linear in the length of the text: a line is looked at once by its own tokens and once by those below it.
    """
    reader = LabelReader(text)
    line = TextLine(text, 0, -1)
    previous: Labelled | None = None
    count = 0
    for token in tokens:
        if token[0] > line.end:
            line = _next_line(line, token[0])
        listed = _listed(line, previous, count, token) if previous is not None else None
        found = _labelled(reader, line, token, listed) or listed
        if found is not None:
            count = count + 1 if found.how == "list" else 1
            line.kinds.add(found.kind)
            previous = found
            yield found


def _next_line(row: TextLine, position: int) -> TextLine:
    """The line that holds a position, with the heads of its table; `row` is the nearest line above that has a token."""
    text = row.text
    start = text.rfind("\n", row.end + 1, position) + 1 or row.end + 1
    end = text.find("\n", position)
    line = TextLine(text, start, end if end >= 0 else len(text))
    line.heads = _heads(line, row)
    return line


def _heads(line: TextLine, row: TextLine) -> Heads | None:
    """The heads over a line: those of the row above it, or a line of heads with one empty line between at most."""
    empty = 0
    for above in line.above(_MOST_LINES_ABOVE):
        if above.start <= row.start <= row.end:
            return row.heads if row.heads is not None and not empty and _goes_on(row.heads, row) else None
        if above.is_empty:
            empty += 1
        elif not above.is_rule:
            found = text_layout.heads_of(above)
            if found is not None or not above.has_columns:
                return found
        if empty > 1:
            return None
    return None


def _goes_on(heads: Heads, row: TextLine) -> bool:
    """Whether the table goes on below this row: it has columns, or is one column of such values."""
    return (heads.joint == row.joint and len(row.cells) > 1) or heads.is_of(row.kinds)


def _labelled(reader: LabelReader, line: TextLine, token: tuple[int, int], listed: Labelled | None) -> Labelled | None:
    """The token as a value beside a label of its own. `listed` is what it is if it continues a list."""
    start, end = _trimmed(line.text, *token)
    return (
        _beside(reader, line, start, end)
        or _glued(line, start, end, listed)
        or (_laid_out(reader, line, start, end) if line.begins_cell(start) else None)
    )


def _beside(reader: LabelReader, line: TextLine, start: int, end: int) -> Labelled | None:
    """A value behind its label on the same line, in the same cell where strokes or tabs make cells."""
    floor = line.cells[line.cell_of(start)].start if line.joint != " " else line.start
    found = reader.before(start, floor)
    if found is None or _is_of_another(found[0], line, start):
        return None
    label, between = found
    if between.strip() == "." and not label.numbered and not label.abbreviated:
        return None
    formed = "  " in between or "\t" in between or ".." in between
    if label.plural and not label.marked:
        # "3 vans 0800, 1200" are times.
        if label.need < Need.MARK and _begins_list(line.text, end, label):
            first = _made(line.text, start, end, _in_list(label), "label", label.start, formed=formed)
            return first._replace(label=label) if first is not None else None
        if label.need > Need.NOTHING:
            return None
    return _made(line.text, start, end, label, "label", label.start, formed=formed)


def _laid_out(reader: LabelReader, line: TextLine, start: int, end: int) -> Labelled | None:
    """A value whose label is in the line above, in the cell to the left, or over its column."""
    if line.is_first(start) and (found := _wrapped(reader, line, start, end)) is not None:
        return found
    if line.words_from(start) > _MOST_WORDS:
        return None
    if (label := line.label_left_of(start)) is not None:
        return _made(line.text, start, end, label, "cell", start, formed=True)
    label = _head(line, start)
    return _made(line.text, start, end, label, "column", start, formed=True) if label is not None else None


def _head(line: TextLine, start: int) -> Label | None:
    """The label of the column of a value."""
    return line.heads.label_over(line, line.cell_of(start))[0] if line.heads is not None else None


def _made(text: str, start: int, end: int, label: Label, how: str, begin: int, *, formed: bool) -> Labelled | None:
    value = number_shapes.value_at(text, start, end, label, label.kind, formed=formed)
    return Labelled(label.kind, value, begin, how, label) if value is not None else None


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """The token without joints at its ends."""
    while text[start] in "-_":
        start += 1
    while text[end - 1] in "-_":
        end -= 1
    return start, end


def _begins_list(text: str, end: int, label: Label) -> bool:
    """Whether one more value stands behind the first: "orders 90001 and 90002", but not "orders 500 units"."""
    separator = _SEPARATOR.match(text, end, end + _LONGEST_SEPARATOR)
    token = TOKEN.match(text, separator.end()) if separator is not None else None
    if token is None:
        return False
    return number_shapes.value_at(text, *_trimmed(text, *token.span()), _in_list(label), label.kind) is not None


def _in_list(label: Label) -> Label:
    """The label for one value of its list; its number sign stands for all of them: "Pickup #s: 7741093, 7741094"."""
    need = min(label.need, Need.MARK) if label.numbered else label.need
    return replace(label, need=need, numbered=False, marked=True, plural=False)


def _is_of_another(label: Label, line: TextLine, start: int) -> bool:
    """Whether a label that stands far to the left is in another column: the value has a head of its own."""
    if label.marked or line.joint != " " or "  " not in line.text[label.start : start]:
        return False
    index = line.cell_of(start)
    heads = line.heads if label.start < line.cells[index].start else None
    if heads is None or len(heads.columns) == 1:
        return False
    head, other = heads.label_over(line, index)
    return head is not None or other


def _glued(line: TextLine, start: int, end: int, listed: Labelled | None) -> Labelled | None:
    """A value that is written together with its label: PO4410, BOL-88910, RateCon_771204. A path is none: po/po2tbl.

    In a column or a list of other values its letters are no label: the seal MC811471, "POs: 10200, PU10201".
    """
    letters = _GLUED.match(line.text, start, end)
    label = labels.glued(letters[1]) if letters is not None else None
    if letters is None or label is None or line.text[start - 1 : start] in _OF_PATHS:
        return None
    head = _head(line, start)
    if listed is not None and listed.label.plural and not letters[2]:
        return None
    if (not letters[2] and label.kind in _JOINED_ONLY) or (head and head.kind not in (label.kind, "reference")):
        return None
    return _made(line.text, letters.end(), end, replace(label, numbered=True, start=start), "label", start, formed=True)


def _wrapped(reader: LabelReader, line: TextLine, start: int, end: int) -> Labelled | None:
    """A value at the beginning of a line whose label ends the line above, or is the first head in it."""
    above = line.nearest_above()
    if above is None or above.is_empty or len(above.cells) > 1:
        return None
    if (label := labels.first(above.content)) is not None and TOKEN.search(above.content) is None:
        return _made(line.text, start, end, label, "column", start, formed=True)
    found = reader.before(above.end, above.start)
    if found is None:
        return None
    label, _ = found
    if not label.marked and (label.need > Need.NOTHING or end - start < _SHORTEST_WRAPPED):
        return None
    return _made(line.text, start, end, label, "line above", start, formed=False)


def _listed(line: TextLine, previous: Labelled, count: int, token: tuple[int, int]) -> Labelled | None:
    """The token as one more value of a list, of which there are `count` so far.

    After a label in the singular and a comma, a number before a word is as likely something else: "PO 4410, 5501 Main
    Street", "load 55120, 2024 model".
    """
    if token[0] - previous.value.end > _LONGEST_SEPARATOR or previous.kind in _NOT_LISTED:
        return None
    text, label = line.text, previous.label
    start, end = _trimmed(text, *token)
    separator = _SEPARATOR.fullmatch(text, previous.value.end, start)
    if separator is None:
        return None
    mark = separator.group().strip(" \t\n#>")
    kind = label.others[count - 1] if count <= len(label.others) else previous.kind
    if not label.plural and not label.others:
        if mark == "|" or (previous.kind == "unit number" and mark in (",", "/")):
            return None
        if mark == "," and _WORD_BEHIND.match(text, end):
            return None
    value = number_shapes.value_at(text, start, end, _in_list(label), kind)
    return Labelled(kind, value, start, "list", label) if value is not None else None
