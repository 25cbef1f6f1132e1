"""The evidence of each timeline, in pages, so that a change costs the same however long the history is.

A slot's evidence stands in time order in pages of at most `PAGE_RUNS` intervals. The first page's row is named after
the slot and lists where the later pages start (microseconds); a later page's row is named `slot#start`. Pages divide
only between intervals, and only where the next one starts strictly later than all evidence before, so intervals
computed from a window of whole pages are those of the whole timeline: a change can reach one interval to either side,
and the window holds a page to either side.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from apex_cli.model import FUNCTIONAL, Predicate
from apex_cli.stores.graph.model.codec import micros, moment, pack_evidence, unpack_evidence
from apex_cli.stores.graph.model.operations import PAGES
from apex_cli.stores.graph.model.transaction import GraphTransaction
from apex_cli.timeline import Evidence, Interval, intervals

PAGE_RUNS = 32
_UNCERTAIN = "?"


class Timeline(NamedTuple):
    """One timeline; `object` is None for a functional predicate.

    What is uncertain has timelines of its own: it can neither end nor support what a system of record says.
    """

    subject: str
    predicate: str
    object: str | None
    certain: bool = True

    @property
    def key(self) -> str:
        """The name of its first page."""
        predicate = self.predicate if self.certain else f"{_UNCERTAIN}{self.predicate}"
        return "|".join(part for part in (self.subject, predicate, self.object) if part is not None)

    @classmethod
    def named(cls, key: str) -> Timeline:
        """The slot with this key."""
        subject, predicate, *target = key.split("|")
        return cls(
            subject,
            predicate.removeprefix(_UNCERTAIN),
            target[0] if target else None,
            not predicate.startswith(_UNCERTAIN),
        )


def timeline_of(subject: str, predicate: str, object_id: str, *, certain: bool = True) -> Timeline:
    """The timeline that a claim belongs to."""
    return Timeline(subject, predicate, None if Predicate(predicate) in FUNCTIONAL else object_id, certain)


@dataclass(slots=True)
class Edit:
    """What changes in one slot. What is both removed and added stays."""

    removed: set[Evidence] = field(default_factory=set)
    added: set[Evidence] = field(default_factory=set)

    def span(self) -> tuple[int, int]:
        """First and last moment touched, in microseconds."""
        times = [micros(piece.valid_at) for piece in self.removed | self.added]
        return min(times), max(times)


@dataclass(frozen=True, slots=True)
class Revision:
    """The part of one timeline that an edit can change, before and after."""

    slot: Timeline
    before: Sequence[Interval]
    after: Sequence[Interval]


@dataclass(slots=True)
class PageChanges:
    """Rows of `ApexTimeline` to write: (page, evidence, starts) to insert and to set; pages to delete.

    `redirected`: first pages of which only the list of starts changes.
    """

    inserted: list[tuple[str, list[str], list[int]]] = field(default_factory=list)
    updated: list[tuple[str, list[str], list[int]]] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    redirected: list[tuple[str, list[int]]] = field(default_factory=list)


@dataclass(slots=True)
class _Window:
    """Pages `first` to `last` of a slot; `contents` holds their rows' evidence as stored."""

    starts: list[int]
    exists: bool
    first: int = 0
    last: int = 0
    contents: list[list[str]] = field(default_factory=list)

    def aim(self, span: tuple[int, int]) -> None:
        self.first = max(0, bisect_right(self.starts, span[0]) - 1)
        self.last = min(len(self.starts), bisect_right(self.starts, span[1]) + 1)

    def pages(self, slot: str) -> list[str]:
        return [_page(slot, None if index == 0 else self.starts[index - 1]) for index in self.indexes()]

    def indexes(self) -> range:
        return range(self.first, self.last + 1)


def revise(graph: GraphTransaction, edits: Mapping[Timeline, Edit]) -> tuple[list[Revision], PageChanges]:
    """Apply the edits to the timelines: how their intervals change, and how their pages do. Writes nothing."""
    windows = _load(graph, edits)
    revisions: list[Revision] = []
    changes = PageChanges()
    for slot, edit in edits.items():
        window = windows[slot]
        held = [unpack_evidence(text) for content in window.contents for text in content]
        wanted = edit.added.union(piece for piece in held if piece not in edit.removed)
        until = window.starts[window.last] if window.last < len(window.starts) else None
        before, after = _bounded(held, until), _bounded(wanted, until)
        revisions.append(Revision(slot, before, after))
        _repage(slot.key, window, after, changes)
    return revisions, changes


def read_evidence(
    graph: GraphTransaction, claims: Iterable[tuple[Timeline, Evidence]]
) -> dict[Timeline, list[Interval]]:
    """For each slot the intervals around the given evidence, as stored."""
    edits: dict[Timeline, Edit] = {}
    for slot, piece in claims:
        edits.setdefault(slot, Edit()).added.add(piece)
    windows = _load(graph, edits)
    found: dict[Timeline, list[Interval]] = {}
    for slot, window in windows.items():
        until = window.starts[window.last] if window.last < len(window.starts) else None
        found[slot] = _bounded([unpack_evidence(text) for content in window.contents for text in content], until)
    return found


def _load(graph: GraphTransaction, edits: Mapping[Timeline, Edit]) -> dict[Timeline, _Window]:
    """Two look-ups at most: the first pages, then the later pages that the edits can change."""
    rows = _read(graph, [slot.key for slot in edits])
    windows: dict[Timeline, _Window] = {}
    wanted: list[str] = []
    for slot, edit in edits.items():
        row = rows.get(slot.key)
        window = _Window(row[1] if row else [], row is not None)
        window.aim(edit.span())
        windows[slot] = window
        wanted += [page for page in window.pages(slot.key) if page != slot.key]
    rows |= _read(graph, wanted)
    for slot, window in windows.items():
        if window.exists:
            window.contents = [rows[page][0] for page in window.pages(slot.key)]
    return windows


def _read(graph: GraphTransaction, pages: Sequence[str]) -> dict[str, tuple[list[str], list[int]]]:
    return {row["page"]: (row["evidence"] or [], row["page_starts"] or []) for row in graph.look_up(PAGES, pages)}


def _bounded(evidence: Iterable[Evidence], until: int | None) -> list[Interval]:
    """Intervals of a window that ends where the next page starts: something unlike all before stands there."""
    if until is None:
        return intervals(evidence)
    return intervals([*evidence, Evidence("", "", moment(until))])[:-1]


def _repage(slot: str, window: _Window, after: Sequence[Interval], changes: PageChanges) -> None:
    chunks = _chunks(after)
    if window.first == 0 and not chunks:
        chunks = [[]]
    bounds = [micros(chunk[0].valid_at) if chunk else None for chunk in chunks]
    if window.first == 0:
        bounds[0] = None
    later = [bound for bound in bounds if bound is not None]
    starts = [*window.starts[: max(0, window.first - 1)], *later, *window.starts[window.last :]]
    old = dict(zip(window.pages(slot), window.contents, strict=False)) if window.exists else {}
    new = {
        _page(slot, bound): [pack_evidence(piece) for run in chunk for piece in run.evidence]
        for bound, chunk in zip(bounds, chunks, strict=True)
    }
    if window.first == 0 and not starts and not new[slot]:
        changes.deleted += old
        return
    changes.deleted += [page for page in old if page not in new]
    for page, content in new.items():
        directory = starts if page == slot else []
        if page not in old:
            changes.inserted.append((page, content, directory))
        elif old[page] != content or (page == slot and starts != window.starts):
            changes.updated.append((page, content, directory))
    if window.first > 0 and starts != window.starts:
        changes.redirected.append((slot, starts))


def _chunks(runs: Sequence[Interval]) -> list[list[Interval]]:
    """Consecutive intervals, at most `PAGE_RUNS` each unless they cannot be divided."""
    chunks: list[list[Interval]] = []
    for run in runs:
        full = not chunks or len(chunks[-1]) >= PAGE_RUNS
        if full and (not chunks or chunks[-1][-1].evidence[-1].valid_at < run.valid_at):
            chunks.append([])
        chunks[-1].append(run)
    return chunks


def _page(slot: str, start: int | None) -> str:
    return slot if start is None else f"{slot}#{start}"
