"""The points of a record, the same in both Qdrant engines (embedded and server). Pure.

The payload of a point:
    record_id, saga_id, source, data_type, external_id    the record, and the saga that wrote the point
    chunk         position of the chunk in its record, from 0
    text          the chunk
    place         where the chunk is in its file ("rate-con.pdf, page 2"); only for files that have such places
    event_time    RFC 3339
    visible       1 once published, before that 0; an integer, because the embedded engine matches no boolean

Readers must filter on `visible = 1`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from apex_cli.errors import StoreTerminal
from apex_cli.model import Plan, PlanKind, point_ids
from apex_cli.stores.views import Hit, PointView, RecordFilter, StoredSummary

T = TypeVar("T")

STORE = "vectors"
KEYWORD_FIELDS = ("record_id", "saga_id", "source", "data_type")
"""Payload fields with a keyword index, because filters use them. `visible` has an integer index, `event_time` one of
times."""
SUMMARY_FIELDS = ["record_id", "saga_id", "visible"]
"""Payload fields that `PointCounter` reads."""
HIT_FIELDS = ["record_id", "saga_id", "text", "place"]
"""Payload fields that `to_hit` reads."""
VIEW_FIELDS = ["record_id", "saga_id", "visible", "chunk", "text", "place"]
"""Payload fields that `point_views` reads."""
SLICE = 1_000
"""Largest number of points, or of ids in a filter, in one call to an engine."""


class NewPoint(NamedTuple):
    """One point to write."""

    id: str
    vector: list[float]
    payload: dict[str, Any]


def collection_name(namespace: str, model: str, dimensions: int) -> str:
    """The collection of a namespace and an embedding model: vectors of two models are never in one collection."""
    suffix = f"-{dimensions}"
    return f"{namespace}-{model.removesuffix(suffix)}{suffix}"


def new_points(plan: Plan, dimensions: int) -> Iterator[NewPoint]:
    """The points of a plan, not yet visible. Raises `StoreTerminal` for vectors of another size or not finite."""
    if plan.kind is PlanKind.FORGET or plan.record is None or plan.embedded is None:
        return
    import numpy as np

    vectors, texts = plan.embedded.chunk_vectors, plan.embedded.extraction.chunks
    if vectors.shape != (plan.chunks, dimensions) or len(texts) != plan.chunks:
        raise StoreTerminal(
            STORE,
            f"{plan.chunks} chunks with {len(texts)} texts and vectors of shape {vectors.shape} "
            f"do not fit {dimensions} dimensions",
        )
    if not np.isfinite(vectors).all():
        raise StoreTerminal(STORE, f"the vectors of {plan.record.locator} contain values that are not finite")
    shared = {
        "record_id": plan.record_id,
        "saga_id": plan.saga_id,
        "source": plan.record.source,
        "data_type": plan.record.data_type,
        "external_id": plan.record.external_id,
        "event_time": plan.embedded.extraction.event_time.isoformat(),
        "visible": 0,
    }
    chunks = zip(plan.point_ids(), vectors.tolist(), texts, strict=True)
    places = plan.embedded.extraction.chunk_places
    for index, (identifier, vector, text) in enumerate(chunks):
        where = {"place": places[index]} if places else {}
        yield NewPoint(identifier, vector, {**shared, "chunk": index, "text": text, **where})


def published_ids(plans: Iterable[Plan]) -> list[str]:
    """The points that publishing makes visible."""
    return [point for plan in plans if plan.kind is PlanKind.WRITE for point in plan.point_ids()]


def superseded_ids(plans: Iterable[Plan]) -> list[str]:
    """The points that publishing removes."""
    return [point for plan in plans for old in plan.superseded for point in point_ids(old.saga_id, old.chunks)]


def point_views(points: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str, list[PointView]]:
    """Points (id and payload) by record id; those of one record in the order of saga and chunk."""
    found: dict[str, list[tuple[str, int, PointView]]] = {}
    for identifier, payload in points:
        place = payload.get("place", "")
        view = PointView(identifier, payload["saga_id"], payload["visible"] == 1, payload["text"], place)
        found.setdefault(payload["record_id"], []).append((view.saga_id, payload["chunk"], view))
    return {
        record_id: [view for _, _, view in sorted(entries, key=lambda entry: entry[:2])]
        for record_id, entries in found.items()
    }


def to_hit(payload: Mapping[str, Any], score: float) -> Hit:
    """A point that a search found."""
    return Hit(payload["record_id"], payload["saga_id"], score, payload["text"], payload.get("place", ""))


def fields_of(where: RecordFilter) -> dict[str, list[str]]:
    """The payload fields that a point must have, and the values that each may have."""
    wanted = {"source": where.source, "data_type": where.data_type}
    return {field: [value] for field, value in wanted.items() if value is not None}


def times_of(where: RecordFilter) -> dict[str, datetime]:
    """The bounds of a point's `event_time`, as both engines name them."""
    bounds = {"gte": where.after, "lt": where.before, "lte": where.at}
    return {name: moment for name, moment in bounds.items() if moment is not None}


class PointCounter(Counter[tuple[str, str, bool]]):
    """Counts points by record, saga and visibility."""

    def count(self, payload: Mapping[str, Any]) -> None:
        self[payload["record_id"], payload["saga_id"], payload["visible"] == 1] += 1

    def summaries(self) -> list[StoredSummary]:
        """One summary for each record, saga and visibility that was counted."""
        return [StoredSummary(record, saga, count, visible) for (record, saga, visible), count in self.items()]


def slices(items: Sequence[T], size: int | None = None) -> Iterator[Sequence[T]]:
    """`items` in parts of at most `size`, by default `SLICE`."""
    size = size or SLICE
    for start in range(0, len(items), size):
        yield items[start : start + size]
