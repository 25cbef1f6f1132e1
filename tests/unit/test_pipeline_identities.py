"""Two things on one id within a run: reported where nothing says that one is a version of the other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apex_cli.extract.identity import content_hash
from apex_cli.model import Extraction, Record
from apex_cli.pipeline.context import Batch, InputProgress, RecordInProgress
from apex_cli.pipeline.identities import SeenRecords
from apex_cli.results import RecordStatus
from apex_cli.staging import Item, KeptRecord

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HALCYON = {"id": 1, "customer_name": "Halcyon Paper Co", "city": "Fargo", "state": "ND"}
PRAIRIE = {"id": 1, "customer_name": "Prairie Oat Mills", "city": "Omaha", "state": "NE"}
TRAILER = {"id": 1, "trailer_number": "TL-5501", "yard": "East"}


class Catalog:
    """The versions that a memory has."""

    def __init__(self, *payloads: dict[str, Any], time: datetime | None = None) -> None:
        self._versions = [_Version(payload, time, payload is payloads[-1]) for payload in payloads]

    async def versions(self, ids: Sequence[str]) -> dict[str, Any]:
        return dict.fromkeys(ids, self._versions)


class _Version:
    def __init__(self, payload: dict[str, Any], time: datetime | None, current: bool) -> None:
        self.payload, self.content_hash, self.current = payload, content_hash(payload), current
        self.event_time, self.dated = time or NOON, time is not None


class Context:
    """As much of a run as is looked at."""

    def __init__(self, catalog: Catalog | None = None) -> None:
        self.stores = self
        self.catalog = catalog or Catalog()


def origin(number: int, *, conflicted: bool = False) -> InputProgress:
    missing: Any = None
    item = Item("json", f"rows.json-{number:016x}", missing, missing, "rows.json", "/rows.json", NOON, 1)
    item.kept = KeptRecord("json", "row", "rows#1", "", conflicted=True) if conflicted else None
    return InputProgress(item)


def record(payload: dict[str, Any], at: InputProgress, time: datetime | None = None, **more: Any) -> RecordInProgress:
    read = Record("json", "row", "rows#1", payload, content_hash(payload), NOON, "rows.json:1", **more)
    extraction = Extraction(time or NOON, "", "", (), (), (), dated=time is not None)
    return RecordInProgress(at, read, extraction=extraction)


async def refused(
    *records: RecordInProgress, seen: SeenRecords | None = None, catalog: Catalog | None = None
) -> list[int]:
    """The places of those that have a conflict."""
    context: Any = Context(catalog)
    await (seen or SeenRecords()).screen(context, Batch(list(records)))
    for each in records:
        assert each.result is None or each.result.error is None or each.result.error.code == "identity_conflict"
    return [place for place, each in enumerate(records) if each.result and each.result.status is RecordStatus.FAILED]


ONE, TWO = origin(1), origin(2)
LATER = NOON + timedelta(hours=1)


@pytest.mark.parametrize(
    ("second", "conflict"),
    [
        (record(HALCYON, ONE), False),
        (record(PRAIRIE, ONE), True),
        (record({**HALCYON, "city": "Omaha"}, ONE), True),
        (record({**HALCYON, "city": "Omaha"}, TWO), False),
        (record(PRAIRIE, TWO), True),
        (record(TRAILER, TWO), True),
    ],
)
async def test_without_a_time(second: RecordInProgress, conflict: bool) -> None:
    assert await refused(record(HALCYON, ONE), second) == ([1] if conflict else [])


@pytest.mark.parametrize(
    ("second", "conflict"),
    [
        (record(PRAIRIE, ONE, LATER), False),
        (record(PRAIRIE, TWO, NOON - timedelta(hours=2)), False),
        (record(TRAILER, ONE, LATER), True),
        (record(PRAIRIE, ONE, NOON + timedelta(minutes=1)), True),
    ],
)
async def test_with_a_time(second: RecordInProgress, conflict: bool) -> None:
    assert await refused(record(HALCYON, ONE, NOON + timedelta(minutes=1)), second) == ([1] if conflict else [])


async def test_the_third_is_compared_with_the_first_where_the_second_was_refused() -> None:
    rows = [record(payload, ONE) for payload in (HALCYON, PRAIRIE, HALCYON, PRAIRIE)]
    assert await refused(*rows) == [1, 3]


async def test_batches_of_one_run_are_one() -> None:
    seen = SeenRecords()
    assert await refused(record(HALCYON, ONE), seen=seen) == []
    assert await refused(record(PRAIRIE, ONE), seen=seen) == [0]


async def test_what_the_memory_has_counts_as_seen() -> None:
    unchanged = record(HALCYON, ONE)
    unchanged.extraction = None
    unchanged.end(RecordStatus.UNCHANGED)
    assert await refused(unchanged, record(PRAIRIE, ONE), catalog=Catalog(HALCYON)) == [1]


async def test_a_version_between_those_that_the_memory_has() -> None:
    unchanged = record(HALCYON, ONE)
    unchanged.extraction = None
    unchanged.end(RecordStatus.UNCHANGED)
    later = record(PRAIRIE, ONE, LATER)
    assert await refused(unchanged, later, catalog=Catalog(HALCYON, time=NOON - timedelta(hours=1))) == []


async def test_a_retry_does_not_replace_what_it_was_in_conflict_with() -> None:
    assert await refused(record(PRAIRIE, origin(3, conflicted=True)), catalog=Catalog(HALCYON)) == [0]
    assert await refused(record(HALCYON, origin(3, conflicted=True)), catalog=Catalog(HALCYON)) == []
    assert await refused(record(PRAIRIE, origin(3, conflicted=True)), catalog=Catalog()) == []


async def test_only_so_many_are_remembered() -> None:
    seen = SeenRecords(limit=2)
    for number in range(5):
        await refused(record({**HALCYON, "id": number}, ONE, stored_id=str(number)), seen=seen)
    assert await refused(record(PRAIRIE, ONE, stored_id="4"), seen=seen) == [0]
    assert await refused(record(PRAIRIE, ONE, stored_id="0"), seen=seen) == []
