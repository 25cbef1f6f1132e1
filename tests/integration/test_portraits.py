"""What `apex show` is made of, from the fixtures."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from apex_cli.config import Settings, load
from apex_cli.errors import UsageError
from apex_cli.pipeline.reading import MemoryReader
from apex_cli.readers.protocol import Reader
from tests.acceptance.apex import run

pytestmark = pytest.mark.embedded

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
LATER = datetime(2025, 10, 21, tzinfo=UTC)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("p")
    run(folder / "h", "ingest", FIXTURES / "turvo", FIXTURES / "samsara", FIXTURES / "frontapp", "-q").expect(0)
    return load({"home": folder / "h"}, environ={})


@pytest.fixture
async def reader(settings: Settings) -> AsyncIterator[Reader]:
    async with MemoryReader(settings) as opened:
        yield opened


async def test_every_fact_of_a_portrait_leads_to_its_newest_record(reader: Reader) -> None:
    found = await reader.portrait("TRUCK-6520", at=LATER)
    assert found.facts
    assert all(one.valid_at <= LATER for one in found.facts)
    names = found.record_names
    assert {names[found.newest[one.id]] for one in found.facts if one.object == "off"} == {
        "samsara:TRUCK-6520@2025-10-19T21:20:00Z"
    }
    assert all(found.newest[one.id] in names for one in found.facts)
    joined = [fact for one in found.neighbourhood.neighbours for fact in one.facts[-1:]]
    assert joined
    assert all(found.newest[fact.id] in names for fact in joined)


async def test_a_portrait_is_that_of_a_moment(reader: Reader) -> None:
    moment = datetime(2025, 10, 19, 13, tzinfo=UTC)
    found = await reader.portrait("TRUCK-6520", at=moment)
    (idle,) = [one for one in found.facts if one.predicate == "HAS_ENGINE_STATE"]
    # A later reading says the same: it was not known then.
    assert found.record_names[found.newest[idle.id]] == "samsara:TRUCK-6520@2025-10-19T12:05:00Z"
    assert all(one.event_time <= moment for one in found.records)


async def test_a_shipment_has_the_way_of_what_its_driver_drove(reader: Reader) -> None:
    found = await reader.portrait("SHIP-2025-10-20-001", at=LATER)
    assert {one.subject for one in found.trails} == {"TRUCK-7741"}
    assigned = min(one.valid_at for one in found.facts if one.predicate == "ASSIGNED_DRIVER")
    assert all(assigned <= one.valid_at < LATER for one in found.trails)
    assert all("latitude" in one.attributes for one in found.trails)
    assert (await reader.portrait("TRUCK-6520", at=LATER)).trails == []


async def test_a_portrait_is_bounded_and_says_so(reader: Reader) -> None:
    whole = await reader.portrait("TRUCK-6520")
    cut = await reader.portrait("TRUCK-6520", limit=2)
    assert len(cut.facts) == 4
    assert cut.left_out == len(whole.facts) - 4
    assert [one.predicate for one in cut.facts].count("LOCATED_AT") == 2
    with pytest.raises(UsageError, match="nothing is known"):
        await reader.portrait("TRUCK-9999999")
