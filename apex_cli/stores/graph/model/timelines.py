"""The evidence of each timeline, stored in pages, so that a change costs the same however long the history is.

A vehicle that reports its position for a year has one timeline with 100,000 intervals. Its evidence stands in time
order in pages of at most `PAGE_RUNS` intervals, each page one row of `ApexTimeline`. The first page is named after the
timeline, and lists where the later pages start (microseconds). A later page is named `timeline#start`:

    page                        evidence                       page_starts
    1f|LOCATED_AT               100||r1|A, 200||r2|B, ...      [500, 900]
    1f|LOCATED_AT#500           500||r33|C, ...                []
    1f|LOCATED_AT#900           900||r65|A, ...                []

Page 0 holds the evidence before 500, page 1 that from 500 on, page 2 that from 900 on.

Pages are divided only between intervals, and only where the next interval starts strictly later than all evidence
before it. A change at one moment can reach one interval to either side of its own: it may split it, end it, or join it
with a neighbour. So a window of the page of that moment and one page to either side is enough, and the intervals
computed from the window are those of the whole timeline.

Example: evidence at 600 arrives. `select` takes pages 0 to 2 (page 1, and one to either side), `revise` computes the
intervals of these pages before and after, and `_repage` divides the result into pages again.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from apex_cli.model import FUNCTIONAL
from apex_cli.stores.graph.model.codec import pack_evidence, unpack_evidence
from apex_cli.stores.graph.model.operations import PAGES, GraphTransaction
from apex_cli.timeline import Evidence, Interval, intervals

PAGE_RUNS = 32
_NEXT_PAGE = "#"
_UNCERTAIN = "?"


class Timeline(NamedTuple):
    """One timeline; `object` is None for a functional predicate.

    Uncertain claims have timelines of their own: they can neither end nor support what a system of record says.
    """

    subject: str
    predicate: str
    object: str | None
    certain: bool = True

    @property
    def key(self) -> str:
        """The name of its first page."""
        predicate = self.predicate if self.certain else f"{_UNCERTAIN}{self.predicate}"
        return f"{self.subject}|{predicate}" if self.object is None else f"{self.subject}|{predicate}|{self.object}"

    @classmethod
    def named(cls, key: str) -> Timeline:
        """The timeline with this key."""
        subject, predicate, *target = key.split("|")
        return cls(
            subject,
            predicate.removeprefix(_UNCERTAIN),
            target[0] if target else None,
            not predicate.startswith(_UNCERTAIN),
        )


def timeline_of(subject: str, predicate: str, object_id: str, *, certain: bool = True) -> Timeline:
    """The timeline that a claim belongs to."""
    return Timeline(subject, predicate, None if predicate in FUNCTIONAL else object_id, certain)


@dataclass(slots=True)
class Edit:
    """What changes in one timeline. Evidence that is both removed and added stays."""

    removed: set[Evidence] = field(default_factory=set)
    added: set[Evidence] = field(default_factory=set)

    def span(self) -> tuple[int, int]:
        """First and last moment touched, in microseconds."""
        times = [piece.valid_at for piece in self.removed | self.added]
        return min(times), max(times)


@dataclass(frozen=True, slots=True)
class Revision:
    """The part of one timeline that an edit can change, before and after."""

    timeline: Timeline
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
    """Pages `first` to `last` of a timeline; page 0 is the first page, page `n` starts at `starts[n - 1]`.

    `contents` holds the evidence of these pages as stored. `exists` is false for a timeline without rows.
    """

    starts: list[int]
    exists: bool
    first: int = 0
    last: int = 0
    contents: list[list[str]] = field(default_factory=list)

    def select(self, span: tuple[int, int]) -> None:
        """Select the pages that contain the span, and one page to either side."""
        self.first = max(0, bisect_right(self.starts, span[0]) - 1)
        self.last = min(len(self.starts), bisect_right(self.starts, span[1]) + 1)

    def pages(self, timeline: str) -> list[str]:
        """The names of the selected pages."""
        return [
            _page(timeline, None if index == 0 else self.starts[index - 1])
            for index in range(self.first, self.last + 1)
        ]

    def until(self) -> int | None:
        """Where the page after the window starts; None at the end of the timeline."""
        return self.starts[self.last] if self.last < len(self.starts) else None

    def evidence(self) -> list[Evidence]:
        return [unpack_evidence(text) for content in self.contents for text in content]


def revise(graph: GraphTransaction, edits: Mapping[Timeline, Edit]) -> tuple[list[Revision], PageChanges]:
    """Apply the edits to the timelines: how their intervals change, and how their pages do. Writes nothing."""
    windows = _load(graph, edits)
    revisions: list[Revision] = []
    changes = PageChanges()
    for timeline, edit in edits.items():
        window = windows[timeline]
        stored = window.evidence()
        wanted = edit.added.union(piece for piece in stored if piece not in edit.removed)
        before, after = _bounded(stored, window.until()), _bounded(wanted, window.until())
        revisions.append(Revision(timeline, before, after))
        _repage(timeline.key, window, after, changes)
    return revisions, changes


def read_evidence(
    graph: GraphTransaction, entries: Iterable[tuple[Timeline, Evidence]]
) -> dict[Timeline, list[Interval]]:
    """For each timeline the intervals around the given evidence, as stored."""
    edits: dict[Timeline, Edit] = {}
    for timeline, piece in entries:
        edits.setdefault(timeline, Edit()).added.add(piece)
    windows = _load(graph, edits)
    return {timeline: _bounded(window.evidence(), window.until()) for timeline, window in windows.items()}


def _load(graph: GraphTransaction, edits: Mapping[Timeline, Edit]) -> dict[Timeline, _Window]:
    """Two look-ups at most: the first pages, then the later pages that the edits can change."""
    keys = {timeline: timeline.key for timeline in edits}
    rows = _read(graph, list(keys.values()))
    windows: dict[Timeline, _Window] = {}
    wanted: list[str] = []
    for timeline, edit in edits.items():
        key = keys[timeline]
        row = rows.get(key)
        window = windows[timeline] = _Window(row[1] if row else [], row is not None)
        if window.starts:
            window.select(edit.span())
            wanted += [page for page in window.pages(key) if page != key]
    rows |= _read(graph, wanted)
    for timeline, window in windows.items():
        if window.exists:
            window.contents = [rows[page][0] for page in window.pages(keys[timeline])]
    return windows


def _read(graph: GraphTransaction, pages: Sequence[str]) -> dict[str, tuple[list[str], list[int]]]:
    return {row["page"]: (row["evidence"] or [], row["page_starts"] or []) for row in graph.look_up(PAGES, pages)}


def _bounded(evidence: Iterable[Evidence], until: int | None) -> list[Interval]:
    """The intervals of a window that ends where the next page starts.

    Evidence at that moment for an object of its own ends the last interval as the next page does. Its own interval is
    left out again.
    """
    if until is None:
        return intervals(evidence)
    return intervals([*evidence, Evidence("", _NEXT_PAGE, until)])[:-1]


def _repage(timeline: str, window: _Window, after: Sequence[Interval], changes: PageChanges) -> None:
    """Divide the window's new intervals into pages, and note what differs from the stored pages.

    Example: pages start at [500, 900], the window is pages 1 and 2, page 1 gets its interval 33 and page 2 holds 10.
    Then one chunk starts at 500 with 32 intervals, and one at 880 with 11. Page `#500` is set, page `#880` is inserted,
    page `#900` is deleted. The list of starts becomes [500, 880]. Page 0, which keeps the list, is outside the window,
    so it is only redirected.
    """
    if not window.exists and 0 < len(after) <= PAGE_RUNS:
        # So it is with most timelines: new, and on one page.
        changes.inserted.append((timeline, _packed(after), []))
        return
    chunks = _chunks(after)
    if window.first == 0 and not chunks:
        chunks = [[]]
    bounds = [chunk[0].valid_at if chunk else None for chunk in chunks]
    if window.first == 0:
        # The first page has no start: it also takes evidence that is older than all it holds.
        bounds[0] = None
    inside = [bound for bound in bounds if bound is not None]
    starts = [*window.starts[: max(0, window.first - 1)], *inside, *window.starts[window.last :]]
    old = dict(zip(window.pages(timeline), window.contents, strict=False)) if window.exists else {}
    new = {_page(timeline, bound): _packed(chunk) for bound, chunk in zip(bounds, chunks, strict=True)}
    if window.first == 0 and not starts and not new[timeline]:
        # Nothing is left of the timeline.
        changes.deleted += old
        return
    changes.deleted += [page for page in old if page not in new]
    for page, content in new.items():
        directory = starts if page == timeline else []
        if page not in old:
            changes.inserted.append((page, content, directory))
        elif old[page] != content or (page == timeline and starts != window.starts):
            changes.updated.append((page, content, directory))
    if window.first > 0 and starts != window.starts:
        changes.redirected.append((timeline, starts))


def _packed(runs: Sequence[Interval]) -> list[str]:
    return [pack_evidence(piece) for run in runs for piece in run.evidence]


def _chunks(runs: Sequence[Interval]) -> list[list[Interval]]:
    """Consecutive intervals, at most `PAGE_RUNS` each unless they cannot be divided (see the head of this module)."""
    chunks: list[list[Interval]] = []
    for run in runs:
        full = not chunks or len(chunks[-1]) >= PAGE_RUNS
        if full and (not chunks or chunks[-1][-1].evidence[-1].valid_at < run.valid_at):
            chunks.append([])
        chunks[-1].append(run)
    return chunks


def _page(timeline: str, start: int | None) -> str:
    return timeline if start is None else f"{timeline}#{start}"
