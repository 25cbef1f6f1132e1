"""What a run's summary says of its records beyond their number: what was skipped, cut, assumed or not recognised.

Bounded: the first of each kind are kept, the others only counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

MOST_SHOWN = 5
_MOST_INPUTS = 10
_MOST_REASONS = 20


@dataclass(slots=True)
class NotedRecords:
    """Records of which there is something to say: how many, and the first ones with what it is.

    `notes` counts each note, and has the first record with it; `others` counts those that found no room in it.
    """

    records: int = 0
    first: list[tuple[str, str]] = field(default_factory=list)
    notes: dict[str, tuple[int, str]] = field(default_factory=dict)
    others: int = 0

    def add(self, locator: str, notes: Sequence[str]) -> None:
        self.records += 1
        if len(self.first) < MOST_SHOWN:
            self.first.append((locator, "; ".join(notes)))
        for note in notes:
            count, first = self.notes.get(note, (0, locator))
            if count or len(self.notes) < _MOST_REASONS:
                self.notes[note] = count + 1, first
            else:
                self.others += 1

    def most_common(self) -> list[tuple[str, int, str]]:
        """Each note with its number of records and the first of them, the most frequent ones first."""
        found = [(note, count, first) for note, (count, first) in self.notes.items()]
        return sorted(found, key=lambda each: -each[1])

    def as_json(self) -> dict[str, Any]:
        return {"records": self.records, "first": [{"locator": place, "note": what} for place, what in self.first]}


@dataclass(slots=True)
class Unrecognised:
    """Records of other JSON that no source knows, by the input that holds them: its number of records, and the nearest
    source, "" where none is near."""

    records: int = 0
    inputs: dict[str, tuple[int, str]] = field(default_factory=dict)
    more: bool = False

    def add(self, locator: str, looks_like: str) -> None:
        self.records += 1
        name = locator.rpartition(":")[0] or locator
        count, near = self.inputs.get(name, (0, ""))
        if count or len(self.inputs) < _MOST_INPUTS:
            self.inputs[name] = (count + 1, near or looks_like)
        else:
            self.more = True

    def as_json(self) -> dict[str, Any]:
        inputs = [
            {"input": name, "records": count, "looks_like": near or None} for name, (count, near) in self.inputs.items()
        ]
        return {"records": self.records, "inputs": inputs}


@dataclass(slots=True)
class Remarks:
    """All of these. `skipped` counts the reasons of skipped records, `unsupported` skipped files by their type."""

    unsupported: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    cut: NotedRecords = field(default_factory=NotedRecords)
    noted: NotedRecords = field(default_factory=NotedRecords)
    unrecognised: Unrecognised = field(default_factory=Unrecognised)

    def skip(self, reason: str) -> None:
        """Count a skipped record."""
        known = reason in self.skipped or len(self.skipped) < _MOST_REASONS
        self.skipped[reason if known else "other reasons"] += 1

    def as_json(self) -> dict[str, Any]:
        """The fields of the `summary` line of `--json`."""
        return {
            "unsupported": dict(self.unsupported.most_common()),
            "skipped_because": dict(sorted(self.skipped.items())),
            "cut": self.cut.as_json(),
            "noted": self.noted.as_json(),
            "unrecognised": self.unrecognised.as_json(),
        }
