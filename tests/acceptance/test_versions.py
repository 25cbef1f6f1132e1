"""Versions of records in time: what came later, what came late, what is thin, what was forgotten."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.apex import run, verified

EN_ROUTE = {
    "shipmentId": "KW-7",
    "customerName": "Prairie Oat Mills",
    "carrierName": "Bluestem Transit",
    "status": "en_route",
    "updatedAt": "2026-03-04T09:00:00Z",
}
DELIVERED = {**EN_ROUTE, "status": "delivered", "updatedAt": "2026-03-05T09:00:00Z"}
BOOKED = {**EN_ROUTE, "status": "booked", "updatedAt": "2026-03-01T09:00:00Z"}
THIN = {"shipmentId": "KW-7", "status": "delivered", "updatedAt": "2026-03-05T09:00:00Z"}
KEY = "turvo:KW-7"


def ingest(home: Path, *payloads: dict[str, Any], flags: tuple[str, ...] = ()) -> list[str]:
    """Ingest one file for each payload; the statuses of the records."""
    folder = home.parent / "in"
    folder.mkdir(exist_ok=True)
    for number, payload in enumerate(payloads):
        (folder / f"{number}.json").write_text(json.dumps(payload))
    files = [str(folder / f"{number}.json") for number in range(len(payloads))]
    return [line["status"] for line in run(home, "ingest", *files, "--json", *flags).expect(0).of("record")]


def facts(home: Path, *options: str) -> set[tuple[str, str, str, str | None]]:
    lines = run(home, "facts", "KW-7", "--json", *options).expect(0).of("fact")
    return {(line["predicate"], line["object"], line["valid_at"], line["invalid_at"]) for line in lines}


def test_overlapping_exports_without_a_time_settle_too(home: Path) -> None:
    booked, delivered = ({name: each[name] for name in each if name != "updatedAt"} for each in (BOOKED, DELIVERED))
    assert ingest(home, booked, delivered) == ["committed", "updated"]
    assert ingest(home, booked, delivered) == ["unchanged"] * 2
    assert ingest(home, booked) == ["updated"]


@pytest.mark.parametrize("order", [(BOOKED, EN_ROUTE, DELIVERED), (DELIVERED, BOOKED, EN_ROUTE)])
def test_overlapping_exports_settle_in_any_order(home: Path, order: tuple[dict[str, Any], ...]) -> None:
    assert ingest(home, *order)[0] == "committed"
    assert ingest(home, *order) == ["unchanged"] * 3
    assert facts(home) == {
        ("HAS_STATUS", "booked", "2026-03-01T09:00:00Z", "2026-03-04T09:00:00Z"),
        ("HAS_STATUS", "en_route", "2026-03-04T09:00:00Z", "2026-03-05T09:00:00Z"),
        ("HAS_STATUS", "delivered", "2026-03-05T09:00:00Z", None),
        ("FOR_CUSTOMER", "Prairie Oat Mills", "2026-03-01T09:00:00Z", None),
        ("HAULED_BY", "Bluestem Transit", "2026-03-01T09:00:00Z", None),
    }
    at = ("--at", "2026-03-04T12:00:00Z")
    [line] = run(home, "facts", "KW-7", "--json", *at, "--predicate", "HAS_STATUS").of("fact")
    assert line["object"] == "en_route"
    versions = run(home, "history", KEY, "--json").expect(0).lines
    assert [(one["as_of"], one["current"]) for one in versions] == [
        ("2026-03-01T09:00:00Z", False),
        ("2026-03-04T09:00:00Z", False),
        ("2026-03-05T09:00:00Z", True),
    ]
    assert {"path": "status", "before": '"en_route"', "after": '"delivered"'} in versions[2]["changes"]
    [record] = run(home, "get", KEY, "--json").expect(0).lines
    assert record["stores"]["postgres"]["payload"]["status"] == "delivered"
    assert ["delivered" in point["text"] for point in record["stores"]["vectors"]] == [True]
    assert verified(home) == 1


def test_a_late_version_says_late_and_changes_nothing_that_readers_see(home: Path) -> None:
    assert ingest(home, DELIVERED) == ["committed"]
    [before] = run(home, "get", KEY, "--json").expect(0).lines
    assert ingest(home, EN_ROUTE) == ["late"]
    [after] = run(home, "get", KEY, "--json").expect(0).lines
    for store in ("vectors", "cache"):
        assert after["stores"][store] == before["stores"][store]
    assert verified(home) == 1


def test_a_thin_row_ends_nothing_and_is_shown_over_the_whole_record(home: Path) -> None:
    ingest(home, EN_ROUTE)
    assert ingest(home, THIN) == ["updated"]
    assert facts(home, "--at", "2026-03-06T00:00:00Z") == {
        ("HAS_STATUS", "delivered", "2026-03-05T09:00:00Z", None),
        ("FOR_CUSTOMER", "Prairie Oat Mills", "2026-03-04T09:00:00Z", None),
        ("HAULED_BY", "Bluestem Transit", "2026-03-04T09:00:00Z", None),
    }
    [record] = run(home, "get", KEY, "--json").expect(0).lines
    payload = record["stores"]["postgres"]["payload"]
    assert (payload["status"], payload["carrierName"]) == ("delivered", "Bluestem Transit")
    assert {"Prairie Oat Mills" in point["text"] for point in record["stores"]["vectors"]} == {True, False}
    assert verified(home) == 1


def test_what_was_forgotten_is_not_taken_again_unless_asked(home: Path) -> None:
    ingest(home, EN_ROUTE, DELIVERED)
    assert "asks first" in run(home, "forget", KEY).expect(2).stderr
    run(home, "forget", KEY, "--yes").expect(0)
    assert run(home, "facts", "KW-7").expect(2).stdout == ""
    run(home, "history", KEY).expect(2)
    assert ingest(home, EN_ROUTE, DELIVERED) == ["forgotten", "forgotten"]
    assert ingest(home, BOOKED) == ["committed"]
    run(home, "forget", KEY, "--undo").expect(0)
    assert sorted(ingest(home, EN_ROUTE, DELIVERED)) == ["updated", "updated"]
    run(home, "forget", KEY, "--yes").expect(0)
    assert ingest(home, DELIVERED, flags=("--again",)) == ["committed"]
    run(home, "forget", KEY, "--undo").expect(0)
    run(home, "forget", KEY, "--undo").expect(2)
    assert verified(home) == 1


@pytest.mark.embedded
def test_a_purge_leaves_no_byte_of_a_forgotten_record_in_the_home(home: Path) -> None:
    secret = {**EN_ROUTE, "customerName": "Quibblewort Zanzibar", "status": "quaffled"}
    other = {**EN_ROUTE, "shipmentId": "KEPT-1"}
    ingest(home, secret, other)
    ingest(home, {**secret, "updatedAt": "2026-03-09T09:00:00Z"})
    words = (b"Quibblewort", b"quaffled", b"KW-7")
    assert any(word in path.read_bytes() for word in words for path in home.rglob("*") if path.is_file())
    said = run(home, "forget", KEY, "--yes", "--purge").expect(0)
    assert said.stdout.splitlines()[1:5] == ["purged postgres", "purged graph", "purged vectors", "purged cache"]
    left = [
        (path.relative_to(home), word)
        for path in home.rglob("*")
        if path.is_file()
        for word in words
        if word.lower() in path.read_bytes().lower()
    ]
    assert left == []
    assert verified(home) == 1
    run(home, "get", "turvo:KEPT-1").expect(0)
    assert ingest(home, secret) == ["forgotten"]


def test_history_as_the_memory_knew_it(home: Path) -> None:
    """A correction, a later and a late version that came since are not known yet."""
    corrected = {**EN_ROUTE, "carrierName": "Cedar Creek Freight"}

    def written() -> str:
        found: str = max(line["written_at"] for line in run(home, "history", KEY, "--json").expect(0).lines)
        return found

    assert ingest(home, EN_ROUTE) == ["committed"]
    first = written()
    assert ingest(home, corrected) == ["updated"]
    second = written()
    assert ingest(home, DELIVERED, BOOKED) == ["updated", "late"]

    def known(at: str) -> list[tuple[str, bool, bool, list[str]]]:
        lines = run(home, "history", KEY, "--known-at", at, "--json").expect(0).lines
        return [
            (line["as_of"], line["current"], line["replaced_by"] is not None, [one["path"] for one in line["changes"]])
            for line in lines
        ]

    assert known(first) == [("2026-03-04T09:00:00Z", True, False, [])]
    assert known(second) == [
        ("2026-03-04T09:00:00Z", False, True, []),
        ("2026-03-04T09:00:00Z", True, False, []),
    ]
    assert [(as_of, current) for as_of, current, replaced, _ in known("2099-01-01") if not replaced] == [
        ("2026-03-01T09:00:00Z", False),
        ("2026-03-04T09:00:00Z", False),
        ("2026-03-05T09:00:00Z", True),
    ]
    before = run(home, "history", KEY, "--known-at", "2020-01-01").expect(2)
    assert f"it got the first version at {first}" in before.stderr
