"""Vectors of names and facts on a Neo4j server are a choice: `APEX_GRAPH_VECTORS` on, off, and on again."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from apex_cli.config import Settings, load
from apex_cli.embed.local import LocalEmbedder
from apex_cli.pipeline.context import Stop, coordinator_for
from apex_cli.pipeline.reembed import Reembedding
from apex_cli.results import RecordResult, RecordStatus, RunSummary
from apex_cli.sources.registry import extract
from apex_cli.stores.factory import open_stores
from apex_cli.stores.protocol import Fillable
from apex_cli.verify import verify
from tests import namespaces, profiles
from tests.graph_server import rows
from tests.plans import make_record

VECTORS = """MATCH (n:Entity {group_id: $group})
    OPTIONAL MATCH (n)-[f:RELATES_TO]->()
    RETURN n.name AS name, labels(n) AS labels, n.name_embedding AS vector,
    f.fact AS fact, f.fact_embedding AS fact_vector"""


class Silent:
    """An `Observer` that shows nothing."""

    def phase(self, text: str) -> None: ...

    def outcome(self, outcome: RecordResult) -> None: ...


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    home = tmp_path / "home"
    found = load({"home": home}, cwd=tmp_path, environ=profiles.on_servers(home))
    yield found
    namespaces.drop(found.namespace)


async def ingest(settings: Settings, ident: str, carrier: str, hour: int) -> None:
    """Write one shipment as a run does."""
    payload = {
        "shipmentId": ident,
        "carrierName": carrier,
        "carrierId": "77",
        "updatedAt": f"2025-10-19T{hour:02}:00:00Z",
        "status": "in_transit",
    }
    record = make_record(ident, payload=payload, namespace=settings.namespace)
    async with open_stores(settings) as stores:
        embedded = await stores.embedding.apply([extract(record)])
        (result,) = await coordinator_for(settings, stores).write([(record, embedded[0])])
    assert result.status in (RecordStatus.COMMITTED, RecordStatus.UPDATED)


async def stored(settings: Settings) -> tuple[dict[str, bool], dict[str, bool]]:
    """Whether each name and each sentence has its vector. One that has another text's fails."""
    found = await rows(VECTORS, group=settings.namespace)
    names = {row["name"]: (next(one for one in row["labels"] if one != "Entity"), row["vector"]) for row in found}
    facts = {row["fact"]: row["fact_vector"] for row in found if row["fact"] is not None}
    texts = [f"{kind} {name}" for name, (kind, _) in names.items()] + list(facts)
    right = dict(zip(texts, await LocalEmbedder().embed(texts), strict=True))
    for text, vector in [*((f"{kind} {name}", vector) for name, (kind, vector) in names.items()), *facts.items()]:
        assert vector is None or vector == pytest.approx(right[text].tolist(), abs=1e-6), text
    return {name: vector is not None for name, (_, vector) in names.items()}, {
        fact: vector is not None for fact, vector in facts.items()
    }


async def test_off_writes_none_and_reembed_adds_those_that_are_missing(settings: Settings) -> None:
    off = replace(settings, graph_vectors="off")
    await ingest(settings, "S1", "Lakeshore Haulage", 8)
    names, facts = await stored(settings)
    assert all(names.values())
    assert all(facts.values())
    await ingest(off, "S2", "Lakeshore Logistics", 9)
    names, facts = await stored(settings)
    # The carrier has another name now, so the vector of the old one is gone. What did not change has its own.
    assert (names["S1"], names["S2"], names["Lakeshore Logistics"]) == (True, False, False)
    assert {fact for fact, there in facts.items() if not there} == {fact for fact in facts if "S2" in fact}
    await reembedded(off, 0)
    missing = [*names.values(), *facts.values()].count(False)
    await reembedded(settings, missing)
    names, facts = await stored(settings)
    assert all(names.values())
    assert all(facts.values())
    await reembedded(settings, 0)


async def reembedded(settings: Settings, filled: int) -> None:
    summary = RunSummary(run_id=str(uuid.uuid4()))
    work = Reembedding(settings, summary, Silent(), Stop())
    await work.run()
    assert (work.filled, summary.exit_code) == (filled, 0)
    async with open_stores(settings) as stores:
        if settings.graph_vectors == "on":
            assert isinstance(stores.graph, Fillable)
            assert await stores.graph.without_vectors(limit=10) == []
        assert (await verify(stores)).ok
