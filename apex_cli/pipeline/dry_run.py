"""`apex ingest --dry-run`: reads and extracts in place; stages nothing and writes nothing.

No store is opened but where a model would read free text: then the memory is looked at, to leave out of the estimate
what is unchanged.
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
from apex_cli.model import EntityType, Extraction, Record
from apex_cli.pipeline.inputs import limits
from apex_cli.pipeline.models import reads_text
from apex_cli.pipeline.request import STDIN, IngestRequest, Observer
from apex_cli.reading.files import Rejected, Young, walk
from apex_cli.reading.read import read_input
from apex_cli.results import ErrorDetail, RecordResult, RecordStatus, RunSummary
from apex_cli.sources.registry import extract

if TYPE_CHECKING:
    from apex_cli.pipeline.estimate import Estimate

_ASKED_AT_ONCE = 500


async def dry_run(settings: Settings, request: IngestRequest, observer: Observer) -> RunSummary:
    """What an ingest of these paths would take: every sound record is `pending`, the others fail as they would."""
    summary = RunSummary(run_id=request.run_id, dry_run=True)
    started = time.monotonic()
    async with _estimating(settings, request) as estimate:
        observer.phase("reading")
        asked: list[tuple[Record, Extraction]] = []
        outcomes = _outcomes(settings, request, summary)
        while (found := await asyncio.to_thread(next, outcomes, None)) is not None:
            outcome, extracted = found
            summary.add(outcome)
            observer.outcome(outcome)
            if estimate is not None and extracted is not None and estimate.wants(extracted[0]):
                asked.append(extracted)
            if len(asked) == _ASKED_AT_ONCE:
                await _count(estimate, asked)
            if request.limit is not None and summary.records >= request.limit:
                break
        await _count(estimate, asked)
        if estimate is not None:
            used = estimate.usage
            summary.bill(calls=used.calls, tokens=used.tokens, cost_usd=used.cost)
    summary.seconds = time.monotonic() - started
    return summary


@asynccontextmanager
async def _estimating(settings: Settings, request: IngestRequest) -> AsyncIterator[Estimate | None]:
    """An estimate, where a model would read free text."""
    if not reads_text(settings, request):
        yield None
        return
    from apex_cli.llm.models import open_models
    from apex_cli.pipeline.estimate import Estimate

    async with open_models(settings, batch=request.llm_batch) as models:
        yield Estimate(models, settings)


async def _count(estimate: Estimate | None, asked: list[tuple[Record, Extraction]]) -> None:
    if estimate is not None:
        await estimate.add(asked)
        asked.clear()


Observations = tuple[RecordResult, tuple[Record, Extraction] | None]
"""An outcome, and what was extracted if anything was."""


def _outcomes(settings: Settings, request: IngestRequest, summary: RunSummary) -> Iterator[Observations]:
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


def _of_file(
    settings: Settings, request: IngestRequest, path: Path, *, name: str, origin: str
) -> Iterator[Observations]:
    reads = read_input(
        path,
        name=name,
        origin=origin,
        source=request.source,
        observed_at=datetime.now(UTC),
        limits=limits(settings),
        namespace=settings.namespace,
    )
    for what in reads:
        yield (_rejected(what), None) if isinstance(what, Rejected) else _extracted(what)


def _rejected(rejected: Rejected) -> RecordResult:
    problem = ErrorDetail.of(rejected.error)
    return RecordResult(rejected.locator, "unknown", None, None, None, RecordStatus.FAILED, stage="read", error=problem)


def _extracted(record: Record) -> Observations:
    identity = (record.locator, record.source, record.data_type, record.external_id, record.record_id)
    started = time.monotonic()
    try:
        extraction = extract(record)
    except RecordError as error:
        return RecordResult(*identity, RecordStatus.FAILED, stage=error.stage, error=ErrorDetail.of(error)), None
    outcome = RecordResult(
        *identity,
        RecordStatus.PENDING,
        entities=sum(entity.type is not EntityType.VALUE for entity in extraction.entities),
        facts=len(extraction.claims),
        vectors=len(extraction.chunks),
        ms=round((time.monotonic() - started) * 1000, 1),
    )
    return outcome, (record, extraction)
