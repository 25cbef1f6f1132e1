"""The vectors of a memory: one collection for each embedding model, behind one `VectorStore`.

A version's points are in the collection of the model that embedded it. So a record moves to another model by a version
whose points are in another collection: they are shown first, and then the old ones are removed.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from apex_cli.model import Plan, PlanKind
from apex_cli.stores.protocol import PreparedStore, Purgeable
from apex_cli.stores.qdrant.points import STORE
from apex_cli.stores.views import ANY_RECORD, Hit, PointView, RecordFilter, StoredSummary

T = TypeVar("T")


class VectorCollection(PreparedStore, Protocol):
    """The points of one model."""

    @property
    def is_there(self) -> bool:
        """Whether `open` has found the collection, or made it."""

    async def read(self, record_ids: Sequence[str]) -> Mapping[str, Sequence[PointView]]:
        """See `VectorStore`."""

    async def search(self, vector: Sequence[float], *, limit: int, where: RecordFilter = ANY_RECORD) -> Sequence[Hit]:
        """See `VectorStore`."""

    async def drop(self) -> None:
        """Remove the collection, and close it. A kill leaves the whole collection, or none."""


class ModelCollections:
    """`VectorStore` over the collections of all models. `model` is the memory's own, opened with the store.

    `make(model, create)` gives the collection of a model, by the model's name. Those of other models are opened by
    `use`, or when a plan names them: another process may have begun to use one.
    """

    name = STORE

    def __init__(self, make: Callable[[str, bool], VectorCollection], model: str, *, create: bool = True) -> None:
        self._make = make
        self._own = model
        self._create = create
        self._open: dict[str, VectorCollection] = {}
        self._absent: set[str] = set()
        # Of two batches only one may open a collection.
        self._opening = asyncio.Lock()

    @property
    def models(self) -> tuple[str, ...]:
        return tuple(self._open)

    async def open(self) -> None:
        """Open the collection of the memory's own model. Raises `StoreUnavailable`."""
        await self.use([self._own])

    async def use(self, models: Sequence[str]) -> None:
        async with self._opening:
            for model in dict.fromkeys(models):
                if model not in self._open:
                    await self._open_one(model, create=self._create)

    async def _open_one(self, model: str, *, create: bool) -> VectorCollection:
        collection = self._make(model, create)
        try:
            await collection.open()
        except BaseException:
            await collection.close()
            raise
        self._open[model] = collection
        return collection

    async def close(self) -> None:
        """Close all of them. Idempotent; never raises."""
        opened, self._open = self._open, {}
        for collection in opened.values():
            await collection.close()

    async def check(self) -> Mapping[str, Any]:
        """The facts of the memory's own collection; `points` counts those of all."""
        facts, *others = [await collection.check() for collection in self._own_first()]
        if not others:
            return facts
        return {**facts, "points": sum(each.get("points", 0) for each in (facts, *others))}

    async def drop_empty(self, model: str) -> bool:
        if (await self._open[model].check())["points"]:
            return False
        await self._open.pop(model).drop()
        self._absent.add(model)
        return True

    async def prepare(self, plans: Sequence[Plan]) -> None:
        """See `PreparedStore`. Each plan's points go to the collection of its model."""
        parts: defaultdict[str, list[Plan]] = defaultdict(list)
        for plan in plans:
            if plan.embedded is not None:
                parts[plan.embedded.model].append(plan)
        await self.use(list(parts))
        await self._each(parts, "prepare")

    async def publish(self, plans: Sequence[Plan]) -> None:
        """See `PreparedStore`. No point is removed before those that take its place are visible."""
        await self._find_models_of(plans)
        writes = [plan for plan in plans if plan.kind is PlanKind.WRITE]
        shown = [replace(plan, superseded=()) if plan.superseded else plan for plan in writes]
        await self._each(_by_model(shown, self._models_of), "publish")
        removals: defaultdict[str, list[Plan]] = defaultdict(list)
        for plan in plans:
            for model in self.models:
                old = tuple(one for one in plan.superseded if one.model in (model, None))
                if old:
                    removals[model].append(replace(plan, kind=PlanKind.FORGET, superseded=old))
        await self._each(removals, "publish")

    async def discard(self, plans: Sequence[Plan]) -> None:
        await self._find_models_of(plans)
        await self._each(_by_model(plans, self._models_of), "discard")

    @property
    def needs_flush(self) -> bool:
        return any(collection.needs_flush for collection in self._own_first())

    async def flush(self) -> None:
        await self._all(lambda collection: collection.flush())

    async def list_unpublished(self) -> frozenset[str]:
        found = await self._all(lambda collection: collection.list_unpublished())
        return frozenset[str]().union(*found)

    async def sweep(self, saga_ids: frozenset[str]) -> int:
        return sum(await self._all(lambda collection: collection.sweep(saga_ids)))

    async def read(self, record_ids: Sequence[str]) -> Mapping[str, Sequence[PointView]]:
        found = await self._all(lambda collection: collection.read(record_ids))
        return {record: [view for each in found for view in each.get(record, ())] for each in found for record in each}

    async def search(
        self, model: str, vector: Sequence[float], *, limit: int, where: RecordFilter = ANY_RECORD
    ) -> Sequence[Hit]:
        return await self._open[model].search(vector, limit=limit, where=where)

    async def scan(self) -> AsyncIterator[Sequence[StoredSummary]]:
        """See `PreparedStore`: one collection after the other."""
        for collection in self._own_first():
            async for batch in collection.scan():
                yield batch

    def _own_first(self) -> list[VectorCollection]:
        return [self._open[self._own], *(one for model, one in self._open.items() if model != self._own)]

    def _models_of(self, plan: Plan) -> Sequence[str]:
        """Where the points of a plan may be."""
        return self.models if plan.model is None else [plan.model] if plan.model in self._open else []

    async def _find_models_of(self, plans: Sequence[Plan]) -> None:
        """Open the collections that these plans name, where they are there: one may have been dropped since."""
        named = {plan.model for plan in plans} | {old.model for plan in plans for old in plan.superseded}
        async with self._opening:
            for model in named - {None, *self._open, *self._absent}:
                collection = await self._open_one(str(model), create=False)
                if not collection.is_there:
                    await self._open.pop(str(model)).close()
                    self._absent.add(str(model))

    async def _each(self, parts: Mapping[str, Sequence[Plan]], step: str) -> None:
        await _together([getattr(self._open[model], step)(plans) for model, plans in parts.items()])

    async def _all(self, ask: Callable[[VectorCollection], Awaitable[T]]) -> list[T]:
        return await _together([ask(collection) for collection in self._own_first()])


class PurgeableCollections(ModelCollections):
    """Collections in files of this home: see `Purgeable`."""

    async def purge(self) -> None:
        for collection in self._own_first():
            if isinstance(collection, Purgeable):
                await collection.purge()


def _by_model(plans: Sequence[Plan], models: Callable[[Plan], Sequence[str]]) -> dict[str, list[Plan]]:
    parts: defaultdict[str, list[Plan]] = defaultdict(list)
    for plan in plans:
        for model in models(plan):
            parts[model].append(plan)
    return parts


async def _together(work: Sequence[Awaitable[T]]) -> list[T]:
    """Run all to their end, then raise the first error: nothing may still be writing when the caller cleans up."""
    done = await asyncio.gather(*work, return_exceptions=True)
    results: list[T] = []
    for outcome in done:
        if isinstance(outcome, BaseException):
            raise outcome
        results.append(outcome)
    return results
