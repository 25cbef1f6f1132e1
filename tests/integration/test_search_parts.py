"""A part of the search that fails is named and left out; the search fails only when no part answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from apex_cli.cli.main import main
from apex_cli.embed.local import LocalEmbedder
from apex_cli.errors import EmbedError, StoreTransient
from apex_cli.stores.graph.store import GraphStore
from apex_cli.stores.postgres.catalog import Catalog
from apex_cli.stores.qdrant.edge import QdrantEdgeStore

pytestmark = pytest.mark.embedded
Captured = pytest.CaptureFixture[str]
FULL = StoreTransient("graph", "the buffer pool is full")


@pytest.fixture(autouse=True)
def _home(short_tmp: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APEX_HOME", str(short_tmp / tmp_path.name))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("The reefer unit of trailer 88 was late because of snow.", encoding="utf-8")
    assert main(["ingest", "a.txt", "-q"]) == 0


def fail(monkeypatch: pytest.MonkeyPatch, owner: type, method: str, error: Exception) -> None:
    # Reading passes no fault point, and a store whose files are damaged fails when it is opened, not in a search.
    async def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(owner, method, refuse)


def test_a_part_that_fails_is_left_out_and_named(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    fail(monkeypatch, GraphStore, "named", FULL)
    assert main(["search", "snow", "--json"]) == 0
    out, err = capsys.readouterr()
    hit, warning = map(json.loads, out.splitlines())
    assert (hit["type"], hit["matched_by"]) == ("hit", ["vector", "keyword"])
    assert warning == {
        "type": "warning",
        "part": "graph",
        "code": "store_transient",
        "message": "graph: the buffer pool is full",
        "hint": FULL.hint,
    }
    assert err == "warning: graph part of search left out: graph: the buffer pool is full\n"
    assert main(["search", "snow"]) == 0
    out, err = capsys.readouterr()
    assert "document:" in out
    assert err.startswith("warning: graph part")


def test_without_a_vector_the_words_still_find(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    fail(monkeypatch, LocalEmbedder, "embed", EmbedError("the model does not answer"))
    assert main(["search", "snow", "--json"]) == 0
    hit, warning = map(json.loads, capsys.readouterr().out.splitlines())
    assert hit["matched_by"] == ["keyword"]
    assert (warning["part"], warning["code"]) == ("vector", "embed")


def test_a_search_that_no_part_answers_fails(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    for owner, method in ((GraphStore, "named"), (QdrantEdgeStore, "search"), (Catalog, "search")):
        fail(monkeypatch, owner, method, FULL)
    assert main(["search", "snow", "--json"]) == 10
    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (line["type"], line["exit_code"]) == ("error", 10)
