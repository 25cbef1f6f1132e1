"""What both Qdrant engines, the one in process and the server, hold of a record: its points, the same in each.

A point's payload:
    record_id, saga_id, source, data_type, external_id    whose text it is, and which attempt wrote it
    chunk         position of the piece in its record, from 0
    text          the piece
    event_time    RFC 3339
    visible       1 for readers, 0 before publishing; an integer, for the engine in process matches no boolean

Readers must filter on `visible = 1`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from apex_cli.errors import StoreTerminal
from apex_cli.model import Plan, PlanKind, point_ids
from apex_cli.stores.protocol import Hit, PointView, StoredSummary

T = TypeVar("T")

STORE = "vectors"
KEYWORDS = ("record_id", "saga_id", "source")
"""Payload fields that filters use, besides the integer `visible`: they are indexed."""
HELD = ["record_id", "saga_id", "visible"]
FOUND = ["record_id", "saga_id", "text"]
SHOWN = ["record_id", "saga_id", "visible", "chunk", "text"]
"""The payload fields that `held`, `hit` and `views` need."""
SLICE = 1_000
"""Points in one call to an engine."""


class Row(NamedTuple):
    """One point to be written."""

    id: str
    vector: list[float]
    payload: dict[str, Any]


def collection_name(namespace: str, model: str, dimensions: int) -> str:
    """The collection of a namespace for one embedding model: vectors of two models never mix."""
    suffix = f"-{dimensions}"
    return f"{namespace}-{model.removesuffix(suffix)}{suffix}"


def rows(plan: Plan, dimensions: int) -> Iterator[Row]:
    """The points of a plan, unseen. Raises `StoreTerminal` for vectors that do not fit."""
    if plan.kind is PlanKind.FORGET or plan.record is None or plan.embedded is None:
        return
    import numpy as np

    vectors, texts = plan.embedded.chunk_vectors, plan.embedded.extraction.chunks
    if vectors.shape != (plan.chunks, dimensions) or len(texts) != plan.chunks:
        raise StoreTerminal(
            STORE,
            f"{plan.chunks} pieces with {len(texts)} texts and vectors of shape {vectors.shape} "
            f"do not fit {dimensions} dimensions",
        )
    if not np.isfinite(vectors).all():
        raise StoreTerminal(STORE, f"the vectors of {plan.record.locator} hold values that are no numbers")
    shared = {
        "record_id": plan.record_id,
        "saga_id": plan.saga_id,
        "source": plan.record.source,
        "data_type": plan.record.data_type,
        "external_id": plan.record.external_id,
        "event_time": plan.embedded.extraction.event_time.isoformat(),
        "visible": 0,
    }
    pieces = zip(plan.point_ids(), vectors.tolist(), texts, strict=True)
    for index, (identifier, vector, text) in enumerate(pieces):
        yield Row(identifier, vector, {**shared, "chunk": index, "text": text})


def shown(plans: Iterable[Plan]) -> list[str]:
    """The points that publishing makes visible."""
    return [point for plan in plans if plan.kind is PlanKind.WRITE for point in plan.point_ids()]


def superseded(plans: Iterable[Plan]) -> list[str]:
    """The points that publishing removes."""
    replaced = [plan.superseded for plan in plans if plan.superseded is not None]
    return [point for old in replaced for point in point_ids(old.saga_id, old.chunks)]


def views(points: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str, list[PointView]]:
    """Points (id and payload) by record; a record's come by attempt, in their order."""
    found: dict[str, list[tuple[str, int, PointView]]] = {}
    for identifier, payload in points:
        view = PointView(identifier, payload["saga_id"], payload["visible"] == 1, payload["text"])
        found.setdefault(payload["record_id"], []).append((view.saga_id, payload["chunk"], view))
    return {
        record_id: [view for _, _, view in sorted(entries, key=lambda entry: entry[:2])]
        for record_id, entries in found.items()
    }


def hit(payload: Mapping[str, Any], score: float) -> Hit:
    """A point that a search found."""
    return Hit(payload["record_id"], payload["saga_id"], score, payload["text"])


class PointCounter:
    """Counts points by record, attempt and visibility."""

    def __init__(self) -> None:
        self._parts: dict[tuple[str, str, bool], int] = {}

    def add(self, payload: Mapping[str, Any]) -> None:
        """Count one point."""
        key = (payload["record_id"], payload["saga_id"], payload["visible"] == 1)
        self._parts[key] = self._parts.get(key, 0) + 1

    def held(self) -> list[StoredSummary]:
        """What was counted."""
        return [StoredSummary(record, saga, count, seen) for (record, saga, seen), count in self._parts.items()]


def slices(items: Sequence[T], size: int = SLICE) -> Iterator[Sequence[T]]:
    """`items` in calls of bounded size."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
