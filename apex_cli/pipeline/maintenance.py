"""`apex forget` and `apex recover`: the saga without an input."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from apex_cli.config import Settings
from apex_cli.pipeline.sagas import sagas
from apex_cli.pipeline.upgrade import open_upgraded
from apex_cli.queries import find_record
from apex_cli.results import ErrorDetail
from apex_cli.run_stats import RunStats
from apex_cli.saga.recovery import Recovered
from apex_cli.saga.recovery import recover as recover_sagas


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What became of a record that was to be forgotten: `status` is a `saga.coordinator.Fate`."""

    record_id: str
    source: str
    data_type: str
    external_id: str
    status: str
    error: ErrorDetail | None


async def forget(settings: Settings, ident: str) -> list[Forgotten]:
    """Remove one record from all four stores. Raises `UsageError` when there is none of that name, or several."""
    run_id = str(uuid.uuid4())
    async with open_upgraded(settings) as stores:
        meter = RunStats()
        coordinator, participants, locks = sagas(settings, stores, run_id=run_id, meter=meter)
        await recover_sagas(participants, locks)
        version = await find_record(stores, ident)
        await stores.runs.start(run_id, "forget", {"record_id": version.record_id})
        results = await coordinator.forget([version.record_id])
        forgotten = [
            Forgotten(
                result.record_id,
                version.source,
                version.data_type,
                version.external_id,
                result.fate.value,
                ErrorDetail.of(result.error) if result.error else None,
            )
            for result in results
        ]
        failed = sum(one.error is not None for one in forgotten)
        counts = {"forgotten": len(forgotten) - failed, "failed": failed}
        summary = {**counts, "by_source": {version.source: counts}, **meter.as_json()}
        await stores.runs.finish(run_id, summary, 3 if failed else 0)
        return forgotten


async def recover(settings: Settings) -> Recovered:
    """Settle what killed runs left open."""
    async with open_upgraded(settings) as stores:
        _, participants, locks = sagas(settings, stores, run_id=None)
        return await recover_sagas(participants, locks)
