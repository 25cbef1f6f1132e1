"""`apex ingest --dry-run`: reads and extracts in place; stages nothing and writes nothing.

Where a model would read free text, it estimates what that would cost. No model is asked. The estimate counts what an
ingest would still pay: unchanged records and texts that were read before cost nothing. Only to find the unchanged
records, and what `--sync` would forget, the stores are opened. The first question of a text is the one an ingest would
ask. Its answer is unknown, so the next questions are about two made-up entities. Therefore the figures are estimates.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apex_cli.config import Settings
from apex_cli.errors import ReadError, RecordError
from apex_cli.model import Entity, Extraction, Record
from apex_cli.pipeline.context import STDIN, IngestRequest, Observer, describe, describe_skipped
from apex_cli.pipeline.inputs import named_inputs, opened
from apex_cli.pipeline.read import read_limits
from apex_cli.reading.files import Rejected, Skipped, Young
from apex_cli.reading.kinds import refusal, refusal_of
from apex_cli.reading.objects import FoundObject
from apex_cli.reading.read import read_input
from apex_cli.results import RecordResult, RecordStatus, RunSummary
from apex_cli.sources.registry import extract, prose

if TYPE_CHECKING:
    from apex_cli.enrich.resolve import Candidate
    from apex_cli.llm.models import Models
    from apex_cli.llm.protocol import Prompt
    from apex_cli.llm.usage import ModelUsage
    from apex_cli.pipeline.sync_rehearsal import SyncRehearsal
    from apex_cli.stores.factory import Stores

_ESTIMATED_AT_ONCE = 500
_ANSWERS: Mapping[str, Mapping[str, Any]] = {
    "ExtractedEntities": {
        "extracted_entities": [
            {"name": "SHIP-0000-00-00-001", "entity_type_id": 1},
            {"name": "A Company Name", "entity_type_id": 6},
        ]
    },
    "ExtractedEdges": {"edges": []},
}

Item = tuple[Record, Extraction]


@dataclass(frozen=True, slots=True)
class InputInPlace:
    """One input and what is in it, lazily. `place` is the path of a file or the address of an object; None for standard
    input and for what cannot be read at all."""

    found: Iterator[Record | Rejected | Skipped]
    place: str | None = None


@dataclass(frozen=True, slots=True)
class DryResult:
    """What would become of one record of an input, and what was extracted if anything was."""

    result: RecordResult
    item: Item | None
    place: str | None


async def dry_run(settings: Settings, request: IngestRequest, observer: Observer) -> RunSummary:
    """What an ingest of these paths would do: every sound record is `pending`, the others fail as they would."""
    summary = RunSummary(run_id=request.run_id, dry_run=True)
    started = time.monotonic()
    async with _checks(settings, request) as (estimate, rehearsal):
        observer.phase("reading")
        results = _results(inputs_in_place(settings, request, summary))
        cut = False
        while not cut and (found := await asyncio.to_thread(next, results, None)) is not None:
            if isinstance(found, InputInPlace):
                if rehearsal is not None:
                    await rehearsal.end(found.place)
                continue
            summary.add(found.result)
            observer.outcome(found.result)
            if estimate is not None and found.item is not None:
                await estimate.add(found.item)
            if rehearsal is not None:
                await rehearsal.add(found.place, found.result, found.item and found.item[0])
            cut = request.limit is not None and summary.records >= request.limit
        if estimate is not None:
            used = await estimate.total()
            summary.bill(calls=used.calls, tokens=used.tokens, cost_usd=used.cost)
        if rehearsal is not None:
            await rehearsal.finish(request, summary, observer, complete=not cut)
    summary.seconds = time.monotonic() - started
    return summary


@asynccontextmanager
async def _checks(
    settings: Settings, request: IngestRequest
) -> AsyncIterator[tuple[_Estimate | None, SyncRehearsal | None]]:
    """An estimate, where a model would read free text; a rehearsal, where `--sync` would forget."""
    async with AsyncExitStack() as stack:
        models = stores = rehearsal = None
        if request.uses_model(settings):
            from apex_cli.llm.models import open_models

            models = await stack.enter_async_context(open_models(settings, batch=request.llm_batch))
        # A home that is not there yet is not made for this.
        if request.sync and (settings.home.is_dir() or not settings.postgres_url.embedded):
            from apex_cli.pipeline.sync_rehearsal import rehearsing
            from apex_cli.pipeline.upgrade import open_upgraded

            stores = await stack.enter_async_context(open_upgraded(settings, models))
            rehearsal = await stack.enter_async_context(rehearsing(settings, request, stores))
        yield None if models is None else _Estimate(models, settings, stores), rehearsal


def inputs_in_place(settings: Settings, request: IngestRequest, summary: RunSummary) -> Iterator[InputInPlace]:
    """The request's inputs, lazily and without staging; counts them. Read each one before the next."""
    for stream in request.named_streams():
        summary.inputs += 1
        with tempfile.NamedTemporaryFile(prefix="apex-") as spool:
            shutil.copyfileobj(stream.file, spool)
            spool.flush()
            if spool.tell():
                path = Path(spool.name)
                yield InputInPlace(_of_file(settings, request, path, name=stream.name, origin=STDIN))
    for found in named_inputs(settings, request):
        if isinstance(found, Young):
            summary.skipped_young += 1
            continue
        summary.inputs += 1
        if isinstance(found, Rejected):
            yield InputInPlace(iter((found,)))
        elif isinstance(found, FoundObject):
            yield InputInPlace(_of_object(settings, request, found), found.url)
        elif (refused := refusal(found, request.source)) is not None:
            yield InputInPlace(iter((refused,)))
        else:
            records = _of_file(settings, request, found.path, name=found.name, origin=str(found.path))
            yield InputInPlace(records, str(found.path))


def read_in_place(
    settings: Settings, request: IngestRequest, summary: RunSummary
) -> Iterator[Record | Rejected | Skipped]:
    """Everything in the request's inputs; see `inputs_in_place`."""
    for each in inputs_in_place(settings, request, summary):
        yield from each.found


def _of_object(settings: Settings, request: IngestRequest, found: FoundObject) -> Iterator[Record | Rejected | Skipped]:
    try:
        with opened(found) as (head, stream), tempfile.NamedTemporaryFile(prefix="apex-") as spool:
            refused = refusal_of(head, found.name, request.source, is_named=found.is_named)
            if refused is not None:
                yield refused
                return
            shutil.copyfileobj(stream, spool)
            spool.flush()
            yield from _of_file(settings, request, Path(spool.name), name=found.name, origin=found.url)
    except ReadError as error:
        yield Rejected(found.name, error)


def _of_file(
    settings: Settings, request: IngestRequest, path: Path, *, name: str, origin: str
) -> Iterator[Record | Rejected | Skipped]:
    return read_input(
        path,
        name=name,
        origin=origin,
        source=request.source,
        observed_at=datetime.now(UTC),
        limits=read_limits(settings),
        namespace=settings.namespace,
        naming=request.naming,
    )


def _results(inputs: Iterator[InputInPlace]) -> Iterator[DryResult | InputInPlace]:
    """The results of each input, and then the input: it was read to its end."""
    for one in inputs:
        for each in one.found:
            if isinstance(each, Rejected):
                yield DryResult(rejected(each), None, one.place)
            elif isinstance(each, Skipped):
                yield DryResult(describe_skipped(each), None, one.place)
            else:
                yield DryResult(*extracted(each), one.place)
        yield one


def rejected(found: Rejected) -> RecordResult:
    """The result of what could not be read."""
    return RecordResult(RecordStatus.FAILED, error=found.error, stage="read", locator=found.locator)


def extracted(record: Record) -> tuple[RecordResult, Item | None]:
    """What would become of a record, and what was extracted if anything was."""
    started = time.monotonic()
    if record.exported is not None and record.exported.forgotten:
        return describe(record, None, RecordStatus.FORGOTTEN), None
    try:
        extraction = extract(record)
    except RecordError as error:
        return describe(record, None, RecordStatus.FAILED, error, error.stage), None
    milliseconds = round((time.monotonic() - started) * 1000, 1)
    return describe(record, extraction, RecordStatus.PENDING, ms=milliseconds), (record, extraction)


class _Estimate:
    """Adds up what records would cost, many at a time.

    Its imports are in the functions because they take two seconds. A dry run without a model needs none of them.
    """

    def __init__(self, models: Models, settings: Settings, stores: Stores | None) -> None:
        from apex_cli.enrich.enricher import CachedEnricher, ModelExtractor
        from apex_cli.llm.usage import ModelUsage

        self._models = models
        self._settings = settings
        self._stores = stores
        self._enricher = CachedEnricher(ModelExtractor(models.model, _NothingKnown(), models.meter), models.cache)
        self._waiting: list[Item] = []
        self._usage = ModelUsage()

    async def add(self, item: Item) -> None:
        """Count a record in, if a model would be asked about it at all."""
        if item[0].exported is None and self._enricher.wants(item[0]):
            self._waiting.append(item)
        if len(self._waiting) == _ESTIMATED_AT_ONCE:
            await self.total()

    async def total(self) -> ModelUsage:
        """What all records would cost that were added so far."""
        from apex_cli.enrich import prompting
        from apex_cli.llm.models import forecast

        items, self._waiting = self._waiting, []
        unchanged = await self._unchanged(items)
        fresh = [item for item in items if item[0].record_id not in unchanged]
        kept = await self._enricher.kept(fresh)
        asked = _Asked(self._models.model.name)
        for record, extraction in fresh:
            if record.record_id in kept:
                continue
            origin = f"{record.source} {record.data_type}"
            with suppress(RecordError):
                await prompting.read(prompting.clients(asked), prose(record), extraction.event_time, origin)
        self._usage.add(await forecast(self._models, asked.prompts))
        return self._usage

    async def _unchanged(self, items: Sequence[Item]) -> frozenset[str]:
        """Records that are stored with this content. A home that is not there yet is not made for this."""
        if not items or (self._settings.postgres_url.embedded and not self._settings.home.is_dir()):
            return frozenset()
        from apex_cli.pipeline.upgrade import open_upgraded

        async with AsyncExitStack() as stack:
            stores = self._stores
            if stores is None:
                stores = await stack.enter_async_context(open_upgraded(self._settings, self._models))
            known = await stores.journal.known([record.record_id for record, _ in items])
        return frozenset(
            record.record_id for record, _ in items if (record.record_id, record.content_hash) in known.unchanged
        )


class _Asked:
    """A language model that notes the questions and answers with next to nothing."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.prompts: list[Prompt] = []

    async def answer(self, prompt: Prompt) -> Mapping[str, Any]:
        self.prompts.append(prompt)
        return _ANSWERS[prompt.name]


class _NothingKnown:
    """A memory without names: `resolve.Known` where nothing is resolved."""

    async def aliases(self, keys: Iterable[str]) -> frozenset[str]:  # noqa: ARG002 - the protocol's signature
        return frozenset()

    async def similar(self, entities: Sequence[Entity]) -> Sequence[Sequence[Candidate]]:
        return [() for _ in entities]
