"""`apex forget` and `apex recover`: the saga without an input."""

from __future__ import annotations

import uuid
from dataclasses import replace

from apex_cli.config import Settings
from apex_cli.exit_codes import ExitCode
from apex_cli.pipeline.context import coordinator_for
from apex_cli.pipeline.upgrade import open_upgraded
from apex_cli.queries import find_record
from apex_cli.results import RecordResult
from apex_cli.run_stats import RunStats
from apex_cli.saga.recovery import Recovered


async def forget(settings: Settings, ident: str) -> RecordResult:
    """Remove one record from all four stores. Raises `UsageError` where no record, or several, have that name."""
    run_id = str(uuid.uuid4())
    async with open_upgraded(settings) as stores:
        stats = RunStats()
        coordinator = coordinator_for(settings, stores, run_id=run_id, stats=stats)
        await coordinator.recover()
        version = await find_record(stores, ident)
        await stores.runs.start(run_id, "forget", {"record_id": version.record_id})
        [result] = await coordinator.forget([version.record_id])
        failed = int(result.error is not None)
        counts = {"forgotten": 1 - failed, "failed": failed}
        summary = {**counts, "by_source": {version.source: counts}, **stats.as_json()}
        await stores.runs.finish(run_id, summary, ExitCode.RECORDS_FAILED if failed else ExitCode.OK)
        return replace(result, source=version.source, data_type=version.data_type, external_id=version.external_id)


async def recover(settings: Settings) -> Recovered:
    """Settle the sagas that killed runs left open."""
    async with open_upgraded(settings) as stores:
        return await coordinator_for(settings, stores).recover()
