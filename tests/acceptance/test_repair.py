"""`apex verify` finds damage in each store, and `--repair` repairs it or reports what it cannot repair.

The damage is done to the embedded stores' own files.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from apex_cli.model import record_id
from tests.acceptance import tampering
from tests.acceptance.apex import Result, new_home, run, verified, write_lines
from tests.acceptance.seeds import MESSAGE_KEY, PING_KEY, SEEDS, SHIPMENT_ID, SHIPMENT_KEY, shipment
from tests.acceptance.tampering import STRAY, Damage, tamper

pytestmark = pytest.mark.embedded
ErrorDetail = tuple[str, str, str]


@pytest.fixture(scope="module")
def damaged(short_tmp: Path) -> Iterator[Path]:
    """A home with the seeds, which each test damages and repairs."""
    with new_home(short_tmp) as place:
        run(place, "ingest", write_lines(place.parent / "seeds.jsonl", SEEDS), "-q").expect(0)
        yield place


def ident(key: str) -> str:
    data_type = {"samsara": "location", "turvo": "shipment", "frontapp": "message"}
    source, _, external_id = key.partition(":")
    return record_id(source, data_type[source], external_id)


def problems(result: Result) -> set[ErrorDetail]:
    return {(line["record_id"], line["store"], line["kind"]) for line in result.of("problem")}


def test_the_prepared_stores_are_repaired(damaged: Path) -> None:
    position, shipped, message, stray = map(ident, (PING_KEY, SHIPMENT_KEY, MESSAGE_KEY, f"turvo:{STRAY}"))
    tamper(
        damaged,
        (tampering.no_points, position),
        (tampering.hidden_points, shipped),
        (tampering.no_cache, message),
        (tampering.stale_cache, shipped),
        (tampering.stray_points, stray),
        (tampering.stray_cache, stray),
    )
    assert problems(run(damaged, "verify", "--json").expect(3)) == {
        (position, "vectors", "missing"),
        (shipped, "vectors", "invisible"),
        (message, "cache", "missing"),
        (shipped, "cache", "stale"),
        (stray, "vectors", "orphan"),
        (stray, "cache", "orphan"),
    }
    shown = run(damaged, "verify").expect(3).stdout
    assert "6 problems" in shown
    assert "apex verify --repair" in shown
    repaired = run(damaged, "verify", "--repair", "--json").expect(0)
    assert (repaired.summary["ok"], repaired.summary["repaired"]) == (True, 5)
    assert verified(damaged) == 3


@pytest.mark.parametrize(
    "damage",
    [
        tampering.no_marker,
        tampering.no_episode,
        tampering.no_facts,
        tampering.renamed_entities,
        tampering.stray_record,
        tampering.stray_entity,
    ],
)
def test_the_graph_is_repaired(damaged: Path, damage: Damage) -> None:
    before = run(damaged, "facts", SHIPMENT_ID, "--json").expect(0).stdout
    tamper(damaged, (damage, ident(SHIPMENT_KEY)))
    assert {store for _, store, _ in problems(run(damaged, "verify", "--json").expect(3))} == {"graph"}
    assert run(damaged, "verify", "--repair", "--json").expect(0).summary["repaired"] >= 1
    assert verified(damaged) == 3
    assert run(damaged, "facts", SHIPMENT_ID, "--json").expect(0).stdout == before


def test_a_damaged_graph_fails_what_it_cannot_take_and_nothing_else(home: Path) -> None:
    run(home, "ingest", "-", "-q", stdin=write_lines(home.parent / "seeds", SEEDS).read_bytes()).expect(0)
    tamper(home, (tampering.no_facts, ident(SHIPMENT_KEY)))
    lines = write_lines(home.parent / "more.jsonl", [shipment(1), {**SEEDS[1], "status": "delivered"}])
    result = run(home, "ingest", lines, "--json").expect(3)
    [failed] = [line for line in result.of("record") if line["status"] == "failed"]
    assert (failed["external_id"], failed["stage"]) == (SHIPMENT_ID, "commit")
    assert "verify --repair" in failed["error"]["hint"]
    assert result.summary["committed"] == 1
    run(home, "verify", "--repair").expect(0)
    assert run(home, "ingest", lines, "--json").expect(0).summary["updated"] == 1
    assert verified(home) == 4


def test_what_postgres_lost_is_said_to_be_beyond_repair(home: Path) -> None:
    run(home, "ingest", "-", "-q", stdin=write_lines(home.parent / "seeds", SEEDS).read_bytes()).expect(0)
    tamper(home, (tampering.lost_version, ident(SHIPMENT_KEY)))
    assert (ident(SHIPMENT_KEY), "postgres", "journal") in problems(run(home, "verify", "--json").expect(3))
    assert "cannot repair the rest" in run(home, "verify", "--repair").expect(3).stdout
