"""`apex ingest --dry-run`: reads and extracts in place; stages nothing and writes nothing.

No store is opened, except where a model would read free text: then unchanged records are left out of the estimate.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from apex_cli.config import Settings
from apex_cli.errors import RecordError
from apex_cli.model import Extraction, Record
from apex_cli.pipeline.context import STDIN, IngestRequest, Observer, describe
from apex_cli.pipeline.read import read_limits
from apex_cli.reading.files import Rejected, Young, walk
from apex_cli.reading.read import read_input
from apex_cli.results import RecordResult, RecordStatus, RunSummary
from apex_cli.sources.registry import extract

if TYPE_CHECKING:
    from apex_cli.pipeline.estimate import Estimate

_ESTIMATED_AT_ONCE = 500


async def dry_run(settings: Settings, request: IngestRequest, observer: Observer) -> RunSummary:
    """What an ingest of these paths would do: every sound record is `pending`, the others fail as they would."""
    summary = RunSummary(run_id=request.run_id, dry_run=True)
    started = time.monotonic()
    async with _estimating(settings, request) as estimate:
        observer.phase("reading")
        waiting: list[tuple[Record, Extraction]] = []
        results = _results(settings, request, summary)
        while (found := await asyncio.to_thread(next, results, None)) is not None:
            result, extracted = found
            summary.add(result)
            observer.outcome(result)
            if estimate is not None and extracted is not None and estimate.wants(extracted[0]):
                waiting.append(extracted)
            if len(waiting) == _ESTIMATED_AT_ONCE:
                await _count(estimate, waiting)
            if request.limit is not None and summary.records >= request.limit:
                break
        await _count(estimate, waiting)
        if estimate is not None:
            used = estimate.usage
            summary.bill(calls=used.calls, tokens=used.tokens, cost_usd=used.cost)
    summary.seconds = time.monotonic() - started
    return summary


@asynccontextmanager
async def _estimating(settings: Settings, request: IngestRequest) -> AsyncIterator[Estimate | None]:
    """An estimate, where a model would read free text."""
    if not request.uses_model(settings):
        yield None
        return
    from apex_cli.llm.models import open_models
    from apex_cli.pipeline.estimate import Estimate

    async with open_models(settings, batch=request.llm_batch) as models:
        yield Estimate(models, settings)


async def _count(estimate: Estimate | None, waiting: list[tuple[Record, Extraction]]) -> None:
    if estimate is not None:
        await estimate.add(waiting)
        waiting.clear()


DryResult = tuple[RecordResult, tuple[Record, Extraction] | None]
"""A result, and what was extracted if anything was."""


def _results(settings: Settings, request: IngestRequest, summary: RunSummary) -> Iterator[DryResult]:
    if STDIN in request.paths and request.stdin is not None:
        summary.inputs += 1
        with tempfile.NamedTemporaryFile(prefix="apex-", suffix=".jsonl") as spool:
            shutil.copyfileobj(request.stdin, spool)
            spool.flush()
            if spool.tell():
                yield from _of_file(settings, request, Path(spool.name), name="stdin.jsonl", origin=STDIN)
    paths = [Path(path) for path in request.paths if path != STDIN]
    for found in walk(paths, min_age_seconds=request.min_age, exclude=(settings.staging_dir,)):
        if isinstance(found, Young):
            summary.skipped_young += 1
            continue
        summary.inputs += 1
        if isinstance(found, Rejected):
            yield _rejected(found), None
        else:
            yield from _of_file(settings, request, found.path, name=found.name, origin=str(found.path))


def _of_file(settings: Settings, request: IngestRequest, path: Path, *, name: str, origin: str) -> Iterator[DryResult]:
    reads = read_input(
        path,
        name=name,
        origin=origin,
        source=request.source,
        observed_at=datetime.now(UTC),
        limits=read_limits(settings),
        namespace=settings.namespace,
    )
    for found in reads:
        yield (_rejected(found), None) if isinstance(found, Rejected) else _extracted(found)


def _rejected(rejected: Rejected) -> RecordResult:
    return RecordResult(RecordStatus.FAILED, error=rejected.error, stage="read", locator=rejected.locator)


def _extracted(record: Record) -> DryResult:
    started = time.monotonic()
    try:
        extraction = extract(record)
    except RecordError as error:
        return describe(record, None, RecordStatus.FAILED, error, error.stage), None
    milliseconds = round((time.monotonic() - started) * 1000, 1)
    return describe(record, extraction, RecordStatus.PENDING, ms=milliseconds), (record, extraction)
