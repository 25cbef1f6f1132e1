"""Splits a file of X12 into segments, by the delimiters that each interchange gives for itself.

The ISA segment has a fixed length of 106 bytes, so its delimiters stand at fixed places (ASC X12.5):

    ISA*00*          *00*          *ZZ*SHIPPER        *02*LKHG           *251019*1423*U*00401*000000101*0*P*>~
       └ 3: between elements                                             82: repetition ┘ (from 00402 on)   ││
                                                              104: between components, 105: end of segment  ┘┘
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from apex_cli.errors import ReadError
from apex_cli.formats.charsets import decoded

ISA_BYTES = 106
LONGEST_SEGMENT = 64 * 1024
_BLOCK = 64 * 1024
_ISA = b"ISA"
_BOM = b"\xef\xbb\xbf"
_FILLING = b" \t\r\n\f\v\0\x1a"
"""Blanks, NUL, and Ctrl-Z, which ended files under DOS."""
# Where the separator of elements stands in an ISA segment.
_SEPARATORS = (3, 6, 17, 20, 31, 34, 50, 53, 69, 76, 81, 83, 89, 99, 101, 103)


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment: its elements, the first of which is its name. `number` counts within the file, from 1."""

    elements: tuple[str, ...]
    number: int

    @property
    def name(self) -> str:
        return self.elements[0]

    def at(self, position: int) -> str:
        """The element of this number, as the standard counts them (B10-02 is `at(2)`); empty where there is none."""
        return self.elements[position] if position < len(self.elements) else ""


def is_interchange(head: bytes) -> bool:
    """Whether a file that begins like this is X12: an ISA segment whose separators stand where they must."""
    isa = head.removeprefix(_BOM).lstrip()[:ISA_BYTES]
    return len(isa) == ISA_BYTES and isa.startswith(_ISA) and all(isa[at] == isa[3] for at in _SEPARATORS)


def segments(file: BinaryIO) -> Iterator[Segment]:
    """The segments of a file, lazily. Memory is bounded by one segment.

    Raises `ReadError` (`x12_syntax`), naming the segment: for what is no ISA where an interchange must begin, for a
    segment without an end, and for one that is too long.
    """
    data = bytearray(file.read(_BLOCK).removeprefix(_BOM))
    number = 0
    separators: tuple[bytes, bytes] | None = None
    while True:
        # Between interchanges and at the end of a file stands what other systems fill it with.
        del data[: len(data) - len(data.lstrip(_FILLING if separators is None else None))]
        if len(data) < LONGEST_SEGMENT and (block := file.read(_BLOCK)):
            data += block
            continue
        if not data:
            return
        number += 1
        if data.startswith(_ISA):
            separators = _separators(bytes(data[:ISA_BYTES]), number)
        elif separators is None:
            raise _syntax(number, f"an interchange must begin with ISA, not with {_shown(data)}")
        element, end = separators
        length = data.find(end)
        if length < 0:
            raise _syntax(number, f"{_shown(data)} has no end" if len(data) < LONGEST_SEGMENT else "is too long")
        text = decoded(bytes(data[:length]), "utf-8").text.strip()
        del data[: length + 1]
        if text:
            yield Segment(tuple(part.strip() for part in text.split(element.decode("latin-1"))), number)
        if text.startswith("IEA"):
            separators = None


def _separators(isa: bytes, number: int) -> tuple[bytes, bytes]:
    if not is_interchange(isa):
        raise _syntax(number, "ISA is not 106 bytes long, or its separators are not where they must be")
    return isa[3:4], isa[105:106]


def _shown(data: bytes | bytearray) -> str:
    return repr(bytes(data[:12]).decode("ascii", "replace"))


def _syntax(number: int, what: str) -> ReadError:
    return ReadError(
        f"segment {number}: {what}", hint="is the file cut off, or changed by an editor?", code="x12_syntax"
    )
