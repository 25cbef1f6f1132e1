"""The rows of delimited text (RFC 4180 and what programs write instead), in memory bounded by one row.

A quote that is not closed swallows rows up to the next quote. This is found by the rows in it, which have as many cells
as the others; then only the row with that quote is broken.
"""

from __future__ import annotations

import csv
import io
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from apex_cli.errors import ReadError

DELIMITERS = (",", ";", "\t", "|")
SAMPLED = 256 * 1024
_SAMPLED_ROWS = 200
_READ_AT_ONCE = 1024 * 1024
_LOOKED_AT = 50
_LIKE_ROWS = 0.8
_QUOTE = '"'
# Rows are bounded by `_Lines`; the module's own bound of a cell (128 KiB) would name no row.
csv.field_size_limit(2**31 - 1)


@dataclass(frozen=True, slots=True)
class DelimitedRow:
    """One row. `number` is that of a spreadsheet: from 1, blank ones counted."""

    number: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A row that cannot be read."""

    number: int
    error: ReadError


@dataclass(frozen=True, slots=True)
class Dialect:
    """`width` is the usual number of cells. `escaped`: a quote in a cell has a backslash before it."""

    delimiter: str
    width: int
    escaped: bool = False

    def parsed(self, lines: Iterator[str]) -> Iterator[list[str]]:
        """The rows of these lines."""
        if self.escaped:
            return csv.reader(lines, delimiter=self.delimiter, doublequote=False, escapechar="\\")
        return csv.reader(lines, delimiter=self.delimiter)


def dialect_of(sample: str, extension: str) -> Dialect:
    """The dialect of a text by its beginning: the delimiter by which most rows have one number of cells."""
    lines = sample.splitlines(keepends=True)[: _SAMPLED_ROWS * 4]
    first = lines[0].strip() if lines else ""
    if first.lower().startswith("sep=") and len(first) == 5:
        return Dialect(first[4], _widths(lines[1:], first[4]).most_common(1)[0][0] if lines[1:] else 1)
    preferred = "\t" if extension in (".tsv", ".tab") else ","
    best, score = Dialect(preferred, 1), (0.0, 0, False)
    for delimiter in DELIMITERS:
        widths = _widths(lines, delimiter)
        if not widths or max(widths) < 2:
            continue
        width, count = max(((each, rows) for each, rows in widths.items() if each > 1), key=lambda pair: pair[::-1])
        share = round(count / sum(widths.values()), 1)
        if (share, width, delimiter == preferred) > score:
            best, score = Dialect(delimiter, width), (share, width, delimiter == preferred)
    escaped = '\\"' in sample and '""' not in sample
    return Dialect(best.delimiter, best.width, escaped)


def rows(text: io.TextIOBase, dialect: Dialect, longest: int) -> Iterator[DelimitedRow | BrokenRow]:
    """All rows; one of more than `longest` characters is broken, and the others go on."""
    lines = _Lines(text, longest)
    reader = dialect.parsed(lines)
    number = 0
    while True:
        lines.begin()
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except _TooLong:
            if _is_unclosed(lines.held, dialect, ended=False):
                lines.again(lines.held[1:])
                yield BrokenRow(number, _unclosed())
                continue
            lines.skip_row()
            yield BrokenRow(
                number,
                ReadError(
                    f"the row is larger than {longest:,} characters",
                    hint="set APEX_MAX_RECORD_BYTES to take larger rows",
                    code="too_large",
                ),
            )
            continue
        except csv.Error as error:
            yield BrokenRow(number, ReadError(f"the row cannot be read: {error}", code="broken_row"))
            continue
        if len(lines.held) > 1 and (
            _is_unclosed(lines.held, dialect, ended=True) or (len(cells) == 1 and _are_cut_alike(lines.held, dialect))
        ):
            lines.again(lines.held[1:])
            yield BrokenRow(number, _unclosed())
            continue
        yield DelimitedRow(number, cells)


class _TooLong(Exception):
    """More characters in one row than it may have."""


class _Lines:
    """The lines of a text, those of the row at hand held."""

    def __init__(self, text: io.TextIOBase, longest: int) -> None:
        self.held: list[str] = []
        self._text = text
        self._longest = longest
        self._left = longest
        self._pending: deque[str] = deque()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._pending.popleft() if self._pending else self._text.readline(self._left + 1)
        if not line:
            raise StopIteration
        self.held.append(line)
        self._left -= len(line)
        if self._left < 0:
            raise _TooLong
        return line

    def begin(self) -> None:
        """The next line is the first one of a row."""
        self.held = []
        self._left = self._longest

    def again(self, lines: Sequence[str]) -> None:
        """These lines come next."""
        self._pending.extendleft(reversed(lines))

    def skip_row(self) -> None:
        """Leave out the rest of a row that is too long: up to a line end outside of quotes."""
        quoted = sum(line.count(_QUOTE) for line in self.held) % 2 == 1
        line = self.held[-1]
        self.held = []
        while quoted or not line.endswith(("\n", "\r")):
            line = self._pending.popleft() if self._pending else self._text.readline(_READ_AT_ONCE)
            if not line:
                return
            quoted ^= line.count(_QUOTE) % 2 == 1


def _is_unclosed(lines: Sequence[str], dialect: Dialect, *, ended: bool) -> bool:
    """Whether a row of several lines is several rows that a quote holds together: its other lines are rows by
    themselves, with as many cells as all have and with quotes in pairs. `ended`: the last line ends the row."""
    if dialect.width < 2:
        return False
    others = [line for line in lines[1:] if line.strip()]
    looked_at = others[:_LOOKED_AT]
    alike = sum(_is_row(line, dialect) for line in looked_at)
    return alike > 0 and alike >= _LIKE_ROWS * len(looked_at) and (not ended or _is_row(others[-1], dialect))


def _are_cut_alike(lines: Sequence[str], dialect: Dialect) -> bool:
    """Whether all lines of a row with one cell have the delimiters of a row, if not its quotes in pairs."""
    others = [line for line in lines[1:] if line.strip()][:_LOOKED_AT]
    usual = dialect.width - 1
    return usual > 0 and bool(others) and all(line.count(dialect.delimiter) == usual for line in others)


def _is_row(line: str, dialect: Dialect) -> bool:
    return line.count(_QUOTE) % 2 == 0 and len(next(dialect.parsed(iter([line])), [])) == dialect.width


def _unclosed() -> ReadError:
    return ReadError(
        "a quote in the row is not closed", hint="close it, or double it inside of a cell", code="broken_row"
    )


def _widths(lines: Sequence[str], delimiter: str) -> Counter[int]:
    """How many rows have how many cells, blank ones left out; without the last one, which may be cut.

    Where rows have several lines, a quote may not be closed: the lines by themselves count as well.
    """
    found: Counter[int] = Counter()
    last = 0
    try:
        for number, cells in enumerate(csv.reader(iter(lines), delimiter=delimiter)):
            if number > _SAMPLED_ROWS:
                break
            last = len(cells)
            found[last] += bool(cells)
    except csv.Error:
        return Counter()
    if sum(found.values()) > 2:
        found[last] -= 1
    if sum(found.values()) < len(lines) - 1:
        found.update(len(next(csv.reader([line], delimiter=delimiter), [])) for line in lines[:_SAMPLED_ROWS])
        del found[0]
    return +found
