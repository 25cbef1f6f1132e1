"""Batches commit side by side, and a record's versions keep their order."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from apex_cli import faults
from apex_cli.config import Settings
from apex_cli.model import Embedded, Record
from apex_cli.pipeline.commit import Commits
from apex_cli.pipeline.context import (
    Batch,
    IngestRequest,
    InputProgress,
    RecordInProgress,
    RunContext,
    Stop,
    coordinator_for,
)
from apex_cli.results import RecordStatus, RunSummary
from apex_cli.sources.registry import extract
from apex_cli.staging import StagingDirectory
from apex_cli.staging.refusals import Refusals
from apex_cli.stores.factory import Stores, open_stores
from apex_cli.stores.journal import SagaState
from apex_cli.verify import verify
from tests.acceptance.apex import new_home, run
from tests.plans import make_record


@pytest.fixture
def settings(short_tmp: Path, tmp_path: Path) -> Settings:
    home = short_tmp / tmp_path.name
    return Settings(home=home, staging_dir=home / "staging")


@pytest.fixture
def home(short_tmp: Path) -> Iterator[Path]:
    with new_home(short_tmp) as place:
        yield place


@pytest.fixture
async def context(settings: Settings) -> AsyncIterator[RunContext]:
    async with open_stores(settings) as stores:
        with ThreadPoolExecutor(1) as worker:
            yield RunContext(
                settings=settings,
                request=IngestRequest(()),
                observer=_Silent(),
                stop=Stop(),
                summary=RunSummary("run"),
                staging=StagingDirectory(settings.staging_dir, max_bytes=10**9),
                stores=stores,
                coordinator=coordinator_for(settings, stores),
                worker=worker,
                refusals=Refusals(settings.home),
            )


class _Silent:
    def phase(self, text: str) -> None: ...

    def outcome(self, outcome: Any) -> None: ...


async def batch_of(context: RunContext, **statuses: str) -> Batch:
    """Shipments by name, each with a status; a longer word is a later status."""
    records = [
        make_record(
            name,
            payload={
                "shipmentId": name,
                "status": status,
                "carrierName": "Acme",
                "updatedAt": f"2025-10-{10 + len(status)}T08:00:00Z",
            },
            namespace=context.settings.namespace,
        )
        for name, status in statuses.items()
    ]
    embedded = await context.stores.embedding.apply([extract(one) for one in records])
    return Batch([_in_progress(record, one) for record, one in zip(records, embedded, strict=True)])


def _in_progress(record: Record, embedded: Embedded) -> RecordInProgress:
    return RecordInProgress(InputProgress(None), record, extraction=embedded.extraction, embedded=embedded)


async def commit(context: RunContext, batches: Sequence[Batch]) -> None:
    async with asyncio.TaskGroup() as group:
        commits = Commits(group)
        for batch in batches:
            await commits.begin(context, batch)
        for batch in batches:
            await commits.end(context, batch)


async def prepared(stores: Stores, count: int) -> list[str]:
    """The record ids with an open saga, when there are `count` of them."""
    async with asyncio.timeout(60):
        while len(sagas := await stores.journal.open_sagas()) < count:  # noqa: ASYNC110 - the journal wakes no one
            await asyncio.sleep(0.02)
    assert {saga.state for saga in sagas} == {SagaState.PREPARED}
    return sorted(saga.plan.record_id for saga in sagas)


async def test_a_batch_prepares_while_another_is_in_its_pivot(context: RunContext) -> None:
    first, second = (
        await batch_of(context, A="covered", B="covered"),
        await batch_of(context, C="covered", A="delivered"),
    )
    faults.arm("graph.commit.before:hang")
    both = asyncio.create_task(commit(context, [first, second]))
    try:
        # The second version of A waits for the first: one version of A is open, and is not settled meanwhile.
        assert await prepared(context.stores, 3) == sorted(
            {one.record.record_id for one in (*first.records, *second.records)}
        )
    finally:
        faults.arm(None)
        both.cancel()
        await asyncio.wait([both])
    # As after a kill: what had not passed the pivot is undone. The end of the first lets the second one in.
    recovered = await context.coordinator.recover()
    assert recovered.aborted + recovered.rolled_forward == 3
    await commit(context, [await batch_of(context, A="covered", B="covered"), second])
    report = await verify(context.stores)
    assert (report.records, report.problems, report.in_flight) == (3, [], 0)


async def test_versions_in_batches_side_by_side_keep_their_order(context: RunContext) -> None:
    words = ["covered", "delivered", "in transit"]
    batches = [await batch_of(context, A=word, **{f"B{number}": "covered"}) for number, word in enumerate(words)]
    await commit(context, batches)
    results = Counter(each.result.status for batch in batches for each in batch.records if each.result)
    assert results == {RecordStatus.COMMITTED: 4, RecordStatus.UPDATED: 2}
    record_id = batches[0].records[0].record.record_id
    [versions] = (await context.stores.catalog.versions([record_id])).values()
    by_revision = sorted(versions, key=lambda version: version.revision)
    assert [version.payload["status"] for version in by_revision] == words
    report = await verify(context.stores)
    assert (report.records, report.problems, report.in_flight) == (4, [], 0)


def test_contents_without_a_time_follow_each_other_as_they_stand_in_the_file(home: Path) -> None:
    """Only the order of arrival says which of them is the current one."""
    ids = ["SHIP-1" if number % 2 else f"SHIP-2{number:02}" for number in range(41)]
    rows = [
        {"shipmentId": one, "status": "covered", "carrierName": f"Carrier {number}"} for number, one in enumerate(ids)
    ]
    file = home.parent / "shipments.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    run(home, "ingest", file, "--batch-size", "4", "-q").expect(0)
    [line] = run(home, "get", "turvo:SHIP-1", "--json").expect(0).of("record")
    assert (line["revision"], line["stores"]["postgres"]["payload"]["carrierName"]) == (20, "Carrier 39")
    assert run(home, "verify", "--json").expect(0).summary["records"] == 22
