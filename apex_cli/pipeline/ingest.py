"""`apex ingest`: opens everything, settles what earlier runs left, runs the stages, sums up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from apex_cli.config import Settings
from apex_cli.errors import ApexError, StoreError, unwrap_single_exception
from apex_cli.pipeline.acknowledge import release
from apex_cli.pipeline.context import STDIN, IngestRequest, Observer, RunContext, Stop, coordinator_for
from apex_cli.pipeline.extract import ExtractStage
from apex_cli.pipeline.inputs import named_inputs
from apex_cli.pipeline.progress import Progress
from apex_cli.pipeline.read import InputReader
from apex_cli.pipeline.runner import limit_arenas, settle_collector, start_stages
from apex_cli.pipeline.sync import SyncRun, forget_gone
from apex_cli.pipeline.synced_names import FileNames, is_in
from apex_cli.pipeline.upgrade import open_upgraded
from apex_cli.reading.objects import shown
from apex_cli.results import RunSummary
from apex_cli.staging import StagingDirectory
from apex_cli.staging.refusals import Refusals
from apex_cli.stores.factory import Stores

if TYPE_CHECKING:
    from apex_cli.enrich.enricher import CachedEnricher
    from apex_cli.llm.models import Models

T = TypeVar("T")


async def ingest(
    settings: Settings, request: IngestRequest, observer: Observer, stop: Stop, progress: Progress | None = None
) -> RunSummary:
    """Commit every record of the request's inputs, and of items that earlier runs left staged. `progress` shows how far
    it has come.

    Raises `StartError`, `Locked` or `UsageError` before anything is staged. Later failures are results of records, or
    the summary's `reason`.
    """
    limit_arenas()
    started = time.monotonic()
    summary = RunSummary(run_id=request.run_id)
    if settings.metrics_textfile is not None:
        from apex_cli.metrics import check_textfile

        check_textfile(settings.metrics_textfile)
    staging = StagingDirectory(settings.staging_dir, max_bytes=settings.staging_max_bytes)
    files = named_inputs(settings, request)
    observer.phase("starting the stores")
    async with AsyncExitStack() as stack:
        models = await stack.enter_async_context(models_for(settings, request))
        stores = await _unless_stopped(stop, stack.enter_async_context(open_upgraded(settings, models)))
        if stores is not None:
            worker = stack.enter_context(ThreadPoolExecutor(1, "staging"))
            context = RunContext(
                settings=settings,
                request=request,
                observer=observer,
                stop=stop,
                summary=summary,
                staging=staging,
                stores=stores,
                coordinator=coordinator_for(settings, stores, run_id=summary.run_id, stats=summary.stats),
                worker=worker,
                refusals=await asyncio.to_thread(Refusals, settings.home),
                enricher=enricher_for(settings, request, stores, models),
                progress=progress or Progress(),
            )
            async with _recorded(context, models, started), _batches(models):
                await _settle_earlier_runs(context)
                context.sync = await SyncRun.begin(settings, request, stores.synced, stores.places)
                observer.phase("ingesting")
                context.progress.began = time.monotonic()
                settle_collector()
                reader, extract = InputReader(context, files), ExtractStage(context)
                stopping = asyncio.create_task(_end_on_signal(context))
                try:
                    async with context.coordinator.grouped(), asyncio.TaskGroup() as group:
                        start_stages(group, context, reader, extract)
                except StoreError as error:
                    # All is published and reported. The next run publishes it again and closes its sagas.
                    summary.notes.append(error)
                finally:
                    stopping.cancel()
                    await asyncio.to_thread(extract.close)
                    await asyncio.to_thread(reader.close)
                    await release(context, reader.unfinished())
                complete = not (context.stopping or context.read_error or reader.cut)
                await asyncio.to_thread(_save_refusals, context, complete and request.only is None)
                await forget_gone(context, complete=complete, left_out=bool(reader.young or reader.busy))
                _sum_up(context, reader)
    summary.interrupted = stop.signal
    summary.seconds = time.monotonic() - started
    return summary


@asynccontextmanager
async def _recorded(context: RunContext, models: Models | None, started: float) -> AsyncIterator[None]:
    """Record the run's start and, however it ends, its end, and write the metrics file."""
    summary, request = context.summary, context.request
    await asyncio.to_thread(context.staging.open)
    paths = [shown(path) for path in request.paths]
    arguments = {"paths": paths, "source": request.source, **({"sync": True} if request.sync else {})}
    await context.stores.runs.start(summary.run_id, "ingest", arguments)
    failure: BaseException | None = None
    try:
        yield
    except BaseException as error:
        failure = error
        raise
    finally:
        if models is not None:
            used = models.meter.total
            summary.bill(calls=used.calls, tokens=used.tokens, cost_usd=used.cost)
        context.staging.close()
        summary.seconds = time.monotonic() - started
        summary.interrupted = context.stop.signal
        await _finish(context, failure)


async def _finish(context: RunContext, failure: BaseException | None) -> None:
    """Write down how the run ended. A store that fails here hides neither the summary nor an earlier error."""
    summary, textfile = context.summary, context.settings.metrics_textfile
    code = summary.exit_code
    if failure is not None and not summary.interrupted:
        cause = unwrap_single_exception(failure)
        code = cause.exit_code if isinstance(cause, ApexError) else ApexError.exit_code
    try:
        await context.stores.runs.finish(summary.run_id, summary.as_json(), code)
    except StoreError as error:
        summary.notes.append(error)
    if textfile is not None:
        from apex_cli.metrics import as_text, collect, write_textfile

        try:
            found = await asyncio.to_thread(collect, context.settings, await context.stores.runs.statistics())
            await asyncio.to_thread(write_textfile, textfile, as_text(found))
        except ApexError as error:
            summary.notes.append(error)


async def _unless_stopped(stop: Stop, opening: Coroutine[Any, Any, T]) -> T | None:
    """The result of `opening`, or None when the run is stopped first: it may wait long for the home's lock."""
    task, stopping = asyncio.ensure_future(opening), asyncio.ensure_future(stop.event.wait())
    try:
        await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        for each in (task, stopping):
            each.cancel()
        await asyncio.wait({task, stopping})


async def _settle_earlier_runs(context: RunContext) -> None:
    context.observer.phase("settling what earlier runs left")
    recovered = await context.coordinator.recover()
    context.summary.recovered = recovered.rolled_forward + recovered.aborted
    context.summary.needs_manual_recovery = len(recovered.needs_manual_recovery)
    if recovered.reason is not None:
        context.summary.notes.append(recovered.reason)


def _save_refusals(context: RunContext, complete: bool) -> None:
    """Remember what was refused. What a complete run did not refuse again is no longer refused."""
    names, paths = FileNames(context.settings), context.request.paths if complete else ()
    roots = [names.of(path) for path in paths if path != STDIN]
    context.refusals.save(lambda file: any(is_in(file, root) for root in roots))


def _sum_up(context: RunContext, reader: InputReader) -> None:
    """Complete the summary. Raises the error that kept the run from reading anything."""
    summary = context.summary
    summary.inputs, summary.skipped_young, summary.empty = reader.seen, reader.young, reader.empty
    reason = context.stop_reason or context.read_error
    if reason is not None and not context.stop.signal:
        if context.read_error is not None and not summary.records:
            raise context.read_error
        summary.reason = reason


@asynccontextmanager
async def _batches(models: Models | None) -> AsyncIterator[None]:
    """Collect the answers of earlier provider batches; at the end, however it comes, send the next batch."""
    batching = None if models is None else models.batching
    if batching is None:
        yield
        return
    await batching.collect()
    try:
        yield
    finally:
        await batching.flush()


async def _end_on_signal(context: RunContext) -> None:
    await context.stop.event.wait()
    context.end_early(ApexError("interrupted", code="interrupted"))


@asynccontextmanager
async def models_for(settings: Settings, request: IngestRequest) -> AsyncIterator[Models | None]:
    """The models of a run, checked; None for a run that needs none. Raises `ConfigError` for a model out of reach."""
    if not request.uses_model(settings) and not settings.embeds_by_server:
        yield None
        return
    from apex_cli.llm.models import open_models

    async with open_models(settings, batch=request.llm_batch) as models:
        await models.check()
        yield models


def enricher_for(
    settings: Settings, request: IngestRequest, stores: Stores, models: Models | None
) -> CachedEnricher | None:
    """The enricher of a run; None for a run without a model."""
    if models is None or not request.uses_model(settings):
        return None
    from apex_cli.enrich.enricher import CachedEnricher, ModelExtractor
    from apex_cli.pipeline.known_names import KnownNames

    return CachedEnricher(ModelExtractor(models.model, KnownNames(stores), models.meter), models.cache)
