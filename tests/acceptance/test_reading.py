"""The verbs that only read: streams, exit codes and the promised shapes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance import shapes
from tests.acceptance.apex import engines, run
from tests.acceptance.seeds import MESSAGE_KEY, SHIPMENT_ID, SHIPMENT_KEY, TRUCK, VIN, WANDERER
from tests.acceptance.shapes import has_shape, is_time, is_uuid


def test_get_shows_all_four_stores(seeded: Path) -> None:
    [line] = run(seeded, "get", SHIPMENT_KEY, "--json").expect(0).lines
    has_shape(line, shapes.GET)
    assert line["type"] == "record"
    assert is_uuid(line["record_id"])
    stores = line["stores"]
    assert set(stores) == {"graph", "postgres", "vectors", "cache"}
    for entity in stores["graph"]["entities"]:
        has_shape(entity, shapes.ENTITY)
    for fact in stores["graph"]["facts"]:
        has_shape(fact, shapes.GRAPH_FACT)
    for point in stores["vectors"]:
        has_shape(point, shapes.POINT)
        assert point["visible"]
        assert SHIPMENT_ID in point["text"]
    assert stores["postgres"]["payload"]["customerName"] == "Acme Manufacturing Corp"
    assert stores["cache"]["saga_id"] == stores["postgres"]["saga_id"]
    assert is_time(stores["postgres"]["event_time"])


def test_get_by_record_id_is_the_same_record(seeded: Path) -> None:
    [by_name] = run(seeded, "get", SHIPMENT_KEY, "--json").expect(0).lines
    assert run(seeded, "get", by_name["record_id"], "--json").expect(0).lines == [by_name]


def test_get_for_people(seeded: Path) -> None:
    result = run(seeded, "get", SHIPMENT_KEY).expect(0)
    for word in (SHIPMENT_ID, "Acme Manufacturing Corp", "HAS_STATUS", "graph:", "postgres:", "vectors:", "cache:"):
        assert word in result.stdout
    assert result.stderr == ""


@pytest.mark.parametrize("ident", ["turvo:SHIP-0", "00000000-0000-0000-0000-000000000000", "nothing"])
def test_get_of_nothing(seeded: Path, ident: str) -> None:
    result = run(seeded, "get", ident).expect(2)
    assert result.stdout == ""
    assert f"no record '{ident}'" in result.stderr
    assert "hint:" in result.stderr


def test_facts_have_the_promised_shape(seeded: Path) -> None:
    lines = run(seeded, "facts", WANDERER, "--json").expect(0).of("fact")
    for line in lines:
        has_shape(line, shapes.FACT)
        assert line["type"] == "fact"
        assert all(map(is_uuid, line["records"]))
    assert [(line["object"], line["valid_at"], line["invalid_at"], line["current"]) for line in lines] == [
        ("Chicago, IL", "2025-10-19T10:00:00Z", "2025-10-19T12:00:00Z", False),
        ("Gary, IN", "2025-10-19T12:00:00Z", None, True),
    ]


def test_facts_by_any_name(seeded: Path) -> None:
    expected = run(seeded, "facts", WANDERER, "--json").expect(0).stdout
    [line] = run(seeded, "get", f"samsara:{WANDERER}@2025-10-19T10:00:00Z", "--json").expect(0).lines
    [vehicle] = [each for each in line["stores"]["graph"]["entities"] if each["type"] == "Vehicle"]
    for name in (WANDERER.lower(), VIN, vehicle["id"]):
        assert run(seeded, "facts", name, "--json").expect(0).stdout == expected, name


def test_facts_as_of_a_time(seeded: Path) -> None:
    def at(time: str) -> list[tuple[str, bool]]:
        lines = run(seeded, "facts", WANDERER, "--at", time, "--json").expect(0).of("fact")
        return [(line["object"], line["current"]) for line in lines]

    assert at("2025-10-19T09:59:59Z") == []
    assert at("2025-10-19T10:00:00Z") == [("Chicago, IL", True)]
    assert at("2025-10-19T13:30:00+02:00") == [("Chicago, IL", True)]
    assert at("2025-10-19T12:00:00Z") == [("Gary, IN", True)]


def test_facts_of_one_predicate(seeded: Path) -> None:
    for spelled in ("HAS_STATUS", "has_status"):
        [line] = run(seeded, "facts", SHIPMENT_ID, "--predicate", spelled, "--json").expect(0).of("fact")
        assert (line["predicate"], line["object"]) == ("HAS_STATUS", "in_transit")


def test_facts_for_people(seeded: Path) -> None:
    result = run(seeded, "facts", WANDERER).expect(0)
    assert f"Vehicle {WANDERER}" in result.stdout
    assert f"{WANDERER} LOCATED_AT Gary, IN" in result.stdout
    assert result.stderr == ""


def test_facts_of_several_things_lists_them(seeded: Path) -> None:
    result = run(seeded, "facts", "Twin Lakes", "--json").expect(2)
    listed = result.of("entity")
    assert {each["entity_type"] for each in listed} == {"Customer", "Carrier"}
    assert len({each["id"] for each in listed}) == 2
    shown = run(seeded, "facts", "Twin Lakes").expect(2)
    assert all(each["id"] in shown.stdout for each in listed)
    assert "2 entities answer to 'Twin Lakes'" in shown.stderr
    [carrier] = [each for each in listed if each["entity_type"] == "Carrier"]
    [fact] = run(seeded, "facts", carrier["id"], "--json").expect(0).of("fact")
    assert (fact["predicate"], fact["object"]) == ("HAULED_BY", "Twin Lakes")


def test_facts_of_nothing(seeded: Path) -> None:
    result = run(seeded, "facts", "TRUCK-UNKNOWN").expect(2)
    assert result.stdout == ""
    assert "TRUCK-UNKNOWN" in result.stderr
    assert run(seeded, "facts", TRUCK, "--at", "yesterday").expect(2).stdout == ""


def test_search_has_the_promised_shape_and_all_three_parts(seeded: Path) -> None:
    lines = run(seeded, "search", f"delivery of {SHIPMENT_ID} confirmed", "--json").expect(0).lines
    for rank, line in enumerate(lines, 1):
        has_shape(line, shapes.HIT)
        assert (line["type"], line["rank"]) == ("hit", rank)
    scores = [line["score"] for line in lines]
    assert scores == sorted(scores, reverse=True)
    assert lines[0]["external_id"] in (SHIPMENT_ID, MESSAGE_KEY.partition(":")[2])
    assert {part for line in lines for part in line["matched_by"]} == {"vector", "keyword", "graph"}
    assert len({line["record_id"] for line in lines}) == len(lines)


def test_search_by_meaning_alone(seeded: Path) -> None:
    lines = run(seeded, "search", "automobile velocity", "--json").expect(0).lines
    assert {line["source"] for line in lines} == {"samsara"}
    assert all(line["matched_by"] == ["vector"] for line in lines)


def test_search_takes_a_source_and_a_limit(seeded: Path) -> None:
    lines = run(seeded, "search", SHIPMENT_ID, "--source", "frontapp", "--json").expect(0).lines
    assert [line["source"] for line in lines] == ["frontapp"]
    assert len(run(seeded, "search", "Chicago", "--limit", "1", "--json").expect(0).lines) == 1
    assert run(seeded, "search", "", "--json").expect(2).stderr


def test_search_for_people(seeded: Path) -> None:
    result = run(seeded, "search", SHIPMENT_ID).expect(0)
    assert SHIPMENT_KEY in result.stdout
    assert result.stderr == ""


def test_verify_of_what_is_sound(seeded: Path) -> None:
    result = run(seeded, "verify", "--json").expect(0)
    [line] = result.lines
    has_shape(line, shapes.VERIFY_SUMMARY)
    assert (line["type"], line["records"], line["problems"], line["ok"]) == ("summary", 6, 0, True)
    assert "the four stores agree" in run(seeded, "verify").expect(0).stdout


def test_runs_are_kept(seeded: Path) -> None:
    lines = run(seeded, "runs", "--json").expect(0).lines
    assert [(line["type"], line["verb"], line["exit_code"]) for line in lines] == [("run", "ingest", 0)]
    assert is_time(lines[0]["started_at"])
    assert is_time(lines[0]["finished_at"])
    [shown] = run(seeded, "runs", "show", lines[0]["run_id"][:8], "--json").expect(0).lines
    assert shown["summary"]["committed"] == 6
    assert shown == lines[0]
    assert "6 committed" in run(seeded, "runs").expect(0).stdout
    assert "no run 'ffffffff'" in run(seeded, "runs", "show", "ffffffff").expect(2).stderr


def test_doctor_of_a_sound_home(seeded: Path) -> None:
    lines = run(seeded, "doctor", "--json").expect(0).lines
    assert {line["type"] for line in lines} == {"check"}
    checks = {line["name"]: line["status"] for line in lines}
    assert {"home", "disk", "staging", "lock", "graph", "postgres", "vectors", "cache"} <= set(checks)
    assert not {name: status for name, status in checks.items() if status not in ("ok", "note")}
    assert "postgres" in run(seeded, "doctor").expect(0).stdout


@pytest.mark.embedded
def test_doctor_names_foreign_settings_and_no_secret(seeded: Path) -> None:
    foreign = {
        "DATABASE_URL": "postgresql://planner:hunter2@db.example.com/prod",
        "REDIS_URL": "redis://elsewhere:6379",
    }
    result = run(seeded, "doctor", env=foreign).expect(0)
    assert "DATABASE_URL" in result.stdout
    assert "APEX_POSTGRES_URL" in result.stdout
    assert "APEX_REDIS_URL" in result.stdout
    assert "hunter2" not in result.stdout + result.stderr


def test_recover_with_nothing_to_settle(seeded: Path) -> None:
    [line] = run(seeded, "recover", "--json").expect(0).lines
    assert (line["rolled_forward"], line["aborted"], line["left"]) == (0, 0, 0)
    assert run(seeded, "recover").expect(0).stdout == "Nothing to settle.\n"
    assert engines(seeded) == []


def test_fault_points_are_listed(seeded: Path) -> None:
    points = run(seeded, "debug", "fault-points").expect(0).stdout.splitlines()
    assert {"vectors.prepare.after", "graph.commit.before"} <= set(points)
    lines = run(seeded, "debug", "fault-points", "--json").expect(0).lines
    assert [line["point"] for line in lines] == points
