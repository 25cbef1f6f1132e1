"""Fault points that the tests kill at: which a run passes, and which are tested every time."""

from __future__ import annotations

import pytest

_SAGA = (
    "journal.prepare",
    "vectors.prepare",
    "cache.prepare",
    "graph.commit",
    "journal.commit",
    "vectors.publish",
    "cache.publish",
    "vectors.flush",
    "cache.flush",
    "journal.done",
)
_ONCE_A_RUN = ("staging.put", "staging.remove", "vectors.flush", "cache.flush", "journal.done")


def _around(*steps: str) -> tuple[str, ...]:
    return tuple(f"{step}.{moment}" for step in steps for moment in ("before", "after"))


SAGA_POINTS = _around(*_SAGA)
"""Points that each batch passes when nothing is wrong."""
INGEST_POINTS = _around("staging.put", *_SAGA, "staging.remove")
"""Points that an ingest passes when nothing is wrong."""
_SETTLING = _around("journal.claim", "graph.settle", "journal.resolve")
BACK = (*_SETTLING, *_around("vectors.discard", "cache.discard"))
"""Points that settling passes for an attempt that did not reach its pivot."""
FORWARD = (
    *_SETTLING,
    *_around("vectors.publish", "cache.publish", "vectors.flush", "cache.flush", "journal.done"),
)
"""Points that settling passes for an attempt that was past its pivot."""
PAST_THE_PIVOT = INGEST_POINTS.index("graph.commit.after")


def chosen(points: tuple[str, ...], always: tuple[str, ...]) -> list[object]:
    """The points as parameters. Those that are not in `always` are for the campaign."""
    return [pytest.param(point, marks=() if point in always else pytest.mark.campaign) for point in points]


def second_batch(point: str) -> str:
    """The fault that kills at a point when the second batch passes it."""
    return f"{point}:kill:{1 if point.startswith(_ONCE_A_RUN) else 2}"
