"""An envelope that is too large to be held: its long lists are read row by row, and what is around them is kept.

    {"total": 900000, "shipments": [{...}, {...}, ...], "next": null}

gives a value for each row, with the fields that came before it (`total`), and at the end one for the fields that are
no long list, if there are any (`total`, `next`). What cannot be taken so, such as one long text or a row that is itself
too large, fails alone.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

from apex_cli.errors import ReadError
from apex_cli.input_rules import ReadLimits
from apex_cli.reading.decode import SourcePosition, broken, decode, deep, large
from apex_cli.reading.structure import End, measure, pass_over
from apex_cli.reading.window import Window

_LONGEST_NAME = 64 * 1024
_OPENING = {ord("{"), ord("[")}


@dataclass(frozen=True, slots=True)
class LargeRow:
    """A row of a long list: `names` are those it stands under, from the outermost; `around` the fields before it."""

    line: int
    raw: bytes
    value: Any
    names: tuple[str, ...]
    around: dict[str, Any]


@dataclass(frozen=True, slots=True)
class LargeRest:
    """The fields of the envelope that are no long lists."""

    line: int
    value: dict[str, Any]


@dataclass(frozen=True, slots=True)
class LargeFlaw:
    """What cannot be taken. `ends` where it is unknown at which byte the next value begins."""

    line: int
    error: ReadError
    raw: bytes | None = None
    ends: bool = False


LargePart = LargeRow | LargeRest | LargeFlaw


@dataclass(slots=True)
class LargeObject:
    """Reads one object at the window's place. `is_record` says of the fields so far that they are a record's own."""

    window: Window
    limits: ReadLimits
    is_record: Callable[[dict[str, Any]], bool]
    _held: int = field(default=0, init=False)
    _fields: dict[str, Any] = field(default_factory=dict, init=False)

    def parts(self) -> Generator[LargePart, None, None]:
        """The parts. After a flaw that `ends`, the window's place means nothing."""
        line = self.window.line
        if (yield from self._members(())) and self._fields:
            yield LargeRest(line, self._fields)

    def _members(self, names: tuple[str, ...]) -> Generator[LargePart, None, bool]:
        """The members of an object; whether its end was reached."""
        window = self.window
        window.skip(1)
        if len(names) >= self.limits.max_depth:
            yield LargeFlaw(window.line, deep(self._place(), self.limits.max_depth), ends=True)
            return False
        first = True
        while window.skip_space():
            if window.data[window.pos] == ord("}") and first:
                window.skip(1)
                return True
            first = False
            name = self._name()
            if name is None or not window.skip_space():
                break
            if not (yield from self._member((*names, name))):
                return False
            separator = self._separator(b",}")
            if separator == ord("}"):
                return True
            if separator is None:
                break
        yield LargeFlaw(window.line, self._broken("the object is not closed"), ends=True)
        return False

    def _member(self, names: tuple[str, ...]) -> Generator[LargePart, None, bool]:
        window, place = self.window, self._place()
        extent = measure(window, self.limits.max_record_bytes, self.limits.max_depth)
        if extent.end is End.WHOLE:
            raw = window.data[window.pos : window.pos + extent.size]
            window.skip(extent.size)
            self._held += extent.size
            try:
                if self._held > self.limits.max_record_bytes:
                    raise large(place, self.limits.max_record_bytes)
                self._keep(names, decode(raw, place, self.limits.max_depth))
            except ReadError as error:
                yield LargeFlaw(place.line, error)
            return True
        first = window.data[window.pos]
        if extent.end is not End.LARGE or extent.deep:
            yield LargeFlaw(place.line, self._broken("a value breaks off"), ends=True)
            return False
        if first not in _OPENING or self.is_record(self._fields):
            yield LargeFlaw(place.line, large(place, self.limits.max_record_bytes))
            if pass_over(window, extent):
                return True
            yield LargeFlaw(window.line, self._broken("a value breaks off"), ends=True)
            return False
        return (yield from (self._members(names) if first == ord("{") else self._rows(names)))

    def _rows(self, names: tuple[str, ...]) -> Generator[LargePart, None, bool]:
        """The rows of a long list; whether its end was reached."""
        window = self.window
        window.skip(1)
        while window.skip_space():
            place = self._place()
            extent = measure(window, self.limits.max_record_bytes, self.limits.max_depth)
            raw = window.data[window.pos : window.pos + extent.size]
            if extent.end is End.WHOLE:
                window.skip(extent.size)
                try:
                    yield LargeRow(place.line, raw, decode(raw, place, self.limits.max_depth), names, self._fields)
                except ReadError as error:
                    yield LargeFlaw(place.line, error, raw)
            elif extent.end is End.LARGE and not extent.deep:
                yield LargeFlaw(place.line, large(place, self.limits.max_record_bytes))
                if not pass_over(window, extent):
                    break
            else:
                break
            separator = self._separator(b",]")
            if separator == ord("]"):
                return True
            if separator is None:
                break
        yield LargeFlaw(window.line, self._broken("the array is not closed"), ends=True)
        return False

    def _separator(self, known: bytes) -> int | None:
        """Passes over the byte between two values; None where it is none of these."""
        window = self.window
        if not window.skip_space() or window.data[window.pos] not in known:
            return None
        separator = window.data[window.pos]
        window.skip(1)
        return separator

    def _name(self) -> str | None:
        """The name of a member and the colon after it; None where there is none."""
        window = self.window
        extent = measure(window, _LONGEST_NAME, 1)
        if extent.end is not End.WHOLE or window.data[window.pos] != ord('"'):
            return None
        raw = window.data[window.pos : window.pos + extent.size]
        window.skip(extent.size)
        if not window.skip_space() or window.data[window.pos] != ord(":"):
            return None
        window.skip(1)
        try:
            return str(decode(raw, self._place(), 1))
        except ReadError:
            return None

    def _keep(self, names: tuple[str, ...], value: Any) -> None:
        """Keep a field where it stood: rows are read in the light of what is around them."""
        fields = self._fields
        for name in names[:-1]:
            inside = fields.setdefault(name, {})
            fields = inside if isinstance(inside, dict) else fields
        fields[names[-1]] = value

    def _broken(self, what: str) -> ReadError:
        place = self._place()
        return broken(place.line, place.column, what)

    def _place(self) -> SourcePosition:
        return SourcePosition(self.window.line, self.window.column, self.window.offset)
