"""`apex ingest`: opens everything, settles what earlier runs left, runs the stages, sums up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from apex_cli.config import Settings
from apex_cli.errors import ApexError, StoreError, unwrap_single_exception
from apex_cli.metrics.collect import as_text, collect
from apex_cli.metrics.textfile import check_textfile, write_textfile
from apex_cli.pipeline import gc_tuning
from apex_cli.pipeline.acknowledge import release
from apex_cli.pipeline.context import STDIN, IngestRequest, Observer, RunContext, Stop, coordinator_for
from apex_cli.pipeline.extract import ExtractStage
from apex_cli.pipeline.models import enricher_for, models_for
from apex_cli.pipeline.read import InputReader
from apex_cli.pipeline.runner import start_stages
from apex_cli.pipeline.upgrade import open_upgraded
from apex_cli.reading.files import walk
from apex_cli.results import RunSummary
from apex_cli.staging import StagingDirectory

if TYPE_CHECKING:
    from apex_cli.llm.models import Models

T = TypeVar("T")


async def ingest(settings: Settings, request: IngestRequest, observer: Observer, stop: Stop) -> RunSummary:
    """Commit every record of the request's inputs, and of items that earlier runs left staged.

    Raises `StartError`, `Locked` or `UsageError` before anything is staged. Later failures are results of records, or
    the summary's `reason`.
    """
    gc_tuning.limit_arenas()
    started = time.monotonic()
    summary = RunSummary(run_id=request.run_id)
    if settings.metrics_textfile is not None:
        check_textfile(settings.metrics_textfile)
    staging = StagingDirectory(settings.staging_dir, max_bytes=settings.staging_max_bytes)
    named = [Path(path) for path in request.paths if path != STDIN]
    files = walk(named, min_age_seconds=request.min_age, exclude=(staging.root,))
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
                enricher=enricher_for(settings, request, stores, models),
            )
            async with _recorded(context, models, started), _batches(models):
                await _settle_earlier_runs(context)
                observer.phase("ingesting")
                gc_tuning.settle()
                reader, extract = InputReader(context, files), ExtractStage(context)
                stopping = asyncio.create_task(_end_on_signal(context))
                try:
                    async with asyncio.TaskGroup() as group:
                        start_stages(group, context, reader, extract)
                finally:
                    stopping.cancel()
                    await asyncio.to_thread(extract.close)
                    await release(context, reader.unfinished())
                _sum_up(context, reader)
    summary.interrupted = stop.signal
    summary.seconds = time.monotonic() - started
    return summary


@asynccontextmanager
async def _recorded(context: RunContext, models: Models | None, started: float) -> AsyncIterator[None]:
    """Record the run's start and, however it ends, its end, and write the metrics file."""
    summary, request = context.summary, context.request
    await asyncio.to_thread(context.staging.open)
    arguments = {"paths": list(request.paths), "source": request.source}
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
        try:
            await asyncio.to_thread(write_textfile, textfile, as_text(await collect(context.settings, context.stores)))
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
