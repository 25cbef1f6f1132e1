"""The Python API: the same answers and the same sagas as the command, and nothing is lost."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

import apex_cli
from apex_cli.pipeline.runner import settle_collector
from tests import profiles
from tests.acceptance.apex import new_home, run, verified, wait_gone, write_lines
from tests.acceptance.seeds import PING_KEY, SEEDS, SHIPMENT_ID, SHIPMENT_KEY, TRUCK, WANDERER, WANDERING, ping
from tests.generate import records
from tests.holders import holding

pytestmark = pytest.mark.embedded


@pytest.fixture
def home(short_tmp: Path) -> Iterator[Path]:
    with new_home(short_tmp) as place:
        yield place


async def test_records_are_committed_as_the_command_commits_them(home: Path, short_tmp: Path) -> None:
    invoice = {"invoice_number": "INV-1", "total": 12.5}
    payloads: list[dict[str, Any]] = [*SEEDS, *WANDERING, invoice]
    async with apex_cli.open(home=home) as memory:
        done = await memory.ingest(payloads)
        assert {result.status for result in done.results} == {"committed"}
        assert done.summary.records == len(payloads) == len(done.results)
        again = await memory.ingest(iter(payloads))
        assert {result.status for result in again.results} == {"unchanged"}
        by_api = {result.record_id: result.external_id for result in done.results}
    with new_home(short_tmp) as other:
        drop = write_lines(other.parent / "records.jsonl", payloads).read_bytes()
        lines = run(other, "ingest", "-", "--name", "records.jsonl", "--json", stdin=drop).expect(0).of("record")
        assert {line["record_id"]: line["external_id"] for line in lines} == by_api
    assert verified(home) == len(payloads)


async def test_answers_are_those_of_the_memory(home: Path) -> None:
    async with apex_cli.open(home=str(home)) as memory:
        assert (await memory.search("snow")).hits == []
        assert (await memory.status()).records == 0
        await memory.ingest([*SEEDS, *WANDERING])
        found = await memory.search(f"where is {TRUCK}", limit=1)
        assert f"{found.hits[0].source}:{found.hits[0].external_id}" == PING_KEY
        for at in ("2025-10-19T11:00:00Z", datetime(2025, 10, 19, 11)):
            answer = await memory.facts(WANDERER, at=at)
            assert [one.fact.object for one in answer.facts] == ["Chicago, IL"]
            near = await memory.neighbours(WANDERER, at=at)
            assert [one.entity.name for one in near.neighbours] == ["Chicago, IL"]
        assert [one.fact.object for one in (await memory.facts(SHIPMENT_ID, predicate="has_status")).now.facts] == [
            "in_transit"
        ]
        assert (await memory.get(SHIPMENT_KEY)).version.payload["status"] == "in_transit"
        assert [one.version.current for one in (await memory.history(SHIPMENT_KEY)).versions] == [True]
        assert (await memory.list_records(source="turvo")).total == 1
        assert [one.name for one in (await memory.list_entities(type="vehicle", prefix="truck-0")).entities] == [
            WANDERER
        ]
        several = await asyncio.gather(*(memory.facts(name) for name in (TRUCK, WANDERER, SHIPMENT_ID) * 3))
        assert len(several) == 9


async def test_errors_have_a_code_and_a_hint(home: Path) -> None:
    with pytest.raises(apex_cli.ApexError, match="there are no settings postgres_ulr"):
        apex_cli.open(home=home, postgres_ulr="x")
    with pytest.raises(apex_cli.ApexError) as bad:
        apex_cli.open(home=home, batch_size="many")
    assert bad.value.code == "config"
    async with apex_cli.open(home=home) as memory:
        for asked in (
            memory.facts("NO-SUCH-THING"),
            memory.facts(""),
            memory.facts(TRUCK, at="yesterday"),
            memory.facts(TRUCK, predicate="KNOWS"),
            memory.get("turvo:none"),
            memory.search("a\0b"),
            memory.search("a", limit=0),
            memory.list_entities(type="nothing"),
            memory.ingest([], source="nowhere"),
        ):
            with pytest.raises(apex_cli.ApexError) as error:
                await asked
            assert error.value.code in ("usage", "not_found")


async def test_a_bad_record_fails_alone_and_stays_staged(home: Path) -> None:
    seen: list[apex_cli.RecordResult] = []
    async with apex_cli.open(home=home) as memory:
        done = await memory.ingest(
            [ping("T-1", "2026-01-01T00:00:00Z", 991, 0), ping("T-2", "2026-01-01T00:00:00Z", 41, -87)],
            on_result=seen.append,
        )
    assert done.results == []
    assert {(result.locator, str(result.status)) for result in seen} == {
        ("records.jsonl:1", "failed"),
        ("records.jsonl:2", "committed"),
    }
    [item] = run(home, "staging", "list", "--json").expect(0).of("item")
    assert item["error"]["code"] == "bad_position"


async def test_what_a_generator_raises_is_raised_and_nothing_is_committed(home: Path) -> None:
    def broken() -> Iterator[dict[str, Any]]:
        yield SEEDS[0]
        raise KeyError("a bug of the caller")

    async with apex_cli.open(home=home) as memory:
        with pytest.raises(KeyError, match="a bug of the caller"):
            await memory.ingest(broken())
        with pytest.raises(apex_cli.ApexError, match="a record is no JSON"):
            await memory.ingest([SEEDS[0], {"shipmentId": object()}])
        assert (await memory.status()).records == 0
        assert (await memory.ingest(SEEDS)).summary.records == len(SEEDS)


async def test_records_of_one_memory_go_into_another(home: Path, short_tmp: Path) -> None:
    invoices: list[dict[str, Any]] = [{"id": 7, "total": 12.5}, {"id": 8, "total": 1}]
    async with apex_cli.open(home=home) as memory:
        await memory.ingest(SEEDS)
        await memory.ingest(invoices, collection="invoices")
        names = [f"{one.source}:{one.external_id}" for one in (await memory.list_records()).records]
        versions = [(await memory.get(name)).version for name in names]
    assert {"json:invoices#7", "json:invoices#8"} <= set(names)
    with new_home(short_tmp) as other:
        async with apex_cli.open(home=other) as memory:
            done = await memory.ingest(versions)
        assert {result.record_id for result in done.results} == {version.record_id for version in versions}
        verified(other)


async def test_questions_are_answered_while_it_ingests(home: Path) -> None:
    payloads = list(records(2_000))
    async with apex_cli.open(home=home) as memory:
        begun = asyncio.Event()
        ingest = asyncio.create_task(memory.ingest(payloads, on_result=lambda _: begun.set()))
        await begun.wait()
        counts = [(await memory.status()).records]
        assert (await memory.search("in_transit")) is not None
        assert not ingest.done()
        done = await ingest
        counts.append((await memory.status()).records)
    assert 0 < counts[0] < counts[1] == done.summary.records == 2_000


SCRIPT = """
import asyncio, json, sys
import apex_cli
from tests.generate import records

async def main():
    async with apex_cli.open() as memory:
        done = await memory.ingest(records(int(sys.argv[1])))
        print(done.summary.records)

asyncio.run(main())
"""


def script(home: Path, count: int, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, str(count)],
        cwd=Path(__file__).resolve().parents[2],
        env={"PATH": "", "APEX_HOME": str(home), **profiles.variables(home), **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_nothing_is_lost_when_the_process_is_killed(home: Path) -> None:
    killed = script(home, 400, APEX_FAULT="graph.commit.after:kill:1")
    assert killed.returncode == -9
    wait_gone(home)
    assert script(home, 0).stdout == "400\n"
    assert verified(home) == 400


async def test_another_process_that_ingests_is_an_error_with_a_code(home: Path) -> None:
    with holding(home):
        async with apex_cli.open(home=home) as memory:
            with pytest.raises(apex_cli.ApexError) as error:
                await memory.ingest(SEEDS)
    assert error.value.code == "locked"


async def test_the_collector_of_the_program_is_left_as_it_was(home: Path) -> None:
    before = gc.get_threshold()
    settle_collector()
    assert gc.get_threshold() != before, "a run changes nothing: this test is about nothing"
    gc.unfreeze()
    gc.set_threshold(*before)
    async with apex_cli.open(home=home) as memory:
        await memory.ingest(SEEDS)
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, 0)
