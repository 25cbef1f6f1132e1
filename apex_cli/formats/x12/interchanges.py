"""Interchanges, groups and transaction sets: the envelopes of X12, and whether their counts and numbers agree.

    ISA … IEA   an interchange: from one company to another; IEA counts its groups
      GS … GE   a group of one kind of transaction sets; GE counts them
        ST … SE one transaction set; SE counts its segments, itself and ST included

A set whose SE does not agree fails alone. A GE or IEA that does not agree says that sets are missing: that is an error
of its own, and the sets that are there are taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from apex_cli.errors import ReadError
from apex_cli.formats.part import Ignored, Object, Part, Unreadable
from apex_cli.formats.x12.segments import Segment

MOST_SEGMENTS = 50_000
"""Segments of one transaction set; a longer one fails alone."""
ACKNOWLEDGEMENTS = {
    "997": "functional acknowledgement",
    "999": "implementation acknowledgement",
    "TA1": "interchange acknowledgement",
}
SUPPORTED = frozenset(("204", "210", "214", "990"))


@dataclass(slots=True)
class _Open:
    """What is open at a segment: the interchange, the group and the set, and what of them was counted."""

    isa: Segment | None = None
    gs: Segment | None = None
    groups: int = 0
    sets: int = 0
    body: list[Segment] = field(default_factory=list)
    too_long: bool = False

    @property
    def place(self) -> str:
        """ "ISA 000000101 ST 0001", as far as it is known."""
        parts = [f"ISA {self.isa.at(13)}"] if self.isa else []
        if self.body:
            parts.append(f"ST {self.body[0].at(2)}")
        return " ".join(parts)


def transaction_sets(segments: Iterator[Segment]) -> Iterator[Part]:
    """Each transaction set of the segments as a part, in order."""
    now = _Open()
    try:
        for segment in segments:
            yield from _STEPS.get(segment.name, _inside)(now, segment)
    except ReadError as error:
        yield Unreadable(now.place, error)
        return
    yield from _unended(now, None)


def _isa(now: _Open, segment: Segment) -> Iterator[Part]:
    yield from _unended(now, segment)
    now.isa, now.gs, now.groups, now.sets = segment, None, 0, 0


def _gs(now: _Open, segment: Segment) -> Iterator[Part]:
    yield from _set_unended(now, segment)
    if now.gs is not None:
        yield _error(now, segment, f"GS before the GE of group {now.gs.at(6)}")
    now.gs, now.sets = segment, 0
    now.groups += 1


def _st(now: _Open, segment: Segment) -> Iterator[Part]:
    yield from _set_unended(now, segment)
    now.body, now.too_long = [segment], False
    now.sets += 1


def _se(now: _Open, segment: Segment) -> Iterator[Part]:
    if not now.body:
        yield _error(now, segment, "SE without ST")
        return
    body, now.body = [*now.body, segment], []
    place = f"ISA {now.isa.at(13)} ST {body[0].at(2)}" if now.isa else f"ST {body[0].at(2)}"
    counted = len(body)
    if now.too_long:
        yield Unreadable(place, _wrong(segment, f"the transaction set has more than {MOST_SEGMENTS:,} segments"))
    elif segment.at(1).lstrip("0") != str(counted):
        wrong = f"SE says {segment.at(1) or 'nothing'} segments, there are {counted}"
        yield Unreadable(place, _wrong(segment, wrong))
    elif segment.at(2) != body[0].at(2):
        wrong = f"SE has the control number {segment.at(2)!r}, ST has {body[0].at(2)!r}"
        yield Unreadable(place, _wrong(segment, wrong))
    else:
        yield _part(now, place, body)


def _ge(now: _Open, segment: Segment) -> Iterator[Part]:
    yield from _set_unended(now, segment)
    group, now.gs = now.gs, None
    if group is None:
        yield _error(now, segment, "GE without GS")
    elif segment.at(1).lstrip("0") != str(now.sets or ""):
        yield _error(now, segment, f"GE says {segment.at(1)} transaction sets, there are {now.sets}")
    elif segment.at(2) != group.at(6):
        yield _error(now, segment, f"GE has the control number {segment.at(2)!r}, GS has {group.at(6)!r}")


def _iea(now: _Open, segment: Segment) -> Iterator[Part]:
    yield from _set_unended(now, segment)
    if now.gs is not None:
        yield _error(now, segment, f"IEA before the GE of group {now.gs.at(6)}")
    if now.isa is None:
        yield _error(now, segment, "IEA without ISA")
    elif segment.at(1).lstrip("0") != str(now.groups or ""):
        yield _error(now, segment, f"IEA says {segment.at(1)} groups, there are {now.groups}")
    elif segment.at(2) != now.isa.at(13):
        yield _error(now, segment, f"IEA has the control number {segment.at(2)!r}, ISA has {now.isa.at(13)!r}")
    now.isa = now.gs = None


def _ta1(now: _Open, segment: Segment) -> Iterator[Part]:
    yield Ignored(f"{now.place} {segment.name}".strip(), ACKNOWLEDGEMENTS["TA1"])


def _inside(now: _Open, segment: Segment) -> Iterator[Part]:
    """A segment of a set. Outside of a set it belongs to nothing."""
    if not now.body:
        yield _error(now, segment, f"{segment.name[:3]} stands outside of a transaction set")
    elif len(now.body) < MOST_SEGMENTS:
        now.body.append(segment)
    else:
        now.too_long = True


_STEPS = {"ISA": _isa, "GS": _gs, "ST": _st, "SE": _se, "GE": _ge, "IEA": _iea, "TA1": _ta1}


def _part(now: _Open, place: str, body: list[Segment]) -> Part:
    kind = body[0].at(1)
    if kind in ACKNOWLEDGEMENTS:
        return Ignored(place, f"X12 {kind}, {ACKNOWLEDGEMENTS[kind]}")
    if kind not in SUPPORTED:
        return Ignored(place, f"X12 {kind} is not read; these are: {', '.join(sorted(SUPPORTED))}")
    isa, gs = now.isa, now.gs
    return Object(
        {
            "transaction_set": kind,
            "version": gs.at(8) if gs else "",
            "sender": _party(isa, 5) or (gs.at(2) if gs else ""),
            "receiver": _party(isa, 7) or (gs.at(3) if gs else ""),
            "sent": _sent(isa, gs),
            "interchange": isa.at(13) if isa else "",
            "control_number": body[0].at(2),
            "segments": [list(segment.elements) for segment in body[1:-1]],
        },
        place=place,
    )


def _party(isa: Segment | None, position: int) -> str:
    """A company as an interchange names it: "ZZ:SHIPPER"."""
    return f"{isa.at(position)}:{isa.at(position + 1)}" if isa and isa.at(position + 1) else ""


def _sent(isa: Segment | None, gs: Segment | None) -> str:
    """When it was sent, as "20251019 1423": the group's date has its century."""
    if gs and len(gs.at(4)) == 8:
        return f"{gs.at(4)} {gs.at(5)[:4]}".strip()
    return f"20{isa.at(9)} {isa.at(10)}".strip() if isa and len(isa.at(9)) == 6 else ""


def _unended(now: _Open, segment: Segment | None) -> Iterator[Part]:
    """What was still open where a new interchange begins, or at the end of the file (no segment)."""
    yield from _set_unended(now, segment)
    if now.isa is not None:
        yield _error(now, segment, f"interchange {now.isa.at(13)} has no IEA")
    now.isa = now.gs = None


def _set_unended(now: _Open, segment: Segment | None) -> Iterator[Part]:
    if now.body:
        place, number = now.place, now.body[0].at(2)
        now.body = []
        yield Unreadable(place, _wrong(segment, f"transaction set {number} has no SE"))


def _error(now: _Open, segment: Segment | None, what: str) -> Unreadable:
    return Unreadable(now.place, _wrong(segment, what))


def _wrong(segment: Segment | None, what: str) -> ReadError:
    where = f"segment {segment.number} ({segment.name[:3]})" if segment else "end of the file"
    return ReadError(f"{where}: {what}", hint="ask the sender to send it again", code="x12_envelope")
