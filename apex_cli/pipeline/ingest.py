"""`apex ingest`: opens everything, settles what earlier runs left, runs the flow, sums up."""

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
from apex_cli.pipeline.desk import ExtractionVersions, OutcomeRecorder
from apex_cli.pipeline.flow import IngestPipeline
from apex_cli.pipeline.inputs import InputReader
from apex_cli.pipeline.models import models_for, reading_for
from apex_cli.pipeline.request import STDIN, IngestRequest, Observer, Stop
from apex_cli.pipeline.sagas import sagas
from apex_cli.pipeline.understand import Transformer
from apex_cli.pipeline.upgrade import open_upgraded
from apex_cli.reading.files import walk
from apex_cli.results import ErrorDetail, RunSummary
from apex_cli.saga.recovery import recover
from apex_cli.sources.registry import RULES_VERSION
from apex_cli.staging import StagingDirectory
from apex_cli.stores.factory import Stores

if TYPE_CHECKING:
    from apex_cli.enrich.enricher import CachedEnricher
    from apex_cli.llm.models import Models

T = TypeVar("T")


async def ingest(settings: Settings, request: IngestRequest, observer: Observer, stop: Stop) -> RunSummary:
    """Commit every record of the request's inputs and of what earlier runs left staged.

    Raises `StartError`, `Locked` or `UsageError` before anything is staged; afterwards failures are outcomes.
    """
    gc_tuning.limit_arenas()
    summary = RunSummary(run_id=request.run_id)
    started = time.monotonic()
    if settings.metrics_textfile is not None:
        check_textfile(settings.metrics_textfile)
    staging = StagingDirectory(settings.staging_dir, max_bytes=settings.staging_max_bytes)
    named = [Path(path) for path in request.paths if path != STDIN]
    files = walk(named, min_age_seconds=request.min_age, exclude=(staging.root,))
    observer.phase("starting the stores")
    async with AsyncExitStack() as stack:
        models = await stack.enter_async_context(models_for(settings, request))
        stores = await _unless(stop, stack.enter_async_context(open_upgraded(settings, models)))
        if stores is not None:
            await asyncio.to_thread(staging.open)
            await stores.runs.start(summary.run_id, "ingest", {"paths": list(request.paths), "source": request.source})
            failure: BaseException | None = None
            try:
                inputs = InputReader(settings, request, files, staging, stop.event.is_set)
                reading = reading_for(settings, request, stores, models)
                async with _batches(models):
                    await _run(settings, observer, stop, stores, staging, inputs, summary, reading)
            except BaseException as error:
                failure = error
                raise
            finally:
                if models is not None:
                    used = models.meter.total
                    summary.bill(calls=used.calls, tokens=used.tokens, cost_usd=used.cost)
                staging.close()
                summary.seconds = time.monotonic() - started
                summary.interrupted = stop.signal
                await _finish(stores, summary, _exit_code(summary, failure))
                await _refresh(settings, stores, summary)
    summary.interrupted = stop.signal
    summary.seconds = time.monotonic() - started
    return summary


def _exit_code(summary: RunSummary, failure: BaseException | None) -> int:
    """What the process will end with, as far as it is known here."""
    if summary.interrupted or failure is None:
        return summary.exit_code
    cause = unwrap_single_exception(failure)
    return cause.exit_code if isinstance(cause, ApexError) else ApexError.exit_code


async def _refresh(settings: Settings, stores: Stores, summary: RunSummary) -> None:
    """Bring the metrics file up to date. What fails here is told and changes nothing else: the run is over."""
    if settings.metrics_textfile is None:
        return
    try:
        text = as_text(await collect(settings, stores))
        await asyncio.to_thread(write_textfile, settings.metrics_textfile, text)
    except ApexError as error:
        summary.notes.append(ErrorDetail.of(error))


async def _finish(stores: Stores, summary: RunSummary, exit_code: int) -> None:
    """Write down how the run ended. A store that is gone by now hides neither the summary nor an earlier error."""
    try:
        await stores.runs.finish(summary.run_id, summary.as_json(), exit_code)
    except StoreError as error:
        summary.notes.append(ErrorDetail.of(error))


async def _unless(stop: Stop, opening: Coroutine[Any, Any, T]) -> T | None:
    """What `opening` gives, or None when the run is asked to stop first: the lock may be a long time coming."""
    task, stopping = asyncio.ensure_future(opening), asyncio.ensure_future(stop.event.wait())
    try:
        await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        return None
    finally:
        for each in (task, stopping):
            each.cancel()
        await asyncio.wait({task, stopping})


async def _run(
    settings: Settings,
    observer: Observer,
    stop: Stop,
    stores: Stores,
    staging: StagingDirectory,
    inputs: InputReader,
    summary: RunSummary,
    reading: CachedEnricher | None,
) -> None:
    coordinator, participants, locks = sagas(settings, stores, run_id=summary.run_id, meter=summary.meter)
    observer.phase("settling what earlier runs left")
    recovered = await recover(participants, locks)
    summary.recovered = recovered.rolled_forward + recovered.aborted
    summary.stuck = len(recovered.stuck)
    if recovered.why is not None:
        summary.notes.append(ErrorDetail.of(recovered.why))
    observer.phase("ingesting")
    gc_tuning.settle()
    extractor = RULES_VERSION if reading is None else reading.version
    versions = ExtractionVersions(extractor=extractor, embedder=stores.embedding.embedder.name)
    with ThreadPoolExecutor(1, "staging") as worker:
        desk = OutcomeRecorder(staging, summary, observer, worker, versions)
        understanding = Transformer(
            stores.embedding,
            concurrency=settings.concurrency,
            parse_timeout=settings.parse_timeout,
            reading=reading,
            meter=summary.meter,
        )
        flow = IngestPipeline(inputs, desk, understanding, coordinator, worker, versions, summary.meter)
        halting = asyncio.create_task(_halt_on(stop, flow))
        try:
            await flow.run()
        finally:
            halting.cancel()
            await asyncio.to_thread(understanding.close)
            await desk.release(inputs.unfinished())
    summary.inputs = inputs.seen
    summary.skipped_young = inputs.young
    summary.empty = inputs.empty
    ended_early = flow.halted or flow.broken
    if ended_early is not None and not stop.signal:
        if flow.broken is not None and not summary.records:
            raise flow.broken
        summary.reason = ErrorDetail.of(ended_early)


@asynccontextmanager
async def _batches(models: Models | None) -> AsyncIterator[None]:
    """Take what earlier batches brought; at the end, however it comes, send what is wanted next."""
    batching = None if models is None else models.batching
    if batching is None:
        yield
        return
    await batching.collect()
    try:
        yield
    finally:
        await batching.flush()


async def _halt_on(stop: Stop, flow: IngestPipeline) -> None:
    await stop.event.wait()
    flow.halt(ApexError("interrupted", code="interrupted"))
