"""`apex search`: what is named stands first, filters are applied before the limit, and nothing is found of nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from apex_cli.cli.main import main

pytestmark = pytest.mark.embedded
Captured = pytest.CaptureFixture[str]


def ping(hour: int, unit: str = "TRUCK-6520", city: str = "Columbus, OH") -> dict[str, Any]:
    return {
        "vehicleId": unit,
        "timestamp": f"2025-10-19T{hour:02}:00:00Z",
        "location": {"latitude": 39.96, "longitude": -83.0, "address": city},
        "speedMph": 55,
    }


def shipment(name: str, status: str, hour: int) -> dict[str, Any]:
    return {
        "shipmentId": name,
        "status": status,
        "customer": {"name": "Acme Manufacturing Corp"},
        "carrier": {"name": "Lakeshore Haulage", "mc": "MC-948811"},
        "lastUpdated": f"2025-10-19T{hour:02}:00:00Z",
    }


def message(name: str, body: str, hour: int) -> dict[str, Any]:
    return {
        "message_id": name,
        "conversation_id": "CNV-1",
        "subject": "Update",
        "from": "dispatch@lakeshore.example",
        "to": ["ops@brokerage.example"],
        "timestamp": f"2025-10-19T{hour:02}:00:00Z",
        "body": body,
    }


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("s")
    records = [
        *(ping(hour, city=city) for hour, city in ((8, "Dayton, OH"), (10, "Columbus, OH"), (9, "Lima, OH"))),
        *(ping(hour, "TRUCK-6521", "Akron, OH") for hour in range(11, 20)),
        shipment("LD-10441", "in_transit", 7),
        shipment("LD-10442", "covered", 7),
        message("MSG-1", "LD-10441 is two hours late because of snow near Lafayette. Driver of TRUCK-6520 waits.", 12),
        message("MSG-2", "Please confirm the pickup of LD-10441 with the warehouse.", 13),
        message("MSG-3", "The reefer of another load broke down in the desert.", 14),
    ]
    (folder / "in.jsonl").write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    assert main(["ingest", str(folder / "in.jsonl"), "-q", "--home", str(folder / "h")]) == 0
    update = folder / "update.jsonl"
    update.write_text(json.dumps(shipment("LD-10441", "delivered", 18)), encoding="utf-8")
    assert main(["ingest", str(update), "-q", "--home", str(folder / "h")]) == 0
    return folder / "h"


def found(home: Path, capsys: Captured, *arguments: str) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert main(["search", *arguments, "--json", "--home", str(home)]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def ids(home: Path, capsys: Captured, *arguments: str) -> list[str]:
    return [hit["external_id"] for hit in found(home, capsys, *arguments)]


@pytest.mark.parametrize("text", ["LD-10441", "ld-10441", "where is LD-10441", "shipment LD-10441"])
def test_an_id_puts_its_record_first(home: Path, capsys: Captured, text: str) -> None:
    first, *others = found(home, capsys, text)
    assert (first["source"], first["external_id"]) == ("turvo", "LD-10441")
    assert "delivered" in first["text"]
    assert {"MSG-1", "MSG-2"} <= {hit["external_id"] for hit in others}


def test_the_newest_ping_of_a_truck_is_first(home: Path, capsys: Captured) -> None:
    found = ids(home, capsys, "where is TRUCK-6520")
    assert found[0].startswith("TRUCK-6520@2025-10-19T10")
    assert [one[:10] for one in found[:3]] == ["TRUCK-6520"] * 3
    assert found[3] == "MSG-1"


def test_a_name_puts_its_records_first(home: Path, capsys: Captured) -> None:
    assert set(ids(home, capsys, "Lakeshore Haulage", "--limit", "2")) == {"LD-10441", "LD-10442"}
    assert set(ids(home, capsys, "lakeshore haulage inc.", "--limit", "2")) == {"LD-10441", "LD-10442"}


def test_what_else_is_asked_decides_among_the_records_of_a_thing(home: Path, capsys: Captured) -> None:
    assert ids(home, capsys, "why is LD-10441 late because of snow")[0] == "MSG-1"


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("last position of TRUCK-6520", "TRUCK-6520@2025-10-19T10:00:00Z"),
        ("latest message about LD-10441", "MSG-2"),
        ("current status of LD-10441", "LD-10441"),
        ("messages from dispatch@lakeshore.example", "MSG-3"),
    ],
)
def test_the_kind_and_the_newest_come_first_where_they_are_asked_for(
    home: Path, capsys: Captured, text: str, first: str
) -> None:
    assert ids(home, capsys, text)[0] == first


def test_a_misspelt_word_is_searched_for_as_the_nearest_that_is_there(home: Path, capsys: Captured) -> None:
    *hits, one, other = found(home, capsys, "Lakeshroe Hualage", "--limit", "2")
    assert {hit["external_id"] for hit in hits} == {"LD-10441", "LD-10442"}
    assert one == {"type": "respelt", "word": "Lakeshroe", "instead": "Lakeshore"}
    assert (other["word"], other["instead"]) == ("Hualage", "Haulage")
    assert main(["search", "Hualage", "--home", str(home)]) == 0
    assert capsys.readouterr().err == 'no record has "Hualage": searched for "Haulage"\n'


def test_no_id_is_taken_for_a_misspelt_one(home: Path, capsys: Captured) -> None:
    assert found(home, capsys, "LD-10414") == []


def test_a_record_without_a_thing_is_found_by_its_own_id(home: Path, capsys: Captured) -> None:
    assert ids(home, capsys, "MSG-3")[0] == "MSG-3"


@pytest.mark.parametrize("text", ["how do I bake sourdough bread", "SHIP-99999", "xyzzy plugh", "...", "the"])
def test_nothing_is_found_of_nothing(home: Path, capsys: Captured, text: str) -> None:
    assert found(home, capsys, text) == []
    assert main(["search", text, "--home", str(home)]) == 0
    assert capsys.readouterr().out == "Nothing found.\n"


def test_filters_come_before_the_limit(home: Path, capsys: Captured) -> None:
    assert ids(home, capsys, "LD-10441 late snow", "--type", "shipment", "--limit", "1") == ["LD-10441"]
    assert ids(home, capsys, "truck in Akron", "--source", "frontapp", "--limit", "50") != []
    assert set(ids(home, capsys, "truck", "--before", "2025-10-19T09:30:00Z", "--limit", "2")) <= {
        f"TRUCK-6520@2025-10-19T0{hour}:00:00Z" for hour in (8, 9)
    } | {"LD-10441", "LD-10442"}
    late = ids(home, capsys, "where is TRUCK-6521", "--before", "2025-10-19T12:00:00Z")
    assert late[0].startswith("TRUCK-6521@2025-10-19T11")
    assert ids(home, capsys, "where is TRUCK-6521", "--after", "2025-10-20T00:00:00Z") == []


def test_at_a_time_the_versions_of_that_time_are_found(home: Path, capsys: Captured) -> None:
    (hit,) = found(home, capsys, "LD-10441", "--at", "2025-10-19T11:00:00Z")
    assert "in_transit" in hit["text"]
    assert hit["event_time"] == "2025-10-19T07:00:00Z"
    assert found(home, capsys, "LD-10441", "--at", "2025-10-19T06:00:00Z") == []
    assert ids(home, capsys, "where is TRUCK-6520", "--at", "2025-10-19T09:30:00Z")[0].startswith(
        "TRUCK-6520@2025-10-19T09"
    )


def test_current_leaves_out_what_has_ended(home: Path, capsys: Captured) -> None:
    found = ids(home, capsys, "TRUCK-6520", "--current")
    assert [one for one in found if one.startswith("TRUCK-6520")] == [ids(home, capsys, "where is TRUCK-6520")[0]]
    assert "MSG-1" in found


def test_the_matching_words_are_shown(home: Path, capsys: Captured) -> None:
    (hit, *_) = found(home, capsys, "snow delays near lafayette")
    assert (hit["external_id"], hit["data_type"]) == ("MSG-1", "message")
    assert hit["matched"] == ["snow", "near", "Lafayette"]
