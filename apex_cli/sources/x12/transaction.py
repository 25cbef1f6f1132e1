"""One transaction set: its segments by name, its loops, and its times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from apex_cli.errors import ExtractError
from apex_cli.extract import clean, timestamps
from apex_cli.extract.builder import Builder, EntityRef
from apex_cli.model import JsonObject
from apex_cli.sources.x12 import codes

Segment = Sequence[str]


@dataclass(frozen=True, slots=True)
class Transaction:
    """The segments of a set between ST and SE, each a list of elements whose first one is its name."""

    segments: Sequence[Segment]

    @classmethod
    def of(cls, payload: JsonObject) -> Transaction:
        """The set that a payload of `formats.x12` holds."""
        rows = (row for row in payload.get("segments") or [] if isinstance(row, list) and row)
        return cls([[str(element) for element in row] for row in rows])

    def all(self, *names: str) -> Iterator[Segment]:
        """The segments of these names, in order."""
        return (segment for segment in self.segments if segment[0] in names)

    def first(self, name: str) -> Segment:
        """The first segment of this name; one without elements where there is none."""
        return next(self.all(name), (name,))

    def loops(self, name: str) -> tuple[Transaction, list[Transaction]]:
        """What is before the first segment of this name, and one part from each of them to the next."""
        starts = [position for position, segment in enumerate(self.segments) if segment[0] == name]
        ends = [*starts[1:], len(self.segments)][: len(starts)]
        head = Transaction(self.segments[: starts[0]] if starts else self.segments)
        return head, [Transaction(self.segments[begin:end]) for begin, end in zip(starts, ends, strict=True)]


@dataclass(slots=True)
class Statement:
    """What is being made of one set: its builder, the shipment, and the phrases of its text."""

    builder: Builder
    shipment: EntityRef
    number: str
    source: str
    words: list[str] = field(default_factory=list)

    def say(self, *phrases: str | None) -> None:
        self.words.extend(phrase for phrase in phrases if phrase)


def at(segment: Segment, position: int) -> str:
    """The element of this number; empty where there is none."""
    return segment[position] if position < len(segment) else ""


def moment(
    date: str, time: str = "", code: str = "", *, state: str = "", builder: Builder | None = None, where: str = ""
) -> datetime | None:
    """A date of 6 or 8 digits with a time of 4 to 8, in the zone of its time code; None for no date.

    A time without a code or with that of local time is in the zone of its state, else in UTC; the builder gets a note
    of that. Raises `ExtractError` (`unreadable_time`), naming `where`.
    """
    if not date:
        return None
    if len(date) == 6:
        date = ("19" if date[:2] > "90" else "20") + date
    clock = f"T{time[:2]}:{time[2:4]}:{time[4:6] or '00'}" if len(time) >= 4 else ""
    zone = codes.STATE_ZONES.get(state) if code in codes.LOCAL_TIME else codes.ZONES.get(code)
    found = timestamps.parse(f"{date[:4]}-{date[4:6]}-{date[6:8]}{clock}", zone)
    if found is None or len(date) != 8:
        raise ExtractError(
            f"{where or 'the date'} {clean.line(f'{date} {time} {code}')!r} is no time that can be read",
            hint="X12 writes dates as YYYYMMDD and times as HHMM",
            code=timestamps.UNREADABLE,
        )
    if builder is not None and clock and zone is None:
        builder.note(f"{where} has the time code {code or 'none'}: its times count as UTC")
    return found


def implied(text: str, decimals: int = 2) -> float | None:
    """A number with implied decimals (X12 type N2): "167640" is 1676.40. One with a point is as it stands."""
    try:
        return float(text) if "." in text else int(text) / 10**decimals
    except ValueError:
        return None


def number(text: str) -> int | float | None:
    """A number as it stands."""
    try:
        found = float(text)
    except ValueError:
        return None
    return int(found) if found.is_integer() else found
