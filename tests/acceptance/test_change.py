"""`apex forget`, `apex verify` and its repair: removed in every store; what is lost is found and restored."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.acceptance import shapes
from tests.acceptance.apex import run, verified, write_lines
from tests.acceptance.seeds import MESSAGE_KEY, SEEDS, SHIPMENT_ID, SHIPMENT_KEY
from tests.acceptance.shapes import has_shape
from tests.profiles import lose


@pytest.fixture
def filled(home: Path) -> Path:
    run(home, "ingest", write_lines(home.parent / "seeds.jsonl", SEEDS), "-q").expect(0)
    return home


def test_forget_removes_a_record_everywhere_and_nothing_else(filled: Path) -> None:
    said = run(filled, "forget", SHIPMENT_KEY, "--yes").expect(0)
    assert said.stdout.startswith(f"forgotten {SHIPMENT_KEY} (")
    run(filled, "get", SHIPMENT_KEY).expect(2)
    # The message still mentions the shipment; the shipment's own claims are gone.
    [fact] = run(filled, "facts", SHIPMENT_ID, "--json").expect(0).of("fact")
    assert fact["predicate"] == "MENTIONS"
    assert run(filled, "facts", "Acme Manufacturing Corp").expect(2).stdout == ""
    hits = run(filled, "search", "Acme Manufacturing Corp", "--json").expect(0).lines
    assert SHIPMENT_ID not in {hit["external_id"] for hit in hits}
    assert verified(filled) == 2
    verbs = [line["verb"] for line in run(filled, "runs", "--json").expect(0).lines]
    assert verbs == ["forget", "ingest"]
    run(filled, "forget", MESSAGE_KEY, "--json", "--yes").expect(0)
    assert run(filled, "facts", SHIPMENT_ID).expect(2).stdout == ""
    assert verified(filled) == 1


@pytest.mark.parametrize("store", ["vectors", "cache", "graph"])
def test_a_store_that_lost_its_data_is_seen_and_repaired(filled: Path, store: str) -> None:
    lose(filled, store)
    result = run(filled, "verify", "--json").expect(3)
    for problem in result.of("problem"):
        has_shape(problem, shapes.PROBLEM)
        assert (problem["store"], problem["kind"]) == (store, "missing")
    assert len({problem["record_id"] for problem in result.of("problem")}) == 3
    assert (result.summary["ok"], result.summary["records"]) == (False, 3)
    assert "apex verify --repair" in run(filled, "verify").expect(3).stdout
    assert run(filled, "verify", "--repair", "--json").expect(0).summary["repaired"] > 0
    assert verified(filled) == 3
    [line] = run(filled, "get", SHIPMENT_KEY, "--json").expect(0).lines
    assert all(line["stores"].values())


@pytest.mark.embedded
def test_leftovers_of_a_forgotten_record_are_orphans(filled: Path) -> None:
    kept = filled.parent / "kept"
    shutil.copytree(filled / "vectors", kept)
    run(filled, "forget", MESSAGE_KEY, "--yes").expect(0)
    shutil.rmtree(filled / "vectors")
    kept.rename(filled / "vectors")
    result = run(filled, "verify", "--json").expect(3)
    assert [(problem["store"], problem["kind"]) for problem in result.of("problem")] == [("vectors", "orphan")]
    # What PostgreSQL does not call current is never an answer.
    hits = run(filled, "search", "delivered successfully", "--json").expect(0).lines
    assert MESSAGE_KEY not in {f"{hit['source']}:{hit['external_id']}" for hit in hits}
    run(filled, "verify", "--repair").expect(0)
    assert verified(filled) == 2


@pytest.mark.embedded
def test_verify_that_cannot_look_is_no_finding(filled: Path) -> None:
    shutil.rmtree(filled / "graph")
    (filled / "graph").write_text("not a folder")
    result = run(filled, "verify", "--json").expect(10)
    assert result.of("problem") == []
    assert result.stderr
