"""One shipment in several layouts of one API is one record, whatever order they come in."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.acceptance.apex import run
from tests.turvo_helpers import CASES

pytestmark = pytest.mark.any_engine

SHIPMENT = "SHIP-2025-10-19-002"
FILES = (
    "shipment_detail",
    "shipments_list_page1",
    "webhook_shipment_status_update",
    "customers_list",
    "error_response",
)


@pytest.mark.parametrize("step", [1, -1])
def test_detail_row_and_webhook_are_one_record(home: Path, step: int) -> None:
    folder = home.parent / "in"
    folder.mkdir()
    for number, name in enumerate(FILES[::step]):
        shutil.copy(CASES / "turvo" / f"{name}.json", folder / f"{number}.json")
    lines = run(home, "ingest", str(folder), "--json").expect(0).of("record")
    assert sorted(line["note"] for line in lines if line["status"] == "skipped") == ["error answer"]
    records = {(line["data_type"], line["external_id"]) for line in lines if line["status"] != "skipped"}
    assert records == {("shipment", SHIPMENT), ("shipment", "SHIP-2025-10-19-003"), ("customer", "834100")}

    facts = run(home, "facts", SHIPMENT, "--json").expect(0).of("fact")
    current = {(line["predicate"], line["object"]) for line in facts if line["invalid_at"] is None}
    assert {("HAS_STATUS", "delivered"), ("HAULED_BY", "Lakeshore Haulage Inc"), ("ORIGIN", "Chicago, IL")} <= current
    assert {one for predicate, one in current if predicate == "HAS_STATUS"} == {"delivered"}
    since = {(line["predicate"], line["valid_at"]) for line in facts}
    assert {("FOR_CUSTOMER", "2025-10-18T15:02:10Z"), ("HAULED_BY", "2025-10-18T15:02:10Z")} <= since
    [ended] = [line for line in facts if line["object"] == "Prairie Wind Transport LLC"]
    assert ended["invalid_at"] is not None
    again = run(home, "ingest", str(folder), "--json").expect(0).of("record")
    assert {line["status"] for line in again} == {"unchanged", "skipped"}
