"""`apex reembed`: moves the messages and documents of a memory to another embedding model, by the saga.

Each record is written once more, as a repair does it: readers see it with the old vectors or with the new ones. What is
done is in PostgreSQL, so a run that is killed or interrupted leaves the rest to the next one. Search asks the
collections of both models meanwhile. A collection that is empty at the end is removed.

A graph that holds vectors for other programs gets those that it lacks: of names and facts that came while it held none.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial

from apex_cli.config import Settings
from apex_cli.embed.apply import name_text
from apex_cli.errors import ConfigError, EmbedError, RecordError, RunHalted, StoreError, StoreTransient
from apex_cli.pipeline.context import Observer, Stop, coordinator_for
from apex_cli.pipeline.rewrite import write_again
from apex_cli.pipeline.upgrade import open_upgraded
from apex_cli.results import RecordResult, RecordStatus, RunSummary
from apex_cli.saga.coordinator import Coordinator
from apex_cli.sources.registry import text_types
from apex_cli.stores.factory import Stores
from apex_cli.stores.postgres.models import FIRST
from apex_cli.stores.protocol import Fillable

_BATCH = 16
"""Records of one step: a run that is killed loses the vectors of so many at most."""
_FILLED = 500
"""Names and facts of one step."""


class Reembedding:
    """One run. `model` is the name of the model for text, `dropped` those whose collections were removed.

    `filled` counts names and facts of the graph that got a vector.
    """

    def __init__(self, settings: Settings, summary: RunSummary, observer: Observer, stop: Stop) -> None:
        self.summary = summary
        self.model = ""
        self.dropped: list[str] = []
        self.filled = 0
        self._settings = settings
        self._observer = observer
        self._stop = stop

    async def run(self) -> None:
        """Move everything; with `dry_run` only count it. Raises `StartError`, where the model does not work too."""
        started = time.monotonic()
        self._observer.phase("starting the stores")
        async with open_upgraded(self._settings) as stores:
            self.model = stores.embedding.text.name
            if self.summary.dry_run:
                self.summary.counts[RecordStatus.PENDING] = await stores.models.misplaced(self.model, text_types())
            else:
                await _check(stores)
                await self._recorded(stores)
        self.summary.interrupted = self._stop.signal
        self.summary.seconds = time.monotonic() - started

    async def _recorded(self, stores: Stores) -> None:
        summary = self.summary
        coordinator = coordinator_for(self._settings, stores, run_id=summary.run_id, stats=summary.stats)
        await stores.runs.start(summary.run_id, "reembed", {"model": self.model})
        recovered = await coordinator.recover()
        summary.recovered = recovered.rolled_forward + recovered.aborted
        summary.needs_manual_recovery = len(recovered.needs_manual_recovery)
        # From now on new text gets this model too.
        await stores.models.choose(self.model)
        self._observer.phase(f"embedding by {self.model}")
        try:
            async with coordinator.grouped():
                await self._move(stores, coordinator)
        except StoreError as error:
            summary.reason = summary.reason or error
        if summary.reason is None and not self._stop.signal:
            await self._drop(stores)
            await self._fill(stores)
        summary.interrupted = self._stop.signal
        await stores.runs.finish(summary.run_id, summary.as_json(), summary.exit_code)

    async def _move(self, stores: Stores, coordinator: Coordinator) -> None:
        """Every record is tried once, in the order of their ids."""
        find = partial(stores.models.next_misplaced, self.model, text_types(), limit=_BATCH)
        after = FIRST
        while not self._stop.signal and (ids := await find(after=after)):
            try:
                for result in await self._written(stores, coordinator, ids):
                    self.summary.add(result)
                    self._observer.outcome(result)
            except RunHalted as error:
                self.summary.reason = error
                return
            if coordinator.tripped():
                self.summary.reason = StoreTransient(
                    "run", "a store keeps failing", hint="`apex doctor` checks every store"
                )
                return
            after = ids[-1]

    async def _written(self, stores: Stores, coordinator: Coordinator, ids: Sequence[str]) -> list[RecordResult]:
        """One result for each of these records; one whose text cannot be embedded fails alone."""
        try:
            results = await write_again(self._settings, stores, coordinator, ids)
        except RecordError as error:
            if len(ids) == 1:
                version = (await stores.catalog.by_id(ids))[ids[0]]
                failed = partial(RecordResult, RecordStatus.FAILED, ids[0], error, "embed")
                return [failed(f"{version.source}:{version.external_id}", version.source)]
            return [one for each in ids for one in await self._written(stores, coordinator, [each])]
        # A record with a partial version beside a whole one has two results: it moved if both did.
        worst = {result.record_id: result for result in results}
        worst |= {result.record_id: result for result in results if result.error is not None}
        return list(worst.values())

    async def _drop(self, stores: Stores) -> None:
        """Remove the collections of other models that hold nothing any more."""
        for name in stores.vectors.models:
            kept = name in (self.model, stores.embedding.embedder.name)
            if not kept and await stores.vectors.drop_empty(name):
                await stores.models.remove(name)
                self.dropped.append(name)

    async def _fill(self, stores: Stores) -> None:
        """Compute the vectors that the graph lacks, if it holds any."""
        graph, embedder = stores.graph, stores.embedding.embedder
        if not graph.holds_vectors or not isinstance(graph, Fillable):
            return
        while not self._stop.signal and (texts := await graph.without_vectors(limit=_FILLED)):
            try:
                vectors = await embedder.embed(
                    [name_text(one.kind, one.text) if one.kind else one.text for one in texts]
                )
            except (RecordError, RunHalted) as error:
                self.summary.reason = error
                return
            await graph.fill(list(zip(texts, vectors.tolist(), strict=True)))
            self.filled += len(texts)


async def _check(stores: Stores) -> None:
    """Raise `ConfigError` where the model does not work: nothing is begun then."""
    try:
        await stores.embedding.text.embed(["apex"])
    except EmbedError as error:
        raise ConfigError(error.message, hint=error.hint) from error
